"""What the findings of a checklist state: its items, its part of the plan, the mirrors it owes.

Field names are the keys of the JSON of `check`. Statuses are words of `cockpit.checklists.Status`,
forms words of `cockpit.checklists.Form`; lines count from 1, hours are estimated hours of work.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from cockpit.facts import FactValue, FindingFacts
from cockpit.model import Finding

PlanPart: TypeAlias = Literal[
    "ready",
    "doing",
    "blocked",
    "path",
    "parallel",
    "sequence",
    "problem",
    "work",
    "repeated",
]
"""A part of the plan: what can start, is under way, can't start yet, lies on the critical path, may
run at the same time, goes one after the other, is not clear; the open work; IDs used twice."""

CLOSED = ("done", "dropped")
"""Statuses of an item that is no work any more."""


@dataclass(frozen=True, slots=True)
class ItemFacts(FindingFacts, type="checklist.item"):
    """An item of the file: its state, its place, and what it says about itself.

    `line` is that of the marker; `marker` is as in the file (`x`, `⏳`); `depth` counts the items
    around it; `section` is the path of its headings, joined by ` > `; `anchor` is JSON that finds
    the item again, empty for one that can't be set from the screen. `computed` is the status that
    its sub-items say of it, None where it has none. An item that progress does not count
    (`counted` False) can be set all the same. `effort` is as written, `hours_low` and `hours_high`
    are its range in hours; `due` is as written; `requires` names probes, gates and items.
    """

    line: int
    status: str
    marker: str
    form: str
    depth: int
    section: str
    id: str | None = None
    anchor: str = ""
    computed: str | None = None
    counted: bool = True
    priority: str | None = None
    depends: str | None = None
    owner: str | None = None
    due: str | None = None
    effort: str | None = None
    hours_low: float | None = None
    hours_high: float | None = None
    requires: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[str, FactValue]]:
        """Name and value of what the item states; that it counts and requires nothing goes
        without saying."""
        for name, value in FindingFacts.items(self):
            if not (name == "counted" and value) and not (name == "requires" and not value):
                yield name, value


@dataclass(frozen=True, slots=True)
class OverwrittenEditFacts(ItemFacts, type="checklist.overwritten-edit"):
    """An item whose last edit another program has undone.

    `reverted_from` is the status that was set, `reverted_item` the key that the item had then.
    """

    reverted_from: str = field(kw_only=True)
    reverted_item: str = field(kw_only=True)

    @classmethod
    def of(cls, item: ItemFacts, *, status: str, key: str) -> OverwrittenEditFacts:
        """The facts of an item with what was set and undone."""
        known = {each.name: getattr(item, each.name) for each in dataclasses.fields(ItemFacts)}
        return cls(**known, reverted_from=status, reverted_item=key)


@dataclass(frozen=True, slots=True)
class PlanFacts(FindingFacts, type="checklist.plan"):
    """A row of one part of the plan, and the line it speaks of, if it speaks of one."""

    plan: PlanPart
    line: int | None = None


@dataclass(frozen=True, slots=True)
class PlanTaskFacts(PlanFacts, type="checklist.plan-task"):
    """A task in a part of the plan.

    `file` is named as in the config. `status`, `item` (its key) and `anchor` are there for a task
    that is an item and can be set where the plan is shown. `hours` is a text (`3-4 h`), empty for
    a task that names none; `order` is its place on the critical path, from 1.
    """

    file: str | None = None
    status: str | None = None
    item: str | None = None
    anchor: str | None = None
    hours: str = ""
    order: int | None = None


@dataclass(frozen=True, slots=True)
class PlanTotalFacts(PlanFacts, type="checklist.plan-total"):
    """What a part of the plan says of all checklists together: each of them tells it alike."""


@dataclass(frozen=True, slots=True)
class PendingMirrorFacts(FindingFacts, type="checklist.pending-mirror"):
    """An item of a mirror that is still to be written.

    `mirror` is the file, absolute; `to` the status that the item is to get there.
    """

    mirror: str
    to: str


@dataclass(frozen=True, slots=True)
class UnreadableFacts(FindingFacts, type="checklist.unreadable"):
    """A checklist whose file can't be read: nothing is known of its items."""


def counts(finding: Finding) -> bool:
    """Whether a finding is of an item that progress counts."""
    return isinstance(finding.facts, ItemFacts) and finding.facts.counted


def item_key(finding: Finding) -> str:
    """The key of the item that a finding stands for: its own, or that of a task of the plan."""
    facts = finding.facts
    return facts.item if isinstance(facts, PlanTaskFacts) and facts.item else finding.key
