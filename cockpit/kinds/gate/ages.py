"""How old a report is, and what its age does to what it says. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.evaluate import retold
from cockpit.kinds.gate.table import GateTable
from cockpit.model import Doubt, DoubtKind, Verdict
from cockpit.text import duration_text, format_utc

_DATE = re.compile(r"(?<!\d)(20\d\d)[-_]?(\d\d)[-_]?(\d\d)(?!\d)")
_FUTURE_TOLERANCE = timedelta(seconds=1)
_DAY_SLACK = timedelta(days=2)
"""A file named after tomorrow may come from a zone where it is tomorrow already."""
_DATED_AFTER = timedelta(days=1)
"""From this age on the headline says of when a report is."""
_USUAL_LIMITS = {"daily": timedelta(days=2), "weekly": timedelta(days=8)}
_USUAL_LIMIT = timedelta(days=32)
"""Without `max_age` a report is too old when the next one of a daily, weekly or, when its name
tells none of these, monthly series is overdue by a day."""


def name_date(name: str) -> date | None:
    """The last calendar date in a file name, None without one."""
    found = None
    for match in _DATE.finditer(name):
        try:
            found = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
    return found


def report_time(name: str, modified_at: datetime) -> datetime:
    """How old a report is at the youngest: the end of the day in its name, or its mtime if older.

    A checkout or a copy makes an old report's modification time young; its name stays.
    """
    day = name_date(name)
    if day is None or day >= date.max - timedelta(days=2):
        return modified_at
    end = datetime(day.year, day.month, day.day, tzinfo=modified_at.tzinfo) + timedelta(days=1)
    return min(modified_at, end)


def next_moment(
    table: GateTable, name: str, modified_at: datetime, now: datetime
) -> datetime | None:
    """When the age of a report changes what is said of it; None when it never will again."""
    written = report_time(name, modified_at)
    last = written + _limit(table, name)
    moments = (min(written + _DATED_AFTER, last), last)
    return next((moment for moment in moments if moment > now), None)


def aged(
    judged: Judgement, table: GateTable, name: str, modified_at: datetime, now: datetime
) -> Judgement:
    """`judged` with what the age of its report does to it."""
    day = name_date(name)
    written = report_time(name, modified_at)
    if day is not None and day > (now + _DAY_SLACK).date():
        return _from_future(judged, f"its name is dated {day}, in the future")
    if written > now + _FUTURE_TOLERANCE:
        return _from_future(judged, f"written {format_utc(written)}, in the future")
    told = f"report of {day or format_utc(written)}"
    if now - written >= _limit(table, name):
        return _too_old(judged, table, told)
    if now - written >= _DATED_AFTER:
        return retold(judged, judged.verdict, f"{judged.headline}, {told}")
    return judged


def _limit(table: GateTable, name: str) -> timedelta:
    if table.max_age is not None:
        return timedelta(seconds=table.max_age)
    words = name.lower()
    return next((limit for word, limit in _USUAL_LIMITS.items() if word in words), _USUAL_LIMIT)


def _from_future(judged: Judgement, reason: str) -> Judgement:
    verdict = Verdict.FAIL if judged.verdict is Verdict.FAIL else Verdict.UNKNOWN
    text = f"{reason}; it said {judged.headline}"
    return retold(judged, verdict, text, [Doubt(DoubtKind.CLOCK, reason)])


def _too_old(judged: Judgement, table: GateTable, told: str) -> Judgement:
    """Past the limit of the config nothing it says counts; without one a red gate stays red."""
    if table.max_age is not None:
        reason, act = f"{told}, limit {duration_text(table.max_age)}", "have a new report made"
    else:
        reason = f"{told}, and no newer one"
        act = "have a new report made, or say by `max_age` how old one may be"
        if judged.verdict is Verdict.FAIL:
            text = f"{judged.headline}, {told}"
            return retold(judged, Verdict.FAIL, text, [Doubt(DoubtKind.STALE, reason)])
    text = f"{reason}; it said {judged.headline}"
    judged = retold(judged, Verdict.UNKNOWN, text, [Doubt(DoubtKind.STALE, reason)])
    score = replace(judged.findings[0], title="GATE STALE", next_act=act)
    return replace(judged, findings=(score, *judged.findings[1:]))
