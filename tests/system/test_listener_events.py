"""Listener changes as events: by fingerprint, and at once where the kernel announces them."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from cockpit.clock import ManualClock
from cockpit.system import listener_events
from cockpit.system.listener_events import ListenerWatcher
from cockpit.system.listeners import default_source

DEADLINE = 20


class Rig:
    def __init__(self, *, kernel_events: bool, source=None) -> None:
        self.clock = ManualClock()
        self.ports: list[int] = []
        self.news = asyncio.Event()
        self.watcher = ListenerWatcher(
            source or default_source(), self, clock=self.clock, kernel_events=kernel_events
        )

    def __call__(self, ports: frozenset[int]) -> None:
        self.ports.extend(ports)
        self.news.set()

    async def told(self, port: int, *, advance: bool = True) -> None:
        async with asyncio.timeout(DEADLINE):
            if advance:
                await self.clock.advance(6)
            while port not in self.ports:
                self.news.clear()
                await self.news.wait()
        self.ports.clear()


def server() -> tuple[socket.socket, int]:
    made = socket.create_server(("127.0.0.1", 0))
    return made, made.getsockname()[1]


async def test_listeners_that_appear_and_go() -> None:
    rig = Rig(kernel_events=False)
    steady, steady_port = server()
    rig.watcher.start()
    await rig.watcher.ready()
    made, port = server()
    await rig.told(port)
    made.close()
    await rig.told(port)
    assert steady_port not in rig.ports
    steady.close()
    rig.watcher.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="netlink")
async def test_the_kernel_announces_a_closed_listener() -> None:
    rig = Rig(kernel_events=True)
    made, port = server()
    rig.watcher.start()
    if not rig.watcher.has_kernel_events:
        rig.watcher.stop()
        made.close()
        pytest.skip("this kernel does not announce closed sockets to this user")
    await rig.watcher.ready()
    for _ in range(3):
        made.close()
        await rig.told(port, advance=False)
        made, port = server()
        await rig.told(port)
    made.close()
    rig.watcher.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="netlink")
async def test_without_kernel_events_it_looks_by_the_clock(monkeypatch) -> None:
    monkeypatch.setattr(listener_events, "open_destroy_events", lambda: None)
    rig = Rig(kernel_events=True)
    made, port = server()
    rig.watcher.start()
    assert not rig.watcher.has_kernel_events
    await rig.watcher.ready()
    made.close()
    await rig.told(port)
    rig.watcher.stop()


async def test_a_source_that_fails_is_trouble_and_is_asked_again() -> None:
    class Failing:
        name = "fake"
        why = "test"
        broken = True

        def signature(self):
            if self.broken:
                raise OSError("refused")
            return frozenset({(80, 1)})

    source = Failing()
    rig = Rig(kernel_events=False, source=source)
    rig.watcher.start()
    async with asyncio.timeout(DEADLINE):
        while "refused" not in rig.watcher.trouble:
            await asyncio.sleep(0.005)
    source.broken = False
    await rig.clock.advance(6)
    await asyncio.wait_for(rig.watcher.ready(), DEADLINE)
    assert rig.watcher.trouble == ""
    rig.watcher.stop()


async def test_nothing_is_told_after_a_stop() -> None:
    rig = Rig(kernel_events=True)
    rig.watcher.start()
    await rig.watcher.ready()
    made, _ = server()
    rig.watcher.stop()
    rig.watcher.stop()
    await rig.clock.advance(10)
    await asyncio.sleep(0.1)
    made.close()
    assert rig.ports == []


@pytest.mark.parametrize("kernel_events", [False, True])
async def test_sockets_that_come_and_go_between_two_looks_hide_nothing(kernel_events: bool) -> None:
    rig = Rig(kernel_events=kernel_events)
    rig.watcher.start()
    await rig.watcher.ready()
    for _ in range(50):
        made, _ = server()
        made.close()
    lasting, port = server()
    await rig.told(port)
    assert rig.watcher.trouble == ""
    lasting.close()
    await rig.told(port)
    rig.watcher.stop()
