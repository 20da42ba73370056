"""`list`, `show` and `next`: reading only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from cockpit.checklists import Document, Item, Progress
from cockpit.checklists.claims import read_claims, state_conflicts
from cockpit.checklists.plan import Plan, build_plan
from cockpit.checklists.tasks import Task
from cockpit.cli.checklist.common import (
    FILE,
    FILES,
    FORMAT,
    choose,
    files_or_configured,
    print_json,
    print_lines,
    read_document,
    which_item,
)
from cockpit.cli.checklist.history import history_of
from cockpit.cli.common import config_option
from cockpit.probes.checklist.plan_rows import (
    called,
    hours_text,
    sentence,
    together,
    waits_text,
)


@click.command("list")
@FILES
@config_option
@FORMAT
def list_items(files: tuple[Path, ...], config_path: Path | None, format_: str) -> None:
    """Every item of the files (default: the checklists of the config).

    JSON: an array of {file, line, status, form, marker, text, id, section, depth, parent, meta};
    `line` counts from 1, `parent` is the place of the parent among the items of its file, from 0.
    """
    documents = _read(files_or_configured(files, config_path))
    if format_ == "json":
        print_json([i.to_json(str(path)) for path, d in documents for i in d.items])
        return
    for path, document in documents:
        print_lines([f"{path}  {_progress(document.progress)}"])
        print_lines(map(_row, document.items))


@click.command("show")
@FILE
@which_item
@config_option
@FORMAT
def show(
    file: Path,
    line: int | None,
    wanted_id: str | None,
    wanted_text: str | None,
    config_path: Path | None,
    format_: str,
) -> None:
    """A file's progress by section and what it claims; with an item named, that item's history."""
    document = read_document(file)
    if line is None and wanted_id is None and wanted_text is None:
        _show_file(file, document, format_)
        return
    item = choose(file, document, line, wanted_id, wanted_text)
    history = history_of(file, item.key, config_path)
    if format_ == "json":
        print_json({**item.to_json(str(file)), "history": history})
        return
    print_lines([f"{file}:{item.line}", _row(item), f"section  {' > '.join(item.section)}"])
    print_lines(f"{name:8} {value}" for name, value in _meta(item))
    print_lines(f"history  {each['at']} {each['text']}  [{each['actor']}]" for each in history)


def _show_file(file: Path, document: Document, format_: str) -> None:
    claims = read_claims(document)
    if format_ == "json":
        print_json(
            {
                "file": str(file),
                "progress": _progress_json(document.progress),
                "sections": [
                    {
                        "section": list(section.path),
                        "line": section.line,
                        "progress": _progress_json(section.progress),
                    }
                    for section in document.sections
                ],
                "claims": [
                    {
                        "line": claim.line,
                        "text": claim.text,
                        "subject": claim.subject,
                        "claimed": claim.claimed,
                        "measured": claim.measured,
                        "doubtful": claim.doubtful,
                    }
                    for claim in claims
                ],
            }
        )
        return
    print_lines([f"{file}  {_progress(document.progress)}"])
    for section in document.sections:
        if section.progress.total:
            indent = "  " * section.level
            print_lines(
                [f"{section.line:6} {indent}{section.title}  {_progress(section.progress)}"]
            )
    print_lines(f"doubt: {claim.sentence()}" for claim in claims if claim.doubtful)


@click.command("next")
@FILES
@config_option
@FORMAT
def next_tasks(files: tuple[Path, ...], config_path: Path | None, format_: str) -> None:
    """What can start now, what blocks the rest, and the critical path in hours.

    Several files are read as one plan. References that could mean several tasks are listed, never
    guessed; a file without dependencies has its first open item as the next one.
    """
    documents = _read(files_or_configured(files, config_path))
    plan = build_plan([(str(path), document) for path, document in documents])
    first = [(path, _first_open(document)) for path, document in documents]
    conflicts = state_conflicts({str(path): document for path, document in documents})
    if format_ == "json":
        print_json(
            {
                **_plan_json(plan),
                "open": [item.to_json(str(path)) for path, item in first if item is not None],
                "conflicts": [
                    {
                        "name": conflict.name,
                        "states": [
                            {"file": name, "line": line, "status": str(status)}
                            for name, line, status in conflict.states
                        ],
                    }
                    for conflict in conflicts
                ],
            }
        )
        return
    if any(plan.needs) or any(plan.unclear) or plan.parallel:
        print_lines(_plan_lines(plan))
    else:
        print_lines(
            f"next     {path}:{item.line}  {item.text}"
            if item
            else f"next     {path}: {_nothing(document)}"
            for (path, item), (_, document) in zip(first, documents, strict=True)
        )
    for conflict in conflicts:
        states = ", ".join(f"{status} in {name}:{line}" for name, line, status in conflict.states)
        print_lines([f"conflict {conflict.name}: {states}"])


def _read(paths: Sequence[Path]) -> list[tuple[Path, Document]]:
    return [(path, read_document(path)) for path in paths]


def _first_open(document: Document) -> Item | None:
    return next((i for i in document.counted if i.status not in ("done", "dropped")), None)


def _nothing(document: Document) -> str:
    return "nothing open" if document.counted else "no items in it"


def _row(item: Item) -> str:
    name = f"{item.id} " if item.id and item.id not in item.text else ""
    return f"{item.line:6} {item.status:8} {'  ' * item.depth}{name}{item.text}"


def _meta(item: Item) -> Iterator[tuple[str, str]]:
    for name in ("priority", "depends", "owner", "due"):
        value = getattr(item.meta, name)
        if value is not None:
            yield name, value
    if item.meta.effort is not None:
        yield "effort", item.meta.effort.text
    if item.meta.requires:
        yield "requires", ", ".join(item.meta.requires)


def _progress(progress: Progress) -> str:
    told = f"{progress.done}/{progress.total}"
    if progress.effort_ratio is not None:
        told += f" ({progress.hours_done:g} of {progress.hours_total:g} h)"
    return told


def _progress_json(progress: Progress) -> dict[str, object]:
    return {
        "done": progress.done,
        "total": progress.total,
        "doing": progress.doing,
        "blocked": progress.blocked,
        "deferred": progress.deferred,
        "unknown": progress.unknown,
        "dropped": progress.dropped,
        "ratio": progress.ratio,
        "effort_ratio": progress.effort_ratio,
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


def _plan_json(plan: Plan) -> dict[str, object]:
    path = plan.critical_path()
    return {
        "ready": [_task_json(task) for task in plan.ready()],
        "doing": [_task_json(task) for task in plan.under_way()],
        "blocked": [
            {
                **_task_json(blocked.task),
                "waits_for": [task.id for task in blocked.waits_for],
                "unclear": list(blocked.unclear),
            }
            for blocked in plan.blocked()
        ],
        "critical_path": {
            "hours": [path.low, path.high],
            "without_effort": path.without_effort,
            "tasks": [_task_json(task) for task in path.tasks],
        },
        "parallel": [
            {
                "file": group.document,
                "line": group.line,
                "text": group.text,
                "ambiguous": group.ambiguous,
                "tasks": [task.id for task in group.tasks],
                "by_position": [task.id for task in group.by_position],
                "by_id": [task.id for task in group.by_id],
            }
            for group in plan.parallel
        ],
        "problems": [
            {
                "kind": str(problem.kind),
                "file": problem.document,
                "line": problem.line,
                "text": problem.text,
                "candidates": list(problem.candidates),
            }
            for problem in plan.problems
        ],
    }


def _plan_lines(plan: Plan) -> Iterator[str]:
    for task in plan.ready():
        yield f"ready    {_called(task)}"
    for task in plan.under_way():
        yield f"doing    {_called(task)}"
    for blocked in plan.blocked():
        marked = str(blocked.task.status) == "blocked"
        yield f"blocked  {_called(blocked.task)}"
        yield f"           {waits_text(blocked.waits_for, blocked.unclear, marked)}"
    path = plan.critical_path()
    if path.tasks:
        unknown = f", {path.without_effort} without an estimate" if path.without_effort else ""
        yield f"critical path {hours_text(path.low, path.high)}{unknown}:"
        yield f"           {' → '.join(task.id for task in path.tasks)}"
    for group in plan.parallel:
        word = "unclear " if group.ambiguous else "parallel"
        yield f"{word} {group.document}:{group.line} “{group.text}”: {together(group)}"
    for problem in plan.problems:
        yield f"problem  {problem.document} {sentence(problem)}"


def _called(task: Task) -> str:
    effort = task.effort
    hours = f"  ({hours_text(effort.low, effort.high)})" if effort is not None else ""
    return f"{task.document}:{task.line}  {called(task)}{hours}"
