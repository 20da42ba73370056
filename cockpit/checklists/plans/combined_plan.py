"""The combined plan of all checklists of a config: for `next` and the plan pane."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TypeAlias

from cockpit.checklists.parsing.items import Document, Item, Status
from cockpit.checklists.parsing.tasks import Task, with_unnamed
from cockpit.checklists.plans.builder import Parts, build_plan, read_parts
from cockpit.checklists.plans.plan import Blocked, CriticalPath, Plan, PlanIssue, Work
from cockpit.checklists.plans.stages import ParallelGroup

_SETTLED = (Status.DONE, Status.DROPPED)
_KEPT = 4


@dataclass(frozen=True, slots=True)
class Source:
    """A checklist that takes part in the plan."""

    name: str
    document: Document
    sequential: bool = False
    """Its batches or stages come one after the other."""


@dataclass(frozen=True, slots=True)
class First:
    """The first open item of a document in which nothing depends on anything."""

    document: str
    item: Item | None
    """None: nothing is open."""
    more: int
    """Open items after it."""
    empty: bool
    """Nothing in the document counts as an item."""


@dataclass(frozen=True)
class CombinedPlan:
    """The plan of several documents. A document is planned when something in it depends on
    something, is depended on, or has hours; of the others the first open item is told."""

    sources: tuple[Source, ...]
    plan: Plan

    @cached_property
    def planned(self) -> frozenset[str]:
        """Names of the documents that are planned."""
        plan = self.plan
        found = {group.document for group in plan.parallel}
        for number, task in enumerate(plan.tasks):
            behind = plan.behind[number] if plan.behind else ()
            if plan.needs[number] or plan.unclear[number] or behind or task.effort is not None:
                found.add(task.document)
            found.update(plan.tasks[need].document for need in plan.needs[number])
        return frozenset(found)

    def ready(self) -> tuple[Task, ...]:
        """The tasks that can start now in the planned documents."""
        return self._of_planned(self.plan.ready())

    def under_way(self) -> tuple[Task, ...]:
        """The tasks that are begun in them."""
        return self._of_planned(self.plan.under_way())

    def blocked(self) -> tuple[Blocked, ...]:
        """The tasks that can't start in them, and why."""
        return tuple(b for b in self.plan.blocked() if b.task.document in self.planned)

    @cached_property
    def critical_path(self) -> CriticalPath:
        """The longest chain of open work, through all the planned documents."""
        path = self.plan.critical_path()
        tasks = self._of_planned(path.tasks)
        return path if len(tasks) == len(path.tasks) else CriticalPath((), Work())

    def first(self) -> tuple[First, ...]:
        """The next item of each document that is not planned."""
        found = []
        for source in self.sources:
            if source.name not in self.planned:
                items = source.document.counted
                left = [item for item in items if item.status not in _SETTLED]
                item = left[0] if left else None
                found.append(First(source.name, item, max(0, len(left) - 1), not items))
        return tuple(found)

    @cached_property
    def open_work(self) -> Work:
        """All tasks of the planned documents that are not done."""
        return Work.of(task.effort for task in self._of_planned(self.plan.open()))

    @cached_property
    def loose(self) -> int:
        """Open items that are in no plan: those of documents that are not planned, and in planned
        ones those without an ID that belong to no task. Nobody has said how long they take."""
        found = sum(first.more + 1 for first in self.first() if first.item is not None)
        for source in self.sources:
            if source.name in self.planned and not source.sequential:
                tasks = [task for task in self.plan.tasks if task.document == source.name]
                every = with_unnamed(source.name, source.document, tasks)
                found += sum(not task.id and task.status not in _SETTLED for task in every)
        return found

    @cached_property
    def unestimated(self) -> int:
        """Open planned tasks beside the critical path that name no hours: a chain with some of
        them may be longer than it."""
        return self.open_work.without_effort - self.critical_path.work.without_effort

    def parallel(self) -> tuple[ParallelGroup, ...]:
        """The groups of tasks that may run at the same time, by the documents."""
        return tuple(group for group in self.plan.parallel if not group.in_order)

    def in_order(self) -> tuple[ParallelGroup, ...]:
        """The groups of tasks that come one after the other, by the documents."""
        return tuple(group for group in self.plan.parallel if group.in_order)

    def problems(self) -> tuple[PlanIssue, ...]:
        """What is wrong with the plan. IDs that are one document's own in each of several
        documents are left out: `repeated` has them."""
        return tuple(each for each in self.plan.problems if not each.across)

    def repeated(self) -> tuple[PlanIssue, ...]:
        """IDs that several documents use, each for a task of its own. A reference means the task
        of its own document; from a third one it would be ambiguous."""
        return tuple(each for each in self.plan.problems if each.across)

    def _of_planned(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        return tuple(task for task in tasks if task.document in self.planned)


def combine_plans(
    sources: Sequence[Source], read: Callable[[str, Document], Parts] = read_parts
) -> CombinedPlan:
    """The plan of these documents together; `read` as for `build_plan`."""
    sequential = {source.name for source in sources if source.sequential}
    plan = build_plan(((source.name, source.document) for source in sources), sequential, read)
    return CombinedPlan(tuple(sources), plan)


_Key: TypeAlias = tuple[tuple[str, int, bool], ...]


class CombinedPlanCache:
    """A cache of the last few combined plans: several probes ask for the same one. Safe from
    several threads.

    When one of several documents changes, the parts of the others are not read again.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, CombinedPlan] = OrderedDict()
        self._parts: dict[tuple[str, int], Parts] = {}
        """By name and identity of documents that the kept plans hold."""
        self._lock = Lock()

    def plan(self, sources: Sequence[Source]) -> CombinedPlan:
        """`combine_plans(sources)`, remembered as long as the documents are the very same."""
        key = tuple((each.name, id(each.document), each.sequential) for each in sources)
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
            # Within the lock: the others wait for this plan instead of making it as well. A kept
            # plan holds its documents, so that their identities are not given to others.
            made = combine_plans(sources, self._read)
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            sources = [each for joint in self._kept.values() for each in joint.sources]
            held = {(each.name, id(each.document)) for each in sources}
            self._parts = {place: parts for place, parts in self._parts.items() if place in held}
            return made

    def _read(self, name: str, document: Document) -> Parts:
        place = (name, id(document))
        if place not in self._parts:
            self._parts[place] = read_parts(name, document)
        return self._parts[place]


PLANS = CombinedPlanCache()
