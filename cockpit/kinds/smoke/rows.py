"""Smoke: a row a request with what came back and how long it took."""

from __future__ import annotations

from cockpit.kinds.smoke.facts import RequestFacts
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
    request = finding.facts if isinstance(finding.facts, RequestFacts) else None
    path = f"  {request.method} {request.path}" if request else ""
    text = (*finding_text(view, finding), Span(path, Tone.DIM))
    took = observation.metrics.get(f"{finding.key}.ms")
    tail = "" if took is None else about(took)
    if tail and request is not None:
        tail += f" of {request.limit_ms:g}"
    status = "-" if request is None or request.status is None else str(request.status)
    cells = (view.mark(finding.verdict), finding.subject, status, text)
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
