"""What the evidence store knows of checklists: an item's history, cycle times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import click

from cockpit.checklists.items import Status
from cockpit.checklists.metrics import Change, batch_cycles, item_cycles
from cockpit.cli.checklist.common import FILES, FORMAT, config_if_any, print_json, print_lines
from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import CANNOT_OPEN, CommandError
from cockpit.config.models import LoadedConfig
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.feed import ITEM_KINDS
from cockpit.model import Event, EventKind
from cockpit.probes.checklist.memory import edit_of, same_file
from cockpit.text import exact_age, instant

MOST = 100_000


def recorded(loaded: LoadedConfig, kinds: Sequence[EventKind]) -> list[Event]:
    """The events of these kinds, oldest first; none where there is no store yet."""
    try:
        with Reader(loaded.store_path) as reader:
            return reader.events(0, MOST, kinds=kinds)
    except StoreError as error:
        raise CommandError(str(error), CANNOT_OPEN) from error


def history_of(file: Path, item: str, config_path: Path | None) -> list[dict[str, object]]:
    """Who did what to an item and when; empty without a config."""
    loaded = config_if_any(config_path)
    if loaded is None:
        return []
    here = same_file(file)
    return [
        {
            "at": instant(event.at),
            "kind": event.kind,
            "from": event.data.get("from"),
            "to": event.data.get("to"),
            "text": event.text,
            "reason": event.data.get("reason"),
            "actor": event.actor,
        }
        for event in recorded(loaded, ITEM_KINDS)
        if event.data.get("item") == item and same_file(Path(str(event.data.get("file")))) == here
    ]


@click.command("metrics")
@FILES
@config_option
@FORMAT
def metrics(files: tuple[Path, ...], config_path: Path | None, format_: str) -> None:
    """Cycle times per batch (section) and item, from the recorded edits. Durations in seconds."""
    loaded = load_config(config_path)
    wanted = list(files) or [loaded.resolve(table.file) for table in loaded.config.checklist]
    changes = list(_changes(recorded(loaded, (EventKind.EDIT,)), wanted))
    batches, items = batch_cycles(changes), item_cycles(changes)
    names = {change[0].key: change[1] for change in _named(changes)}
    if format_ == "json":
        print_json(
            {
                "batches": [
                    {
                        "batch": batch.batch,
                        "items": batch.items,
                        "reopened": batch.reopened,
                        "first": instant(batch.first),
                        "last_done": instant(batch.last_done) if batch.last_done else None,
                        "seconds": _seconds(batch.duration),
                        "median_item_seconds": _seconds(batch.median),
                    }
                    for batch in batches
                ],
                "items": [
                    {
                        "item": names[item.key],
                        "batch": item.batch,
                        "begun": instant(item.begun) if item.begun else None,
                        "done": instant(item.done) if item.done else None,
                        "seconds": _seconds(item.duration),
                        "reopened": item.reopened,
                    }
                    for item in items
                ],
            }
        )
        return
    for batch in batches:
        count = f"{batch.items} item{'' if batch.items == 1 else 's'}"
        again = f", {batch.reopened} reopened" if batch.reopened else ""
        print_lines(
            [
                f"{_age(batch.duration):>12}  {batch.batch}  {count}{again},"
                f" median {_age(batch.median)} an item"
            ]
        )
    print_lines(f"{_age(item.duration):>12}    {names[item.key]}" for item in items)
    if not changes:
        click.echo("no recorded edits of these files yet", err=True)


def _changes(events: Iterable[Event], files: Sequence[Path]) -> Iterable[Change]:
    wanted = {same_file(file) for file in files}
    for event in events:
        result = edit_of(event)
        if result is None or not result.changed or same_file(result.path) not in wanted:
            continue
        batch = " > ".join(result.anchor.section) or result.path.name
        yield Change(
            key=f"{result.path}\t{event.data.get('item')}\t{result.anchor.text}",
            batch=batch,
            before=Status(result.status_before),
            after=Status(result.status_after),
            at=event.at,
        )


def _named(changes: Iterable[Change]) -> Iterable[tuple[Change, str]]:
    return ((change, change.key.rpartition("\t")[2]) for change in changes)


def _seconds(duration: timedelta | None) -> float | None:
    return duration.total_seconds() if duration is not None else None


def _age(duration: timedelta | None) -> str:
    return exact_age(duration.total_seconds()) if duration is not None else "not known"
