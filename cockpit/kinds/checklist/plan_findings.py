"""A checklist's part of the combined plan as findings: what can start, what waits for what.

Every checklist tells of its own tasks, so that they can be set where the plan is shown; what holds
for all of them (critical path, open work, IDs used twice) each of them tells alike.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cockpit.checklists import Status
from cockpit.checklists.parsing.tasks import Task
from cockpit.checklists.plans.combined_plan import CombinedPlan
from cockpit.checklists.plans.plan import Plan
from cockpit.checklists.plans.stages import ParallelGroup
from cockpit.kinds.checklist.facts import PlanFacts, PlanPart, PlanTaskFacts, PlanTotalFacts
from cockpit.kinds.checklist.plan_text import (
    called,
    counted,
    open_text,
    path_text,
    repeated_text,
    sentence,
    task_hours,
    together,
    waits_text,
)
from cockpit.model import Finding, Verdict

PREFIX = "plan:"
"""Keys of these findings begin with it; they are no items."""
_MOST = 200
"""Rows of one part; how many more there are is said."""
_MORE = "more"


@dataclass(frozen=True, slots=True)
class PlanFindings:
    """The plan of one document in the words of the probes."""

    combined: CombinedPlan
    findings: tuple[Finding, ...]
    troubles: tuple[str, ...]
    hours_done: float
    hours_total: float
    """Middle of the ranges, over the tasks that name hours; dropped ones are left out."""
    without_hours: int
    """Open tasks that name none: they are in neither figure."""


def read_plan(
    name: str, combined: CombinedPlan, anchors: Mapping[int, str] | None = None
) -> PlanFindings:
    """A document's part of a combined plan that it takes part in. Pure.

    `anchors` has the anchor of an item, as text, by the item's `id()`: with it a task that is an
    item can be set where the plan is shown.
    """
    tasks = [
        t for t in combined.plan.tasks if t.document == name and t.status is not Status.DROPPED
    ]
    efforts = [(task.effort.middle, task.status) for task in tasks if task.effort is not None]
    planned = name in combined.planned
    problems = [each for each in combined.problems() if each.document == name]
    return PlanFindings(
        combined=combined,
        findings=_Rows(name, combined, anchors or {}).all(),
        troubles=tuple(map(sentence, problems)) if planned else (),
        hours_done=sum(hours for hours, status in efforts if status is Status.DONE),
        hours_total=sum(hours for hours, _ in efforts),
        without_hours=sum(task.effort is None and task.status is not Status.DONE for task in tasks),
    )


def without_unclear(plan: Plan) -> Plan:
    """The plan with the references nobody understands left out: they prove nothing red."""
    return replace(plan, unclear=((),) * len(plan.tasks))


def _identities(tasks: Iterable[Task]) -> Iterator[str]:
    """A name for each task that stays with it when others come and go: a cursor rests on it."""
    seen: Counter[str] = Counter()
    for task in tasks:
        if task.item is not None:
            yield task.item.key
            continue
        name = f"{task.id}\x1f{task.text}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(name, digest_size=8).hexdigest()
        seen[digest] += 1
        yield f"line-{digest}-{seen[digest]}"


@dataclass(frozen=True, slots=True)
class _Rows:
    """Makes the findings of one document."""

    name: str
    combined: CombinedPlan
    anchors: Mapping[int, str]

    def all(self) -> tuple[Finding, ...]:
        combined = self.combined
        if self.name not in combined.planned:
            return ()  # nothing depends on anything, or the checklist it is the image of tells it
        own = self._own
        found = [*self._part("ready", ((t, "can start now") for t in own(combined.ready())))]
        found += self._part("doing", ((t, "under way") for t in own(combined.under_way())))
        waiting = (b for b in combined.blocked() if b.task.document == self.name)
        found += self._part("blocked", ((b.task, waits_text(b)) for b in waiting))
        path = enumerate(combined.critical_path.tasks[:_MOST], 1)
        along = [(n, task) for n, task in path if task.document == self.name]
        names = _identities(task for _, task in along)
        found += [
            self._task("path", name, task, order=n)
            for (n, task), name in zip(along, names, strict=True)
        ]
        parts: tuple[tuple[PlanPart, Sequence[ParallelGroup]], ...] = (
            ("parallel", combined.parallel()),
            ("sequence", combined.in_order()),
        )
        for part, told in parts:
            groups = [group for group in told if group.document == self.name]
            found += [
                self._finding(PlanFacts(part, group.line), n, group.text, together(group))
                for n, group in enumerate(groups[:_MOST], 1)
            ]
        problems = [each for each in combined.problems() if each.document == self.name]
        found += [
            self._finding(PlanFacts("problem", problem.line), n, sentence(problem))
            for n, problem in enumerate(problems[:_MOST], 1)
        ]
        return (*found, *self._whole())

    def _own(self, tasks: Iterable[Task]) -> list[Task]:
        return [task for task in tasks if task.document == self.name]

    def _part(self, part: PlanPart, rows: Iterable[tuple[Task, str]]) -> Iterable[Finding]:
        listed = list(rows)
        names = _identities(task for task, _ in listed)
        for (task, text), name in zip(listed[:_MOST], names, strict=False):
            yield self._task(part, name, task, text)
        if len(listed) > _MOST:
            more = f"and {counted(len(listed) - _MOST, 'more task')} of {self.name}"
            yield self._finding(PlanFacts(part), _MORE, more)

    def _whole(self) -> Iterable[Finding]:
        """What holds for all the checklists together."""
        combined = self.combined
        path = combined.critical_path
        if path.tasks:
            named = counted(len(path.tasks), "task")
            yield self._finding(PlanTotalFacts("path"), 0, named, path_text(combined))
        if combined.open_work.tasks:
            yield self._finding(PlanTotalFacts("work"), 0, open_text(combined))
        repeated = repeated_text(combined.repeated())
        if repeated:
            yield self._finding(PlanTotalFacts("repeated"), 0, repeated)

    def _task(
        self, part: PlanPart, name: str, task: Task, text: str = "", order: int | None = None
    ) -> Finding:
        """A task by its identity: its key stays its own, wherever the task stands among others."""
        item = task.item
        settable = item is not None and id(item) in self.anchors
        facts = PlanTaskFacts(
            plan=part,
            line=task.line,
            file=self.name,
            status=str(item.status) if item is not None and settable else None,
            item=item.key if item is not None and settable else None,
            anchor=self.anchors[id(item)] if settable else None,
            hours=task_hours(task),
            order=order,
        )
        return self._finding(facts, name, called(task), text)

    def _finding(self, facts: PlanFacts, name: str | int, subject: str, text: str = "") -> Finding:
        return Finding(
            key=f"{PREFIX}{facts.plan}:{name}",
            verdict=Verdict.OK,
            subject=subject,
            text=text,
            quiet=True,
            facts=facts,
        )
