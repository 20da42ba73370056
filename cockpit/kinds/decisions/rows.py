"""Decisions: how they ended, a row a stage with its share and its reasons."""

from __future__ import annotations

from cockpit.kinds.decisions.facts import DecisionFacts, StageFacts
from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import (
    Align,
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

KINDS = ("decisions",)
COLUMNS = (
    Column("", 1),
    Column("STAGE", 16),
    Column("ROWS", 5, Align.RIGHT),
    Column("SHARE", 5, Align.RIGHT),
    Column("", 0),
)


def rows(view: View) -> list[Row]:
    """The whole first, then the stages, the most frequent first."""
    return finding_rows(view, KINDS, 2, _row)


def banner(view: View) -> Line:
    """Every file in one line."""
    return summary(view, view.board.of_kind(*KINDS))


def _row(view: View, observation: Observation, finding: Finding) -> Row:
    key = join_key(observation.probe, finding.key)
    mark = view.mark(finding.verdict)
    text = finding_text(view, finding)
    home = bad(finding.verdict)
    tone = Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN
    match finding.facts:
        case StageFacts(count=count, share=share, reasons=reasons):
            told = ", ".join(reasons)
            return Row(key, (mark, finding.subject, str(count), f"{share:.0%}", told), tone)
        case DecisionFacts(newest=newest):
            tail = Span(f"{view.at(newest)} {view.age(newest):>3}", tone) if newest else ""
            head = (mark, Span(f" {finding.subject}  ", Tone.STRONG), *text)
            return Row(key, (head,), tail=tail, home=home)
    return Row(key, ((mark, Span(f" {finding.subject}  ", Tone.STRONG), *text),), home=home)


PANE = PaneRows(
    id="decisions",
    key="d",
    label="DECIDED",
    opens="decisions",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)
