"""What a gate's result is of: the files it judges, and which of them changed after it.

Blocking: call through `ctx.blocking`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cockpit.text import format_utc

_MOST_FILES = 20_000
_LEFT_OUT = {".git", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".tox"}
_SLACK = timedelta(seconds=2)
"""Clocks of file systems are read a little apart."""


@dataclass(frozen=True, slots=True)
class JudgedFiles:
    """The youngest file that the patterns match, when it changed (aware UTC), how many there are.

    `complete` is False where there were too many to look at.
    """

    newest: str = ""
    changed_at: datetime | None = None
    count: int = 0
    complete: bool = True

    def objection(self, written_at: datetime) -> str:
        """Why a result of `written_at` (aware UTC) is not of these files; empty when it is."""
        if self.changed_at is None or self.changed_at <= written_at + _SLACK:
            return ""
        return (
            f"{self.newest} changed {format_utc(self.changed_at)}, "
            f"after the result of {format_utc(written_at)}"
        )


def look_at_judged(folder: Path, patterns: Sequence[str]) -> JudgedFiles:
    """The files below `folder` that the patterns match (`backend/**/*.py`)."""
    newest, changed, count = "", 0.0, 0
    for path in _matches(folder, patterns):
        if count >= _MOST_FILES:
            return JudgedFiles(newest, _instant(changed), count, complete=False)
        try:
            modified = path.stat().st_mtime
        except OSError:
            continue
        count += 1
        if modified > changed:
            newest, changed = path.relative_to(folder).as_posix(), modified
    return JudgedFiles(newest, _instant(changed) if count else None, count)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _matches(folder: Path, patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        for path in folder.glob(pattern):
            if _LEFT_OUT.isdisjoint(path.relative_to(folder).parts) and path.is_file():
                yield path
