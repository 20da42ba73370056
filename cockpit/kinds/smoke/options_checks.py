"""Contents of an options API: health and expirations. Pure; any JSON goes in.

Both known shapes are read: the payload under `data`, or bare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from cockpit.kinds.json_query import Json, kind_of, number, short
from cockpit.kinds.smoke.reply import Outcome, failed, unknown, warned
from cockpit.model import Doubt, DoubtKind, Verdict

_HEALTHY = {"ok", "healthy", "up", "pass", "passing", "ready", "alive", "green", "success"}
_DEPENDS = "look at the service's log and at what it depends on"
_DEGRADED = {"degraded", "warning", "warn", "partial", "starting"}


def judge_health(data: Json) -> Outcome:
    """A health reply by its body: a 200 alone says nothing."""
    if not isinstance(data, Mapping):
        text = f"200 but its body is {kind_of(data)}: it says nothing about health"
        return unknown("CONTRACT", text, DoubtKind.NOTHING_MEASURED)
    bad = [f"{name} {word}" for name, word in _parts(data) if _rank(word) is not Verdict.OK]
    status = data.get("status")
    if not isinstance(status, str):
        flags = [data[key] for key in ("ready", "healthy", "ok") if isinstance(data.get(key), bool)]
        if not flags:
            text = "200 without a status word: it says nothing about health"
            return unknown("CONTRACT", text, DoubtKind.NOTHING_MEASURED)
        status = "ready" if all(flags) else "not ready"
    verdict = _rank(status)
    text = f"says {short(status, 30)}"
    if bad:
        text += f"; {', '.join(bad[:4])}"
        if verdict is Verdict.OK:
            doubt = Doubt(DoubtKind.CONTRADICTS, f"health {text}")
            return warned("SMOKE FAILED", text, act=_DEPENDS, doubts=[doubt])
    if verdict is Verdict.OK:
        return Outcome(verdict, text)
    return Outcome(verdict, text, "SMOKE FAILED", "api", _DEPENDS)


def _parts(data: Mapping[str, Json]) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    for key in ("dependencies", "components", "checks", "services"):
        group = data.get(key)
        if not isinstance(group, Mapping):
            continue
        for name, value in group.items():
            word = value.get("status") if isinstance(value, Mapping) else value
            if isinstance(word, bool):
                word = "ok" if word else "down"
            if isinstance(word, str):
                parts.append((short(str(name), 30), short(word, 30)))
    return parts


def _rank(word: str) -> Verdict:
    word = word.strip().lower()
    if word in _HEALTHY:
        return Verdict.OK
    return Verdict.WARN if word in _DEGRADED else Verdict.FAIL


def payload(data: Json) -> Json:
    """What stands under `data`, or the whole when it is bare."""
    return data["data"] if isinstance(data, Mapping) and "data" in data else data


def is_cached(data: Json) -> bool:
    """Whether the reply says that it comes from a cache."""
    return isinstance(data, Mapping) and data.get("cached") is True


def expiration_dates(data: Json) -> list[date]:
    """The readable dates of an expirations reply, ascending."""
    rows = payload(data)
    found: set[date] = set()
    for row in rows if isinstance(rows, list) else ():
        value = row.get("date") if isinstance(row, Mapping) else row
        if isinstance(value, str):
            try:
                found.add(date.fromisoformat(value[:10]))
            except ValueError:
                continue
    return sorted(found)


def judge_expirations(data: Json, today: date) -> Outcome:
    """An expirations reply: dates, in the future, counted rightly."""
    rows = payload(data)
    if not isinstance(rows, list):
        return failed("CONTRACT", f"{kind_of(rows)} where a list of expirations belongs")
    if not rows:
        text = "no expirations: upstream is empty"
        return unknown("CONTRACT", text, DoubtKind.NOTHING_MEASURED, act=UPSTREAM)
    dates = expiration_dates(data)
    if not dates:
        return failed("CONTRACT", f"{len(rows)} expirations, none with a date")
    wrong = _wrong_days(rows, today)
    if wrong:
        return failed("CONTRACT", wrong)
    if dates[-1] < today:
        return failed("CONTRACT", f"all {len(dates)} expirations are past, last {dates[-1]}")
    doubts: list[Doubt] = []
    count = number(data.get("count")) if isinstance(data, Mapping) else None
    if count is not None and count != len(rows):
        doubts.append(Doubt(DoubtKind.CONTRADICTS, f"count says {count}, {len(rows)} are there"))
    past = sum(day < today for day in dates)
    text = f"{len(dates)} expirations, next {next(day for day in dates if day >= today)}"
    if past or len(dates) < len(rows):
        trouble = (
            f"{past} past" if past else f"{len(rows) - len(dates)} without a date of their own"
        )
        return warned("CONTRACT", f"{text}; {trouble}", doubts=doubts)
    return Outcome(Verdict.OK, text, doubts=tuple(doubts))


UPSTREAM = "ask the upstream provider directly: the API passes on what it gets"


def _wrong_days(rows: Sequence[Json], today: date) -> str:
    for row in rows:
        if not isinstance(row, Mapping) or not isinstance(row.get("date"), str):
            continue
        days = number(row.get("days_to_expiry"))
        try:
            real = (date.fromisoformat(row["date"][:10]) - today).days
        except ValueError:
            continue
        # A day of slack: the service counts in its own zone.
        if days is not None and abs(days - real) > 1:
            return f"{row['date'][:10]} is {real} days away, days_to_expiry says {days}"
    return ""
