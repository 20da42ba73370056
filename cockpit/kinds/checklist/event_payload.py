"""The cockpit's own changes as events hold them, and which of them no commit has taken yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from cockpit.checklists import ChecklistError
from cockpit.checklists.editing.changes import BlockHunk, Hunk, NoteHunk, hunk_from_json
from cockpit.facts import Json
from cockpit.kinds.checklist.edit_history import as_payload, edit_of, payload_of, same_file
from cockpit.model import Event, EventKind

HUNK_KINDS = (
    EventKind.EDIT,
    EventKind.NOTE,
    EventKind.PROGRESS,
    EventKind.BLOCK,
    EventKind.COMMIT,
)
"""The kinds of events that say what is to be committed, or was."""


def hunk_payload(hunk: NoteHunk | BlockHunk) -> Json:
    """A change as the payload of an event; `hunk_of` makes the change of it again."""
    return as_payload("hunk", hunk.to_json())


def hunk_of(event: Event) -> Hunk | None:
    """The change an event tells of; None when it changed nothing, or can't be read."""
    if event.kind == EventKind.EDIT:
        edit = edit_of(event)
        return edit if edit is not None and edit.changed else None
    try:
        return hunk_from_json(payload_of(event, "hunk"))
    except (ValueError, TypeError, ChecklistError):
        return None


def uncommitted(events: Iterable[Event], files: Collection[Path] = ()) -> list[Hunk]:
    """The changes of these files, or of all that are there, since each was last committed.

    `events` of `HUNK_KINDS`, oldest first.
    """
    wanted = {same_file(file) for file in files}
    found: dict[Path, list[Hunk]] = {}
    for event in events:
        if event.kind == EventKind.COMMIT:
            paths = event.data.get("paths")
            for path in paths if isinstance(paths, tuple) else ():
                found.pop(Path(str(path)), None)
            continue
        hunk = hunk_of(event)
        if hunk is not None:
            found.setdefault(same_file(hunk.path), []).append(hunk)
    return [
        hunk
        for path, hunks in found.items()
        for hunk in hunks
        if (path in wanted if files else path.exists())
    ]
