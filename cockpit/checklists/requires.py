"""What must hold before an item may be ticked: probes, gates, other items, the former stage."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .items import Document, Item, Section, Status, counted
from .plan import Plan

_SETTLED = (Status.DONE, Status.DROPPED)
_BATCH = re.compile(r"\W*(?:batch|stage|phase|step|sprint|wave|week|day)\s+\d", re.IGNORECASE)
"""Headings that number the parts of a plan that come one after the other."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A probe, gate or item by name; `kind` is empty when the document does not say which."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.kind else self.name


@dataclass(frozen=True, slots=True)
class Unmet:
    """A requirement that does not hold, with a line for people."""

    requirement: Requirement
    text: str


Green = Callable[[Requirement], bool | None]
"""Whether a probe or gate is green now; None when nobody knows: then it is not."""


def read_requirement(text: str) -> Requirement:
    """`gate:promotion`, `probe:backend`, `item:P2A.1`, or a bare name."""
    kind, colon, name = text.strip().partition(":")
    if colon and kind in ("gate", "probe", "item", "listener", "heartbeat", "smoke", "checklist"):
        return Requirement(kind, name.strip())
    return Requirement("", text.strip())


def requirements_of(
    item: Item, configured: Mapping[str, Iterable[str]] | None = None
) -> tuple[Requirement, ...]:
    """Requirements in the item's comment, and those configured under its ID or text."""
    words = list(item.meta.requires)
    for name in (item.id, item.text):
        if name is not None and configured is not None:
            words += configured.get(name, ())
    return tuple(dict.fromkeys(read_requirement(word) for word in words))


def unmet(
    document: Document,
    item: Item,
    green: Green,
    *,
    configured: Mapping[str, Iterable[str]] | None = None,
    sequential: bool = False,
    plan: Plan | None = None,
) -> tuple[Unmet, ...]:
    """Everything that speaks against ticking `item` now.

    Args:
        document: the document it is in.
        item: the item.
        green: looks up probes and gates.
        configured: requirements from the config, by item ID or text.
        sequential: stages come in order: under headings `Batch 1`, `Batch 2`, … every item of the
            batch before must be done, in any order within a batch; elsewhere the item before it
            at the same level.
        plan: dependencies of items with an ID.
    """
    found = [
        missing
        for requirement in requirements_of(item, configured)
        if (missing := _check(document, requirement, green)) is not None
    ]
    if sequential:
        found += _stage_unmet(document, item)
    if plan is not None:
        found += _dependencies(plan, item)
    return tuple(found)


def done_but_red(
    document: Document,
    green: Green,
    *,
    configured: Mapping[str, Iterable[str]] | None = None,
    sequential: bool = False,
    plan: Plan | None = None,
) -> tuple[tuple[Item, tuple[Unmet, ...]], ...]:
    """Items that are marked done although something speaks against it."""
    found = []
    for item in document.items:
        if item.status is Status.DONE:
            missing = unmet(
                document, item, green, configured=configured, sequential=sequential, plan=plan
            )
            if missing:
                found.append((item, missing))
    return tuple(found)


def _check(document: Document, requirement: Requirement, green: Green) -> Unmet | None:
    if requirement.kind == "item":
        same = [i for i in document.items if requirement.name in (i.id, i.text)]
        if len(same) != 1:
            many = "several items have" if same else "no item has"
            return Unmet(requirement, f"{many} the name “{requirement.name}”")
        if same[0].status not in _SETTLED:
            return Unmet(requirement, f"“{same[0].text}” is {same[0].status}")
        return None
    state = green(requirement)
    if state:
        return None
    return Unmet(requirement, f"{requirement} is {'not known' if state is None else 'red'}")


def _stage_unmet(document: Document, item: Item) -> list[Unmet]:
    """The stage before the item's own, if it is not finished."""
    batch = _batch_of(document, item)
    if batch is not None:
        before = _batch_before(document, batch)
        if before is None or before.progress.done == before.progress.total:
            return []
        counts = f"{before.progress.done}/{before.progress.total}"
        text = f"the batch before it, “{before.title}” (line {before.line}), is at {counts}"
        return [Unmet(Requirement("item", before.title), text)]
    stage = _stage_before(document, item)
    if stage is None or stage.status in _SETTLED:
        return []
    text = f"the stage before it, “{stage.text}” (line {stage.line}), is {stage.status}"
    return [Unmet(Requirement("item", stage.id or stage.text), text)]


def _batch_of(document: Document, item: Item) -> Section | None:
    """The innermost section around an item whose heading numbers a batch."""
    index = document.index(item)
    around = [
        section
        for section in document.sections
        if section.first <= index < section.end and _BATCH.match(section.title)
    ]
    return around[-1] if around else None


def _batch_before(document: Document, batch: Section) -> Section | None:
    """The nearest batch above with items in it, under the same heading."""
    above = [
        section
        for section in document.sections
        if section.line < batch.line
        and section.path[:-1] == batch.path[:-1]
        and section.progress.total
        and _BATCH.match(section.title)
    ]
    return above[-1] if above else None


def _stage_before(document: Document, item: Item) -> Item | None:
    """The counted item before it at the same depth under the same parent."""
    stages = [
        other
        for other in counted(document.items)
        if other.depth == item.depth and other.parent == item.parent
    ]
    place = stages.index(item) if item in stages else 0
    return stages[place - 1] if place else None


def _dependencies(plan: Plan, item: Item) -> list[Unmet]:
    found: list[Unmet] = []
    for blocked in range(len(plan.tasks)):
        task = plan.tasks[blocked]
        if task.item != item:
            continue
        for need in plan.needs[blocked]:
            other = plan.tasks[need]
            if other.status not in _SETTLED:
                text = f"it depends on {other.id}, which is {other.status}"
                found.append(Unmet(Requirement("item", other.id), text))
        for words in plan.unclear[blocked]:
            text = f"its dependency “{words}” is not clear"
            found.append(Unmet(Requirement("item", words), text))
    return found
