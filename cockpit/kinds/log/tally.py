"""What is remembered of the lines of logs: counts by second and level, the last of each sort. Pure.

Memory is bounded by the stretches of the config in seconds, not by how much is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cockpit.kinds.log.facts import LogLineFacts
from cockpit.kinds.log.lines import Line

_ERRORS = ("CRITICAL", "ERROR")
_MOST_SECONDS = 100_000
"""Seconds with a forbidden line that are told apart."""


@dataclass(slots=True)
class FileTally:
    """One file: `seconds` maps a second to its lines by level.

    `begins` is the oldest time that was seen, `whole` says that nothing stands before it.
    `fed_at` is when lines came that have no time of their own; `undated` counts those of a first
    look; `skipped_at` is when lines came too fast to be read.
    """

    size: int = 0
    modified_at: datetime | None = None
    trouble: str = ""
    skew: int = 0
    last: Line | None = None
    last_at: datetime | None = None
    fed_at: datetime | None = None
    begins: datetime | None = None
    whole: bool = False
    looked: bool = False
    undated: int = 0
    undated_at: datetime | None = None
    skipped: int = 0
    skipped_at: datetime | None = None
    error: str = ""
    error_at: datetime | None = None
    seconds: dict[datetime, Counter[str]] = field(default_factory=dict)
    _error_open: bool = False

    def add(self, lines: Sequence[Line], written: datetime, now: datetime) -> None:
        """Count lines, oldest first."""
        for line in lines:
            if line.at is None:
                self.undated += 1
                self.undated_at = now
            else:
                self.last_at = max(self.last_at or line.at, line.at)
                self.begins = min(self.begins or line.at, line.at)
            if line.head:
                if line.at is not None:
                    self.seconds.setdefault(line.at, Counter())[line.level] += 1
                self.last = line
                self._error_open = line.level in _ERRORS
                if self._error_open:
                    self.error, self.error_at = line.text.strip(), line.at
            elif self._error_open and not line.text[:1].isspace():
                # The last line of a traceback says what it was.
                self.error = f"{self.error.split(' / ', 1)[0]} / {line.text.strip()}"
        if lines and (not lines[-1].head or lines[-1].at is None):
            self.fed_at = written

    def within(self, since: datetime) -> Counter[str]:
        """Lines by level from `since` on; what is older is forgotten."""
        for second in [second for second in self.seconds if second < since]:
            del self.seconds[second]
        return sum(self.seconds.values(), Counter())

    def oldest(self, levels: Sequence[str]) -> datetime | None:
        """The oldest second in memory with a line of these levels."""
        found = [at for at, counts in self.seconds.items() if any(counts[one] for one in levels)]
        return min(found, default=None)

    def newest_line(self) -> datetime | None:
        """When the last line was written, as well as it can be told."""
        known = [at for at in (self.last_at, self.fed_at) if at is not None]
        return max(known, default=self.modified_at if self.looked else None)


@dataclass(frozen=True, slots=True)
class Written:
    """A line as a pattern found it: its file, the line, and when its file was written."""

    file: str
    line: Line
    written: datetime
    values: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Sightings:
    """What one pattern has found. `trouble` says why it could not be matched, `troubled_at` when.

    `before` is what the last observation of an earlier process said.
    """

    times: dict[datetime, int] = field(default_factory=dict)
    last: Written | None = None
    before: LogLineFacts | None = None
    trouble: str = ""
    troubled_at: datetime | None = None

    def remember(self, facts: LogLineFacts) -> None:
        """Take over what was seen before this process began."""
        if facts.seen_at is not None and facts.count:
            self.before = facts
            self.times[facts.seen_at] = facts.count

    def see(self, found: Written) -> None:
        """Count a line, unless an earlier process has counted it already."""
        at = found.line.at if found.line.at is not None else found.written
        counted = self.before.seen_at if self.before is not None else None
        if counted is not None and at <= counted:
            return
        self.times[at] = self.times.get(at, 0) + 1
        if len(self.times) > _MOST_SECONDS:
            del self.times[min(self.times)]
        if self.last is None or at >= (self.last.line.at or self.last.written):
            self.last = found

    def count(self, since: datetime | None) -> int:
        """How often it was seen from `since` on."""
        return sum(n for at, n in self.times.items() if since is None or at >= since)

    def seen_at(self) -> datetime | None:
        """When it was seen last."""
        return max(self.times, default=None)


def stretch(now: datetime, seconds: float) -> datetime:
    """The moment `seconds` before `now`."""
    return now - timedelta(seconds=seconds)
