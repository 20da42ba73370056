"""Children that notice their parent's death, also when it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support import DEADLINE, until

ROOT = Path(__file__).parents[2]
CHILD = (
    "import os, pathlib, sys, time\n"
    "from cockpit.system.processes.child_lifetime import exit_when_stdin_closes\n"
    "exit_when_stdin_closes(lambda: pathlib.Path(sys.argv[1]).write_text('cleaned'), exit_code=9)\n"
    "print(os.getpid(), flush=True)\n"
    "time.sleep(3600)\n"
)
PARENT = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]], stdin=subprocess.PIPE)\n"
    "time.sleep(3600)\n"
)


def test_a_child_ends_with_its_killed_parent(tmp_path: Path, start) -> None:
    note = tmp_path / "note"
    parent = start([sys.executable, "-c", PARENT, CHILD, str(note)], ready=True, cwd=ROOT)
    child = psutil.Process(int(parent.first_line))
    assert child.is_running()
    parent.kill()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "child ends")
    assert note.read_text() == "cleaned"


@pytest.mark.parametrize("sent", [b"", b"noise that is thrown away"])
def test_closing_the_pipe_ends_the_child_with_the_exit_code(tmp_path: Path, sent: bytes) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "note")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None and child.stdin is not None
    child.stdout.readline()
    child.stdin.write(sent)
    child.stdin.flush()
    assert child.poll() is None
    child.stdin.close()
    assert child.wait(DEADLINE) == 9
    child.stdout.close()


def test_a_clean_up_that_fails_does_not_keep_the_child(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "none" / "note")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None and child.stdin is not None
    child.stdout.readline()
    child.stdin.close()
    assert child.wait(DEADLINE) == 9
    child.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_child_still_ends_by_a_signal(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "note")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None and child.stdin is not None
    child.stdout.readline()
    os.kill(child.pid, signal.SIGTERM)
    assert child.wait(DEADLINE) == -signal.SIGTERM
    child.stdin.close()
    child.stdout.close()
