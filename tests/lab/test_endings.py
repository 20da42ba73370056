"""Nothing is left of a lab, whichever way it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import psutil
import pytest
from support import DEADLINE, until

from cockpit.lab.process import LabError
from cockpit.lab.stack import Lab, run_headless

ROOT = Path(__file__).parents[2]

HOST = """
import sys, threading
from cockpit.lab.stack import run_headless
from cockpit.lab.stack import Lab

with Lab.start() as lab:
    for name in sys.argv[1:]:
        lab.incident(name)
    print(*(process.pid for process in lab.processes))
    run_headless(lab, threading.Event(), sys.stdout)
print("ended")
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary workspaces go during a test."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def host(temporary: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process that runs a lab with some incidents until it is ended."""
    started: list[subprocess.Popen[str]] = []

    def start(*incidents: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOST, *incidents],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def read_start(process: subprocess.Popen[str]) -> tuple[list[int], Path, Path]:
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    label, _, workspace = process.stdout.readline().rstrip("\n").partition(" ")
    assert label == "workspace"
    label, _, config = process.stdout.readline().rstrip("\n").partition(" ")
    assert label == "config"
    return pids, Path(workspace), Path(config)


def test_stop_ends_every_child_and_takes_the_folder_along(temporary: Path) -> None:
    lab = Lab.start()
    lab.incident("zombie")
    pids = [process.pid for process in lab.processes]
    assert len(pids) == 4
    assert lab.workspace.parent == temporary.resolve()
    lab.stop()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not lab.workspace.exists()
    assert lab.processes == ()
    lab.stop()


def test_after_the_end_nothing_can_be_broken_any_more(tmp_path: Path) -> None:
    with Lab.start(tmp_path / "lab") as lab:
        pass
    for act in (lab.incident, lab.recover):
        with pytest.raises(LabError, match="ended"):
            act("kill")
    assert lab.processes == ()


def test_a_folder_that_was_given_stays_with_an_orderly_end(tmp_path: Path) -> None:
    with Lab.start(tmp_path / "lab") as lab:
        assert (lab.workspace / "logs/paper_live.pid").exists()
    assert lab.config.is_file()
    assert not (lab.workspace / "logs/paper_live.pid").exists()


def test_a_temporary_folder_stays_when_asked(temporary: Path) -> None:
    with Lab.start(keep=True) as lab:
        pass
    assert lab.config.is_file()


def test_a_lab_that_cannot_start_leaves_nothing(temporary: Path) -> None:
    def missing(name: str) -> Path:
        return temporary / "no-such-checklist"

    before = psutil.Process().children(recursive=True)
    with pytest.raises(LabError, match="no-such-checklist"):
        Lab.start(checklist=missing)
    assert list(temporary.iterdir()) == []
    assert psutil.Process().children(recursive=True) == before


def test_a_child_that_dies_at_once_is_reported_with_its_last_words(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.lab.stack.BEAT_SECONDS", "no_such_pace")
    with pytest.raises(LabError, match=r"engine did not come up: .*no_such_pace"):
        Lab.start()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("incidents", [(), ("zombie", "stall", "greeks")])
def test_sigkill_of_the_parent_leaves_no_child_and_no_folder(
    host: Callable[..., subprocess.Popen[str]], incidents: tuple[str, ...]
) -> None:
    process = host(*incidents)
    pids, workspace, config = read_start(process)
    assert len(pids) == 3 + ("zombie" in incidents)
    assert config.is_file()
    assert all(psutil.pid_exists(pid) for pid in pids)
    process.kill()
    process.wait()
    until(lambda: not any(_runs(pid) for pid in pids))
    until(lambda: not workspace.exists())


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_ending_signal_ends_a_headless_lab_in_order(
    host: Callable[..., subprocess.Popen[str]], number: signal.Signals
) -> None:
    process = host("kill")
    pids, workspace, _ = read_start(process)
    process.send_signal(number)
    rest, _ = process.communicate(timeout=DEADLINE)
    assert (rest, process.returncode) == ("ended\n", 0)
    assert not any(_runs(pid) for pid in pids)
    assert not workspace.exists()


def test_headless_says_where_it_is_and_waits_for_its_event(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    out = StringIO()
    with Lab.start(tmp_path / "lab") as lab:
        handler = signal.getsignal(signal.SIGTERM)
        run_headless(lab, stop, out)
        assert signal.getsignal(signal.SIGTERM) is handler
    assert out.getvalue() == f"workspace {lab.workspace}\nconfig {lab.config}\n"


def _runs(pid: int) -> bool:
    """Whether the process still executes; in a container nobody may collect an orphan's status."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
