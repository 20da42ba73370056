"""Judging a heartbeat: evidence in, findings, doubts and a headline out. Pure.

Age is counted from the older of the beat's own time and the file's modification time, so that
neither a touched file nor a wrongly read zone makes an old beat look young.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from cockpit.kinds.base import Judgement
from cockpit.kinds.heartbeat.facts import AgeFacts, CounterFacts
from cockpit.kinds.heartbeat.measurements import Beat, Evidence, most_apart
from cockpit.kinds.heartbeat.parity import judge_engines, judge_parity
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.text import duration_text, format_utc, whole_second

FUTURE_TOLERANCE = timedelta(seconds=1)


def judge(table: HeartbeatTable, path: str, evidence: Evidence) -> Judgement:
    """Everything this heartbeat says. `path` is the file as shown in causes."""
    parity, parity_doubts = judge_parity(table, evidence)
    gone = parity.title in ("ENGINE GONE", "NO ENGINE")
    young, age_doubts = judge_age(table, path, evidence, gone)
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
    if table.counter is not None:
        counter, counter_doubts = judge_counter(table, evidence)
        findings.append(counter)
        doubts += counter_doubts
        basis["counter"] = table.counter
        if beat and beat.counter is not None:
            metrics["counter"] = float(beat.counter)
    verdict = worst(finding.verdict for finding in findings if not _is_row(finding))
    return Judgement(
        verdict, _headline(table, findings, beat), tuple(findings), tuple(doubts), basis, metrics
    )


def judge_age(
    table: HeartbeatTable, path: str, evidence: Evidence, engine_gone: bool
) -> tuple[Finding, list[Doubt]]:
    """The `age` finding: is the beat young, by every witness."""
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
        verdict, title, text = _dated(table, beat, beat.timestamp, evidence.now)
        facts = _age_facts(table, beat)
        doubts += _clock_doubts(table, beat, beat.timestamp, evidence.now)
    if doubts and doubts[0].kind is DoubtKind.CLOCK and title:
        text = f"{text}; {doubts[0].text}"
    name = re.split(r"[/\\]", path)[-1]
    return (
        Finding(
            key="age",
            verdict=verdict,
            subject=name,
            text=text,
            title="" if verdict is Verdict.OK else title,
            cause=f"engine:{table.name}" if engine_gone else f"file:{path}",
            next_act=_AGE_ACTS.get(title, ""),
            facts=facts,
        ),
        doubts,
    )


_AGE_ACTS = {
    "STALLED": "look at the engine's log at the time of its last beat; restart it if it hangs",
    "NO HEARTBEAT": "see whether the engine runs and whether the path in the config is right",
    "WRONG ZONE": "see in which zone the writer writes and set `naive_timestamps` to it",
    "FUTURE TIMESTAMP": "compare the clocks and `naive_timestamps` in the config",
    "UNREADABLE": "look at the file and at what writes it",
}


def _dated(
    table: HeartbeatTable, beat: Beat, timestamp: datetime, now: datetime
) -> tuple[Verdict, str, str]:
    if timestamp > now + FUTURE_TOLERANCE:
        old = _older_than(beat.mtime, now, table.fail_after)
        verdict = Verdict.FAIL if old else Verdict.UNKNOWN
        return verdict, "FUTURE TIMESTAMP", f"the beat says {format_utc(timestamp)}"
    age = (now - oldest(timestamp, beat.mtime, now)).total_seconds()
    if age < table.warn_after:
        return Verdict.OK, "", f"last beat {format_utc(timestamp)}"
    apart = most_apart(table)
    if beat.is_misread(apart) and not _older_than(beat.mtime, now, table.warn_after):
        return Verdict.UNKNOWN, "WRONG ZONE", f"the beat read as {format_utc(timestamp)}"
    verdict, limit = Verdict.WARN, table.warn_after
    if age >= table.fail_after:
        verdict, limit = Verdict.FAIL, table.fail_after
    told = f"last beat {format_utc(timestamp)}, limit {duration_text(limit)}"
    if beat.mtime is not None and not _older_than(timestamp, now, limit):
        told = (
            f"file last written {format_utc(beat.mtime)}, though its timestamp says "
            f"{format_utc(timestamp)}; limit {duration_text(limit)}"
        )
    return verdict, "STALLED", told


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
    table: HeartbeatTable, beat: Beat, timestamp: datetime, now: datetime
) -> list[Doubt]:
    doubts: list[Doubt] = []
    apart = most_apart(table)
    if beat.is_misread(apart):
        other = "utc" if table.naive_timestamps == "local" else "local"
        text = f'it agrees with the file\'s time when naive_timestamps = "{other}"'
        doubts.append(Doubt(DoubtKind.CLOCK, text))
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


def judge_counter(table: HeartbeatTable, evidence: Evidence) -> tuple[Finding, list[Doubt]]:
    """The `counter` finding: does the number move while the beats go on."""
    beat, before = evidence.read.beat, evidence.last_good
    current = beat or before
    count = current.counter if current else None
    if current is None or count is None:
        text = f"no number at {table.counter}"
        return Finding("counter", Verdict.UNKNOWN, "counter", text, facts=CounterFacts()), []
    moved_at = evidence.moved_at
    if beat is not None and (before is None or before.counter != count or moved_at is None):
        moved_at = beat.timestamp
    facts = CounterFacts(count, moved_at)
    stands = (
        moved_at is not None
        and current.timestamp is not None
        and (current.timestamp - moved_at).total_seconds() >= table.fail_after
    )
    if stands and moved_at is not None:
        text = f"beats go on, but the counter stands at {count} since {format_utc(moved_at)}"
        doubt = Doubt(DoubtKind.CONTRADICTS, text)
        return Finding("counter", Verdict.WARN, "counter", text, facts=facts), [doubt]
    return Finding("counter", Verdict.OK, "counter", f"{count}", facts=facts), []


def _age_facts(table: HeartbeatTable, beat: Beat) -> AgeFacts:
    return AgeFacts(
        timestamp=_second(beat.timestamp),
        mtime=_second(beat.mtime),
        warn_after=table.warn_after,
        fail_after=table.fail_after,
    )


def _headline(table: HeartbeatTable, findings: list[Finding], beat: Beat | None) -> str:
    told = [f for f in findings if not _is_row(f) and f.verdict is not Verdict.OK]
    if told:
        told.sort(key=lambda finding: -finding.verdict.severity)
        lines = [f"{f.title.lower()}: {f.text}" if f.title else f.text for f in told]
        return "; ".join(lines)
    parity = "PIDs agree" if beat and beat.pid else "PID not checked"
    if table.counter is not None and beat and beat.counter is not None:
        return f"{beat.counter} {counter_word(table.counter)}, {parity}"
    return f"beating, {parity}"


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
