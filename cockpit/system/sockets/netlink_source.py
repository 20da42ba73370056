"""Listeners from the Linux kernel: netlink `sock_diag`, without privileges.

It sees every listening TCP socket of this process's network namespace, also those whose owner is
hidden. Owners come from `fd_owners`; facts of known owners are read again every few seconds.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Collection

from cockpit.clock import Clock, SystemClock
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.sockets import sock_diag
from cockpit.system.sockets.fd_owners import FdOwners
from cockpit.system.sockets.listeners import Listener, ListenerSnapshot, ServiceGrouper, assemble
from cockpit.system.sockets.sock_diag import RawSocket

FACTS_SECONDS = 5.0
_NETLINK_SOCK_DIAG = 4
_REPLY_SECONDS = 1.0
_ATTEMPTS = 5


def dump_listeners() -> list[RawSocket]:
    """Every listening TCP socket of this network namespace. Raises OSError or `WireError`.

    The kernel says when a dump was disturbed by a change; it is then asked again.
    """
    if sys.platform != "linux":
        raise OSError("netlink exists on Linux only")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as link:
        link.settimeout(_REPLY_SECONDS)
        return _dump(link, sock_diag.AF_INET) + _dump(link, sock_diag.AF_INET6)


def _dump(link: socket.socket, family: int) -> list[RawSocket]:
    found: dict[int, RawSocket] = {}
    for attempt in range(_ATTEMPTS):
        link.send(sock_diag.listen_request(family, attempt + 1))
        disturbed = False
        done = False
        while not done:
            for message in sock_diag.messages(link.recv(1 << 18)):
                disturbed |= bool(message.flags & sock_diag.NLM_F_DUMP_INTR)
                if message.kind == sock_diag.NLMSG_DONE:
                    done = True
                elif message.kind == sock_diag.NLMSG_ERROR:
                    number = sock_diag.error_number(message.body)
                    raise OSError(number, f"sock_diag: {os.strerror(number)}")
                else:
                    raw = sock_diag.parse_socket(message.body)
                    found[raw.inode] = raw
        if not disturbed:
            break
        found.clear()
    return list(found.values())


class NetlinkListenerSource:
    """Listeners by netlink, owners by descriptors, both remembered from call to call."""

    name = "netlink"
    why = "netlink sock_diag works here: exact, without privileges, no polling of every process"

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._owners = FdOwners()
        self._services = ServiceGrouper()
        self._facts: dict[int, ProcessFacts] = {}
        self._facts_at = float("-inf")
        self._known: dict[int, tuple[int, ...]] = {}
        self._answers: dict[frozenset[int] | None, tuple[object, tuple[Listener, ...]]] = {}

    def signature(self) -> frozenset[tuple[int, int]]:
        """(port, inode) of every listening socket: one dump, no owners."""
        return frozenset((raw.port, raw.inode) for raw in dump_listeners())

    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        """Listeners on `ports` (None: all). Raises OSError when the kernel refuses."""
        with self._lock:
            return ListenerSnapshot(self._listeners(ports), self.name)

    def _listeners(self, ports: Collection[int] | None) -> tuple[Listener, ...]:
        now = self._clock.monotonic()
        if now - self._facts_at >= FACTS_SECONDS:
            self._facts.clear()
            self._answers.clear()
            self._services.forget()
            self._facts_at = now
        sockets = dump_listeners()
        wanted = sockets if ports is None else [raw for raw in sockets if raw.port in ports]
        inodes = [raw.inode for raw in wanted]
        if self._owners.update([raw.inode for raw in sockets], inodes, now):
            # A socket without a visible owner may have been closed while it was looked for.
            still = {raw.inode for raw in dump_listeners()}
            wanted = [raw for raw in wanted if raw.inode in still]
        state = (wanted, [self._owners.pids(raw.inode) for raw in wanted])
        asked = None if ports is None else frozenset(ports)
        if (known := self._answers.get(asked)) is not None and known[0] == state:
            return known[1]
        owners = {raw.inode: self._holders(raw.inode) for raw in wanted}
        answer = assemble(wanted, owners, self._services)
        if all(owners[raw.inode] or not pids for raw, pids in zip(*state, strict=True)):
            self._answers[asked] = (state, answer)
        return answer

    def _holders(self, inode: int) -> list[ProcessFacts]:
        pids = self._owners.pids(inode)
        if self._known.get(inode) != pids:
            # When owners come or go, the others may have a new parent.
            for pid in pids:
                self._facts.pop(pid, None)
            self._known[inode] = pids
            self._services.forget()
            if len(self._known) > 4096:
                self._known.clear()
        found = []
        for pid in pids:
            process = self._facts.get(pid) or process_table.facts(pid)
            if process is not None:
                self._facts[pid] = process
                found.append(process)
        return found
