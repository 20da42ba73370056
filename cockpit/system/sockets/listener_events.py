"""Notice new and closed listeners: a cheap fingerprint every quarter second, and kernel events.

The kernel announces no new listeners, so the fingerprint is compared. Closed sockets are announced
on a netlink group that needs no privilege; where that works a closed port is noticed at once, and
so is one that was open for less than a quarter second.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping

from cockpit.clock import Clock, SystemClock
from cockpit.system.sockets import sock_diag
from cockpit.system.sockets.listeners import ListenerSource

OnPorts = Callable[[frozenset[int]], None]
OnUnseen = Callable[[dict[int, int]], None]
"""Gets, by port, how many sockets were opened and closed there without being seen."""
Signature = frozenset[tuple[int, int]]

CHEAP_SECONDS = 0.25
DEAR_SECONDS = 5.0
_SETTLE_SECONDS = 0.05
_TRIAL_SECONDS = 1.0
_NETLINK_SOCK_DIAG = 4
_DESTROY_GROUPS = (1 << 0) | (1 << 2)  # TCP over IPv4 and over IPv6 (linux/sock_diag.h)


def open_destroy_events() -> socket.socket:
    """A non-blocking socket that gets a message for each closed TCP socket.

    Raises OSError where the system refuses or has no such thing.
    """
    if sys.platform != "linux":
        raise OSError(f"{sys.platform} has no netlink")
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
    try:
        link.setblocking(False)
        link.bind((0, _DESTROY_GROUPS))
    except OSError:
        link.close()
        raise
    return link


def why_no_destroy_events(seconds: float = _TRIAL_SECONDS) -> str:
    """The reason why the kernel's events for closed sockets can't be used here; empty when they
    can.

    It is tried: a socket is closed, and its message waited for. Blocks for `seconds` at most.
    """
    try:
        link = open_destroy_events()
    except OSError as error:
        return f"the kernel's news of closed sockets can't be had: {error}"
    try:
        socket.create_server(("127.0.0.1", 0)).close()
        readable, _, _ = select.select([link], [], [], seconds)
    except OSError as error:
        return f"the kernel's news of closed sockets can't be tried: {error}"
    finally:
        link.close()
    return "" if readable else "no message came when a socket was closed"


def closed_ports(link: socket.socket) -> Counter[int]:
    """Empty `link` of its announcements: the ports of sockets that never had a peer, counted."""
    found: Counter[int] = Counter()
    for _ in range(10_000):
        try:
            data = link.recv(65536)
        except BlockingIOError:
            break
        except OSError:
            continue  # more were announced than the buffer holds: the rest is still there
        with contextlib.suppress(sock_diag.WireError):
            for message in sock_diag.messages(data):
                if message.kind == sock_diag.SOCK_DIAG_BY_FAMILY:
                    port = sock_diag.closed_port(message.body)
                    found.update(() if port is None else (port,))
    return found


AWAITED_SECONDS = 5.0
"""How long the announcement of a socket that was seen to go may take. It always comes later: the
kernel takes a socket off the list first, and announces its end from a queue."""

QUIET_SECONDS = 60.0
"""So long a port of which was told is not told of again."""


class TransientSockets:
    """Sockets that were opened and closed between two looks, known from kernel events only."""

    def __init__(self) -> None:
        self._awaited: dict[int, list[float]] = {}

    def unseen(
        self, closed: Mapping[int, int], gone: Mapping[int, int], now: float
    ) -> dict[int, int]:
        """The number of closed sockets that no look ever saw, by port.

        `closed` counts what was announced by port, before the look that found `gone` missing; `now`
        is monotonic seconds.
        """
        for port, count in gone.items():
            self._awaited.setdefault(port, []).extend([now + AWAITED_SECONDS] * count)
        unseen: Counter[int] = Counter()
        for port, count in closed.items():
            awaited = [until for until in self._awaited.pop(port, ()) if until > now]
            if count > len(awaited):
                unseen[port] = count - len(awaited)
            elif awaited[count:]:
                self._awaited[port] = awaited[count:]
        for port in [p for p, untils in self._awaited.items() if untils[-1] <= now]:
            del self._awaited[port]
        return dict(unseen)


class RateLimiter:
    """Passes a port's news on at once, and then at most once a minute, with all that came
    meanwhile."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[float, int]] = {}

    def due(self, port: int, count: int, now: float) -> int:
        """The number to tell of now, `count` new ones among them; 0: not yet.

        `now` is monotonic seconds.
        """
        until, kept = self._held.get(port, (now, 0))
        kept += count
        if now < until:
            self._held[port] = (until, kept)
            return 0
        self._held[port] = (now + QUIET_SECONDS, 0)
        return kept


class ListenerWatcher:
    """Calls `on_ports` in the event loop with the ports whose listeners changed.

    The source is asked every `every` seconds (default: a quarter second where that is cheap, else
    five), and when the kernel says that a socket was closed: in the loop itself where it takes a
    tenth of a millisecond, else in a thread. `on_unseen` is told of sockets that were open between
    two looks only, where the kernel announces them.
    """

    def __init__(
        self,
        source: ListenerSource,
        on_ports: OnPorts,
        *,
        on_unseen: OnUnseen = lambda ports: None,
        clock: Clock | None = None,
        every: float | None = None,
        kernel_events: bool = True,
    ) -> None:
        self._source = source
        self._on_ports = on_ports
        self._on_unseen = on_unseen
        self._clock: Clock = clock or SystemClock()
        self._cheap = source.name == "netlink"
        cheap = CHEAP_SECONDS if self._cheap else DEAR_SECONDS
        self._every = cheap if every is None else every
        self._kernel_events = kernel_events
        self._link: socket.socket | None = None
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: asyncio.Event | None = None
        self._timer: asyncio.Task[None] | None = None
        self._resume: asyncio.TimerHandle | None = None
        self._before: Signature | None = None
        self._unseen = TransientSockets()
        self.trouble = ""
        """Why listeners can't be seen at the moment, in words; empty when they can."""

    def start(self) -> None:
        """Begin to watch, in the running event loop."""
        if self._loop is not None:
            raise RuntimeError("this watcher was started before")
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        if self._kernel_events:
            self._link = self._subscribe_to_kernel(self._loop)
        if not self._cheap:
            threading.Thread(target=self._work, name="listener-watch", daemon=True).start()
        self._check()
        self._timer = self._loop.create_task(self._tick())

    def _subscribe_to_kernel(self, loop: asyncio.AbstractEventLoop) -> socket.socket | None:
        try:
            link = open_destroy_events()
        except OSError:
            return None
        try:
            loop.add_reader(link, self._closed)
        except NotImplementedError:
            link.close()
            return None
        return link

    async def ready(self) -> None:
        """Wait for the first look; from then on no change is missed."""
        if self._ready is not None:
            await self._ready.wait()

    def stop(self) -> None:
        """End at once; `on_ports` is not called any more."""
        self._stopped.set()
        self._due.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._resume is not None:
            self._resume.cancel()
        if self._link is not None and self._loop is not None:
            self._loop.remove_reader(self._link)
            self._link.close()
            self._link = None

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(self._every)
            self._check()

    def _closed(self) -> None:
        """Some TCP socket was closed: look now, and then rest, for busy machines close many."""
        if self._link is None or self._loop is None:
            return
        self._loop.remove_reader(self._link)
        self._check()
        self._resume = self._loop.call_later(_SETTLE_SECONDS, self._listen_again)

    def _listen_again(self) -> None:
        if self._link is not None and self._loop is not None:
            self._loop.add_reader(self._link, self._closed)

    def _check(self) -> None:
        """Have the source asked, here or in the thread. What was announced is read first."""
        closed = closed_ports(self._link) if self._link is not None else Counter[int]()
        if not self._cheap:
            self._due.set()
        elif (now := self._read_signature()) is not None:
            self._compare(now, closed)

    def _read_signature(self) -> Signature | None:
        try:
            now = self._source.signature()
        except (OSError, ValueError) as error:
            self.trouble = f"listeners cannot be read: {error}"
            return None
        self.trouble = ""
        return now

    def _compare(self, now: Signature, closed: Counter[int]) -> None:
        """Compare with the look before and tell the difference. In the loop."""
        before, self._before = self._before, now
        if self._stopped.is_set():
            return
        if before is None:
            if self._ready is not None:
                self._ready.set()
            return
        gone = Counter(port for port, _ in before - now)
        if self._link is not None and (gone or closed):
            unseen = self._unseen.unseen(closed, gone, self._clock.monotonic())
            if unseen:
                self._on_unseen(unseen)
        if now != before:
            self._on_ports(frozenset(port for port, _ in now ^ before))

    def _work(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._stopped.is_set():
                return
            now = self._read_signature()
            if now is not None and self._loop is not None:
                # A closed loop has nobody left to be told.
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._compare, now, Counter[int]())
