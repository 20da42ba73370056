"""The remembered command lines: new processes at once, an exec within ten seconds, PIDs reused."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.clock import ManualClock
from cockpit.system.processes import linux_backend, process_table
from cockpit.system.processes import linux_backend as argv_cache
from cockpit.system.processes.linux_backend import KEPT_SECONDS, ArgvCache

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")

BECOMES = """
import os, sys
print("up", flush=True)
sys.stdin.readline()
os.execv(sys.executable, [sys.executable, sys.argv[1], "run"])
"""
ENGINE = "import sys; print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that becomes the engine (whose script's name is given) when it gets a line."""
    name = f"engine_{time.monotonic_ns()}.py"
    (tmp_path / name).write_text(ENGINE, encoding="utf-8")
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", BECOMES, str(tmp_path / name)], stdin=pipe, stdout=pipe, text=True
    )
    try:
        _says_up(process)
        yield process, name
    finally:
        process.kill()
        process.communicate()


def _says_up(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None and process.stdout.readline() == "up\n"


def become(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    _says_up(process)


def later(clock: ManualClock, seconds: float) -> None:
    asyncio.run(clock.advance(seconds))


def test_a_young_process_that_becomes_the_program_is_found_at_once(waiting) -> None:
    process, name = waiting
    cache = ArgvCache(ManualClock())
    assert cache.find([name, "run"]) == []
    become(process)
    assert cache.find([name, "run"]) == [process.pid]


def test_an_old_one_is_found_within_ten_seconds_and_a_new_one_at_once(
    waiting, tmp_path: Path
) -> None:
    process, name = waiting
    clock = ManualClock()
    cache = ArgvCache(clock)
    assert cache.find([name]) == []
    later(clock, KEPT_SECONDS)
    assert cache.find([name]) == []
    become(process)
    assert cache.find([name]) == [], "its argv is remembered"
    new = subprocess.Popen(
        [sys.executable, str(tmp_path / name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _says_up(new)
        assert cache.find([name]) == [new.pid]
        later(clock, KEPT_SECONDS)
        assert sorted(cache.find([name])) == sorted([process.pid, new.pid])
    finally:
        new.kill()
        new.communicate()
    assert cache.find([name]) == [process.pid]


def test_hardly_anything_is_read_again(waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    cache = ArgvCache(clock)
    cache.find(["x"])
    later(clock, KEPT_SECONDS)
    cache.find(["x"])
    later(clock, KEPT_SECONDS / 2)
    read: list[int] = []

    def reading(pid: int) -> tuple[str, ...]:
        read.append(pid)
        return ()

    monkeypatch.setattr(linux_backend, "read_argv", reading)
    cache.find(["y"])
    assert waiting[0].pid not in read


def test_a_pid_that_was_given_out_anew_is_a_new_process(
    waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, name = waiting
    given = process.pid - 1
    monkeypatch.setattr(argv_cache, "last_pid", lambda: given)
    clock = ManualClock()
    cache = ArgvCache(clock)
    assert cache.find([name]) == []
    later(clock, KEPT_SECONDS)
    assert cache.find([name]) == []
    become(process)  # stands for another process that got this PID
    later(clock, 1)
    assert cache.find([name]) == [], "its argv is remembered"
    given = process.pid
    assert cache.find([name]) == [process.pid]


def test_the_question_and_the_exact_one_agree(waiting) -> None:
    process, name = waiting
    become(process)
    found = process_table.find_by_words([name], remembered=True)
    assert [one.pid for one in found] == [process.pid] and found[0].argv[-1] == "run"
    # It runs or sleeps from one moment to the next.
    exact = [replace(one, status=found[0].status) for one in process_table.find_by_words([name])]
    assert exact == found
    assert process_table.find_by_words([], remembered=True) == []
