"""Engines by their heartbeats and services: age, PID parity, unit state, the processes."""

from __future__ import annotations

from datetime import datetime

from cockpit.kinds.heartbeat.facts import AgeFacts, CounterFacts, EngineFacts
from cockpit.kinds.process_rows import command_of, fact_mark, odd, since, usage_of
from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import (
    Column,
    Line,
    PaneRows,
    Row,
    Span,
    Tone,
    View,
    bad,
    finding_text,
    head_row,
    join_key,
    summary,
)

KINDS = ("heartbeat", "service")
COLUMNS = (Column("", 1), Column("FACT", 11), Column("WHAT", 0))


def rows(view: View) -> list[Row]:
    """A heading a probe when there are several, and a row a finding."""
    observations = view.board.of_kind(*KINDS)
    lines: list[Row] = []
    for observation in observations:
        if len(observations) > 1 or not observation.findings:
            lines.append(head_row(view, observation))
        lines.extend(_row(view, observation, finding) for finding in observation.findings)
    return lines


def banner(view: View) -> Line:
    """Every heartbeat and service in one line."""
    return summary(view, view.board.of_kind(*KINDS))


def _row(view: View, observation: Observation, finding: Finding) -> Row:
    key = join_key(observation.probe, finding.key)
    if isinstance(finding.facts, EngineFacts):
        process = finding.facts
        before = (*odd(finding), *usage_of(observation, process))
        what = command_of(process, finding.text, before)
        engine = (fact_mark(view, finding), f"PID {process.pid}", what)
        return Row(key, engine, tail=since(view, process))
    stamp = _beat_time(finding)
    tail = f"{view.age(stamp):>3}" if stamp else ""
    if stamp and view.at(stamp) not in view.text(finding.text):
        tail = f"{view.at(stamp)} {tail}"
    tone = Tone.DIM if finding.verdict is Verdict.OK else Tone.PLAIN
    cells = (view.mark(finding.verdict), finding.key, finding_text(view, finding))
    return Row(key, cells, tail=Span(tail, tone), home=bad(finding.verdict))


def _beat_time(finding: Finding) -> datetime | None:
    match finding.facts:
        case AgeFacts(timestamp=stamp) | CounterFacts(moved_at=stamp):
            return stamp
    return None


PANE = PaneRows(
    id="engines",
    key="e",
    label="ENGINE",
    opens="engines and heartbeats",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)
