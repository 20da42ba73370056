"""The processes that hold a socket: from Linux's /proc/PID/fd, read as little as possible.

A known (process, descriptor) is verified by one readlink. Descriptors are scanned only for sockets
not seen before and for processes started since; a full rescan now and then finds sockets that were
handed over to a running process.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from cockpit.system.processes import linux_backend

FULL_RESCAN_SECONDS = 30.0


def scan(pid: int, wanted: Collection[int]) -> dict[int, int]:
    """Inode to one descriptor, of the `wanted` sockets that `pid` holds. Empty when unreadable."""
    folder = f"/proc/{pid}/fd"
    found: dict[int, int] = {}
    try:
        names = os.listdir(folder)  # noqa: PTH208 - thousands of them; no Path objects
    except OSError:
        return found
    for name in names:
        inode = _inode(f"{folder}/{name}")
        if inode in wanted:
            found[inode] = int(name)
    return found


def _inode(path: str) -> int:
    """The inode of the socket a descriptor refers to; 0 when it is no socket or is gone."""
    try:
        target = os.readlink(path)  # noqa: PTH115
    except OSError:
        return 0
    return int(target[8:-1]) if target.startswith("socket:[") else 0


class FdOwners:
    """The owners of sockets, remembered between updates. Not for use by two threads at once."""

    def __init__(self) -> None:
        self._held: dict[int, dict[int, int]] = {}
        self._unresolved: set[int] = set()
        self._pids: set[int] = set()
        self._last: int | None = None
        self._scanned_at: float | None = None

    def update(self, inodes: Collection[int], wanted: Collection[int], now: float) -> bool:
        """Bring the owners of the `wanted` sockets up to date; `inodes` are all that exist.

        `now` is monotonic seconds. True when some wanted socket was found without an owner for the
        first time: it may have been closed meanwhile.
        """
        existing = set(inodes)
        for gone in [inode for inode in self._held if inode not in existing]:
            del self._held[gone]
        self._unresolved &= existing
        moved = self._verify(wanted)
        last = linux_backend.last_pid()
        due = self._scanned_at is None or now - self._scanned_at >= FULL_RESCAN_SECONDS
        unknown = {i for i in wanted if not self._held.get(i)} - self._unresolved
        if due:
            unknown = existing
            self._scanned_at = now
        if unknown:
            current = set(linux_backend.all_pids())
            self._scan(current, existing)
            self._pids = current
        elif moved or last is None or last != self._last:
            current = set(linux_backend.all_pids())
            new = current - self._pids
            if last is not None and self._last is not None:
                new |= {pid for pid in current if linux_backend.in_new_range(pid, self._last, last)}
            self._scan((new | moved) & current, existing)
            self._pids = current
        self._last = last
        fresh = {i for i in wanted if not self._held.get(i)} - self._unresolved
        self._unresolved |= fresh
        return bool(fresh)

    def _verify(self, wanted: Collection[int]) -> set[int]:
        """Drop what no longer holds; the PIDs concerned, whose descriptor may have moved."""
        moved: set[int] = set()
        for inode in wanted:
            held = self._held.get(inode)
            if not held:
                continue
            for pid, fd in list(held.items()):
                if _inode(f"/proc/{pid}/fd/{fd}") != inode:
                    del held[pid]
                    moved.add(pid)
        return moved

    def _scan(self, pids: Collection[int], inodes: Collection[int]) -> None:
        for pid in pids:
            for inode, fd in scan(pid, inodes).items():
                self._held.setdefault(inode, {})[pid] = fd
                self._unresolved.discard(inode)

    def pids(self, inode: int) -> tuple[int, ...]:
        """The PIDs that hold this socket, as of the last update."""
        return tuple(self._held.get(inode, ()))
