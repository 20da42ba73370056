"""Listener changes as events: by fingerprint, and at once where the kernel announces them."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections import Counter

import pytest
from support import DEADLINE, until_async

from cockpit.clock import ManualClock
from cockpit.system.sockets import listener_events
from cockpit.system.sockets.listener_events import (
    AWAITED_SECONDS,
    QUIET_SECONDS,
    ListenerWatcher,
    RateLimiter,
    TransientSockets,
)
from cockpit.system.sockets.sources import default_source


class Rig:
    def __init__(self, *, kernel_events: bool, source=None) -> None:
        self.clock = ManualClock()
        self.ports: list[int] = []
        self.news = asyncio.Event()
        self.unseen: Counter[int] = Counter()
        self.watcher = ListenerWatcher(
            source or default_source(),
            self,
            on_unseen=self.came_and_went,
            clock=self.clock,
            kernel_events=kernel_events,
        )

    def came_and_went(self, ports: dict[int, int]) -> None:
        self.unseen.update(ports)
        self.news.set()

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
    if listener_events.why_no_destroy_events():
        pytest.skip("this kernel does not announce closed sockets to this user")
    rig = Rig(kernel_events=True)
    made, port = server()
    rig.watcher.start()
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
    def refuse() -> None:
        raise PermissionError("not here")

    monkeypatch.setattr(listener_events, "open_destroy_events", refuse)
    assert "not here" in listener_events.why_no_destroy_events()
    rig = Rig(kernel_events=True)
    made, port = server()
    rig.watcher.start()
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
    await until_async(lambda: "refused" in rig.watcher.trouble)
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


@pytest.mark.skipif(sys.platform != "linux", reason="a Linux netlink group")
def test_the_kernels_word_is_tried_not_assumed(monkeypatch) -> None:
    assert listener_events.why_no_destroy_events() == ""
    silent, other = socket.socketpair()
    monkeypatch.setattr(listener_events, "open_destroy_events", lambda: silent)
    assert "no message" in listener_events.why_no_destroy_events(0.01)
    other.close()


@pytest.mark.skipif(sys.platform != "linux", reason="netlink")
async def test_a_listener_between_two_looks_is_told_of_and_a_seen_one_is_not() -> None:
    if listener_events.why_no_destroy_events():
        pytest.skip("this kernel does not announce closed sockets to this user")
    rig = Rig(kernel_events=True)
    seen, port = server()
    rig.watcher.start()
    await rig.watcher.ready()
    client = socket.create_connection(("127.0.0.1", port))
    accepted, _ = seen.accept()
    for one in (client, accepted, seen):
        one.close()
    await rig.told(port, advance=False)
    refused = socket.socket()
    refused.bind(("127.0.0.1", port))
    with pytest.raises(OSError):
        refused.connect(("127.0.0.1", port + 1 if port < 65535 else 1))
    refused.close()
    brief = socket.create_server(("127.0.0.1", port))
    brief.close()
    async with asyncio.timeout(DEADLINE):
        while not rig.unseen[port]:
            rig.news.clear()
            await rig.news.wait()
    assert rig.unseen[port] == 1, "neither the seen one nor a client that was refused"
    rig.watcher.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="netlink")
async def test_a_cheap_source_is_asked_in_the_loop_and_wakes_it_once() -> None:
    before = threading.active_count()
    rig = Rig(kernel_events=False)
    rig.watcher.start()
    await rig.watcher.ready()
    assert threading.active_count() == before
    rig.watcher.stop()


def test_what_was_seen_to_go_is_set_against_what_is_announced_later() -> None:
    sockets = TransientSockets()
    assert sockets.unseen({}, {80: 2}, 0.0) == {}
    assert sockets.unseen({80: 1}, {}, 1.0) == {}
    assert sockets.unseen({80: 2, 81: 1}, {81: 1}, 2.0) == {80: 1}
    assert sockets.unseen({}, {80: 1}, 3.0) == {}
    late = 3.0 + AWAITED_SECONDS
    assert sockets.unseen({80: 1}, {}, late) == {80: 1}, "that one was announced long ago"


def test_a_port_is_told_of_once_a_minute() -> None:
    seldom = RateLimiter()
    assert seldom.due(80, 1, 0.0) == 1
    assert [seldom.due(80, 2, QUIET_SECONDS / 2), seldom.due(81, 1, 1.0)] == [0, 1]
    assert seldom.due(80, 1, QUIET_SECONDS) == 3
