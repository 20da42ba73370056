"""State files and switches: a row a switch with what it says."""

from __future__ import annotations

from datetime import datetime

from cockpit.kinds.state.facts import SwitchFacts
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

KINDS = ("state",)
COLUMNS = (Column("", 1), Column("SWITCH", 22), Column("", 0))


def rows(view: View) -> list[Row]:
    """The switches in the order of the config and of the file."""
    return finding_rows(view, KINDS, 1, _row)


def banner(view: View) -> Line:
    """Every state file in one line."""
    return summary(view, view.board.of_kind(*KINDS))


def _row(view: View, observation: Observation, finding: Finding) -> Row:
    tone = Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN
    stamp = _written(finding)
    tail = Span(f"{view.at(stamp)} {view.age(stamp):>3}", tone) if stamp else Span("")
    cells = (view.mark(finding.verdict), finding.subject, finding_text(view, finding))
    key = join_key(observation.probe, finding.key)
    return Row(key, cells, tone, tail=tail, home=bad(finding.verdict))


def _written(finding: Finding) -> datetime | None:
    return finding.facts.modified_at if isinstance(finding.facts, SwitchFacts) else None


PANE = PaneRows(
    id="state",
    key="t",
    label="STATE",
    opens="state files and switches",
    rows=rows,
    banner=banner,
    columns=COLUMNS,
)
