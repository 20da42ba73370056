"""Judging logs: what was counted and seen in, a row a file and a row a pattern out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cockpit.facts import Facts
from cockpit.kinds.base import Judgement
from cockpit.kinds.json_query import figure, short
from cockpit.kinds.log.facts import LogFileFacts, LogLineFacts
from cockpit.kinds.log.lines import LEVELS
from cockpit.kinds.log.table import ForbiddenTable, LogTable, RequiredTable, Told, Value
from cockpit.kinds.log.tally import FileTally, Sightings, stretch
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.text import duration_text, format_utc

VERDICTS: dict[Told, Verdict] = {"ok": Verdict.OK, "warn": Verdict.WARN, "fail": Verdict.FAIL}
_FUTURE = timedelta(seconds=5)
_START_TOLERANCE = timedelta(seconds=2)
_SHOWN = 160
_MINUTE = 60.0


@dataclass(slots=True)
class Logs:
    """All that is known of the logs of one table.

    `files` by the name on the screen, in its order; `quiet_counts` names those whose silence
    counts; `missing` maps what the config names and what is not there to why. `starts` maps a probe
    to the youngest start of its processes, None where it is not known.
    """

    files: Mapping[str, FileTally] = field(default_factory=dict)
    quiet_counts: frozenset[str] = frozenset()
    missing: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0
    required: Mapping[str, Sightings] = field(default_factory=dict)
    forbidden: Mapping[str, Sightings] = field(default_factory=dict)
    starts: Mapping[str, datetime | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Judged:
    findings: list[Finding] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    dues: list[datetime] = field(default_factory=list)


def judge_logs(table: LogTable, logs: Logs, now: datetime) -> tuple[Judgement, datetime | None]:
    """Everything the logs say, and when time alone would change it."""
    out = _Judged()
    counted: dict[str, int] = {}
    for name, tally in logs.files.items():
        levels = tally.within(stretch(now, table.within))
        for level, count in levels.items():
            counted[level] = counted.get(level, 0) + count
        out.findings.append(_file(table, logs, name, tally, levels, now, out))
    for name, why in logs.missing.items():
        out.findings.append(_missing(name, why))
        out.doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, f"{name}: {why}"))
    if logs.left_out:
        text = f"{logs.left_out} older files that the wildcards hit are not read"
        out.doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    for required in table.required:
        out.findings.append(_required(required, logs, now, out))
    for forbidden in table.forbidden:
        out.findings.append(_forbidden(forbidden, logs, now, out))
    verdict = worst(finding.verdict for finding in out.findings)
    due = min((due for due in out.dues if due > now), default=None)
    judged = Judgement(
        verdict,
        _headline(out.findings),
        tuple(out.findings),
        tuple(dict.fromkeys(out.doubts)),
        _basis(table, logs),
        _metrics(table, logs, counted, now),
    )
    return judged, due


def _headline(findings: Sequence[Finding]) -> str:
    bad = [one for one in findings if one.verdict is not Verdict.OK]
    bad.sort(key=lambda one: -one.verdict.severity)
    if bad:
        return "; ".join(f"{one.subject}: {one.text}" for one in bad[:3])
    files = [one for one in findings if isinstance(one.facts, LogFileFacts)]
    if len(files) == 1:
        return f"{files[0].subject}: {files[0].text}"
    return f"{len(files)} files without a word against them"


def _file(
    table: LogTable, logs: Logs, name: str, tally: FileTally, levels: Mapping[str, int],
    now: datetime, out: _Judged,
) -> Finding:  # fmt: skip
    facts = LogFileFacts(
        file=name,
        size=tally.size,
        modified_at=tally.modified_at,
        last_at=tally.newest_line(),
        lines=sum(levels.values()),
        levels=tuple(f"{level} {levels[level]}" for level in LEVELS if levels.get(level)),
        last_error=tally.error,
        last_error_at=tally.error_at,
    )
    if tally.trouble:
        out.doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, f"{name}: {tally.trouble}"))
        act = "see who may read it"
        return _row(f"file:{name}", name, Verdict.UNKNOWN, tally.trouble, "NO LOG", act, facts)
    out.doubts += _doubts(table, name, tally, now)
    told = _levels(table, tally, levels, out) + _quiet(table, logs, name, tally, now, out)
    bad = [one for one in told if one[0] is not Verdict.OK]
    # Not the lines of every level: they change with each look, and say nothing.
    counts = ", ".join(f"{level} {levels[level]}" for level in LEVELS[:3] if levels.get(level))
    counts = f"{counts or 'no errors'} within {duration_text(table.within)}"
    if not bad:
        return _row(f"file:{name}", name, Verdict.OK, counts, "", "", facts)
    verdict = worst(one[0] for one in bad)
    first = next(one for one in bad if one[0] is verdict)
    text = "; ".join(one[2] for one in bad)
    return _row(f"file:{name}", name, verdict, text, first[1], first[3], facts)


_Told = tuple[Verdict, str, str, str]


def _levels(
    table: LogTable, tally: FileTally, levels: Mapping[str, int], out: _Judged
) -> list[_Told]:
    """What the counts come to: verdict, title, words, what to do."""
    critical = levels.get("CRITICAL", 0)
    errors = critical + levels.get("ERROR", 0)
    warnings = levels.get("WARNING", 0)
    span = duration_text(table.within)
    last = f", the last {format_utc(tally.error_at)}" if tally.error_at is not None else ""
    shown = f"{last}: {short(tally.error, _SHOWN)}" if tally.error else last
    act = "read the lines above the last error in the log"
    told: list[_Told] = []
    if critical and table.critical != "ok":
        words = f"{critical} critical within {span}{shown}"
        told.append((VERDICTS[table.critical], "CRITICAL ERRORS", words, act))
    if errors and 0 < table.errors_fail <= errors:
        told.append((Verdict.FAIL, "LOG ERRORS", _count(errors, "error", span, shown), act))
    elif errors and 0 < table.errors_warn <= errors and not told:
        told.append((Verdict.WARN, "LOG ERRORS", _count(errors, "error", span, shown), act))
    if warnings and 0 < table.warnings_warn <= warnings:
        words = _count(warnings, "warning", span, "")
        told.append((Verdict.WARN, "LOG WARNINGS", words, "see what the log warns of"))
    if told and (oldest := tally.oldest(LEVELS[:3])) is not None:
        out.dues.append(oldest + timedelta(seconds=table.within + 1))
    return told


def _count(number: int, what: str, span: str, shown: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''} within {span}{shown}"


def _quiet(
    table: LogTable, logs: Logs, name: str, tally: FileTally, now: datetime, out: _Judged
) -> list[_Told]:
    last = tally.newest_line()
    if table.quiet_after is None or name not in logs.quiet_counts:
        return []
    if last is None:
        return [(Verdict.UNKNOWN, "NO TIMES", "nothing tells when its last line was written",
                 "see whether anything writes it")]  # fmt: skip
    due = last + timedelta(seconds=table.quiet_after)
    if now < due:
        out.dues.append(due)
        return []
    words = f"no line since {format_utc(last)}, limit {duration_text(table.quiet_after)}"
    act = "see whether its program still runs and still writes here"
    return [(VERDICTS[table.quiet], "QUIET LOG", words, act)]


def _doubts(table: LogTable, name: str, tally: FileTally, now: datetime) -> list[Doubt]:
    begin = stretch(now, table.within)
    doubts = []
    if tally.undated_at is not None and tally.undated_at >= begin:
        text = f"{name}: {tally.undated} lines have no time; levels count from the first look on"
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    if tally.skipped_at is not None and tally.skipped_at >= begin:
        text = f"{name}: {tally.skipped:,} bytes came faster than `window` allows to read"
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    if not tally.whole and tally.begins is not None and tally.begins > begin:
        text = (
            f"{name}: what was read begins {format_utc(tally.begins)}, after the stretch in which "
            "levels are counted; raise `window`"
        )
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    if tally.skew:
        ahead = duration_text(abs(tally.skew))
        side = "ahead of" if tally.skew > 0 else "behind"
        text = (
            f"{name}: its times are {ahead} {side} the file's own; they are read as such, "
            "`naive_timestamps` in the config names their zone"
        )
        doubts.append(Doubt(DoubtKind.CLOCK, text))
    elif tally.last_at is not None and tally.last_at > now + _FUTURE:
        text = f"{name}: a line is of {format_utc(tally.last_at)}, in the future"
        doubts.append(Doubt(DoubtKind.CLOCK, text))
    return doubts


def _missing(name: str, why: str) -> Finding:
    act = "see whether its program writes it, and whether `files` in the config names its place"
    return _row(f"file:{name}", name, Verdict.UNKNOWN, why, "NO LOG", act, LogFileFacts(name))


def _start(since: str | None, logs: Logs, out: _Judged) -> datetime | None:
    """From when on lines count, where a start is asked for and known."""
    if since is None:
        return None
    start = logs.starts.get(since)
    if start is None:
        text = f"no start of {since} is known: lines from before it may count"
        out.doubts.append(Doubt(DoubtKind.UNCOMPARED, text))
    return start


def _latest(*moments: datetime | None) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


def _required(table: RequiredTable, logs: Logs, now: datetime, out: _Judged) -> Finding:
    seen = logs.required.get(table.label, Sightings())
    start = _start(table.since, logs, out)
    begin = stretch(now, table.within) if table.within is not None else None
    counts_from = _latest(start and start - _START_TOLERANCE, begin)
    facts = _line_facts("required", table, seen, counts_from, start)
    key = f"required:{table.label}"
    last = seen.seen_at()
    if last is not None and (counts_from is None or last >= counts_from):
        if table.within is not None:
            out.dues.append(last + timedelta(seconds=table.within + 1))
        if seen.last is not None and seen.last.line.at is None and start is not None:
            text = f"{table.label}: the line has no time, it may be of an earlier start"
            out.doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
        return _values(table, key, facts)
    reach = _reach(start, begin, table.within)
    if seen.trouble:
        act = "write the pattern in a simpler way"
        return _row(key, table.label, Verdict.UNKNOWN, seen.trouble, "NOT MATCHED", act, facts)
    if not any(tally.looked for tally in logs.files.values()):
        text = "no file could be read"
        act = "see whether `files` in the config names the log"
        return _row(key, table.label, Verdict.UNKNOWN, text, "NO LOG", act, facts)
    if start is not None and now < start + timedelta(seconds=table.grace):
        out.dues.append(start + timedelta(seconds=table.grace))
        act = f"wait: it may take {duration_text(table.grace)} from its start on (`grace`)"
        text = f"not yet written {reach}"
        return _row(key, table.label, Verdict.WARN, "STARTING: " + text, "STARTING", act, facts)
    if table.since is not None and (short_of := _uncovered(logs, counts_from)):
        text = f"not found, but {short_of}"
        act = "raise `window` in the config, so that it reaches back to the start"
        return _row(key, table.label, Verdict.UNKNOWN, text, "NOT FOUND", act, facts)
    act = "see whether the program runs with the settings that this line would tell of"
    text = f"not written {reach}"
    return _row(key, table.label, Verdict.FAIL, text, "LINE MISSING", act, facts)


def _reach(start: datetime | None, begin: datetime | None, within: float | None) -> str:
    """From when on lines count, in words that do not change from look to look."""
    if start is not None and (begin is None or start >= begin):
        return f"since {format_utc(start)}"
    return f"within {duration_text(within)}" if within is not None else "in all that was read"


def _uncovered(logs: Logs, counts_from: datetime | None) -> str:
    """Why the lines that were read may not reach back far enough; empty where they do."""
    for name, tally in logs.files.items():
        if not tally.looked:
            continue
        if tally.skipped_at is not None and (
            counts_from is None or tally.skipped_at >= counts_from
        ):
            return f"some of {name} could not be read"
        if tally.whole:
            continue
        if counts_from is None or tally.begins is None or tally.begins > counts_from:
            told = f" begins {format_utc(tally.begins)}" if tally.begins else " tells no times"
            return f"what was read of {name}{told}"
    return ""


def _values(table: RequiredTable, key: str, facts: LogLineFacts) -> Finding:
    given = dict(each.partition("=")[::2] for each in facts.values)
    wrong = [
        f"{name} is {given.get(name) or 'not said'}, want {want}"
        for name, want in table.want.items()
        if not _is(given.get(name), want)
    ]
    at = f", {format_utc(facts.seen_at)}" if facts.seen_at is not None else ""
    if wrong:
        act = "start the program anew with the settings that are wanted, or correct `want`"
        text = f"{'; '.join(wrong)}{at}"
        return _row(key, table.label, Verdict.FAIL, text, "WRONG VALUE", act, facts)
    words = ", ".join(facts.values) or short(facts.line, _SHOWN)
    return _row(key, table.label, Verdict.OK, f"{words}{at}", "", "", facts)


def _is(given: str | None, want: Value) -> bool:
    """Whether a text from a log is the value wanted: `2` is `2.0`."""
    if given is None:
        return False
    if isinstance(want, str) and given == want:
        return True
    number = figure(given)
    return number is not None and number == figure(want)


def _forbidden(table: ForbiddenTable, logs: Logs, now: datetime, out: _Judged) -> Finding:
    seen = logs.forbidden.get(table.label, Sightings())
    start = _start(table.since, logs, out)
    begin = stretch(now, table.within)
    counts_from = _latest(start and start - _START_TOLERANCE, begin)
    facts = _line_facts("forbidden", table, seen, counts_from, start)
    key = f"forbidden:{table.label}"
    if facts.count and facts.seen_at is not None:
        out.dues.append(facts.seen_at + timedelta(seconds=table.within + 1))
        times = "once" if facts.count == 1 else f"{facts.count} times"
        text = (
            f"{times} {_reach(start, begin, table.within)}, the last "
            f"{format_utc(facts.seen_at)}: {short(facts.line, _SHOWN)}"
        )
        act = "read the log around that line"
        verdict = VERDICTS[table.otherwise]
        return _row(key, table.label, verdict, text, "FORBIDDEN LINE", act, facts)
    if (
        seen.trouble
        and seen.troubled_at is not None
        and seen.troubled_at >= (counts_from or seen.troubled_at)
    ):
        act = "write the pattern in a simpler way"
        return _row(key, table.label, Verdict.UNKNOWN, seen.trouble, "NOT MATCHED", act, facts)
    if not any(tally.looked for tally in logs.files.values()):
        text, act = "no file could be read", "see whether `files` in the config names the log"
        return _row(key, table.label, Verdict.UNKNOWN, text, "NO LOG", act, facts)
    return _row(key, table.label, Verdict.OK, "not seen", "", "", facts)


def _line_facts(
    sort: Literal["required", "forbidden"], table: RequiredTable | ForbiddenTable, seen: Sightings,
    counts_from: datetime | None, start: datetime | None,
) -> LogLineFacts:  # fmt: skip
    """What is known of a pattern: of lines seen now, else of what an earlier process saw."""
    at = seen.seen_at()
    if seen.last is not None:
        file, line = seen.last.file, seen.last.line.text.strip()
        values = tuple(f"{name}={value}" for name, value in seen.last.values)
    elif seen.before is not None:
        file, line, values = seen.before.file, seen.before.line, seen.before.values
    else:
        file, line, values = "", "", ()
    return LogLineFacts(
        sort=sort,
        pattern=table.pattern,
        since=table.since or "",
        started_at=start,
        count=seen.count(counts_from),
        file=file,
        seen_at=at,
        line=line,
        values=values,
    )


def _row(
    key: str, subject: str, verdict: Verdict, text: str, title: str, act: str,
    facts: LogFileFacts | LogLineFacts,
) -> Finding:  # fmt: skip
    bad = verdict is not Verdict.OK
    return Finding(
        key=key,
        verdict=verdict,
        subject=subject,
        text=text,
        title=title if bad else "",
        cause=f"log:{facts.file or subject}" if bad else "",
        next_act=act if bad else "",
        facts=facts,
    )


def _basis(table: LogTable, logs: Logs) -> Facts:
    newest = _latest(*(tally.newest_line() for tally in logs.files.values()))
    return {
        "files": tuple(logs.files),
        "bytes": sum(tally.size for tally in logs.files.values()),
        "newest": format_utc(newest) if newest is not None else None,
        "within": duration_text(table.within),
    }


def _metrics(
    table: LogTable, logs: Logs, counted: Mapping[str, int], now: datetime
) -> dict[str, float]:
    read = [tally for tally in logs.files.values() if tally.looked and not tally.trouble]
    if not read:
        return {}
    metrics = {
        "errors": float(counted.get("ERROR", 0) + counted.get("CRITICAL", 0)),
        "warnings": float(counted.get("WARNING", 0)),
        "lines_per_minute": round(sum(_rate(table, tally, now) for tally in read), 3),
        "bytes": float(sum(tally.size for tally in read)),
    }
    newest = _latest(*(tally.newest_line() for tally in read))
    if newest is not None:
        metrics["age"] = (now - newest).total_seconds()
    return metrics


def _rate(table: LogTable, tally: FileTally, now: datetime) -> float:
    """Lines a minute, over as much of the stretch as was read."""
    reach = table.within
    if not tally.whole and tally.begins is not None:
        reach = min(reach, max((now - tally.begins).total_seconds(), 1.0))
    lines = sum(tally.within(stretch(now, table.within)).values())
    return lines * _MINUTE / reach
