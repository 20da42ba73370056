"""Leftover files beside a checklist: of an edit that was cut short, or kept for a person.

While an edit that moves bytes is made, `.NAME.cockpit-XXXXXXXX` lies beside the file: first the
finished new version, after the exchange the old one, which is removed last. A crash in between
leaves it there; so does a race of two foreign programs whose versions may not be dropped. None is
ever removed by itself: what it holds may be the only copy of somebody's line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.parsing.file_io import read_regular

_IN_USE = 60.0
"""Seconds since its last change for which such a file may belong to an edit that is being made."""
_NAME = re.compile(r"\.(.+)\.cockpit-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file that an edit left behind."""

    path: Path
    of: Path
    """The checklist beside it."""
    same: bool
    """Whether it holds nothing that the checklist does not hold: byte for byte the same."""

    @property
    def advice(self) -> str:
        """What to do about it, for people."""
        if self.same:
            return f"an edit was cut short; it is the same as {self.of.name}: remove it"
        return (
            "an edit was cut short or versions were kept apart: compare it with"
            f" {self.of.name}, bring over what is missing there, then remove it"
        )


def leftovers(files: Iterable[Path], now: float) -> tuple[Leftover, ...]:
    """The leftovers beside these checklists, by name. Folders that can't be read count as clean.

    Args:
        now: seconds since the epoch; what was changed right before it is left out.
    """
    found: dict[Path, Leftover] = {}
    for file in files:
        try:
            beside = sorted(file.parent.iterdir())
        except OSError:
            continue
        for path in beside:
            name = _NAME.fullmatch(path.name)
            if name is None or name[1] != file.name:
                continue
            try:
                # A file that took part in an exchange keeps its modification time.
                if now - path.stat().st_ctime < _IN_USE:
                    continue
                same = file.exists() and read_regular(path) == read_regular(file)
            except OSError:
                continue
            found[path] = Leftover(path, file, same)
    return tuple(found.values())
