"""`list` and `show`: print items and progress. Reading only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from cockpit.checklists import Document, Item, Progress
from cockpit.checklists.parsing.claims import read_claims
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
from cockpit.cli.checklist.history import history_line, history_of
from cockpit.cli.common import config_option
from cockpit.kinds.checklist import findings
from cockpit.kinds.checklist.plan_text import hours_done_text


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
        print_lines([f"{path}  {_counts(document)}"])
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
    print_lines(map(history_line, history))


def _show_file(file: Path, document: Document, format_: str) -> None:
    claims = read_claims(document)
    # Where the items name no hours, the tasks above them may, as on the screen.
    hours = findings.read_document(document).hours
    if format_ == "json":
        print_json(
            {
                "file": str(file),
                "progress": _progress_json(document.progress),
                "hours": _hours_json(hours),
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
    told = f" ({hours_done_text(*hours)})" if hours and not document.progress.weighed else ""
    print_lines([f"{file}  {_counts(document, told)}"])
    for section in document.sections:
        if section.progress.total:
            indent = "  " * section.level
            print_lines(
                [f"{section.line:6} {indent}{section.title}  {_progress(section.progress)}"]
            )
    print_lines(f"doubt: {claim.sentence()}" for claim in claims if claim.doubtful)


def _read(paths: Sequence[Path]) -> list[tuple[Path, Document]]:
    return [(path, read_document(path)) for path in paths]


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


def _counts(document: Document, hours: str = "") -> str:
    """The progress of a file, and which of its items are in no count. `hours` are those of its
    tasks, where its items have none."""
    if document.without_items:
        return document.without_items
    counts = {item.span for item in document.counted}
    beside = Counter(str(item.form) for item in document.items if item.span not in counts)
    told = ", ".join(f"{number} {form}" for form, number in beside.items())
    return (
        _progress(document.progress)
        + hours
        + (f"; not counted beside these: {told}" if told else "")
    )


def _progress(progress: Progress) -> str:
    told = f"{progress.done}/{progress.total}"
    if progress.weighed:
        without = progress.total - progress.weighed
        told += f" ({hours_done_text(progress.hours_done, progress.hours_total, without)})"
    return told


def _hours_json(hours: tuple[float, float, int] | None) -> dict[str, float] | None:
    if hours is None:
        return None
    return dict(zip(("done", "total", "without"), hours, strict=True))


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
        "hours_done": progress.hours_done,
        "hours_total": progress.hours_total,
        "without_hours": progress.total - progress.weighed,
    }
