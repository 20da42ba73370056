"""The reports that a pattern matches: the newest, copies of one another, holes between them.

Blocking: call through `ctx.blocking`.
"""

from __future__ import annotations

import glob
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from cockpit.kinds.gate.ages import name_date
from cockpit.kinds.gate.sources.decoding import values_of
from cockpit.kinds.gate.sources.form import Unreadable
from cockpit.kinds.json_query import Json
from cockpit.kinds.tables import resolve
from cockpit.model import Doubt, DoubtKind

_MOST_COMPARED = 60
_LARGEST_COMPARED = 2_000_000
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\d{4}-?W\d\d"
)
_STAMP_KEYS = re.compile(
    r"(?:^|_)(?:at|on|time|timestamp|ts|date|day|week|month|period|run|id|uuid|seq|epoch|"
    r"generated|created|start|end)(?:_|$)",
    re.I,
)
_PERIODS = (("daily", 1), ("weekly", 7))
_FEWEST = 4
"""So many dated reports make a series whose period can be told from the gaps between them."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report: its path, when it was written (seconds since the epoch), the date in its name."""

    path: Path
    modified: float
    day: date | None


def reports(folder: Path, pattern: str) -> tuple[list[ReportFile], tuple[Doubt, ...]]:
    """All matches, the newest first: by the date in the names when all have one, else by time.

    A doubt tells when the two disagree.
    """
    resolved = str(resolve(folder, pattern))
    base = str(folder)
    if resolved.startswith(base):
        resolved = glob.escape(base) + resolved[len(base) :]
    found: list[ReportFile] = []
    for match in map(Path, glob.iglob(resolved)):  # noqa: PTH207 - the pattern may be absolute
        try:
            found.append(ReportFile(match, match.stat().st_mtime, name_date(match.name)))
        except OSError:
            continue
    by_time = sorted(found, key=lambda one: (one.modified, one.path.name), reverse=True)
    if any(one.day is None for one in found):
        return by_time, ()
    by_name = sorted(found, key=lambda one: (one.day, one.modified, one.path.name), reverse=True)
    if not by_name or by_name[0].day == by_time[0].day:
        return by_name, ()
    text = f"{by_name[0].path.name} is newest by name, {by_time[0].path.name} was written last"
    return by_name, (Doubt(DoubtKind.CONTRADICTS, text),)


def holes(found: Sequence[ReportFile]) -> list[Doubt]:
    """What is missing in a daily or weekly series, the newest hole first.

    The period is what the names say, else what most gaps are. Weekends may be left out of a daily
    series: a gap from Friday to Monday is none.
    """
    days = sorted({one.day for one in found if one.day is not None})
    period = _period(found, days)
    if period is None:
        return []
    told = [
        Doubt(
            DoubtKind.PARTIAL_READ,
            f"no {'daily' if period == 1 else 'weekly'} report between {before} and {after}",
        )
        for before, after in pairwise(days)
        if (after - before).days >= 2 * period and not (period == 1 and _weekend(before, after))
    ]
    return told[::-1][:3]


def _period(found: Sequence[ReportFile], days: Sequence[date]) -> int | None:
    name = found[0].path.name.lower() if found else ""
    for word, period in _PERIODS:
        if word in name:
            return period
    gaps = [(after - before).days for before, after in pairwise(days)]
    if len(days) < _FEWEST:
        return None
    for _, period in _PERIODS:
        if sum(gap == period for gap in gaps) * 2 > len(gaps):
            return period
    return None


def _weekend(before: date, after: date) -> bool:
    between = ((before + timedelta(days=n)) for n in range(1, (after - before).days))
    return all(day.weekday() >= 5 for day in between)


def copies(newest: ReportFile, body: bytes, others: Sequence[ReportFile]) -> list[str]:
    """The names of other reports of the series that say the same as the newest, but for dates."""
    mine = _content(body, newest.path.name)
    if mine is None:
        return []
    same = []
    for other in others[:_MOST_COMPARED]:
        if other.path == newest.path or (other.day is not None and other.day == newest.day):
            continue
        try:
            if other.path.stat().st_size > _LARGEST_COMPARED:
                continue
            theirs = _content(other.path.read_bytes(), other.path.name)
        except OSError:
            continue
        if theirs == mine:
            same.append(other.path.name)
    return same


def _content(body: bytes, name: str) -> bytes | None:
    """A digest of what a report says, without its dates; None for what holds no named values."""
    if len(body) > _LARGEST_COMPARED:
        return None
    try:
        data = values_of(body, name)
    except Unreadable:
        return None
    if not isinstance(data, dict) or not data:
        return None
    plain = json.dumps(list(_plain(data, 0)), sort_keys=True, default=str)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()


def _plain(value: Json, depth: int) -> Iterator[Json]:
    if depth > 20:
        return
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            if not _STAMP_KEYS.search(str(key)) or isinstance(value[key], dict | list):
                yield str(key)
                yield from _plain(value[key], depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _plain(inner, depth + 1)
    else:
        yield _STAMP.sub("", value) if isinstance(value, str) else value
