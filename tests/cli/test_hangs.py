"""What a file, a pattern or a signal can do to `check` and the lists: nothing holds them up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support import DEADLINE, cockpit, environment, until

ENDLESS = "a" * 48
GATE = """
[[gate]]
name = "{name}"
command = ["sh", "-c", "printf {text}"]
timeout = "{timeout}"
pattern = '(a+)+$(?P<met>\\d+)/(?P<total>\\d+)'
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sh and signals of POSIX")


def _write(folder: Path, *gates: str, more: str = "") -> None:
    config = folder / "cockpit.toml"
    config.write_text("".join(gates) + more, encoding="utf-8")
    assert cockpit("trust", "--yes", cwd=folder).returncode == 0


def test_a_pattern_that_backtracks_holds_up_no_other_probe(tmp_path: Path) -> None:
    (tmp_path / "LIST.md").write_text("- [x] one\n", encoding="utf-8")
    endless = GATE.format(name="endless", text=ENDLESS, timeout="1s")
    red = endless.replace('"endless"', '"red"').replace(ENDLESS, f"{ENDLESS}; exit 1")
    _write(tmp_path, endless, red, more='[[checklist]]\nname = "list"\nfile = "LIST.md"\n')
    board = json.loads(cockpit("check", "--format", "json", cwd=tmp_path).stdout)
    seen = {probe["name"]: probe for probe in board["probes"]}
    assert seen["list"]["verdict"] == "OK"
    assert seen["endless"]["verdict"] == "UNKNOWN"
    assert "`pattern`: no result within" in seen["endless"]["headline"]
    assert seen["red"]["verdict"] == "FAIL", "the exit code comes first"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_check_that_matches(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    _write(tmp_path, GATE.format(name="endless", text=ENDLESS, timeout="1000s"))
    with subprocess.Popen(
        [sys.executable, "-m", "cockpit", "check"],
        cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as check:  # fmt: skip
        process = psutil.Process(check.pid)

        def matching() -> list[psutil.Process]:
            return [each for each in process.children() if "faulthandler" in str(each.cmdline())]

        until(matching, "the matching")
        (child,) = matching()
        check.send_signal(number)
        out, err = check.communicate(timeout=DEADLINE)
    assert (check.returncode, out, err.strip()) == (code, b"", b"")
    until(lambda: not child.is_running(), "the end of the matching")


@pytest.mark.parametrize(
    "line",
    ["*a " * 100_000, "`a" * 150_000, "".join("`" * n + "a" for n in range(1, 700)),
     "_a " * 100_000, "<!--" * 75_000, "[" * 300_000, "[a](" * 75_000, "**a ~~b __c " * 25_000],
    ids=["stars", "code", "runs", "underscores", "comments", "brackets", "links", "mixed"],
)  # fmt: skip
def test_a_long_line_is_read_and_ticked(line: str, tmp_path: Path) -> None:
    path = tmp_path / "LIST.md"
    path.write_text(f"# List\n\n- [ ] {line}\n- [ ] two\n", encoding="utf-8")
    listed = cockpit("checklist", "list", path, "--format", "json", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    done = cockpit("checklist", "set", "--line", "3", path, "done", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert path.read_text(encoding="utf-8") == f"# List\n\n- [x] {line}\n- [ ] two\n"


def test_lists_of_many_are_read(tmp_path: Path) -> None:
    """Headings, items of one name, ranges of references, remarks that nothing closes."""
    documents = {
        "headings": "# 1%\n" * 5000,
        "names": "- [ ] P1A.1 x depends on P1A.1\n" * 2500,
        "ranges": "".join(f"- [ ] P1A.{n} x depends on P1A.0-500\n" for n in range(1000)),
        "rings": "".join(f"- [ ] P1A.{n} x depends on P1A.{n + 1}\n" for n in range(1250)),
        "remarks": "<!--" * 50_000,
    }
    config = ""
    for name, text in documents.items():
        (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
        config += f'[[checklist]]\nname = "{name}"\nfile = "{name}.md"\ntimeout = "1h"\n'
    (tmp_path / "cockpit.toml").write_text(config, encoding="utf-8")
    board = json.loads(cockpit("check", "--format", "json", "--no-record", cwd=tmp_path).stdout)
    assert [probe["name"] for probe in board["probes"]] == list(documents)


@pytest.mark.parametrize("words", [("check",), ("config", "show"), ("checklist", "list", "fifo")])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "cockpit.toml").write_text(
        '[[heartbeat]]\nname = "beat"\nfile = "fifo"\npidfile = "fifo"\n'
        '[[gate]]\nname = "report"\njson = "fi*"\nscore = { each = "$.*", met = "met" }\n'
        '[[checklist]]\nname = "list"\nfile = "/dev/zero"\n',
        encoding="utf-8",
    )
    seen = cockpit(*words, cwd=tmp_path)
    assert seen.returncode in (2, 3, 66, 78)
    assert "not a regular file" in seen.stdout + seen.stderr
