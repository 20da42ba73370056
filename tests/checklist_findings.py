"""What the findings of a checklist state, for tests that look at a board."""

from __future__ import annotations

from cockpit.kinds.checklist.facts import ItemFacts, PlanFacts
from cockpit.model import Finding, Observation


def item_facts(finding: Finding) -> ItemFacts:
    """The facts of a finding that must be of an item."""
    assert isinstance(finding.facts, ItemFacts), finding
    return finding.facts


def items(observation: Observation) -> list[Finding]:
    """The findings of items, in the order of the file."""
    return [one for one in observation.findings if isinstance(one.facts, ItemFacts)]


def of_plan(observation: Observation, part: str = "") -> list[tuple[Finding, PlanFacts]]:
    """The findings of a part of the plan, or of all parts, each with its facts."""
    return [
        (one, one.facts)
        for one in observation.findings
        if isinstance(one.facts, PlanFacts) and part in ("", one.facts.plan)
    ]
