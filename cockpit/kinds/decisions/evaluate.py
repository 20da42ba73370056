"""Judging decisions: rows in, stages, reasons and a verdict out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from cockpit.facts import Facts
from cockpit.kinds.base import Judgement
from cockpit.kinds.decisions.facts import DecisionFacts, StageFacts
from cockpit.kinds.decisions.table import DecisionsTable, Told
from cockpit.kinds.heartbeat.timestamps import read_timestamp
from cockpit.kinds.json_query import BadJson, Json, decode, figure, reader_of
from cockpit.kinds.modes import is_mode, part_mode
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.text import duration_text, format_utc

NO_TRACE = "no trace"
_MOST_STAGES = 8
_MOST_REASONS = 3
_FUTURE = timedelta(seconds=5)
_VERDICTS: dict[Told, Verdict] = {"ok": Verdict.OK, "warn": Verdict.WARN, "fail": Verdict.FAIL}
_APPROVED_WORDS = {"approved", "approve", "true", "yes", "passed", "executed", "filled"}


@dataclass(slots=True)
class Decisions:
    """What the rows say, counted."""

    rows: int = 0
    approved: int = 0
    executed: int = 0
    copies: int = 0
    unreadable: int = 0
    placeholders: int = 0
    priced: int = 0
    other_modes: Counter[str] = field(default_factory=Counter)
    stages: dict[str, Counter[str]] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    odd_times: int = 0

    def count(self, stage: str) -> int:
        """How many rows ended in a stage."""
        return sum(self.stages.get(stage, Counter()).values())


class RowReader:
    """Reads rows by the paths of one table; paths are compiled once. `zone` None is this
    machine's."""

    def __init__(self, table: DecisionsTable, zone: tzinfo | None = None) -> None:
        self._table = table
        self._zone = zone
        self._stage = reader_of(table.stage)
        self._reason = reader_of(table.reason)
        self._approved = reader_of(table.approved)
        self._executed = reader_of(table.executed) if table.executed else None
        self._price = reader_of(table.price) if table.price else None
        self._time = reader_of(table.timestamp)
        self._same: list[Callable[[Json], Json]] = [reader_of(path) for path in table.same]

    def read(self, lines: Sequence[bytes]) -> Decisions:
        """Count what the lines say, oldest first. A line that is no JSON object is counted too."""
        found = Decisions()
        seen: set[tuple[str, ...]] = set()
        for line in lines:
            try:
                row = decode(line)
            except BadJson:
                row = None
            if not isinstance(row, dict):
                found.unreadable += 1
                continue
            if (key := self._key(row)) is not None:
                if key in seen:
                    found.copies += 1
                    continue
                seen.add(key)
            if (mode := self._other_mode(row)) is not None:
                found.other_modes[mode] += 1
                continue
            self._count(row, found)
        return found

    def _key(self, row: Json) -> tuple[str, ...] | None:
        """What tells decisions apart; None where the row lacks a part of it."""
        values = [read(row) for read in self._same]
        if not values or any(value is None for value in values):
            return None
        return tuple(str(value) for value in values)

    def _other_mode(self, row: Json) -> str | None:
        mode = self._table.data_mode
        if mode is None:
            return None
        said = part_mode(row, mode.key)
        if said is None:
            return "no mode named"
        return None if is_mode(said, mode.want) else said

    def _count(self, row: Json, found: Decisions) -> None:
        found.rows += 1
        found.approved += _yes(self._approved(row))
        found.executed += self._executed is not None and _yes(self._executed(row))
        stage = self._stage(row)
        name = stage.strip() if isinstance(stage, str) and stage.strip() else NO_TRACE
        reason = self._reason(row)
        words = str(reason).partition(":")[0].strip() if reason not in (None, "") else ""
        found.stages.setdefault(name, Counter())[words] += 1
        if self._price is not None and (price := figure(self._price(row))) is not None:
            found.priced += 1
            found.placeholders += price in self._table.placeholders
        try:
            moment = read_timestamp(self._time(row), self._table.naive_timestamps, zone=self._zone)
        except ValueError:
            found.odd_times += 1
        else:
            found.times.append(moment.at)


def _yes(value: Json) -> bool:
    """Whether a value says yes: true, 1, a word for it, an object with anything in it."""
    if isinstance(value, str):
        return value.strip().lower() in _APPROVED_WORDS
    if isinstance(value, dict):
        told = [value[key] for key in ("executed", "filled", "approved") if key in value]
        return _yes(told[0]) if told else bool(value)
    return bool(value)


def judge_decisions(table: DecisionsTable, found: Decisions, now: datetime) -> Judgement:
    """Everything the last decisions say."""
    newest, oldest = max(found.times, default=None), min(found.times, default=None)
    doubts = list(_doubts(found, newest, now))
    stages = sorted(found.stages, key=lambda name: (-found.count(name), name))
    facts = DecisionFacts(
        rows=found.rows,
        approved=found.approved,
        executed=found.executed if table.executed else None,
        copies=found.copies,
        unreadable=found.unreadable,
        no_trace=found.count(NO_TRACE),
        placeholders=found.placeholders,
        other_modes=tuple(f"{mode} {count}" for mode, count in found.other_modes.most_common()),
        oldest=oldest,
        newest=newest,
        per_hour=_per_hour(found.times, now),
    )
    verdict, title, why, act = _verdict(table, found, newest, now)
    text = _text(table, found, stages)
    if why:
        text = f"{why}; {text}" if text else why
    main = Finding(
        key="rows",
        verdict=verdict,
        subject=table.name,
        text=text,
        title=title,
        cause=f"decisions:{table.file}" if title else "",
        next_act=act,
        facts=facts,
    )
    basis: Facts = {
        "file": table.file,
        "rows": found.rows,
        "newest": format_utc(newest) if newest else None,
        "oldest": format_utc(oldest) if oldest else None,
    }
    metrics = {"rows": float(found.rows), "approved": float(found.approved)}
    if table.executed:
        metrics["executed"] = float(found.executed)
    if facts.per_hour is not None:
        metrics["per_hour"] = facts.per_hour
    if newest is not None:
        metrics["age"] = (now - newest).total_seconds()
    if found.rows:
        outage = sum(found.count(stage) for stage in table.outage)
        metrics["outage_share"] = round(outage / found.rows, 4)
    return Judgement(
        verdict, text, (main, *_stage_findings(found, stages)), tuple(doubts), basis, metrics
    )


def _verdict(
    table: DecisionsTable, found: Decisions, newest: datetime | None, now: datetime
) -> tuple[Verdict, str, str, str]:
    """Verdict, title, what makes it so, what to do."""
    if not found.rows:
        modes = ", ".join(f"{count} of {mode}" for mode, count in found.other_modes.most_common())
        why = f"no row counts: {modes}" if modes else "no row to judge"
        act = "see whether the engine writes, and in which mode it runs"
        return Verdict.UNKNOWN, "NO DECISIONS", why, act
    told: list[tuple[Verdict, str, str, str]] = []
    outage = sum(found.count(stage) for stage in table.outage)
    if outage == found.rows:
        why = f"all {found.rows} ended without data"
        act = "look at the data source: names, connections, age of the last bar"
        told.append((_VERDICTS[table.all_outage], "DATA OUTAGE", why, act))
    elif not found.approved:
        why = f"none of {found.rows} approved"
        act = "see by the stages below what rejects everything"
        told.append((_VERDICTS[table.all_rejected], "ALL REJECTED", why, act))
    if found.priced and found.placeholders == found.priced:
        why = f"every price is a placeholder ({', '.join(f'{p:g}' for p in table.placeholders)})"
        act = "the prices are not real: look at the data source"
        told.append((_VERDICTS[table.all_outage], "DATA OUTAGE", why, act))
    if newest is None:
        act = "see whether `timestamp` in the config names the place of the time"
        told.append((Verdict.UNKNOWN, "NO TIMES", "no row has a time that can be read", act))
    elif (since := _quiet_since(table, newest, now)) is not None:
        why = f"nothing since {format_utc(newest)}, limit {duration_text(table.quiet_after)}"
        if since != newest:
            why += f" of the session that began {format_utc(since)}"
        told.append((_VERDICTS[table.quiet], "QUIET", why, "see whether the engine still decides"))
    bad = [each for each in told if each[0] is not Verdict.OK]
    if not bad:
        return Verdict.OK, "", "", ""
    verdict = worst(each[0] for each in bad)
    first = next(each for each in bad if each[0] is verdict)
    return verdict, first[1], "; ".join(dict.fromkeys(each[2] for each in bad)), first[3]


def _quiet_since(table: DecisionsTable, newest: datetime, now: datetime) -> datetime | None:
    """From when on the quiet counts, where it has lasted too long; None where it has not."""
    since = newest
    if table.session is not None:
        opened = table.session.opened_at(now)
        if opened is None:
            return None
        since = max(newest, opened)
    return since if (now - since).total_seconds() >= table.quiet_after else None


def quiet_due(table: DecisionsTable, newest: datetime, now: datetime) -> datetime | None:
    """When the quiet will have lasted too long, if nothing comes; None: not while this session
    is off."""
    since = newest
    if table.session is not None:
        opened = table.session.opened_at(now)
        if opened is None:
            return None
        since = max(newest, opened)
    due = since + timedelta(seconds=table.quiet_after)
    return due if due > now else None


def _doubts(found: Decisions, newest: datetime | None, now: datetime) -> list[Doubt]:
    doubts = []
    if found.unreadable:
        text = f"{found.unreadable} lines can't be read as JSON objects"
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    if found.odd_times and found.times:
        text = f"{found.odd_times} rows have no time that can be read"
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    if newest is not None and newest > now + _FUTURE:
        text = f"the newest row is of {format_utc(newest)}, in the future"
        doubts.append(Doubt(DoubtKind.CLOCK, text))
    if found.placeholders and found.placeholders < found.priced:
        text = f"{found.placeholders} of {found.priced} prices are placeholders"
        doubts.append(Doubt(DoubtKind.CONTRADICTS, text))
    return doubts


def _per_hour(times: Sequence[datetime], now: datetime) -> float | None:
    """Rows within the last hour; where the rows read reach less far back, their rate."""
    if not times:
        return None
    reach = (now - min(times)).total_seconds()
    if reach >= 3600:
        return float(sum((now - moment).total_seconds() <= 3600 for moment in times))
    return round(len(times) * 3600 / reach, 1) if reach > 0 else None


def _text(table: DecisionsTable, found: Decisions, stages: Sequence[str]) -> str:
    if not found.rows:
        return ""
    parts = [f"{found.approved} of {found.rows} approved"]
    if table.executed:
        parts[0] += f", {found.executed} executed"
    if stages:
        parts.append(f"most in {stages[0]} {found.count(stages[0]) / found.rows:.0%}")
    if found.other_modes:
        told = ", ".join(f"{count} of {mode}" for mode, count in found.other_modes.most_common())
        parts.append(f"{told} left out")
    return "; ".join(parts)


def _stage_findings(found: Decisions, stages: Sequence[str]) -> list[Finding]:
    findings = []
    for stage in stages[:_MOST_STAGES]:
        count = found.count(stage)
        reasons = [(w, n) for w, n in found.stages[stage].most_common(_MOST_REASONS) if w]
        told = ", ".join(f"{words} {number}" for words, number in reasons)
        findings.append(
            Finding(
                key=f"stage:{stage}",
                verdict=Verdict.OK,
                subject=stage,
                text=f"{count} ({count / found.rows:.0%})" + (f": {told}" if told else ""),
                quiet=True,
                facts=StageFacts(
                    count, count / found.rows, tuple(f"{w} {number}" for w, number in reasons)
                ),
            )
        )
    return findings
