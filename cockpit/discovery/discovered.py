"""What a look around can find, and names for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cockpit.text import sanitize


@dataclass(frozen=True, slots=True)
class FoundChecklist:
    """A markdown file with items; paths are below the folder, with slashes."""

    file: str
    done: int
    total: int
    why: str


@dataclass(frozen=True, slots=True)
class FoundHeartbeat:
    """A JSON file that looks like a heartbeat; None where its own default fits or nothing is."""

    file: str
    timestamp: str | None
    pid: str | None
    counter: str | None
    naive: Literal["local", "utc"] | None
    pidfile: str | None
    why: str


@dataclass(frozen=True, slots=True)
class FoundPidfile:
    """A `.pid` file and the PID in it."""

    file: str
    pid: int
    why: str


@dataclass(frozen=True, slots=True)
class FoundReport:
    """A JSON report with parts that say whether they are met; `glob` matches its dated siblings."""

    glob: str
    each: str
    met: str
    why: str


@dataclass(frozen=True, slots=True)
class FoundPort:
    """A listening TCP port; `expect` is what can be asked of it as it is seen now."""

    port: int
    expect: Literal["one", "some"]
    ours: bool
    why: str


@dataclass(frozen=True, slots=True)
class Discovered:
    """Everything found, best first; `notes` say what was not looked at and why."""

    folder: Path
    checklists: tuple[FoundChecklist, ...] = ()
    heartbeats: tuple[FoundHeartbeat, ...] = ()
    pidfiles: tuple[FoundPidfile, ...] = ()
    reports: tuple[FoundReport, ...] = ()
    ports: tuple[FoundPort, ...] = ()
    notes: tuple[str, ...] = ()


class Names:
    """Hands out probe names that a config takes and that no other probe has."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def fresh(self, wish: str) -> str:
        """`wish` made fit, with a number behind it when it is taken."""
        base = (
            re.sub(r"[/\s]+", " ", sanitize(wish)).strip().replace("$", "")[:50].strip() or "probe"
        )
        name, count = base, 1
        while name in self._taken:
            count += 1
            name = f"{base} {count}"
        self._taken.add(name)
        return name
