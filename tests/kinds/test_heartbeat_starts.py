"""Whose PID the files name: an engine that starts, one that is held, and what is no engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import until

from cockpit.clock import ManualClock
from cockpit.kinds.heartbeat.probe import HeartbeatProbe
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict
from cockpit.system.processes import process_table

NAME = "engine_for_starts.py"
IDLE = "import sys\nprint('up', flush=True)\nsys.stdin.read()\n"
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells these")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


class _At(ManualClock):
    async def sleep(self, seconds: float) -> None:
        return


@pytest.fixture
def engine(tmp_path: Path, spawn: Any) -> Callable[..., Any]:
    script = tmp_path / NAME
    script.write_text(IDLE, encoding="utf-8")
    return lambda *args: spawn(script, *args)


def made(folder: Path, **more: Any) -> HeartbeatProbe:
    given = {"name": "live", "file": "beat.json", "process": [NAME], **more}
    return HeartbeatProbe(HeartbeatTable.model_validate(given), folder)


def beat(folder: Path, pid: Any, seconds_ago: float = 0) -> None:
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    write(folder / "beat.json", json.dumps({"timestamp": at.isoformat(), "pid": pid}), at)


def write(path: Path, text: str, at: datetime) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at.timestamp(), at.timestamp()))


def pidfile(folder: Path, pid: int, seconds_ago: float = 0) -> None:
    write(folder / "live.pid", str(pid), datetime.now(UTC) - timedelta(seconds=seconds_ago))


def parity(seen: Observation) -> Finding:
    found = seen.finding("parity")
    assert found is not None
    return found


def ended(spawn: Any, folder: Path) -> int:
    """The PID of a process that is gone."""
    script = folder / "short_lived.py"
    script.write_text(IDLE, encoding="utf-8")
    process = spawn(script)
    process.kill()
    process.wait()
    return process.pid


def test_an_engine_younger_than_the_last_beat_is_starting_then_it_has_not_beaten(
    tmp_path: Path, look: Any, engine: Any, spawn: Any
) -> None:
    old = ended(spawn, tmp_path)
    beat(tmp_path, old, seconds_ago=400)
    pidfile(tmp_path, old, seconds_ago=4000)
    new = engine().pid
    watching = made(tmp_path, pidfile="live.pid")
    seen = look(watching).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.WARN, "STARTING")
    assert parity(seen).text.startswith(f"{new} (since ")
    assert f"heartbeat={old} pidfile={old}; {old} is gone" in parity(seen).text
    assert seen.finding("age").verdict is Verdict.WARN, "the old beat is no fault of the new engine"
    due = watching.next_due(seen)
    assert due is not None
    began = process_table.facts(new).started_at  # type: ignore[union-attr]
    assert abs(due - began - timedelta(seconds=120)) < timedelta(seconds=2)
    late = look(watching, seen, clock=_At(due)).observation
    assert (late.verdict, parity(late).title) == (Verdict.FAIL, "NO FIRST BEAT")
    assert f"{old} is gone" in late.headline
    short = look(made(tmp_path, pidfile="live.pid", start_grace="1ms")).observation
    assert parity(short).title == "NO FIRST BEAT"
    beat(tmp_path, new)
    pidfile(tmp_path, new)
    assert look(watching, seen).observation.verdict is Verdict.OK


def test_an_engine_that_has_written_its_pidfile_and_has_yet_to_beat_is_starting(
    tmp_path: Path, look: Any, engine: Any, spawn: Any
) -> None:
    beat(tmp_path, ended(spawn, tmp_path), seconds_ago=30)
    new = engine().pid
    pidfile(tmp_path, new)
    for words in ({}, {"process": None}):
        seen = look(made(tmp_path, pidfile="live.pid", **words)).observation
        assert (seen.verdict, parity(seen).title) == (Verdict.WARN, "STARTING"), words


def test_a_restart_within_the_second_of_the_last_beat_is_no_mismatch(
    tmp_path: Path, look: Any, engine: Any, spawn: Any
) -> None:
    beat(tmp_path, ended(spawn, tmp_path))
    engine()
    assert parity(look(made(tmp_path)).observation).title == "STARTING"


def test_a_pidfile_left_by_the_engine_before_is_a_mismatch_after_the_grace(
    tmp_path: Path, look: Any, engine: Any, spawn: Any
) -> None:
    pidfile(tmp_path, ended(spawn, tmp_path), seconds_ago=5000)
    beat(tmp_path, engine().pid)
    assert parity(look(made(tmp_path, pidfile="live.pid")).observation).title == "STARTING"
    seen = look(made(tmp_path, pidfile="live.pid", start_grace="1ms")).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.FAIL, "PID MISMATCH")


def test_who_writes_beats_beside_a_young_engine_is_a_mismatch_at_once(
    tmp_path: Path, look: Any, engine: Any, spawn: Any
) -> None:
    """The beat is newer than the engine, so it is not of the engine before."""
    engine()
    stranger = ended(spawn, tmp_path)
    beat(tmp_path, stranger, seconds_ago=-60)
    clock = _At(datetime.now(UTC) + timedelta(seconds=61))
    seen = look(made(tmp_path), clock=clock).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.FAIL, "PID MISMATCH")
    assert f"{stranger} is gone" in parity(seen).text


def test_a_live_process_that_is_not_the_engine_is_named(
    tmp_path: Path, look: Any, engine: Any, spawn: Any
) -> None:
    script = tmp_path / "something_else.py"
    script.write_text(IDLE, encoding="utf-8")
    other = spawn(script)
    engine()
    beat(tmp_path, other.pid)
    seen = look(made(tmp_path)).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.FAIL, "PID MISMATCH")
    assert f"{other.pid} is not the engine: " in parity(seen).text
    assert "something_else.py" in parity(seen).text


@posix
@pytest.mark.parametrize("words", [[NAME], None])
def test_a_stopped_engine_is_told_at_once_and_again_when_it_goes_on(
    tmp_path: Path, look: Any, engine: Any, words: Any
) -> None:
    pid = engine().pid
    beat(tmp_path, pid)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: process_table.facts(pid).status == "stopped")  # type: ignore[union-attr]
    seen = look(made(tmp_path, process=words)).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.FAIL, "STOPPED")
    assert f"kill -CONT {pid}" in parity(seen).next_act
    assert seen.finding("age").verdict is Verdict.OK, "its last beat is still young"
    os.kill(pid, signal.SIGCONT)
    until(lambda: process_table.facts(pid).status != "stopped")  # type: ignore[union-attr]
    assert look(made(tmp_path, process=words), seen).observation.verdict is Verdict.OK


@linux
def test_an_engine_that_a_debugger_holds_is_stopped_too(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    script = tmp_path / NAME
    traced = (
        "import ctypes, os, signal\nctypes.CDLL(None).ptrace(0, 0, 0, 0)\n"
        "print('up', flush=True)\nos.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    script.write_text(traced, encoding="utf-8")
    pid = spawn(script).pid
    try:
        until(lambda: process_table.facts(pid).status == "tracing-stop")  # type: ignore[union-attr]
        beat(tmp_path, pid)
        assert parity(look(made(tmp_path)).observation).title == "STOPPED"
    finally:
        os.kill(pid, signal.SIGKILL)


def lone(seen: Observation) -> bool:
    return {doubt.kind for doubt in seen.doubts} == {DoubtKind.UNCOMPARED}


def test_a_lone_pid_agrees_with_nothing(tmp_path: Path, look: Any, engine: Any) -> None:
    pid = engine().pid
    beat(tmp_path, pid)
    seen = look(made(tmp_path, process=None)).observation
    assert (seen.verdict, lone(seen)) == (Verdict.OK, True)
    assert seen.headline == "beating, PID alive, nothing to compare"
    assert seen.finding(f"engine:{pid}") is not None
    pidfile(tmp_path, pid)
    for more in ({"process": None, "pidfile": "live.pid"}, {}):
        agreed = look(made(tmp_path, **more)).observation
        assert (agreed.headline, agreed.doubts) == ("beating, PIDs agree", ())


def never(seen: Observation, pid: int) -> bool:
    told = parity(seen)
    assert "PIDs agree" not in seen.headline
    assert Doubt(DoubtKind.NOTHING_MEASURED, told.text) in seen.doubts
    return told.verdict is Verdict.UNKNOWN and seen.finding(f"engine:{pid}") is None


def test_the_cockpit_itself_is_no_engine(tmp_path: Path, look: Any) -> None:
    pid = os.getpid()
    beat(tmp_path, pid, seconds_ago=-30)
    clock = _At(datetime.now(UTC) + timedelta(seconds=31))
    seen = look(made(tmp_path, process=None), clock=clock).observation
    assert never(seen, pid), seen
    assert f"PID {pid} is a cockpit" in seen.headline
    assert not [name for name in seen.metrics if name.startswith(f"{pid}.")]


@posix
def test_init_is_no_engine_and_1_may_be_one_in_its_container(tmp_path: Path, look: Any) -> None:
    beat(tmp_path, 1)
    seen = look(made(tmp_path, process=None)).observation
    assert (seen.verdict, lone(seen)) == (Verdict.OK, True)
    assert seen.headline == "beating, PID alive, nothing to compare"
    assert "PID 1 is the first process" in parity(seen).text
    assert seen.finding("engine:1") is None
    assert not [name for name in seen.metrics if name.startswith("1.")]
    pidfile(tmp_path, 1)
    again = look(made(tmp_path, process=None, pidfile="live.pid")).observation
    assert (again.headline, lone(again)) == (seen.headline, True), "a copy of it is no witness"
    gone = look(made(tmp_path)).observation
    assert (gone.verdict, parity(gone).title) == (Verdict.FAIL, "ENGINE GONE")


@linux
@pytest.mark.skipif(not process_table.is_kernel_thread(2), reason="no kernel threads in sight")
def test_a_kernel_thread_is_no_engine(tmp_path: Path, look: Any) -> None:
    beat(tmp_path, 2)
    seen = look(made(tmp_path, process=None)).observation
    assert never(seen, 2)
    assert "a thread of the kernel" in seen.headline


def test_a_pid_that_is_a_newer_cockpits_was_given_away(tmp_path: Path, look: Any) -> None:
    beat(tmp_path, os.getpid(), seconds_ago=10**6)
    seen = look(made(tmp_path, process=None)).observation
    assert parity(seen).title == "ENGINE GONE"
    assert "its PID was given away" in parity(seen).text


THREADED = (
    "import sys, threading\nheld = threading.Event()\n"
    "threading.Thread(target=held.wait, daemon=True).start()\n" + IDLE
)


@linux
@pytest.mark.parametrize("words", [[NAME], None])
def test_the_id_of_a_thread_is_named_as_one(
    tmp_path: Path, look: Any, spawn: Any, words: Any
) -> None:
    script = tmp_path / NAME
    script.write_text(THREADED, encoding="utf-8")
    pid = spawn(script).pid
    (thread,) = {int(name.name) for name in Path(f"/proc/{pid}/task").iterdir()} - {pid}
    beat(tmp_path, thread)
    seen = look(made(tmp_path, process=words)).observation
    assert (seen.verdict, parity(seen).title) == (Verdict.WARN, "THREAD ID")
    assert f"{thread} is a thread of {pid}" in seen.headline
    assert seen.finding(f"engine:{pid}") is not None


@linux
def test_a_thread_of_another_process_is_a_mismatch(tmp_path: Path, look: Any, engine: Any) -> None:
    ready, leave = threading.Event(), threading.Event()
    ids: list[int] = []

    def wait() -> None:
        ids.append(threading.get_native_id())
        ready.set()
        leave.wait()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    ready.wait()
    engine()
    beat(tmp_path, ids[0])
    seen = look(made(tmp_path)).observation
    leave.set()
    thread.join()
    assert (seen.verdict, parity(seen).title) == (Verdict.FAIL, "PID MISMATCH")
    assert f"{ids[0]} is a thread of {os.getpid()}" in parity(seen).text


@pytest.fixture
def contained(tmp_path: Path) -> Iterator[int]:
    """The PID here of an engine that is 1 in a PID namespace of its own."""
    script = tmp_path / NAME
    script.write_text(IDLE, encoding="utf-8")
    try:
        process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", sys.executable, str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.PIPE,
        )
    except FileNotFoundError:
        pytest.skip("no unshare")
    assert process.stdout is not None
    if process.stdout.readline().strip() != b"up":
        process.communicate()
        pytest.skip("no PID namespaces for this user")
    (pid,) = process_table.family(process.pid)
    yield pid
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    process.communicate()


@linux
def test_an_engine_that_is_pid_1_in_its_container_agrees(
    tmp_path: Path, look: Any, contained: int
) -> None:
    beat(tmp_path, 1)
    seen = look(made(tmp_path)).observation
    assert (seen.verdict, seen.headline) == (Verdict.OK, "beating, PIDs agree")
    assert parity(seen).text == f"{contained} everywhere, 1 in its container"
    beat(tmp_path, 2)
    assert parity(look(made(tmp_path)).observation).title == "PID MISMATCH"


@linux
def test_what_a_process_is_to_the_kernel(contained: int) -> None:
    assert process_table.inner_pids(contained) == (1,)
    assert process_table.inner_pids(os.getpid()) == ()
    assert process_table.process_of_thread(os.getpid()) is None
    assert process_table.process_of_thread(2**22 + 1) is None
    assert not process_table.is_kernel_thread(os.getpid())
