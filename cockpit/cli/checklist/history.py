"""The recorded history of checklist items, from the evidence store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cockpit.cli.checklist.common import config_if_any
from cockpit.cli.exits import CANNOT_OPEN, USAGE, CommandError
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import without_config
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.feed import ITEM_KINDS
from cockpit.kinds.checklist.edit_history import same_file
from cockpit.kinds.checklist.event_payload import HUNK_KINDS
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.model import Event, EventKind
from cockpit.text import format_utc

MOST = 100_000


def recorded(loaded: LoadedConfig, kinds: Sequence[EventKind]) -> list[Event]:
    """The events of these kinds, oldest first; none where there is no store yet."""
    try:
        with Reader(loaded.store_path) as reader:
            return reader.events(0, MOST, kinds=kinds)
    except StoreError as error:
        raise CommandError(str(error), CANNOT_OPEN) from error


def kept_for(files: Sequence[Path], config_path: Path | None) -> LoadedConfig:
    """The config whose store knows of changes; without one that of this user, for FILES only.

    Raises:
        CommandError: there is no config, and no file was named: all that this user ever changed
            without one, wherever, is not meant.
    """
    loaded = config_if_any(config_path)
    if loaded is not None:
        return loaded
    if not files:
        raise CommandError("name a markdown file: there is no cockpit.toml here or above", USAGE)
    return without_config(Path.cwd())


def changes_of(loaded: LoadedConfig, files: Sequence[Path]) -> list[Event]:
    """The changes that may be committed of FILES, or of all files the config's store knows, oldest
    first.

    An edit of a checklist of the config may have been made where the config was not found, or
    before there was one: what this user's own store has of FILES and of these checklists counts.
    """
    events = recorded(loaded, HUNK_KINDS)
    user = without_config(loaded.folder)
    if same_file(user.store_path) == same_file(loaded.store_path):
        return events
    tables = loaded.config.of(ChecklistTable)
    named = files or [loaded.resolve(path) for one in tables for path in (one.file, *one.mirrors)]
    wanted = {same_file(file) for file in named}
    for event in recorded(user, HUNK_KINDS):
        file = event.data.get("file")
        if event.kind == EventKind.COMMIT or same_file(Path(str(file))) in wanted:
            events.append(event)
    return sorted(events, key=lambda event: event.at)


def history_line(entry: Mapping[str, object]) -> str:
    """An entry of `history_of` for people: when, from what to what, by whom, and why."""
    reason, text = str(entry["reason"] or ""), str(entry["text"])
    why = f"  reason: {reason}" if reason and not text.endswith(reason) else ""
    return f"history  {entry['at']} {text}  [{entry['actor']}]{why}"


def history_of(file: Path, item: str, config_path: Path | None) -> list[dict[str, object]]:
    """The history of an item; without a config what this user did without one."""
    loaded = config_if_any(config_path) or without_config(Path.cwd())
    here = same_file(file)
    return [
        {
            "at": format_utc(event.at),
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
