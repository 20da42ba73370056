"""Tells when listeners appear or go: a cheap fingerprint every quarter second, and kernel events.

The kernel announces no new listeners, so the fingerprint is compared. Closed sockets are announced
on a netlink group that needs no privilege; where that works a closed port is noticed at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import Callable

from cockpit.clock import Clock, SystemClock
from cockpit.system.listeners import ListenerSource

OnPorts = Callable[[frozenset[int]], None]
Signature = frozenset[tuple[int, int]]

CHEAP_SECONDS = 0.25
DEAR_SECONDS = 5.0
_SETTLE_SECONDS = 0.05
_NETLINK_SOCK_DIAG = 4
_DESTROY_GROUPS = (1 << 0) | (1 << 2)  # TCP over IPv4 and over IPv6 (linux/sock_diag.h)


def open_destroy_events() -> socket.socket | None:
    """A non-blocking socket that gets a message for each closed TCP socket; None if refused."""
    if sys.platform != "linux":
        return None
    else:
        link = None
        try:
            link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
            link.setblocking(False)
            link.bind((0, _DESTROY_GROUPS))
        except OSError:
            if link is not None:
                link.close()
            return None
        return link


class ListenerWatcher:
    """Calls `on_ports` in the event loop with the ports whose listeners changed.

    The source is asked in a thread of its own: every `every` seconds (default: a quarter second
    where that is cheap, else five), and when the kernel says that a socket was closed.
    """

    def __init__(
        self,
        source: ListenerSource,
        on_ports: OnPorts,
        *,
        clock: Clock | None = None,
        every: float | None = None,
        kernel_events: bool = True,
    ) -> None:
        self._source = source
        self._on_ports = on_ports
        self._clock: Clock = clock or SystemClock()
        cheap = CHEAP_SECONDS if source.name == "netlink" else DEAR_SECONDS
        self._every = cheap if every is None else every
        self._kernel_events = kernel_events
        self._link: socket.socket | None = None
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: asyncio.Event | None = None
        self._timer: asyncio.Task[None] | None = None
        self._resume: asyncio.TimerHandle | None = None
        self.trouble = ""
        """Why listeners can't be seen at the moment, in words; empty when they can."""

    @property
    def has_kernel_events(self) -> bool:
        """Whether the kernel announces closed sockets to this watcher."""
        return self._link is not None

    def start(self) -> None:
        """Begin to watch, in the running event loop."""
        if self._loop is not None:
            raise RuntimeError("this watcher was started before")
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._timer = self._loop.create_task(self._tick())
        self._link = open_destroy_events() if self._kernel_events else None
        if self._link is not None:
            try:
                self._loop.add_reader(self._link, self._closed)
            except NotImplementedError:
                self._link.close()
                self._link = None
        self._due.set()
        threading.Thread(target=self._work, name="listener-watch", daemon=True).start()

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
            self._due.set()

    def _closed(self) -> None:
        """Some TCP socket was closed: look now, and then rest, for busy machines close many."""
        if self._link is None or self._loop is None:
            return
        self._empty(self._link)
        self._loop.remove_reader(self._link)
        self._due.set()
        self._resume = self._loop.call_later(_SETTLE_SECONDS, self._listen_again)

    def _listen_again(self) -> None:
        if self._link is not None and self._loop is not None:
            self._loop.add_reader(self._link, self._closed)

    @staticmethod
    def _empty(link: socket.socket) -> None:
        for _ in range(10_000):
            try:
                link.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                continue  # more were announced than the buffer holds: the rest is still there

    def _work(self) -> None:
        before: Signature | None = None
        while True:
            self._due.wait()
            self._due.clear()
            if self._stopped.is_set():
                return
            try:
                now = self._source.signature()
            except (OSError, ValueError) as error:
                self.trouble = f"listeners cannot be read: {error}"
                continue
            self.trouble = ""
            if before is None:
                self._call(self._set_ready)
            elif now != before:
                self._call(self._emit, frozenset(port for port, _ in now ^ before))
            before = now

    def _call(self, target: Callable[..., None], *values: object) -> None:
        if self._loop is not None and not self._stopped.is_set():
            # A closed loop has nobody left to be told.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(target, *values)

    def _set_ready(self) -> None:
        if self._ready is not None:
            self._ready.set()

    def _emit(self, ports: frozenset[int]) -> None:
        if not self._stopped.is_set():
            self._on_ports(ports)
