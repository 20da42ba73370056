"""A screen without a terminal to draw on says so at once, and starts nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import DEADLINE, environment

if sys.platform == "win32":
    pytest.skip("needs a pseudo terminal", allow_module_level=True)

import pty

USAGE = 64


def run(folder: Path, *verb: str, without: str) -> tuple[int, str]:
    """Exit code and what was said by a verb on a pseudo terminal, one stream of it elsewhere."""
    ours, theirs = pty.openpty()
    log = folder / "log"
    try:
        with log.open("wb") as file:
            streams: dict[str, int] = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
            streams[without] = file.fileno() if without == "stderr" else subprocess.DEVNULL
            done = subprocess.run(
                [sys.executable, "-m", "cockpit", *verb],
                cwd=folder,
                env=environment(folder) | {"TMPDIR": str(folder)},
                timeout=DEADLINE,
                check=False,
                **streams,
            )
        said = log.read_bytes() if without == "stderr" else os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, " ".join(said.decode().split())


def made(folder: Path) -> list[str]:
    """What is there now besides the log: nothing, unless a lab or a store was begun."""
    return sorted(path.name for path in folder.iterdir() if path.name != "log")


@pytest.mark.parametrize("verb", [(), ("demo",)])
def test_a_redirected_stderr_is_refused_with_what_to_do(
    tmp_path: Path, verb: tuple[str, ...]
) -> None:
    code, said = run(tmp_path, *verb, without="stderr")
    assert code == USAGE
    assert "draws on stderr" in said and "2>" in said
    assert made(tmp_path) == []


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_a_demo_without_a_terminal_starts_no_lab(tmp_path: Path, stream: str) -> None:
    code, said = run(tmp_path, "demo", without=stream)
    assert code == USAGE
    assert "the screen needs a terminal" in said
    assert made(tmp_path) == []
