"""What a finding that stands for a process states of it, whichever kind found it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from cockpit.facts import FindingFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFindingFacts(FindingFacts, type="process"):
    """A process, or the root of a tree of them. A kind subclasses it; what it never reads is None.

    `port`: the TCP port it holds; `pids`: the processes that hold the port, ascending, and
    `workers` how many they are; `sockets`: how many sockets of the port are theirs. `argv`: its
    command line, secrets masked; `brief`: the words of it that tell processes apart. `started_at`
    is aware UTC in whole seconds. `parent`: its parent's name; `started_by`: who started it from a
    cockpit, empty for nobody known; `defunct`: children that have ended and were not collected.
    """

    ASKED: ClassVar[tuple[str, ...]] = ("user",)
    """Fields that the kind reads of every process: None means that it may not be read."""

    port: int | None = None
    pid: int
    pids: tuple[int, ...] | None = None
    workers: int | None = None
    sockets: int | None = None
    argv: tuple[str, ...] = ()
    brief: tuple[str, ...] | None = None
    user: str | None = None
    started_at: datetime | None = None
    cwd: str | None = None
    executable: str | None = None
    parent: str | None = None
    started_by: str | None = None
    defunct: tuple[int, ...] = ()

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of what was asked of the process and may not be read by this user."""
        return tuple(name for name in self.ASKED if getattr(self, name) is None)
