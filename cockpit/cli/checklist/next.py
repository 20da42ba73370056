"""`next`: print the plan of one or several checklists, the same as the plan pane shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from cockpit.checklists.parsing.claims import StateConflict, state_conflicts
from cockpit.checklists.parsing.tasks import Task
from cockpit.checklists.plans.combined_plan import CombinedPlan, First, Source, combine_plans
from cockpit.checklists.plans.plan import Blocked, PlanIssue, Work
from cockpit.checklists.plans.stages import ParallelGroup
from cockpit.cli.checklist.common import (
    FILES,
    FORMAT,
    config_if_any,
    files_or_configured,
    print_json,
    print_lines,
    read_document,
)
from cockpit.cli.common import config_option
from cockpit.cli.exits import CommandError
from cockpit.config.models import LoadedConfig
from cockpit.kinds.checklist.edit_history import same_file
from cockpit.kinds.checklist.plan_text import (
    called,
    first_text,
    open_text,
    path_text,
    repeated_text,
    sentence,
    task_hours,
    together,
    waits_text,
)
from cockpit.kinds.checklist.related_lists import planned, related_lists


@click.command("next")
@FILES
@config_option
@FORMAT
def next_tasks(files: tuple[Path, ...], config_path: Path | None, format_: str) -> None:
    """What can start now, what blocks the rest, and the critical path in hours.

    Without FILES: one plan of all checklists of the config, without their mirrors. Several files
    are read as one plan. `order = "sequential"` of the config holds for its checklists. References
    that could mean several tasks are listed, never guessed. A file in which nothing depends on
    anything has its first open item as the next one.
    """
    sources = _sources(files, config_path, short=format_ != "json")
    plan = combine_plans(sources)
    conflicts = state_conflicts({source.name: source.document for source in sources})
    if format_ == "json":
        print_json({**_as_json(plan), "conflicts": [_conflict_json(each) for each in conflicts]})
        return
    print_lines(_lines(plan))
    for conflict in conflicts:
        states = ", ".join(f"{status} in {name}:{line}" for name, line, status in conflict.states)
        print_lines([f"conflict {conflict.name}: {states}"])


def _sources(files: Sequence[Path], config_path: Path | None, *, short: bool) -> list[Source]:
    """The files named, or the config's checklists that make its plan."""
    loaded = _config(files, config_path)
    lists = related_lists(loaded.config, loaded.folder) if loaded is not None else {}
    sequential = {same_file(each.path) for each in lists.values() if each.sequential}
    images = {same_file(lists[name].path) for name in lists.keys() - set(planned(lists))}
    return [
        Source(_name(path, short), read_document(path), same_file(path) in sequential)
        for path in files_or_configured(files, config_path)
        if files or same_file(path) not in images
    ]


def _config(files: Sequence[Path], config_path: Path | None) -> LoadedConfig | None:
    """The config; reading files that were named needs none, so that a bad one is only told."""
    try:
        return config_if_any(config_path)
    except CommandError:
        if not files or config_path is not None:
            raise
        click.echo("cockpit.toml is not used: `cockpit config validate` says why", err=True)
        return None


def _name(path: Path, short: bool) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if short and path.is_relative_to(here) else path)


def _lines(plan: CombinedPlan) -> Iterator[str]:
    for task in plan.ready():
        yield f"ready    {_called(task)}"
    for first in plan.first():
        yield _first_line(first)
    for task in plan.under_way():
        yield f"doing    {_called(task)}"
    for why, run in groupby(plan.blocked(), key=waits_text):
        for number, blocked in enumerate(run):
            yield f"{'' if number else 'blocked':8} {_called(blocked.task)}"
        yield f"           {why}"
    path = plan.critical_path
    if path.tasks:
        yield f"critical path {path_text(plan)}:"
        several = len({task.document for task in path.tasks}) > 1
        named = (f"{t.name} ({t.document})" if several else t.name for t in path.tasks)
        yield f"           {' → '.join(named)}"
    if plan.open_work.tasks and plan.planned:
        yield f"open work {open_text(plan)}"
    for group in (*plan.parallel(), *plan.in_order()):
        word = "in order" if group.in_order else "parallel"
        word = "unclear " if group.ambiguous else word
        yield f"{word} {group.document}:{group.line} “{group.text}”: {together(group)}"
    for problem in plan.problems():
        yield f"problem  {problem.document} {sentence(problem)}"
    repeated = repeated_text(plan.repeated())
    if repeated:
        yield f"note     {repeated}"


def _first_line(first: First) -> str:
    text = first_text(first)
    if first.item is None:
        return f"next     {first.document}: {text}"
    return f"next     {first.document}:{first.item.line}  {first.item.text}" + (
        f"  ({text})" if text else ""
    )


def _called(task: Task) -> str:
    hours = f"  ({task_hours(task)})" if task.effort is not None else ""
    return f"{task.document}:{task.line}  {called(task)}{hours}"


def _as_json(plan: CombinedPlan) -> dict[str, object]:
    path = plan.critical_path
    return {
        "ready": [_task_json(task) for task in plan.ready()],
        "doing": [_task_json(task) for task in plan.under_way()],
        "blocked": [_blocked_json(blocked) for blocked in plan.blocked()],
        "critical_path": {
            **_work_json(path.work),
            "tasks": [_task_json(task) for task in path.tasks],
        },
        "open_work": {**_work_json(plan.open_work), "loose_items": plan.loose},
        "open": [
            first.item.to_json(first.document) for first in plan.first() if first.item is not None
        ],
        "parallel": [_group_json(group) for group in plan.parallel()],
        "in_order": [_group_json(group) for group in plan.in_order()],
        "problems": [_problem_json(each) for each in (*plan.problems(), *plan.repeated())],
    }


def _task_json(task: Task) -> dict[str, object]:
    effort = task.effort
    return {
        "file": task.document,
        "line": task.line,
        "id": task.id,
        "text": task.text,
        "status": str(task.status),
        "hours": [effort.low, effort.high] if effort is not None else None,
    }


def _blocked_json(blocked: Blocked) -> dict[str, object]:
    return {
        **_task_json(blocked.task),
        "waits_for": [task.id or task.text for task in blocked.waits_for],
        "waits_at": [{"file": t.document, "line": t.line} for t in blocked.waits_for],
        "behind": [
            {"file": gate.document, "line": gate.batch.line, "batch": gate.batch.title}
            for gate in blocked.behind
        ],
        "unclear": list(blocked.unclear),
    }


def _work_json(work: Work) -> dict[str, object]:
    return {
        "count": work.tasks,
        "hours": [work.low, work.high],
        "without_effort": work.without_effort,
    }


def _group_json(group: ParallelGroup) -> dict[str, object]:
    return {
        "file": group.document,
        "line": group.line,
        "text": group.text,
        "ambiguous": group.ambiguous,
        "tasks": [task.id for task in group.tasks],
        "by_position": [task.id for task in group.by_position],
        "by_id": [task.id for task in group.by_id],
    }


def _problem_json(problem: PlanIssue) -> dict[str, object]:
    return {
        "kind": str(problem.kind),
        "file": problem.document,
        "line": problem.line,
        "text": problem.text,
        "candidates": list(problem.candidates),
    }


def _conflict_json(conflict: StateConflict) -> dict[str, object]:
    return {
        "name": conflict.name,
        "states": [
            {"file": name, "line": line, "status": str(status)}
            for name, line, status in conflict.states
        ],
    }
