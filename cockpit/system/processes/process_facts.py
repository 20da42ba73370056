"""The data of a process: its identity, its facts and its load."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from cockpit.system.processes.argv import shown
from cockpit.text import sanitize

_SAME_START = 0.02
"""Seconds two readings of one start time may differ: the kernel counts in ticks of 10 ms."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process by PID and start time: a PID that is given out again is another identity.

    `started_at` is in epoch seconds as the kernel reports it. On Linux it is boot time plus clock
    ticks: exact to 10 ms against other processes, up to one second early against the wall clock.
    """

    pid: int
    started_at: float

    def same_as(self, other: ProcessIdentity) -> bool:
        """Equality that allows for the kernel's tick."""
        return self.pid == other.pid and abs(self.started_at - other.started_at) <= _SAME_START


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """The facts of a process, read once. None means not readable, not empty.

    `argv` holds the words exactly as the kernel gives them (undecodable bytes as surrogates): never
    draw them, draw `command`. `name` is the kernel's short name, also of a process without argv.
    `status` is a word such as "running", "sleeping", "zombie", "stopped".
    """

    identity: ProcessIdentity
    argv: tuple[str, ...]
    name: str
    user: str | None
    uid: int | None
    cwd: str | None
    executable: str | None
    ppid: int | None
    parent_name: str | None
    status: str
    group: int | None = None

    @property
    def pid(self) -> int:
        return self.identity.pid

    @property
    def started_at(self) -> datetime:
        """Start as an aware UTC datetime."""
        return datetime.fromtimestamp(self.identity.started_at, UTC)

    @property
    def is_zombie(self) -> bool:
        """Ended, but not yet collected by its parent (shown as defunct by `ps`)."""
        return self.status == "zombie"

    @property
    def command(self) -> str:
        """The command line, safe to draw, secrets masked; the name in brackets without argv."""
        return shown(self.argv) if self.argv else sanitize(f"[{self.name}]")


@dataclass(frozen=True, slots=True)
class ProcessLoad:
    """The resources a process uses. None means not readable here.

    `cpu_seconds` is user plus system time since the start; `resident` is in bytes; `open_files`
    counts file descriptors (handles on Windows); `children` counts direct children. `ended`: it is
    a zombie, which uses nothing any more.
    """

    identity: ProcessIdentity
    cpu_seconds: float | None
    resident: int | None
    threads: int | None
    open_files: int | None
    children: int | None
    ended: bool = False


def cpu_share(before: ProcessLoad, after: ProcessLoad, seconds: float) -> float | None:
    """Share of one core used between two loads of one process taken `seconds` apart.

    1.0 is one full core. None for two different processes, unread times or no time passed.
    """
    if before.identity != after.identity or seconds <= 0:
        return None
    if before.cpu_seconds is None or after.cpu_seconds is None:
        return None
    return max(0.0, after.cpu_seconds - before.cpu_seconds) / seconds
