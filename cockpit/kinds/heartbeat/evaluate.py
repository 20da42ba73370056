"""Judging a heartbeat: evidence in, findings, doubts and a headline out. Pure.

Age is counted from the older of the beat's own time and the file's modification time, so that
neither a touched file nor a wrongly read zone makes an old beat look young.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from cockpit.kinds.base import Judgement
from cockpit.kinds.heartbeat.facts import AgeFacts, CounterFacts
from cockpit.kinds.heartbeat.measurements import Beat, Evidence, most_apart
from cockpit.kinds.heartbeat.parity import (
    NO_FIRST_BEAT,
    STARTING,
    judge_engines,
    judge_parity,
    remarks,
)
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.text import duration_text, format_utc, whole_second

FUTURE_TOLERANCE = timedelta(seconds=1)
RATE = "counter_per_minute"
_SURE_BEATS = 2
"""Beats in a row that are off by one difference of zones: one alone may be a coincidence."""


def judge(table: HeartbeatTable, path: str, evidence: Evidence) -> Judgement:
    """Everything this heartbeat says. `path` is the file as shown in causes."""
    parity, parity_doubts = judge_parity(table, evidence)
    young, age_doubts = judge_age(table, path, evidence, parity.title)
    findings = [parity, young, *judge_engines(table, evidence)]
    doubts = [*age_doubts, *parity_doubts]
    doubts += [
        Doubt(DoubtKind.PARTIAL_READ, f"only {age.scanned} code files of {pid} were looked at")
        for pid, age in evidence.code.items()
        if not age.complete
    ]
    beat = evidence.read.beat or evidence.last_good
    metrics: dict[str, float] = {}
    basis: dict[str, str | int | float | bool | None] = {
        "file": path,
        "timestamp": _text(beat.timestamp if beat else None),
        "mtime": _text(beat.mtime if beat else evidence.read.mtime),
    }
    if beat and beat.timestamp:
        metrics["age"] = (evidence.now - beat.timestamp).total_seconds()
    if table.pidfile is not None:
        basis["pidfile"] = table.pidfile
    if evidence.elsewhere:
        basis["elsewhere"] = ", ".join(f"{one.pid} in {one.folder}" for one in evidence.elsewhere)
    if table.counter is not None:
        counter, counter_doubts = judge_counter(table, evidence)
        findings.append(counter)
        doubts += counter_doubts
        basis["counter"] = table.counter
        if beat and beat.counter is not None:
            metrics["counter"] = float(beat.counter)
        if (rate := counter_rate(evidence)) is not None:
            metrics[RATE] = rate
    verdict = worst(finding.verdict for finding in findings if not _is_row(finding))
    return Judgement(
        verdict,
        _headline(table, findings, beat, doubts, evidence),
        tuple(findings),
        tuple(doubts),
        basis,
        metrics,
    )


def judge_age(
    table: HeartbeatTable, path: str, evidence: Evidence, engine: str
) -> tuple[Finding, list[Doubt]]:
    """The `age` finding: is the beat young, by every witness. `engine` is the title of `parity`."""
    beat, doubts = evidence.read.beat, list[Doubt]()
    if beat is None:
        verdict, title, text = _unreadable(table, evidence)
        kept = evidence.last_good
        facts = _age_facts(table, kept or Beat(None, evidence.read.mtime))
        kind = DoubtKind.PARTIAL_READ if kept else DoubtKind.NOTHING_MEASURED
        doubts.append(Doubt(kind, text))
    elif beat.timestamp is None:
        old = _older_than(beat.mtime, evidence.now, table.fail_after)
        verdict = Verdict.FAIL if old else Verdict.UNKNOWN
        title, text = "UNREADABLE", beat.trouble
        facts = _age_facts(table, beat)
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, beat.trouble))
    else:
        verdict, title, text = _dated(table, beat, beat.timestamp, evidence)
        facts = _age_facts(table, beat)
        doubts += _clock_doubts(table, beat, beat.timestamp, evidence)
    if doubts and doubts[0].kind is DoubtKind.CLOCK and title:
        text = f"{text}; {doubts[0].text}"
    if engine == STARTING and title == "STALLED":
        verdict, text = Verdict.WARN, f"{text}; that is from before the engine's start"
    elif engine == STARTING and title == "UNREADABLE" and evidence.last_good is not None:
        verdict = min(verdict, Verdict.UNKNOWN, key=lambda one: one.severity)
    facts = replace(facts, skewed=evidence.skewed)
    name = re.split(r"[/\\]", path)[-1]
    return (
        Finding(
            key="age",
            verdict=verdict,
            subject=name,
            text=text,
            title="" if verdict is Verdict.OK else title,
            cause=f"engine:{table.name}" if engine in _NOT_BEATING else f"file:{path}",
            next_act=_act(title, engine, beat),
            facts=facts,
        ),
        doubts,
    )


_NOT_BEATING = ("ENGINE GONE", "NO ENGINE", "STOPPED", STARTING, NO_FIRST_BEAT)
"""What makes an old beat no fault of its own."""


def _act(title: str, engine: str, beat: Beat | None) -> str:
    if title == "WRONG ZONE" and beat is not None and beat.skew and not beat.remedy:
        return "mend the writer: it gives a local time another zone than its own"
    if title == "STALLED" and engine == STARTING:
        return "wait for the first beat of the new engine"
    return _AGE_ACTS.get(title, "")


_AGE_ACTS = {
    "STALLED": "look at the engine's log at the time of its last beat; restart it if it hangs",
    "NO HEARTBEAT": "see whether the engine runs and whether the path in the config is right",
    "WRONG ZONE": "see in which zone the writer writes and set `naive_timestamps` to it",
    "FUTURE TIMESTAMP": "compare the clocks and `naive_timestamps` in the config",
    "UNREADABLE": (
        "look at the file and at what writes it; one that is only touched, whatever it holds, "
        'wants `format = "touch"`'
    ),
}


def _dated(
    table: HeartbeatTable, beat: Beat, timestamp: datetime, evidence: Evidence
) -> tuple[Verdict, str, str]:
    now = evidence.now
    fresh = not _older_than(beat.mtime, now, table.warn_after)
    early = timestamp > now + FUTURE_TOLERANCE
    late = (now - oldest(timestamp, beat.mtime, now)).total_seconds() >= table.warn_after
    if fresh and (early or late) and _is_zone_error(table, beat, evidence):
        return Verdict.UNKNOWN, "WRONG ZONE", f"the beat read as {format_utc(timestamp)}"
    if early:
        old = _older_than(beat.mtime, now, table.fail_after)
        verdict = Verdict.FAIL if old else Verdict.UNKNOWN
        return verdict, "FUTURE TIMESTAMP", f"the beat says {format_utc(timestamp)}"
    age = (now - oldest(timestamp, beat.mtime, now)).total_seconds()
    users = [f"{who} ({duration_text(band)})" for band, who in table.users if age >= band]
    dead_for = f"; too old for {', '.join(users)}" if users else ""
    if age < table.warn_after and not users:
        return Verdict.OK, "", f"last beat {format_utc(timestamp)}"
    verdict, limit = Verdict.WARN, table.warn_after
    if age >= table.fail_after:
        verdict, limit = Verdict.FAIL, table.fail_after
    if age < table.warn_after:
        return verdict, "STALLED", f"last beat {format_utc(timestamp)}{dead_for}"
    told = f"last beat {format_utc(timestamp)}, limit {duration_text(limit)}"
    if beat.mtime is not None and not _older_than(timestamp, now, limit):
        told = (
            f"file last written {format_utc(beat.mtime)}, though its timestamp says "
            f"{format_utc(timestamp)}; limit {duration_text(limit)}"
        )
    return verdict, "STALLED", told + dead_for


def _is_zone_error(table: HeartbeatTable, beat: Beat, evidence: Evidence) -> bool:
    """Whether the zone is wrong for sure: another reading agrees, or beats are off alike."""
    alike = beat.skew != 0 and evidence.skewed >= _SURE_BEATS
    return alike or beat.is_misread(most_apart(table))


def _unreadable(table: HeartbeatTable, evidence: Evidence) -> tuple[Verdict, str, str]:
    read, kept = evidence.read, evidence.last_good
    title = "NO HEARTBEAT" if read.missing else "UNREADABLE"
    if kept is None or kept.timestamp is None:
        old = _older_than(read.mtime, evidence.now, table.fail_after)
        written = f", last written {format_utc(read.mtime)}" if read.mtime else ""
        return Verdict.FAIL if old else Verdict.UNKNOWN, title, f"{read.trouble}{written}"
    since = oldest(kept.timestamp, kept.mtime, evidence.now)
    age = (evidence.now - since).total_seconds()
    text = f"{read.trouble}; last good beat {format_utc(kept.timestamp)}"
    if kept.timestamp > evidence.now + FUTURE_TOLERANCE:
        return Verdict.UNKNOWN, title, text
    if age >= table.fail_after:
        return Verdict.FAIL, title, text
    return Verdict.UNKNOWN if age >= table.warn_after else Verdict.OK, title, text


def oldest(timestamp: datetime, mtime: datetime | None, now: datetime) -> datetime:
    """The older of the two witnesses; a modification time in the future is none."""
    if mtime is None or mtime > now + FUTURE_TOLERANCE:
        return timestamp
    return min(timestamp, mtime)


def _clock_doubts(
    table: HeartbeatTable, beat: Beat, timestamp: datetime, evidence: Evidence
) -> list[Doubt]:
    doubts: list[Doubt] = []
    apart, now = most_apart(table), evidence.now
    if beat.is_misread(apart):
        text = f'it agrees with the file\'s time when naive_timestamps = "{beat.other_zone}"'
        doubts.append(Doubt(DoubtKind.CLOCK, text))
    elif beat.skew:
        sure = evidence.skewed >= _SURE_BEATS
        doubts.append(Doubt(DoubtKind.CLOCK, _skew_text(beat, sure)))
    elif timestamp > now + FUTURE_TOLERANCE:
        doubts.append(Doubt(DoubtKind.CLOCK, "the beat lies in the future: clock or zone is wrong"))
    elif beat.mtime is not None and not beat.agrees(apart):
        text = (
            f"the beat says {format_utc(timestamp)}, the file was written {format_utc(beat.mtime)}"
        )
        doubts.append(Doubt(DoubtKind.CONTRADICTS, text))
    if beat.mtime is not None and beat.mtime > now + FUTURE_TOLERANCE:
        text = f"the file's time {format_utc(beat.mtime)} lies in the future"
        doubts.append(Doubt(DoubtKind.CLOCK, text))
    return doubts


def _skew_text(beat: Beat, sure: bool) -> str:
    where = "ahead of" if beat.skew > 0 else "behind"
    off = f"{duration_text(abs(beat.skew))} {where} the file's time"
    who = f"each beat is {off}" if sure else f"it is {off}, as a wrong zone would put it"
    if not beat.remedy:
        return f"{who}: the writer writes {beat.writer} and calls it another zone"
    others = "" if beat.remedy in ("local", "utc") else f" or another zone at {beat.writer}"
    return f'{who}: it would agree with naive_timestamps = "{beat.remedy}"{others}'


def counter_rate(evidence: Evidence) -> float | None:
    """How much the counter moved a minute between the last two beats; None where that isn't known,
    as after a restart."""
    beat, before = evidence.read.beat, evidence.last_good
    if beat is None or beat.counter is None or before is None or before.counter is None:
        return evidence.rate
    if beat.timestamp is None or before.timestamp is None or beat.counter < before.counter:
        return None
    seconds = (beat.timestamp - before.timestamp).total_seconds()
    if seconds <= 0:
        return evidence.rate
    return round(float(beat.counter - before.counter) * 60 / seconds, 3)


def judge_counter(table: HeartbeatTable, evidence: Evidence) -> tuple[Finding, list[Doubt]]:
    """The `counter` finding: does the number move while the beats go on."""
    beat, before = evidence.read.beat, evidence.last_good
    current = beat or before
    count = current.counter if current else None
    if current is None or count is None:
        told = current.counter_trouble if current else ""
        text = told or f"no number at {table.counter}"
        return Finding("counter", Verdict.UNKNOWN, "counter", text, facts=CounterFacts()), []
    moved_at = evidence.moved_at
    if beat is not None and (before is None or before.counter != count or moved_at is None):
        moved_at = beat.timestamp
    fell_at = evidence.fell_at
    if beat is not None and before is not None and before.counter is not None:
        fell_at = beat.timestamp if count < before.counter else fell_at
    facts = CounterFacts(count, moved_at, fell_at)
    stands = (
        moved_at is not None
        and current.timestamp is not None
        and (current.timestamp - moved_at).total_seconds() >= table.fail_after
    )
    if stands and moved_at is not None:
        text = f"beats go on, but the counter stands at {count} since {format_utc(moved_at)}"
        doubt = Doubt(DoubtKind.CONTRADICTS, text)
        return Finding(
            "counter",
            Verdict.WARN,
            "counter",
            text,
            title="IDLE",
            cause=f"engine:{table.name}:idle",
            next_act="see in the engine's log what it waits for: it lives and does nothing",
            facts=facts,
        ), [doubt]
    anew = f", counted anew since {format_utc(fell_at)}" if fell_at is not None else ""
    return Finding("counter", Verdict.OK, "counter", f"{count}{anew}", facts=facts), []


def _age_facts(table: HeartbeatTable, beat: Beat) -> AgeFacts:
    return AgeFacts(
        timestamp=_second(beat.timestamp),
        mtime=_second(beat.mtime),
        warn_after=table.warn_after,
        fail_after=table.fail_after,
        skew=beat.skew,
    )


def _headline(
    table: HeartbeatTable,
    findings: list[Finding],
    beat: Beat | None,
    doubts: list[Doubt],
    evidence: Evidence,
) -> str:
    told = [f for f in findings if not _is_row(f) and f.verdict is not Verdict.OK]
    if told:
        told.sort(key=lambda finding: -finding.verdict.severity)
        lines = [f"{f.title.lower()}: {f.text}" if f.title else f.text for f in told]
        return "; ".join(lines)
    parity = "PIDs agree" if beat and beat.pid else "engine runs"
    if any(doubt.kind is DoubtKind.UNCOMPARED for doubt in doubts):
        parity = "PID alive, nothing to compare" if beat and beat.pid else "nothing to compare"
    what = "beating"
    if table.counter is not None and beat and beat.counter is not None:
        what = f"{beat.counter} {counter_word(table.counter)}"
    return "; ".join([f"{what}, {parity}", *remarks(evidence)])


def counter_word(path: str) -> str:
    """What a counter counts, from the last name of its path.

    >>> counter_word("$.total_decisions_session")
    'decisions'
    """
    names = re.findall(r"\w+", path)
    words = [w for w in (names[-1] if names else "").split("_") if w not in _FILLERS]
    return " ".join(words) or "counted"


_FILLERS = {"total", "session", "count", "counter", "n", "num", ""}


def _is_row(finding: Finding) -> bool:
    """Whether it only names an engine; one that runs old code counts."""
    return finding.is_process and finding.verdict is Verdict.OK


def _older_than(moment: datetime | None, now: datetime, seconds: float) -> bool:
    return moment is not None and (now - moment).total_seconds() >= seconds


def _second(moment: datetime | None) -> datetime | None:
    return whole_second(moment) if moment else None


def _text(moment: datetime | None) -> str | None:
    return format_utc(moment) if moment else None
