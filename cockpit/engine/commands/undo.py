"""Undo changes: find the last one, and take it back under the rules of an edit.

Every change that can be taken back has a name of its own in the evidence (`act`), changes made in
one go share a `batch`, and what takes one back names it (`undoes`). So the screen and the shell
find the same last change, also in what another process has done.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists import AnchorLost, ChecklistError, EditResult
from cockpit.checklists.editing.changes import NoteHunk
from cockpit.engine.commands.notes import undo_note
from cockpit.engine.commands.set_status import Log, StatusEditor, head_of
from cockpit.facts import Facts, Json
from cockpit.kinds.checklist.edit_history import edit_facts, edit_payload
from cockpit.kinds.checklist.event_payload import hunk_of
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.model import Event, EventKind

UNDO_KINDS = (EventKind.EDIT, EventKind.NOTE, EventKind.PROGRESS)
"""The kinds of events that say what can be taken back, or was."""


@dataclass(frozen=True, slots=True)
class UndoableChange:
    """A change that can be undone."""

    probe: str
    """Name of its checklist."""
    item: str
    """Key of the item's row."""
    made: EditResult | NoteHunk
    act: str
    batch: str = ""
    actor: str = ""
    text: str = ""
    """As the evidence tells it."""

    @property
    def path(self) -> Path:
        """The file it was made in."""
        return self.made.path


@dataclass(frozen=True, slots=True)
class Undone:
    """The outcome of one undo."""

    change: UndoableChange
    ok: bool
    text: str
    mirrors: tuple[str, ...] = ()
    error: ChecklistError | None = None

    @property
    def over(self) -> bool:
        """Whether nothing is left to undo: it was undone, or what it changed is gone."""
        return self.ok or isinstance(self.error, AnchorLost)


def new_id() -> str:
    """A new ID of a change or a batch."""
    return secrets.token_hex(8)


def named_log(log: Log, path: Path, act: str, batch: str = "") -> Log:
    """`log` that names the change of `path` it tells of; mirrors are no changes of their own."""
    return _marking(log, path, {"act": act, **({"batch": batch} if batch else {})})


def undo(
    change: UndoableChange, log: Log, editor: StatusEditor, probe: ChecklistProbe | None = None
) -> Undone:
    """Undo one change if it still stands as it was made; mirrors of an edit follow.

    `probe` knows the file's mirrors. Blocks.
    """
    log = _marking(log, change.path, {"undoes": change.act})
    if isinstance(change.made, NoteHunk):
        result = undo_note(change.made, change.item, log, permissions=editor.permissions)
        undone = Undone(change, result.ok, result.text, error=result.error)
    else:
        done = editor.undo(change.made, change.item, log, probe=probe)
        undone = Undone(change, done.ok, done.text, done.mirrors, done.error)
        if done.edit is not None and not done.edit.changed:
            facts = edit_facts(done.edit, change.item, head=head_of(change.path))
            text = f"nothing to take back: {done.text}"
            log(EventKind.EDIT, text, facts, edit_payload(done.edit))
    if undone.over and not undone.ok:
        facts = {"file": str(change.path), "item": change.item}
        log(EventKind.NOTE, f"can't be taken back any more: {change.text}", facts)
    return undone


def outcome_text(undone: list[Undone]) -> tuple[bool, str]:
    """Whether all of it was taken back, and a line that says so."""
    ok = all(one.ok for one in undone)
    if len(undone) == 1:
        return ok, "; ".join([undone[0].text, *undone[0].mirrors])
    failed = [one.text for one in undone if not one.ok]
    done = f"undone {len(undone) - len(failed)} of {len(undone)} edits made in one go"
    mirrors = [mirror for one in undone for mirror in one.mirrors]
    return ok, "; ".join([done, *failed, *dict.fromkeys(mirrors)])


def standing_changes(events: Iterable[Event]) -> list[UndoableChange]:
    """The changes that nobody has undone, oldest first.

    `events` of `UNDO_KINDS`, oldest first.
    """
    found: dict[str, UndoableChange] = {}
    for event in events:
        undoes = event.data.get("undoes")
        if isinstance(undoes, str):
            found.pop(undoes, None)
            continue
        act, batch = event.data.get("act"), event.data.get("batch")
        made = hunk_of(event) if isinstance(act, str) else None
        if isinstance(made, EditResult | NoteHunk):
            found[str(act)] = UndoableChange(
                probe=event.probe,
                item=str(event.data.get("item", "")),
                made=made,
                act=str(act),
                batch=batch if isinstance(batch, str) else "",
                actor=event.actor,
                text=event.text,
            )
    return list(found.values())


def last_group(changes: list[UndoableChange]) -> list[UndoableChange]:
    """The last of these changes and what was done in one go with it, newest first."""
    if not changes:
        return []
    last = changes[-1]
    if not last.batch:
        return [last]
    return [change for change in reversed(changes) if change.batch == last.batch]


def _marking(log: Log, path: Path, marks: Facts) -> Log:
    def marked(kind: EventKind, text: str, data: Facts, payload: Json = None, /) -> None:
        ours = kind in UNDO_KINDS and data.get("file") == str(path)
        log(kind, text, {**data, **marks} if ours else data, payload)

    return marked
