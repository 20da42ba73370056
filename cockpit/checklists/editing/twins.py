"""Twins: the files that lie beside a checklist while an edit that moves bytes is made.

A twin's name says whose it is and what it may hold, so that what a crash leaves is told from
somebody's only copy of a line:

- `.NAME.cockpit-RANDOM-PID`: still being made, never in the file's place.
- `.NAME.cockpit-RANDOM-PID-AFTER-BEFORE`: complete, with the beginnings of the SHA-256 of the new
  version and of the one it was made from. Bytes with either sum are in force already, or were
  never wanted; a twin with any other bytes was written to by another program.
- `.NAME.cockpit-RANDOM`: nothing is known of it.

Our own bytes are removed as soon as nobody has the file open. A process that is being started
holds, between its fork and its exec, whatever we had open at that moment: for some milliseconds
the system refuses to say that a twin is nobody's.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.editing.platform_api import Busy, FilePlatform, Pause

WAITS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.064, 0.1, 0.1, 0.2, 0.2, 0.2)
"""Seconds between attempts: about one second in all, then the person is told."""

_NAME = re.compile(
    r"\.(?P<of>.+)\.cockpit-[0-9a-f]{8}"
    r"(?P<pid>-\d{1,10}(?P<sums>-[0-9a-f]{12}-[0-9a-f]{12})?)?"
)
_LONGEST = 255
"""Bytes of a file name. A longer one is shortened to the form that says nothing."""
_DEAD_FOR = 5.0
"""Seconds, by the file system's clock, since the last change of what a dead process left: this
long no edit lasts whose process only looks dead, from another machine or container."""


@dataclass(frozen=True, slots=True)
class TwinName:
    """The name of a twin, read."""

    of: str
    """Name of the checklist beside it."""
    pid: int | None
    sums: tuple[str, ...]
    """Beginnings of SHA-256 sums, of the versions it may hold; none while it is being made."""

    def is_own(self, data: bytes) -> bool:
        """Whether these bytes, found in it, are certainly our own."""
        return self.pid is not None and (not self.sums or _sum(data) in self.sums)


def read_name(path: Path) -> TwinName | None:
    """What a file's name says, if it is that of a twin."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    pid, sums = match["pid"], match["sums"]
    number = int(pid.split("-")[1]) if pid else None
    return TwinName(match["of"], number, tuple(sums[1:].split("-")) if sums else ())


def unfinished(path: Path) -> Path:
    """A new name for the twin of `path` while it is being made."""
    plain = unknown(path)
    named = plain.with_name(f"{plain.name}-{os.getpid()}")
    return named if len(os.fsencode(named.name)) <= _LONGEST else plain


def unknown(path: Path) -> Path:
    """A new name beside `path` for a file that may hold anybody's bytes."""
    return path.with_name(f".{path.name}.cockpit-{secrets.token_hex(4)}")


def complete(path: Path, twin: Path, before: bytes, after: bytes) -> Path:
    """Give a twin of `path` the name that says what it holds, now that it does.

    Raises:
        OSError: it could not be renamed.
    """
    plain = unknown(path)
    named = plain.with_name(f"{plain.name}-{os.getpid()}-{_sum(after)}-{_sum(before)}")
    if len(os.fsencode(named.name)) > _LONGEST:
        named = plain
    return twin.rename(named)


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def remove_if(system: FilePlatform, twin: Path, own: bytes) -> bool:
    """Remove a twin that holds just these bytes; False while somebody has it open.

    One that is gone, or that somebody else wrote to, needs no further attempt: True.
    """
    try:
        if system.settled(twin) == own:
            system.discard(twin)
    except FileNotFoundError:
        return True
    except (Busy, OSError):
        return False
    return True


class UnusedTwins:
    """Twins of this process that hold our own bytes and could not be removed at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fresh: dict[Path, tuple[FilePlatform, bytes]] = {}
        self._stuck: dict[Path, tuple[FilePlatform, bytes]] = {}

    def add(self, system: FilePlatform, twin: Path, own: bytes) -> None:
        """Remove this one later, if it still holds just these bytes."""
        with self._lock:
            if not (self._fresh or self._stuck):
                atexit.register(self.sweep)
            self._fresh[twin] = (system, own)

    def sweep(self, pause: Pause | None = None) -> None:
        """Remove what can be; with `pause`, go on for a second with what was added last."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
            stuck, self._stuck = self._stuck, {}
        stuck = _still_open(stuck)
        for wait in WAITS if pause is not None else ():
            if not (fresh := _still_open(fresh)):
                break
            if pause is not None:
                pause(wait)
        with self._lock:
            self._stuck |= stuck | _still_open(fresh)


def _still_open(
    twins: dict[Path, tuple[FilePlatform, bytes]],
) -> dict[Path, tuple[FilePlatform, bytes]]:
    return {
        twin: (system, own)
        for twin, (system, own) in twins.items()
        if not remove_if(system, twin, own)
    }


UNUSED = UnusedTwins()
"""Those of this process."""


def remove_abandoned(system: FilePlatform, target: Path) -> None:
    """Remove what an edit of `target` by a process that is gone left of our own bytes.

    Called right after an edit: how long ago the other one was is told by the times of the files.
    """
    with contextlib.suppress(OSError):
        now = target.stat().st_ctime
        for twin, name in twins_of(target):
            if name.pid is None or name.pid == os.getpid():
                continue
            if now - twin.stat().st_ctime < _DEAD_FOR or _runs(name.pid):
                continue
            with contextlib.suppress(Busy, OSError):
                if name.is_own(system.settled(twin)):
                    system.discard(twin)


def twins_of(target: Path) -> Iterator[tuple[Path, TwinName]]:
    """The files beside `target` that are named as its twins, by name.

    Raises:
        OSError: the folder cannot be read.
    """
    start = f".{target.name}.cockpit-"
    with os.scandir(target.parent) as entries:
        names = sorted(entry.name for entry in entries if entry.name.startswith(start))
    for name in names:
        read = read_name(target.with_name(name))
        if read is not None and read.of == target.name:
            yield target.with_name(name), read


def _runs(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)
