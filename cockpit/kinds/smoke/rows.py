"""Smoke: a row a request with what came back and how long it took."""

from __future__ import annotations

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
    fact,
    finding_rows,
    finding_text,
    join_key,
    summary,
)

KINDS = ("smoke",)
COLUMNS = (
    Column("", 1),
    Column("CHECK", 18),
    Column("HTTP", 4),
    Column("", 0),
)


def rows(view: View) -> list[Row]:
    """Requests in the order of the config."""
    return finding_rows(view, KINDS, 1, _row)


def banner(view: View) -> Line:
    """Every smoke probe in one line."""
    return summary(view, view.board.of_kind(*KINDS))


def about(milliseconds: float) -> str:
    """A latency in coarse steps, so that a row is not drawn anew for a millisecond more."""
    for step in (10, 20, 50, 100, 200, 500):
        if milliseconds < step:
            return f"<{step} ms"
    return f"{round(milliseconds, -2):.0f} ms"


def _row(view: View, observation: Observation, finding: Finding) -> Row:
    tone = Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN
    path = " ".join(part for part in (fact(finding, "method"), fact(finding, "path")) if part)
    text = (*finding_text(view, finding), Span(f"  {path}" if path else "", Tone.DIM))
    took = observation.metrics.get(f"{finding.key}.ms")
    limit = finding.facts.get("limit_ms")
    tail = "" if took is None else about(took)
    if tail and isinstance(limit, int | float):
        tail += f" of {limit:g}"
    cells = (view.mark(finding.verdict), finding.subject, fact(finding, "status") or "-", text)
    key = join_key(observation.probe, finding.key)
    return Row(key, cells, tone, tail=Span(tail, tone), home=bad(finding.verdict))


PANE = PaneRows(
    id="smoke",
    key="s",
    label="SMOKE",
    opens="smoke requests",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)
