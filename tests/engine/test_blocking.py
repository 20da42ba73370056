"""Blocking work: nothing it does delays leaving, and a hung call is not doubled."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import textwrap
import threading

import pytest
from support import DEADLINE

from cockpit.clock import ManualClock
from cockpit.engine.blocking import DaemonExecutor, SerialExecutor, StillHung


async def test_a_lane_gives_results_and_passes_errors_on() -> None:
    lane = SerialExecutor("p", ManualClock())
    assert await lane(lambda a: a + 1, 41) == 42
    with pytest.raises(ZeroDivisionError):
        await lane(lambda: 1 / 0)


async def test_a_lane_runs_one_call_at_a_time() -> None:
    lane = SerialExecutor("p", ManualClock())
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        inside.append(1)
        most.append(len(inside))
        inside.pop()

    await asyncio.gather(*(lane(work) for _ in range(8)))
    assert max(most) == 1


async def test_an_abandoned_call_blocks_the_next_until_it_comes_back() -> None:
    clock = ManualClock()
    lane = SerialExecutor("p", clock)
    entered, release, left = threading.Event(), threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> None:
        entered.set()
        release.wait()
        loop.call_soon_threadsafe(left.set)

    task = asyncio.create_task(lane(hang))
    await asyncio.to_thread(entered.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(StillHung, match="still hung since 2026-01-05T12:00:00Z"):
        await lane(lambda: None)
    release.set()
    await left.wait()
    while True:
        try:
            assert await lane(lambda: "back") == "back"
            break
        except StillHung:
            await asyncio.sleep(0)


async def test_the_executor_runs_name_lookups() -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(DaemonExecutor())
    found = await loop.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    assert found


def test_a_program_ends_while_a_lane_and_a_lookup_hang() -> None:
    """The stock executor would hold this program until its threads come back: for ever."""
    program = textwrap.dedent(
        """
        import asyncio, threading
        from cockpit.clock import SystemClock
        from cockpit.engine.blocking import SerialExecutor
        from cockpit.engine.loop_thread import LoopThread

        entered = threading.Semaphore(0)

        def hang():
            entered.release()
            threading.Event().wait()

        async def work():
            lane = SerialExecutor("p", SystemClock())
            asyncio.create_task(lane(hang))
            await asyncio.get_running_loop().run_in_executor(None, hang)

        thread = LoopThread()
        thread.start()
        thread.spawn(work())
        entered.acquire(); entered.acquire()
        print("stopped", thread.stop())
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    assert done.stdout == "stopped True\n"
