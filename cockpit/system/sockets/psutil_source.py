"""Listeners from psutil: the source on Windows and macOS, and the fallback on Linux.

psutil names one process for a socket that several hold; on Linux the others are found by their
descriptors, and the user of a hidden owner in /proc/net/tcp. On macOS an ordinary user sees the
sockets of his own processes only: the snapshot then says that it is not complete.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from cockpit.clock import Clock, SystemClock
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.sockets.fd_owners import FdOwners
from cockpit.system.sockets.listeners import ListenerSnapshot, ServiceGrouper, assemble
from cockpit.system.sockets.sock_diag import RawSocket, address_family, address_text

_PARTIAL = "without administrator rights the sockets of other users' processes are not visible"


class _Row(NamedTuple):
    """One listening socket as psutil tells it; `pid` 0 when the owner is hidden."""

    port: int
    family: int
    address: str
    pid: int
    fd: int


_Found = tuple[list[RawSocket], dict[int, tuple[int, ...]]]


class PsutilListenerSource:
    """Listeners by psutil. `why` says why nothing better is in use."""

    name = "psutil"

    def __init__(self, clock: Clock | None = None, *, why: str = "asked for") -> None:
        self.why = why
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._owners = FdOwners()

    def signature(self) -> frozenset[tuple[int, int]]:
        """(port, PID) of every listening socket. As expensive as a snapshot."""
        rows, _ = _rows()
        return frozenset((row.port, row.pid) for row in rows)

    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        """Listeners on `ports` (None: all). Raises OSError when psutil can't tell."""
        with self._lock:
            rows, complete = _rows()
            rows = [row for row in rows if ports is None or row.port in ports]
            sockets, pids = self._with_inodes(rows) if sys.platform == "linux" else _without(rows)
            facts: dict[int, ProcessFacts | None] = {}
            for pid in {pid for found in pids.values() for pid in found}:
                facts[pid] = process_table.facts(pid)
            owners = {
                inode: [process for pid in found if (process := facts[pid]) is not None]
                for inode, found in pids.items()
            }
            listeners = assemble(sockets, owners, ServiceGrouper())
        return ListenerSnapshot(listeners, self.name, complete, () if complete else (_PARTIAL,))

    def _with_inodes(self, rows: list[_Row]) -> _Found:
        """Rows completed on Linux: inode, user, and every process that holds the socket."""
        known = {raw.inode: raw for raw in listening()}
        places: dict[tuple[int, int, str], list[RawSocket]] = {}
        for raw in known.values():
            places.setdefault((raw.port, raw.family, raw.address), []).append(raw)
        found: dict[int, RawSocket] = {}
        for row in rows:
            inode = _inode_of(row)
            here = [known[inode]] if inode in known else places.get(row[:3], [])
            for raw in here:
                found[raw.inode] = raw
        self._owners.update(known, found, self._clock.monotonic())
        return list(found.values()), {inode: self._owners.pids(inode) for inode in found}


def _rows() -> tuple[list[_Row], bool]:
    """psutil's rows in state LISTEN, and whether they are all there are."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        own: list[_Row] = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                own += _listening_rows(process.net_connections(kind="tcp"), process.pid)
        return own, False
    except psutil.Error as error:
        raise OSError(f"psutil cannot list connections: {error}") from error
    return _listening_rows(connections), True


def _listening_rows(connections: list[Any], pid: int | None = None) -> list[_Row]:
    rows = []
    for one in connections:
        if one.status != psutil.CONN_LISTEN or not one.laddr:
            continue
        family = socket.AF_INET6 if one.family == socket.AF_INET6 else socket.AF_INET
        packed = socket.inet_pton(family, one.laddr.ip.partition("%")[0])
        rows.append(
            _Row(
                port=one.laddr.port,
                family=address_family(packed),
                address=address_text(packed),
                pid=(one.pid or 0) if pid is None else pid,
                fd=one.fd,
            )
        )
    return rows


def _without(rows: list[_Row]) -> _Found:
    """Rows where the system has no inodes: each row of each process counts as a socket."""
    sockets: list[RawSocket] = []
    owners: dict[int, tuple[int, ...]] = {}
    for number, row in enumerate(rows, start=1):
        sockets.append(RawSocket(row.port, row.family, row.address, number))
        owners[number] = (row.pid,) if row.pid else ()
    return sockets, owners


def _inode_of(row: _Row) -> int:
    if not row.pid or row.fd < 0:
        return 0
    try:
        target = os.readlink(f"/proc/{row.pid}/fd/{row.fd}")  # noqa: PTH115
    except OSError:
        return 0
    return int(target[8:-1]) if target.startswith("socket:[") else 0


_LISTEN = "0A"
_ROW = re.compile(
    r"^\s*\d+: ([0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):([0-9A-Fa-f]{4}) [0-9A-Fa-f:]+ ([0-9A-Fa-f]{2})"
    r" [0-9A-Fa-f:]+ [0-9A-Fa-f:]+ [0-9A-Fa-f]+\s+(\d+)\s+\d+ (\d+)"
)


def parse_table(text: str) -> list[RawSocket]:
    """The listening sockets of one table; lines that are not rows are left out."""
    found = []
    for line in text.splitlines():
        match = _ROW.match(line)
        if match is None or match[3] != _LISTEN:
            continue
        words = [match[1][i : i + 8] for i in range(0, len(match[1]), 8)]
        packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
        found.append(
            RawSocket(
                port=int(match[2], 16),
                family=address_family(packed),
                address=address_text(packed),
                inode=int(match[5]),
                uid=int(match[4]),
            )
        )
    return found


def listening() -> list[RawSocket]:
    """Both tables of this network namespace; empty where there are none."""
    found = []
    for name in ("tcp", "tcp6"):
        table = Path("/proc/self/net", name)
        try:
            found += parse_table(table.read_text("utf-8", "replace"))
        except OSError:
            continue
    return found
