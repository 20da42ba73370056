"""Write a note, an owner or a progress form: the lines below the item, and the record.

The screen and the shell come through here, so that both leave the same evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from cockpit import checklists
from cockpit.checklists.editing.changes import NoteHunk
from cockpit.checklists.editing.notes import (
    ProgressNote,
    append_note,
    owner_note,
    remove_note,
    unfit,
)
from cockpit.checklists.errors import refused_text
from cockpit.engine.commands.set_status import Log
from cockpit.facts import Facts
from cockpit.kinds.checklist.event_payload import hunk_payload
from cockpit.model import EventKind
from cockpit.permissions import Permissions, ReadOnlyError


@dataclass(frozen=True, slots=True)
class NoteTarget:
    """The item that is written about."""

    path: Path
    anchor: checklists.Anchor
    item: str
    """Key of the item's row."""


@dataclass(frozen=True, slots=True)
class NoteResult:
    """The result of a note. `hunk` is None when nothing was written into the file."""

    ok: bool
    text: str
    hunk: NoteHunk | None = None
    error: checklists.ChecklistError | None = None


def write_note(
    target: NoteTarget, text: str, log: Log, *, permissions: Permissions, owner: bool = False
) -> NoteResult:
    """Write a note, or the owner of the item, below it."""
    words = " ".join(text.split())
    what = "owner" if owner else "note"
    if not words:
        return NoteResult(False, f"not written: the {what} is empty")
    if told := unfit((words,)):
        return NoteResult(False, f"not written: {told}")
    lines = [owner_note(words) if owner else words]
    facts: Facts = {"note": words}
    text = f"{what}: {words}"
    return _write(target, lines, EventKind.NOTE, text, facts, log, permissions)


def write_progress(
    target: NoteTarget, note: ProgressNote, log: Log, *, permissions: Permissions, below: bool
) -> NoteResult:
    """Record the five answers, and write them below the item when that is wanted; blank ones are
    refused."""
    if missing := note.missing():
        return NoteResult(False, f"not recorded: no answer for {', '.join(missing)}")
    if told := unfit(astuple(note)):
        return NoteResult(False, f"not recorded: {told}")
    answers = zip((field.name for field in fields(note)), astuple(note), strict=True)
    facts: Facts = dict(answers)
    text = f"progress: {'; '.join(note.lines())}"
    if below:
        return _write(target, note.lines(), EventKind.PROGRESS, text, facts, log, permissions)
    if forbidden := _forbidden("recording progress", permissions):
        return forbidden
    log(EventKind.PROGRESS, text, {**_about(target), **facts})
    return NoteResult(True, "progress recorded")


def undo_note(hunk: NoteHunk, item: str, log: Log, *, permissions: Permissions) -> NoteResult:
    """Remove the lines of a note again, if they stand as they were written."""
    if forbidden := _forbidden(f"changing {hunk.path.name}", permissions):
        return forbidden
    target = NoteTarget(hunk.path, hunk.anchor, item)
    try:
        removed = remove_note(hunk, permissions=permissions)
    except checklists.ChecklistError as error:
        log(EventKind.EDIT_REFUSED, str(error), _about(target))
        return NoteResult(False, refused_text(error), error=error)
    text = f"undone note: {hunk.text} ({hunk.path.name})"
    facts: Facts = {"note": hunk.text, "method": removed.method}
    log(EventKind.NOTE, text, {**_about(target), **facts}, hunk_payload(removed))
    return NoteResult(True, text, removed)


def _write(
    target: NoteTarget,
    lines: Sequence[str],
    kind: EventKind,
    text: str,
    facts: Facts,
    log: Log,
    permissions: Permissions,
) -> NoteResult:
    if forbidden := _forbidden(f"changing {target.path.name}", permissions):
        return forbidden
    try:
        hunk = append_note(target.path, target.anchor, lines, permissions=permissions)
    except checklists.ChecklistError as error:
        if kind is EventKind.PROGRESS:
            log(kind, f"{text} (not written below the item)", {**_about(target), **facts})
            return NoteResult(False, f"not written: {error}; kept in the evidence", error=error)
        log(EventKind.EDIT_REFUSED, str(error), {**_about(target), **facts})
        return NoteResult(False, f"not written: {error}", error=error)
    data: Facts = {**_about(target), **facts, "method": hunk.method}
    log(kind, text, data, hunk_payload(hunk))
    return NoteResult(True, f"written below the item in {target.path.name}", hunk)


def _forbidden(act: str, permissions: Permissions) -> NoteResult | None:
    """Why it may not be done, before anything is recorded of it; None when it may."""
    try:
        permissions.demand(act)
    except ReadOnlyError as error:
        refused = checklists.EditForbidden(str(error))
        return NoteResult(False, f"not written: {error}", error=refused)
    return None


def _about(target: NoteTarget) -> Facts:
    return {"file": str(target.path), "item": target.item}
