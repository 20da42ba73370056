"""`metrics`: print cycle times of items and batches, from the recorded edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import click

from cockpit.checklists.parsing.items import Document, Status
from cockpit.checklists.plans.metrics import (
    BatchCycle,
    ItemCycle,
    StatusChange,
    batch_cycles,
    item_cycles,
)
from cockpit.checklists.plans.stages import numbers_a_batch
from cockpit.cli.checklist.common import FILES, FORMAT, print_json, print_lines, read_document
from cockpit.cli.checklist.history import recorded
from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import CommandError
from cockpit.kinds.checklist.edit_history import AGAIN, UNDO, edit_of, same_file
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.model import Event, EventKind
from cockpit.text import exact_age, format_utc

_SECOND = timedelta(seconds=1)
_SETTLED = (Status.DONE, Status.DROPPED)


@click.command("metrics")
@FILES
@config_option
@FORMAT
def metrics(files: tuple[Path, ...], config_path: Path | None, format_: str) -> None:
    """Cycle times per batch (section) and item, from the recorded edits. Durations in seconds.

    An item's time runs from `doing` to `done`; one that was ticked off at once has none. A batch's
    runs from the first `doing` in it to the moment when nothing in it was open any more; where
    something was ticked off before that, it took at least from the first tick to the last. What was
    undone never happened; what an editor overwrote and was set again keeps its first time.
    """
    loaded = load_config(config_path)
    wanted = list(files) or [
        loaded.resolve(table.file) for table in loaded.config.of(ChecklistTable)
    ]
    paths = {same_file(path): path for path in wanted}
    changes = list(_changes(recorded(loaded, (EventKind.EDIT,)), paths))
    batches = batch_cycles(changes, _unfinished(paths))
    items = item_cycles(changes)
    if format_ == "json":
        told = {"batches": list(map(_batch_json, batches)), "items": list(map(_item_json, items))}
        print_json(told)
        return
    print_lines(map(_batch_line, batches))
    print_lines(map(_item_line, items))
    if not items:
        click.echo("no recorded edits of these files yet", err=True)


def _changes(events: Iterable[Event], paths: Mapping[Path, Path]) -> Iterator[StatusChange]:
    for event in events:
        result = edit_of(event)
        if result is None or (here := same_file(result.path)) not in paths:
            continue
        yield StatusChange(
            key=f"{result.path}\t{event.data.get('item')}\t{result.anchor.text}",
            batch=_batch(result.anchor.section, here, paths),
            # An edit that changed nothing says what another program had made of the item.
            before=Status(result.status_before if result.changed else result.status_after),
            after=Status(result.status_after),
            at=event.at,
            undo=event.data.get(UNDO) is True,
            again=event.data.get(AGAIN) is True and result.changed,
        )


def _batch(section: Sequence[str], file: Path, paths: Mapping[Path, Path]) -> str:
    """The heading that numbers the batch, else the whole section; of several files, in which."""
    numbered = [title for title in section if numbers_a_batch(title)]
    name = numbered[-1] if numbered else " > ".join(section)
    if not name:
        return file.name
    return f"{name} ({file.name})" if len(paths) > 1 else name


def _unfinished(paths: Mapping[Path, Path]) -> set[str]:
    """The batches in which something is open now, whether it was ever touched or not."""
    found = set()
    for file, path in paths.items():
        document = _document(path)
        for item in document.counted if document is not None else ():
            if item.status not in _SETTLED:
                found.add(_batch(item.section, file, paths))
    return found


def _document(path: Path) -> Document | None:
    """The file as it is now; None for one that is gone: its history stays."""
    try:
        return read_document(path)
    except CommandError:
        return None


def _batch_json(batch: BatchCycle) -> dict[str, object]:
    return {
        "batch": batch.batch,
        "items": batch.items,
        "reopened": batch.reopened,
        "first": format_utc(batch.first),
        "last_done": format_utc(batch.last_done) if batch.last_done else None,
        "seconds": _seconds(batch.duration),
        "at_least_seconds": _seconds(batch.at_least),
        "median_item_seconds": _seconds(batch.median),
    }


def _item_json(item: ItemCycle) -> dict[str, object]:
    return {
        "item": _name(item),
        "batch": item.batch,
        "state": str(item.state),
        "begun": format_utc(item.begun) if item.begun else None,
        "done": format_utc(item.done) if item.done else None,
        "seconds": _seconds(item.duration),
        "reopened": item.reopened,
    }


def _batch_line(batch: BatchCycle) -> str:
    count = f"{batch.items} item{'' if batch.items == 1 else 's'} touched"
    median = f", median {_age(batch.median)} an item" if batch.median is not None else ""
    took = _age(batch.duration) if batch.last_done is not None else "still open"
    if batch.at_least is not None and batch.at_least >= _SECOND:
        took = f"≥ {_age(batch.at_least)}"
    return f"{took:>12}  {batch.batch}  {count}{_again(batch.reopened)}{median}"


def _item_line(item: ItemCycle) -> str:
    if item.duration is not None:
        took = _age(item.duration)
    elif item.done is not None:
        took = "not known"
    else:
        took = str(item.state)
    return f"{took:>12}    {_name(item)}{_again(item.reopened)}"


def _again(reopened: int) -> str:
    return f", {reopened} reopened" if reopened else ""


def _name(item: ItemCycle) -> str:
    return item.key.rpartition("\t")[2]


def _seconds(duration: timedelta | None) -> float | None:
    return duration.total_seconds() if duration is not None else None


def _age(duration: timedelta | None) -> str:
    return exact_age(duration.total_seconds()) if duration is not None else "not known"
