"""A disk that takes nothing more: what that means for who watches, who ticks, and who leaves."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import DEADLINE, Listening, environment, until, write_config

from cockpit.evidence.reader import Reader
from cockpit.model import EventKind

if sys.platform != "linux":
    pytest.skip("prlimit(2) of another process is Linux's", allow_module_level=True)

import resource

from terminals import Terminal

FULL = 4096
"""Bytes that a file may have: a checklist fits, a page of the store's log does not."""
COCKPIT = (sys.executable, "-m", "cockpit")


def fill(pid: int) -> None:
    """Have the disk be full for one process."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL, hard))


def free(pid: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    with Listening() as listening:
        yield write_config(tmp_path, listening.port)


@contextmanager
def collecting(config: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    told = config.parent / "told"
    with told.open("w") as file:
        process = subprocess.Popen(
            [*COCKPIT, "collect", "--config", config],
            stderr=file,
            env=environment(config.parent),
        )
    try:
        until(lambda: "collecting" in told.read_text())
        until(lambda: any("GO-LIVE" in text for text in events(config)))  # it has seen the list
        yield process, told
    finally:
        process.kill()
        process.wait()


def events(config: Path) -> list[str]:
    with Reader(config.parent / ".cockpit" / "evidence.db") as reader:
        return [event.text for event in reader.events(0, 10_000)]


def tick(config: Path) -> None:
    """Another program ticks the first item."""
    file = config.parent / "LIST.md"
    file.write_text(file.read_text().replace("- [ ] one", "- [x] one"))


def test_collect_says_when_it_stops_recording_and_when_it_goes_on(config: Path) -> None:
    with collecting(config) as (process, told):
        fill(process.pid)
        tick(config)
        until(lambda: "not recording: " in told.read_text())
        assert "todo → done" not in events(config)
        free(process.pid)
        until(lambda: "recording again" in told.read_text())
        process.terminate()
        assert process.wait(DEADLINE) == 0
        assert "not written" not in told.read_text()
    assert events(config).count("todo → done") == 1
    assert sum(text.startswith("recording again; nothing") for text in events(config)) == 1


def test_collect_that_leaves_with_records_unwritten_counts_them_and_exits_74(config: Path) -> None:
    with collecting(config) as (process, told):
        fill(process.pid)
        tick(config)
        until(lambda: "not recording: " in told.read_text())
        process.terminate()
        assert process.wait(DEADLINE) == 74
        last = told.read_text().splitlines()[-1]
    count, _, rest = last.partition(" ")
    assert int(count) >= 2, "the observation and the transition, at least"
    assert rest.startswith("records were not written to the evidence store: ")


def test_a_screen_left_on_a_full_disk_says_what_is_in_no_evidence(config: Path) -> None:
    argv = [*COCKPIT, "screen", "--config", config, "--ascii"]
    env = environment(config.parent)
    with Terminal(argv, cwd=config.parent, env=env, rows=40, columns=150) as terminal:
        terminal.until_drawn("recording", "one")
        fill(terminal.process.pid)
        tick(config)
        terminal.until_drawn("NOT RECORDING")
        terminal.press(b"q")
        assert terminal.end() == 74
        assert terminal.as_before
        _, _, after = terminal.text().rpartition("\x1b[?1049l")
    assert "records were not written to the evidence store" in after
    assert "todo" not in "".join(events(config))


def test_a_tick_from_the_shell_that_is_in_no_evidence_is_said_with_74(config: Path) -> None:
    words = [*COCKPIT, "checklist", "set", "LIST.md", "done", "--line"]

    def run(line: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, line],
            cwd=config.parent,
            env=environment(config.parent),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            **options,  # type: ignore[call-overload]
        )

    assert run("3").returncode == 0
    done = run("4", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL)))
    assert done.returncode == 74, done
    assert "set todo" in done.stdout, "the edit was made"
    assert "not recorded: " in done.stderr
    assert "- [x] two" in (config.parent / "LIST.md").read_text()
    with Reader(config.parent / ".cockpit" / "evidence.db") as reader:
        assert len(reader.events(kinds=(EventKind.EDIT,))) == 1
