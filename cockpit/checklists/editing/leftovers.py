"""Leftover files beside a checklist that hold something it lacks.

While an edit that moves bytes is made, a twin lies beside the file: first the finished new version,
after the exchange the old one, which is removed last. A crash in between leaves it there; so does
a race of two foreign programs whose versions may not be dropped. What holds our own bytes, or
nothing that the file does not hold, is nobody's loss and is not told.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.editing.twins import twins_of
from cockpit.checklists.parsing.file_io import read_regular

_IN_USE = 60.0
"""Seconds since its last change for which such a file may belong to an edit that is being made."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file that an edit left behind."""

    path: Path
    of: Path
    """The checklist beside it."""
    ours: bool
    """Whether an edit is on record that wrote just this version, or was made from it."""

    @property
    def advice(self) -> str:
        """What to do about it, for people."""
        if self.ours:
            return (
                f"an earlier version of {self.of.name}, as a recorded edit made or found it:"
                " nothing of it is missing; remove it"
            )
        return (
            "an edit was cut short or versions were kept apart: compare it with"
            f" {self.of.name}, bring over what is missing there, then remove it"
        )


def leftovers(
    files: Iterable[Path], now: float, recorded: Callable[[], frozenset[str]] = frozenset
) -> tuple[Leftover, ...]:
    """The leftovers beside these checklists, by name. Folders that can't be read count as clean.

    Args:
        now: seconds since the epoch; what was changed right before it is left out.
        recorded: the SHA-256 sums, in hex, of the versions that recorded edits wrote and found;
            asked only when something is there.
    """
    found: dict[Path, Leftover] = {}
    sums: frozenset[str] | None = None
    for file in files:
        try:
            beside = list(twins_of(file))
        except OSError:
            continue
        for path, name in beside:
            try:
                # A file that took part in an exchange keeps its modification time.
                if now - path.stat().st_ctime < _IN_USE:
                    continue
                data = read_regular(path)
                if name.is_own(data) or (file.exists() and not _lacks(read_regular(file), data)):
                    continue
            except OSError:
                continue
            if sums is None:
                sums = recorded()
            ours = hashlib.sha256(data).hexdigest() in sums
            found[path] = Leftover(path, file, ours)
    return tuple(found.values())


def _lacks(file: bytes, other: bytes) -> bool:
    """Whether a line of `other` is not in `file`, as often."""
    return bool(Counter(other.splitlines()) - Counter(file.splitlines()))
