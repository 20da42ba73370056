"""Probes of kinds that have no rows of their own: a row a finding, in the words it gives itself."""

from __future__ import annotations

from collections.abc import Collection

from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import (
    Column,
    Line,
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

COLUMNS = (Column("", 1), Column("FINDING", 18), Column("", 0))


def rows(view: View, claimed: Collection[str]) -> list[Row]:
    """A heading a probe whose kind is not `claimed` by a pane, and a row a finding."""
    lines: list[Row] = []
    for observation in _shown(view, claimed):
        lines.append(head_row(view, observation))
        lines.extend(_row(view, observation, finding) for finding in observation.findings)
    return lines


def banner(view: View, claimed: Collection[str]) -> Line:
    """Every probe of such kinds in one line."""
    return summary(view, _shown(view, claimed))


def _shown(view: View, claimed: Collection[str]) -> list[Observation]:
    return [one for one in view.board.observations.values() if one.kind not in claimed]


def _row(view: View, observation: Observation, finding: Finding) -> Row:
    tone = Tone.OK if finding.verdict is Verdict.OK else Tone.PLAIN
    facts = " ".join(f"{name}={value}" for name, value in finding.facts.items())
    told = (*finding_text(view, finding), Span(f"  {facts}" if facts else "", Tone.DIM))
    cells = (view.mark(finding.verdict), f" {finding.subject or finding.key}", told)
    return Row(join_key(observation.probe, finding.key), cells, tone, home=bad(finding.verdict))
