"""The plan of a checklist as findings: what can start, what is under way, what waits for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cockpit.checklists import Document, Status
from cockpit.checklists.parallel import ParallelGroup
from cockpit.checklists.plan import Plan, Problem, Trouble, build_plan
from cockpit.checklists.tasks import Task
from cockpit.model import Facts, FactValue, Finding, Verdict

PREFIX = "plan:"
"""Keys of these findings begin with it; they are no items."""
_MOST = 40
_WORDS = {
    Trouble.DANGLING: "refers to “{}”, which is nowhere",
    Trouble.AMBIGUOUS: "refers to “{}”, which could be several tasks",
    Trouble.CYCLE: "tasks wait for each other: {}",
    Trouble.DUPLICATE: "the ID {} stands for several tasks",
}


@dataclass(frozen=True, slots=True)
class PlanReading:
    """The plan of one document in the words of the probes."""

    plan: Plan
    findings: tuple[Finding, ...]
    troubles: tuple[str, ...]
    hours_done: float
    hours_total: float
    """Middle of the ranges, over the tasks that name hours; dropped ones are left out."""


def plan_among(name: str, document: Document, others: Mapping[str, Document]) -> Plan:
    """The plan of a document; together with the others where it names what only they have.

    A document that speaks of its own tasks alone is read alone: the same IDs in other documents
    make nothing in it ambiguous. Pure.
    """
    alone = build_plan([(name, document)])
    if not others or not any(each.kind is Trouble.DANGLING for each in alone.problems):
        return alone
    whole = build_plan([(name, document), *others.items()])
    crosses = any(
        task.document == name and whole.tasks[need].document != name
        for task, needs in zip(whole.tasks, whole.needs, strict=True)
        for need in needs
    )
    return whole if crosses else alone


def read_plan(
    name: str,
    document: Document,
    anchors: Mapping[int, str] | None = None,
    others: Mapping[str, Document] | None = None,
) -> PlanReading:
    """Plan, findings and troubles; no findings where nothing depends on anything. Pure.

    `anchors` has the anchor of an item, as text, by the item's `id()`: with it a task that is an
    item can be set where the plan is shown.
    """
    plan = plan_among(name, document, others or {})
    efforts = [
        (task.effort.middle, task.status)
        for task in plan.tasks
        if task.effort is not None and task.status is not Status.DROPPED and task.document == name
    ]
    planned = any(plan.needs) or any(plan.unclear) or bool(efforts) or bool(plan.parallel)
    return PlanReading(
        plan=plan,
        findings=_findings(plan, name, anchors or {}) if planned else (),
        troubles=tuple(sentence(each) for each in plan.problems if each.document == name)
        if planned
        else (),
        hours_done=sum(hours for hours, status in efforts if status is Status.DONE),
        hours_total=sum(hours for hours, _ in efforts),
    )


def without_unclear(plan: Plan) -> Plan:
    """The plan with the references nobody understands left out: they prove nothing red."""
    return replace(plan, unclear=((),) * len(plan.tasks))


def sentence(problem: Problem) -> str:
    """A fault of a plan in one line."""
    text = f"line {problem.line} {_WORDS[problem.kind].format(problem.text)}"
    return text + (f" ({'; '.join(problem.candidates)})" if problem.candidates else "")


def called(task: Task) -> str:
    """A task by ID and text, the ID said once."""
    return task.text if task.id in task.text else f"{task.id} {task.text}"


def hours_text(low: float, high: float) -> str:
    """`3-4 h`, `3 h`."""
    return f"{low:g} h" if low == high else f"{low:g}-{high:g} h"


def waits_text(waits: Iterable[Task], unclear: Sequence[str], marked: bool) -> str:
    """Why a task can't start."""
    parts = [f"waits for {', '.join(f'{t.id} ({t.status})' for t in waits)}"]
    parts = parts if parts[0] != "waits for " else []
    if unclear:
        parts.append(f"not clear what is meant by {', '.join(f'“{word}”' for word in unclear)}")
    if marked:
        parts.append("marked as blocked")
    return "; ".join(parts)


def together(group: ParallelGroup) -> str:
    """Which tasks of a group may run at the same time, or why nobody can tell."""
    if group.ambiguous:
        position, by_id = (", ".join(t.id for t in g) for g in (group.by_position, group.by_id))
        return f"not clear: by position {position}; by ID {by_id}"
    if not group.tasks:
        return "no tasks of that name"
    return f"together: {', '.join(f'{task.id} ({task.status})' for task in group.tasks)}"


def _findings(plan: Plan, name: str, anchors: Mapping[int, str]) -> tuple[Finding, ...]:
    def row(part: str, number: int, task: Task, text: str = "") -> Finding:
        here = task.document == name
        told = called(task) if here else f"{called(task)} in {task.document}"
        return _finding(part, number, told, text, _facts(task, anchors))

    def own(tasks: Iterable[Task]) -> Iterable[tuple[int, Task]]:
        return _first([task for task in tasks if task.document == name])

    found = [row("ready", n, task, "can start now") for n, task in own(plan.ready())]
    found += [row("doing", n, task, "under way") for n, task in own(plan.under_way())]
    waiting = [blocked for blocked in plan.blocked() if blocked.task.document == name]
    for n, blocked in enumerate(waiting[:_MOST], 1):
        marked = blocked.task.status is Status.BLOCKED
        text = waits_text(blocked.waits_for, blocked.unclear, marked)
        found.append(row("blocked", n, blocked.task, text))
    path = plan.critical_path()
    if path.tasks:
        text = hours_text(path.low, path.high)
        if path.without_effort:
            text += f" and {path.without_effort} without an estimate"
        if any(task.document != name for task in path.tasks):
            text += ", over several checklists"
        found.append(_finding("path", 0, f"{len(path.tasks)} tasks", text, {}))
        found += [row("path", n, task) for n, task in _first(path.tasks)]
    groups = [group for group in plan.parallel if group.document == name]
    found += [
        _finding("parallel", n, group.text, together(group), {"line": group.line})
        for n, group in enumerate(groups[:_MOST], 1)
    ]
    problems = [problem for problem in plan.problems if problem.document == name]
    found += [
        _finding("problem", n, sentence(problem), "", {"line": problem.line})
        for n, problem in enumerate(problems[:_MOST], 1)
    ]
    return tuple(found)


def _first(tasks: Sequence[Task]) -> Iterable[tuple[int, Task]]:
    return enumerate(tasks[:_MOST], 1)


def _facts(task: Task, anchors: Mapping[int, str]) -> Facts:
    effort = task.effort
    hours = hours_text(effort.low, effort.high) if effort is not None else ""
    facts: dict[str, FactValue] = {"line": task.line, "hours": hours}
    if task.item is not None and id(task.item) in anchors:
        facts["status"] = str(task.status)
        facts["item"] = task.item.key
        facts["anchor"] = anchors[id(task.item)]
    return facts


def _finding(part: str, number: int, subject: str, text: str, facts: Facts) -> Finding:
    return Finding(
        key=f"{PREFIX}{part}:{number}",
        verdict=Verdict.OK,
        subject=subject,
        text=text,
        facts={"plan": part, **facts},
    )
