"""Gates: how many are proven, and a row a part with what it has and what it needs."""

from __future__ import annotations

from cockpit.facts import FactValue
from cockpit.kinds.gate.facts import PartFacts
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
    fact_text,
    finding_rows,
    finding_text,
    join_key,
    summary,
)

KINDS = ("gate",)
COLUMNS = (
    Column("", 1),
    Column("GATE", 20),
    Column("HAS", 10, Align.RIGHT, from_width=50),
    Column("NEEDS", 10, Align.RIGHT, from_width=50),
    Column("", 0),
)


def rows(view: View) -> list[Row]:
    """The score first, then the parts in the order of the report."""
    return finding_rows(view, KINDS, 2, _row)


def banner(view: View) -> Line:
    """Every gate in one line."""
    return summary(view, view.board.of_kind(*KINDS))


def _row(view: View, observation: Observation, finding: Finding) -> Row:
    key = join_key(observation.probe, finding.key)
    mark = view.mark(finding.verdict)
    text = finding_text(view, finding)
    home = bad(finding.verdict)
    if finding.key == "score":
        return Row(key, ((mark, Span(f" {finding.subject}  ", Tone.STRONG), *text),), home=home)
    part = finding.facts if isinstance(finding.facts, PartFacts) else PartFacts()
    has, needs = _told(part.current), _told(part.required)
    tone = Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN
    return Row(key, (mark, finding.subject, has, needs, text), tone, home=home)


PANE = PaneRows(
    id="gates",
    key="g",
    label="GATES",
    opens="gates",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)


def _told(value: FactValue) -> str:
    return "" if value is None else fact_text(value)
