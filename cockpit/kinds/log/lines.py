"""Lines of a log: when each was written, at which level, and which line it belongs to. Pure.

A line that begins neither with a time nor with a level goes on with the one before it (a traceback,
a dump), as long as the log writes times or levels at all. A time without a date is dated from the
end: the last line is as old as the file, and where the time of day falls back midnight has passed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TypeAlias

from cockpit.kinds.heartbeat.timestamps import Moment, read_timestamp, zone_skew
from cockpit.text import drawable

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
"""Worst first."""
LONGEST_LINE = 4000
"""Characters of a line that are looked at."""

_ALIASES = {
    "CRITICAL": "CRITICAL", "FATAL": "CRITICAL", "PANIC": "CRITICAL", "EMERG": "CRITICAL",
    "CRIT": "CRITICAL", "ERROR": "ERROR", "ERR": "ERROR", "SEVERE": "ERROR",
    "WARNING": "WARNING", "WARN": "WARNING", "INFO": "INFO", "NOTICE": "INFO", "SUCCESS": "INFO",
    "LOG": "INFO", "DEBUG": "DEBUG", "TRACE": "DEBUG", "VERBOSE": "DEBUG",
}  # fmt: skip
_WORD = "|".join(sorted(_ALIASES, key=lambda word: (-len(word), word)))
_LEVEL = re.compile(
    rf"[\W_]{{0,4}}(?P<a>{_WORD})\b(?!\s*[=/])"
    rf"|\W{{0,4}}[\w.:#/-]{{1,60}}[\])]?:?\s+(?P<b>{_WORD})(?=\s*[\]|):-]|\s{{2,}}|\s*$)"
    rf"|(?:[^|]{{0,80}}\|){{1,3}}\s*(?P<c>{_WORD})\s*(?:\||$)"
    rf"|\W{{0,4}}(?:\S{{1,80}} - ){{1,3}}(?P<d>{_WORD})\s*(?:-|:|$)"
    rf"|\s*(?:\S{{1,60}}\s+){{0,3}}?[\[(<](?P<e>(?i:{_WORD}))[\])>]"
    rf"|\s*(?:\S{{1,60}}\s+){{1,3}}?(?P<f>{_WORD}):\s"
)
"""A level as a field at the head of a line, behind its time: never a word of the message."""
_EARLIER = re.compile(rf"\b(?:{_WORD})\b")
_NONE = re.compile(r"\s*[:=|]?\s*(?:0|no|none)\s*$", re.IGNORECASE)
_KEYED = re.compile(rf"\b(?:level|lvl|severity)=\"?(?i:({_WORD}))\b")
_GLOG = re.compile(r"(?P<level>[EWIF])(?P<month>\d\d)(?P<day>\d\d) (?P<clock>\d\d:\d\d:\d\d)\b")
_GLOG_LEVELS = {"E": "ERROR", "W": "WARNING", "I": "INFO", "F": "CRITICAL"}
_CLOCK = r"\d\d:\d\d:\d\d"
_ISO = re.compile(
    rf"\W{{0,3}}(?P<date>\d{{4}}[-/]\d\d[-/]\d\d)[T ,]+(?P<clock>{_CLOCK})(?:[.,]\d{{1,9}})?"
    r"(?P<zone> ?(?:Z|UTC|GMT)\b| ?[+-]\d\d:?\d\d\b)?"
)
_TIME_ONLY = re.compile(rf"\W{{0,3}}(?P<clock>{_CLOCK})(?:[.,]\d{{1,9}})?(?![\d:])")
_SYSLOG = re.compile(rf"(?P<month>[A-Z][a-z]{{2}}) +(?P<day>\d{{1,2}}) (?P<clock>{_CLOCK})\b")
_ACCESS = re.compile(
    rf".{{0,80}}?\[(?P<day>\d\d)/(?P<month>[A-Z][a-z]{{2}})/(?P<year>\d{{4}}):(?P<clock>{_CLOCK})"
    r" (?P<zone>[+-]\d{4})\]"
)
_COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME_KEYS = ("timestamp", "time", "ts", "@timestamp", "asctime", "datetime")
_LEVEL_KEYS = ("level", "levelname", "severity", "lvl", "log_level")
_NUMBERED = ((50, "CRITICAL"), (40, "ERROR"), (30, "WARNING"), (20, "INFO"), (0, "DEBUG"))
_TRACEBACK = "Traceback (most recent call last):"
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_BACK = 60
"""Seconds by which lines of several threads may be out of order; beyond it a day has passed."""
_AHEAD = 5
_SAME = 2.0

Stamp: TypeAlias = datetime | time | None
"""A time as it is written: aware, naive, or of a day that is not named."""


@dataclass(slots=True)
class Line:
    """A line without its colours. `at` is aware UTC in whole seconds, None where nothing tells it.

    `level` is its own, or that of the line it goes on with; empty where there is none. `head` says
    that it begins something of its own.
    """

    text: str
    at: datetime | None = None
    level: str = ""
    head: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """Lines in their order, and by how many seconds their clock is ahead of the file's."""

    lines: tuple[Line, ...]
    skew: int = 0


class LineReader:
    """Reads the lines of one file. `naive` and `zone` as for `read_timestamp`."""

    def __init__(self, naive: str, zone: tzinfo | None = None) -> None:
        self._naive = naive
        self._zone = zone
        self._minutes: dict[datetime, timedelta] = {}

    def read(
        self,
        raw: Sequence[bytes],
        written: datetime,
        *,
        before: Line | None = None,
        skew: int = 0,
        followed: bool = False,
    ) -> Block:
        """Read whole lines, oldest first; `written` is when the last was (aware UTC).

        `before` is the line they follow, `skew` what was found of the lines before. Lines without
        any time were written at `written` when they were `followed`; else nobody knows.
        """
        lines: list[Line] = []
        heads: list[tuple[Line, Stamp]] = []
        self._minutes.clear()
        last = before
        fielded = before is not None and bool(before.level or before.at is not None)
        for body in raw:
            text = clean(body)
            if not text.strip():
                continue
            stamp, level = head_of(text, written)
            if stamp is None and not level and last is not None and _goes_on(text, last, fielded):
                line = Line(text, last.at, last.level, head=False)
            else:
                line = Line(text, None, level or ("ERROR" if text == _TRACEBACK else ""))
                heads.append((line, stamp))
                last = line
                fielded = fielded or stamp is not None or bool(level)
            lines.append(line)
        newest = heads[-1] if heads and lines[-1] is heads[-1][0] else None
        if newest is not None and newest[1] is not None:
            skew = self._skew(newest[1], written)
        self._date(heads, written, skew, followed)
        at = before.at if before is not None else None
        for line in lines:
            at = line.at if line.head else at
            line.at = at
        return Block(tuple(lines), skew)

    def _date(
        self, heads: list[tuple[Line, Stamp]], written: datetime, skew: int, followed: bool
    ) -> None:
        """Date every head, from the last to the first."""
        shift = timedelta(seconds=skew)
        later = self._wall(written)
        slack = timedelta(seconds=_AHEAD)
        timed = any(stamp is not None for _, stamp in heads)
        after: datetime | None = written if followed or timed else None
        for line, stamp in reversed(heads):
            if isinstance(stamp, datetime) and (at := self._utc(stamp, written, shift)) is not None:
                line.at = at
                later, slack = self._wall(at), timedelta(seconds=_BACK)
            elif isinstance(stamp, time):
                day = later.date()
                wall = datetime.combine(day, stamp) - shift
                wall = _closest(wall, later)
                while wall > later + slack:
                    wall -= timedelta(days=1)
                line.at = self._utc(wall, written, timedelta())
                later, slack = min(wall, later), timedelta(seconds=_BACK)
            else:
                line.at = after
            after = line.at if line.at is not None else after

    def _skew(self, stamp: Stamp, written: datetime) -> int:
        """By how much the clock that wrote the last line is ahead, if a wrong zone explains it."""
        if isinstance(stamp, datetime):
            if stamp.tzinfo is not None:
                return 0
            found = self._utc(stamp, written, timedelta())
            if found is None:
                return 0
            at = found
        elif isinstance(stamp, time):
            wall = self._wall(written)
            at = written + (_closest(datetime.combine(wall.date(), stamp), wall) - wall)
        else:
            return 0
        offset = round((self._wall(at) - at.replace(tzinfo=None)).total_seconds())
        return zone_skew(Moment(at, naive=True, offset=offset), written, _SAME)

    def _utc(self, stamp: datetime, near: datetime, shift: timedelta) -> datetime | None:
        """`stamp` as aware UTC; None for one that no log can have been written at."""
        if not _FIRST_YEAR <= stamp.year <= _LAST_YEAR:
            return None
        try:
            if stamp.tzinfo is not None:
                return stamp.astimezone(UTC)
            minute = stamp.replace(second=0)
            if minute not in self._minutes:
                text = minute.isoformat()
                at = read_timestamp(text, self._naive, near=near, zone=self._zone).at
                self._minutes[minute] = at.replace(tzinfo=None) - minute
            return (stamp + self._minutes[minute] - shift).replace(tzinfo=UTC)
        except (OverflowError, OSError, ValueError):
            return None

    def _wall(self, moment: datetime) -> datetime:
        """What a clock of the naive zone shows at `moment`."""
        if self._naive == "utc":
            local = moment.astimezone(UTC)
        elif self._naive == "local":
            local = moment.astimezone(self._zone)
        else:
            from zoneinfo import ZoneInfo

            local = moment.astimezone(ZoneInfo(self._naive))
        return local.replace(tzinfo=None, microsecond=0)


def clean(body: bytes) -> str:
    """A line as text, without colours, NUL bytes and what a carriage return wrote over."""
    text = (_COLOURS.sub(b"", body) if b"\x1b" in body else body).decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return text[:LONGEST_LINE].rstrip()
    text = text.replace("\0", "").rstrip("\r").rpartition("\r")[2]
    return drawable(text[: 2 * LONGEST_LINE])[:LONGEST_LINE].rstrip()


def head_of(text: str, near: datetime) -> tuple[Stamp, str]:
    """The time and the level at the head of a line; `near` gives the year where none is named."""
    if text.startswith("{") and (found := _json_head(text, near)) is not None:
        return found
    if match := _GLOG.match(text):
        day = _dated(near, int(match["month"]), int(match["day"]), match["clock"])
        return day, _GLOG_LEVELS[match["level"]]
    stamp, end = _stamp(text, near)
    return stamp, _level(text[end:])


def _stamp(text: str, near: datetime) -> tuple[Stamp, int]:
    try:
        if match := _ISO.match(text):
            zone = (match["zone"] or "").strip()
            zone = "+00:00" if zone in ("Z", "UTC", "GMT") else zone
            date = match["date"].replace("/", "-")
            return datetime.fromisoformat(f"{date}T{match['clock']}{zone}"), match.end()
        if match := _TIME_ONLY.match(text):
            return time.fromisoformat(match["clock"]), match.end()
        if (match := _SYSLOG.match(text)) and match["month"] in _MONTHS:
            month = _MONTHS.index(match["month"]) + 1
            return _dated(near, month, int(match["day"]), match["clock"]), match.end()
        if "[" in text[:82] and (match := _ACCESS.match(text)) and match["month"] in _MONTHS:
            month = _MONTHS.index(match["month"]) + 1
            written = f"{match['year']}-{month:02}-{match['day']}T{match['clock']}{match['zone']}"
            return datetime.fromisoformat(written), match.end()
    except ValueError:  # the 31st of February is no time
        return None, 0
    return None, 0


def _level(rest: str) -> str:
    if match := _LEVEL.match(rest):
        group = match.lastgroup or "a"
        if _NONE.match(rest, match.end(group)):  # a count, as in `ERROR: 0`
            return ""
        earlier = _EARLIER.search(rest, 0, match.start(group))
        return _ALIASES[earlier[0] if earlier else match[group].upper()]
    if "=" in rest and (match := _KEYED.search(rest[:200])):
        return _ALIASES[match[1].upper()]
    return ""


def _json_head(text: str, near: datetime) -> tuple[Stamp, str] | None:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    said = next((row[key] for key in _LEVEL_KEYS if key in row), "")
    if isinstance(said, int) and not isinstance(said, bool):
        level = next((name for least, name in _NUMBERED if said >= least), "")
    else:
        level = _ALIASES.get(str(said).upper(), "")
    written = next((row[key] for key in _TIME_KEYS if key in row), None)
    if isinstance(written, str) and (found := _stamp(written, near)[0]) is not None:
        return found, level
    try:
        return read_timestamp(written, "utc").at, level
    except ValueError:
        return None, level


def _dated(near: datetime, month: int, day: int, clock: str) -> datetime | None:
    """A naive time of the year that is not after `near`."""
    for year in (near.year, near.year - 1):
        try:
            found = datetime.fromisoformat(f"{year}-{month:02}-{day:02}T{clock}")
        except ValueError:
            continue
        if found <= near.replace(tzinfo=None) + timedelta(days=2):
            return found
    return None


def _goes_on(text: str, last: Line, fielded: bool) -> bool:
    """Whether a line without a time and a level belongs to the line before it."""
    if text == _TRACEBACK:
        # What was caught and told stands below a line of that level; anything else is uncaught.
        return last.level not in ("", "INFO")
    return fielded or text[0].isspace() or last.text == _TRACEBACK


def _closest(wall: datetime, near: datetime) -> datetime:
    """`wall` on the day on which it is closest to `near`."""
    half = timedelta(hours=12)
    while wall - near > half:
        wall -= timedelta(days=1)
    while near - wall >= half:
        wall += timedelta(days=1)
    return wall
