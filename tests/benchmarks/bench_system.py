"""Listener probes beside psutil, ss and lsof in one run; reaction times of exits and listeners.

Run it by hand: `python tests/benchmarks/bench_system.py [--quick]`. Prints medians and ratios;
asserts nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil

from cockpit.clock import ManualClock
from cockpit.engine.blocking import SerialExecutor
from cockpit.kinds.base import Blocking, ProbeContext
from cockpit.kinds.listener.probe import ListenerProbe
from cockpit.kinds.listener.table import ListenerTable
from cockpit.system.files.file_watcher import FileWatcher
from cockpit.system.processes import process_table
from cockpit.system.processes.exits import ExitWatcher
from cockpit.system.sockets.listener_events import ListenerWatcher, why_no_destroy_events
from cockpit.system.sockets.psutil_source import PsutilListenerSource
from cockpit.system.sockets.sources import default_source

T = TypeVar("T")
SERVERS = str(Path(__file__).parents[1] / "system" / "servers.py")


@contextlib.contextmanager
def running(kind: str, count: int) -> Iterator[list[int]]:
    """A server of the tests; gives the numbers it prints."""
    process = subprocess.Popen(
        [sys.executable, SERVERS, kind, str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        yield [int(word) for word in process.stdout.readline().split()]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def timed(action: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each round."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        action()
        found.append((time.perf_counter() - begin) * 1000)
    return found


def line(name: str, times: list[float], base: float | None = None) -> None:
    median = statistics.median(times)
    late = sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]
    ratio = f"{median / base:8.1f}x" if base else " " * 9
    print(f"  {name:34} median {median:9.3f} ms   p95 {late:9.3f} ms {ratio}")


def tool(*words: str) -> Callable[[], object]:
    return lambda: subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def probes(rounds: int) -> None:
    source = default_source()
    source.snapshot()
    print(f"{len(psutil.pids())} processes, {len(source.snapshot().listeners)} listeners")
    ports = source.snapshot().ports[:3]
    ours = timed(source.snapshot, rounds * 5)
    base = statistics.median(ours)
    line(f"{source.name} snapshot of all", ours, base)
    line(f"{source.name} snapshot of 3 ports", timed(lambda: source.snapshot(ports), rounds), base)
    line(f"{source.name} signature", timed(source.signature, rounds), base)
    line("first snapshot (all unknown)", timed(lambda: default_source().snapshot(), 5), base)
    line("psutil.net_connections alone", timed(lambda: psutil.net_connections("tcp"), rounds), base)
    line("the same facts through psutil", timed(PsutilListenerSource().snapshot, rounds), base)
    for name, lane in (("", here), (", thread", SerialExecutor("bench", ManualClock()))):
        line(f"a listener probe's run{name}", asyncio.run(probe_runs(rounds * 5, lane)), base)
    for words in (("ss", "-Hltnp"), ("lsof", "-nP", "-iTCP", "-sTCP:LISTEN")):
        if shutil.which(words[0]):
            line(" ".join(words), timed(tool(*words), max(5, rounds // 4)), base)


async def here(function: Callable[..., T], /, *args: Any) -> T:
    """A lane without a thread: what is left is the probe's own work."""
    return function(*args)


async def probe_runs(rounds: int, lane: Blocking) -> list[float]:
    """Milliseconds of a listener probe's run, ten simulated seconds apart, so that each one takes
    the figures of what its owner uses."""
    clock = ManualClock()
    source = default_source()
    found = []
    with running("plain", 0) as (port,):
        table = ListenerTable(name="bench", port=port)
        probe = ListenerProbe(table, Path.cwd(), source=source)
        previous = None
        for _ in range(rounds):
            ctx = ProbeContext(clock, lane, previous)
            begin = time.perf_counter()
            previous = await probe.run(ctx)
            found.append((time.perf_counter() - begin) * 1000)
            await clock.advance(10.1)
    return found[5:]


async def exits(rounds: int) -> None:
    found = []
    watcher = ExitWatcher()
    for _ in range(rounds):
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=-1)
        identity = process_table.identity_of(child.pid)
        assert identity is not None
        noticed = asyncio.Event()
        watcher.watch(identity, lambda *_, noticed=noticed: noticed.set())
        await asyncio.sleep(0.02)
        begin = time.perf_counter()
        child.kill()
        await noticed.wait()
        found.append((time.perf_counter() - begin) * 1000)
        await child.wait()
    line("kill to exit event", found)


async def listeners(rounds: int) -> None:
    opened, closed = [], []
    seen: set[int] = set()
    news = asyncio.Event()

    def told(ports: frozenset[int]) -> None:
        seen.update(ports)
        news.set()

    async def wait_for(port: int) -> None:
        while port not in seen:
            news.clear()
            await news.wait()
        seen.clear()

    watcher = ListenerWatcher(default_source(), told)
    watcher.start()
    await watcher.ready()
    for number in range(rounds):
        await asyncio.sleep(0.037 * (number % 7))
        begin = time.perf_counter()
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]
        await wait_for(port)
        opened.append((time.perf_counter() - begin) * 1000)
        await asyncio.sleep(0.037 * (number % 5))
        begin = time.perf_counter()
        server.close()
        await wait_for(port)
        closed.append((time.perf_counter() - begin) * 1000)
    events = "without" if why_no_destroy_events() else "with"
    watcher.stop()
    line("new listener to event", opened)
    line(f"closed listener to event, {events} kernel", closed)


async def files(rounds: int, folder: Path) -> None:
    found = []
    news = asyncio.Event()
    path = folder / "heartbeat.json"
    path.write_text("0", encoding="utf-8")
    watcher = FileWatcher(lambda _: news.set())
    watcher.start([path])
    await watcher.ready()
    for number in range(rounds):
        await asyncio.sleep(0.2 + 0.007 * (number % 9))
        news.clear()
        begin = time.perf_counter()
        fresh = folder / "fresh"
        fresh.write_text(str(number), encoding="utf-8")
        fresh.replace(path)
        await news.wait()
        found.append((time.perf_counter() - begin) * 1000)
    watcher.stop()
    line("atomic replace to event", found)


async def idle(seconds: float, folder: Path) -> None:
    """CPU that the watching itself takes while nothing happens."""
    watcher = FileWatcher(lambda _: None)
    watcher.start([folder / "a", folder / "b.json"])
    listening = ListenerWatcher(default_source(), lambda _: None)
    listening.start()
    await watcher.ready()
    await listening.ready()
    before = time.process_time()
    await asyncio.sleep(seconds)
    used = time.process_time() - before
    watcher.stop()
    listening.stop()
    print(f"  idle watching of files and listeners: {used / seconds * 100:.2f} % of one core")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 10 if parser.parse_args().quick else 40
    with running("many", 50):
        probes(rounds)
        crowd = max(0, 1000 - len(psutil.pids()))
        with running("crowd", crowd):
            probes(rounds)
    print("reaction times")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(exits(rounds))
        asyncio.run(listeners(rounds))
        asyncio.run(files(rounds, Path(folder)))
        asyncio.run(idle(rounds / 4, Path(folder)))


if __name__ == "__main__":
    main()
