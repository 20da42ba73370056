"""Exit watching: by pidfd and by thread, children and strangers, in any thread's loop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest
from support import DEADLINE, until_async

from cockpit.system.processes import exits, process_table
from cockpit.system.processes import exits as exit_codes
from cockpit.system.processes.exits import ExitWatcher
from cockpit.system.processes.process_table import ProcessIdentity

HOLD = "import sys\nprint('up', flush=True)\nsys.stdin.readline()\nsys.exit(7)\n"
WAYS = ["pidfd", "thread"] if sys.platform == "linux" else ["thread"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "thread":
        monkeypatch.setattr(exits, "_watch_by_pidfd", lambda *_: False)
    return request.param


@pytest.fixture
def child(start):
    process = start([sys.executable, "-c", HOLD], ready=True)
    identity = process_table.identity_of(process.pid)
    assert identity is not None
    return process, identity


async def first_exit(identity: ProcessIdentity, then) -> tuple[ProcessIdentity, int | None]:
    future: asyncio.Future = asyncio.get_running_loop().create_future()
    watcher = ExitWatcher()
    watcher.watch(identity, lambda *found: future.set_result(found))
    await asyncio.sleep(0)
    assert not future.done()
    then()
    return await asyncio.wait_for(future, DEADLINE)


def release(process) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


async def test_the_exit_code_of_a_child(way, child) -> None:
    process, identity = child
    found = await first_exit(identity, lambda: release(process))
    code = 7 if sys.platform in ("linux", "win32") else None
    assert found == (identity, code)
    assert process.wait() == 7, "the exit code was taken away from whoever started the process"


@pytest.mark.skipif(sys.platform != "linux", reason="signal numbers as exit codes")
async def test_a_killed_child(way, child) -> None:
    process, identity = child
    found = await first_exit(identity, process.kill)
    assert found == (identity, -signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells every exit code")
async def test_a_process_that_is_not_our_child(way, start) -> None:
    code = (
        "import subprocess, sys\n"
        "c = subprocess.Popen(['sleep', '3600'])\nprint(c.pid, flush=True)\nc.wait()\n"
    )
    parent = start([sys.executable, "-c", code], ready=True)
    identity = process_table.identity_of(int(parent.first_line))
    assert identity is not None
    found = await first_exit(identity, lambda: os.kill(identity.pid, signal.SIGKILL))
    # How it ended is told with its end only if its parent was quicker than this watcher.
    assert found in ((identity, None), (identity, -signal.SIGKILL))


async def test_a_process_that_is_already_gone(way, child) -> None:
    process, identity = child
    process.kill()
    process.wait()
    future: asyncio.Future = asyncio.get_running_loop().create_future()
    ExitWatcher().watch(identity, lambda *found: future.set_result(found))
    assert await asyncio.wait_for(future, DEADLINE) == (identity, None)


async def test_a_pid_that_belongs_to_another_process_by_now(way, child) -> None:
    process, identity = child
    earlier = ProcessIdentity(identity.pid, identity.started_at - 60)
    future: asyncio.Future = asyncio.get_running_loop().create_future()
    ExitWatcher().watch(earlier, lambda *found: future.set_result(found))
    assert (await asyncio.wait_for(future, DEADLINE))[0] == earlier
    assert process.poll() is None


async def test_a_cancelled_watch_stays_silent(way, child) -> None:
    process, identity = child
    told: list[object] = []
    watcher = ExitWatcher()
    handle = watcher.watch(identity, lambda *found: told.append(found))
    kept: asyncio.Future = asyncio.get_running_loop().create_future()
    watcher.watch(identity, lambda *found: kept.set_result(found))
    assert handle.active
    handle.cancel()
    handle.cancel()
    assert not handle.active
    process.kill()
    await asyncio.wait_for(kept, DEADLINE)
    await asyncio.sleep(0.1)
    assert told == []


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
async def test_no_descriptor_is_left_behind(child) -> None:
    _, identity = child
    before = len(os.listdir("/proc/self/fd"))
    watcher = ExitWatcher()
    for _ in range(20):
        watcher.watch(identity, lambda *_: None)
    assert len(os.listdir("/proc/self/fd")) == before + 20
    watcher.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_loop_in_another_thread(way, child) -> None:
    process, identity = child
    found: list[object] = []

    def run() -> None:
        found.append(asyncio.run(first_exit(identity, process.kill)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(DEADLINE)
    assert len(found) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the pidfd to do without")
async def test_a_loop_without_readers_uses_a_thread(child, monkeypatch) -> None:
    process, identity = child

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", refuse)
    assert (await first_exit(identity, process.kill))[0] == identity


def test_a_watch_does_not_keep_the_interpreter(tmp_path) -> None:
    code = (
        "import asyncio, os\n"
        "from cockpit.system.processes import exits, process_table\n"
        "exits._watch_by_pidfd = lambda *_: False\n"
        "async def main():\n"
        "    exits.ExitWatcher().watch(process_table.identity_of(os.getppid()), print)\n"
        "asyncio.run(main())\n"
    )
    result = subprocess.run([sys.executable, "-c", code], timeout=DEADLINE, capture_output=True)
    assert (result.returncode, result.stderr) == (0, b"")


NESTED = (
    "import subprocess, sys\n"
    "c = subprocess.Popen(['sleep', '3600'])\nprint(c.pid, flush=True)\n"
    "sys.stdin.readline()\nc.wait()\nprint('collected', flush=True)\nsys.stdin.read()\n"
)
told_by_the_kernel = pytest.mark.skipif(
    bool(exit_codes.why_no_exit_codes()), reason="the kernel does not tell strangers' exit codes"
)


class Heard:
    """What a watch told, in order."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.codes: asyncio.Queue[tuple[ProcessIdentity, int]] = asyncio.Queue()

    def watch(self, watcher: ExitWatcher, identity: ProcessIdentity) -> None:
        watcher.watch(
            identity, lambda *_: self.ended.set(), lambda *told: self.codes.put_nowait(told)
        )

    async def code(self) -> tuple[ProcessIdentity, int]:
        return await asyncio.wait_for(self.codes.get(), DEADLINE)


@told_by_the_kernel
async def test_the_end_is_told_at_once_and_the_code_when_the_parent_collects(start) -> None:
    parent = start([sys.executable, "-c", NESTED], ready=True)
    identity = process_table.identity_of(int(parent.first_line))
    assert identity is not None
    watcher, heard = ExitWatcher(), Heard()
    heard.watch(watcher, identity)
    os.kill(identity.pid, signal.SIGKILL)
    await asyncio.wait_for(heard.ended.wait(), DEADLINE)
    assert heard.codes.empty(), "a zombie's code is not known yet"
    release(parent)
    assert await heard.code() == (identity, -signal.SIGKILL)


@told_by_the_kernel
async def test_a_collected_strangers_exit_code(start) -> None:
    code = "import os, sys\nc = os.spawnv(os.P_NOWAIT, '/bin/sh', ['sh', '-c', 'read x; exit 3'])\n"
    parent = start([sys.executable, "-c", code + "print(c, flush=True); os.wait()"], ready=True)
    identity = process_table.identity_of(int(parent.first_line))
    assert identity is not None
    heard = Heard()
    heard.watch(ExitWatcher(), identity)
    release(parent)
    assert await heard.code() == (identity, 3)


async def test_a_childs_code_is_told_both_ways(way, child) -> None:
    process, identity = child
    heard = Heard()
    heard.watch(ExitWatcher(), identity)
    release(process)
    await asyncio.wait_for(heard.ended.wait(), DEADLINE)
    if sys.platform in ("linux", "win32"):
        assert await heard.code() == (identity, 7)


@told_by_the_kernel
async def test_waiting_for_a_code_ends_with_the_watch(start) -> None:
    parent = start([sys.executable, "-c", NESTED], ready=True)
    identity = process_table.identity_of(int(parent.first_line))
    assert identity is not None
    before = len(os.listdir("/proc/self/fd"))
    watcher, heard = ExitWatcher(), Heard()
    heard.watch(watcher, identity)
    os.kill(identity.pid, signal.SIGKILL)
    await asyncio.wait_for(heard.ended.wait(), DEADLINE)
    assert len(os.listdir("/proc/self/fd")) > before
    watcher.watch(identity, lambda *_: None)  # takes a look at who is done
    watcher.close()
    assert len(os.listdir("/proc/self/fd")) == before
    release(parent)
    await asyncio.sleep(0.1)
    assert heard.codes.empty()


@told_by_the_kernel
async def test_a_code_nobody_collects_is_not_waited_for_for_ever(start, monkeypatch) -> None:
    monkeypatch.setattr(exits, "_CODE_SECONDS", 0.05)
    parent = start([sys.executable, "-c", NESTED], ready=True)
    identity = process_table.identity_of(int(parent.first_line))
    assert identity is not None
    before = len(os.listdir("/proc/self/fd"))
    heard = Heard()
    heard.watch(ExitWatcher(), identity)
    os.kill(identity.pid, signal.SIGKILL)
    await until_async(lambda: heard.ended.is_set() and len(os.listdir("/proc/self/fd")) <= before)


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux may lack")
async def test_without_the_kernels_word_the_end_is_told_as_ever(start, monkeypatch) -> None:
    monkeypatch.setattr(exit_codes, "_PIDFD_GET_INFO", 0xFF00)  # an older kernel knows none such
    assert "does not tell" in exit_codes.why_no_exit_codes()
    parent = start([sys.executable, "-c", NESTED], ready=True)
    identity = process_table.identity_of(int(parent.first_line))
    assert identity is not None
    heard = Heard()
    heard.watch(ExitWatcher(), identity)
    os.kill(identity.pid, signal.SIGKILL)
    await asyncio.wait_for(heard.ended.wait(), DEADLINE)
    release(parent)
    assert await asyncio.to_thread(parent.stdout.readline) == "collected\n"
    await asyncio.sleep(0.05)
    assert heard.codes.empty()


def test_how_it_ended_in_words() -> None:
    assert exit_codes.exit_text(3) == "ended with exit code 3"
    assert exit_codes.exit_text(-9) == "was ended by signal 9 (SIGKILL)"
    assert exit_codes.exit_text(-250) == "was ended by signal 250"
