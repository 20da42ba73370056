"""The cockpit's own changes of a file, as patches that other versions of the file can take.

A change is told from everybody else's by what it says, not by where it stood: a marker by its
item, a note by its item and its lines, a generated block by its name.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from cockpit.checklists.editing.anchor import Anchor, anchor_of, locate
from cockpit.checklists.editing.edit import edit as edit_marker
from cockpit.checklists.editing.generated_blocks import block_body, block_splice
from cockpit.checklists.editing.note_lines import (
    insertion,
    note_places,
    one_to_remove,
    place_below,
    removal,
)
from cockpit.checklists.editing.writer import EditResult
from cockpit.checklists.errors import AnchorAmbiguous, AnchorLost, ChecklistError
from cockpit.checklists.parsing.items import Document, Item
from cockpit.checklists.parsing.parse import parse
from cockpit.checklists.stored import NOT_STORED, Stored


@dataclass(frozen=True, slots=True)
class NoteHunk(Stored):
    """A note that was put below an item, or taken away from there."""

    STORED_AS = "change"
    WHAT = "note"

    path: Path
    anchor: Anchor
    lines: tuple[str, ...]
    """As in the file, without line ends."""
    removed: bool = False
    method: str = field(default="", metadata=NOT_STORED)
    """See `safe_write.Written.method`."""
    nth: int = 0
    """Of `of` identical notes below the item it was the nth from the top; 0: not known."""
    of: int = 0

    @property
    def text(self) -> str:
        """The note in one line, for people."""
        return "; ".join(line.strip().removeprefix("- ") for line in self.lines)


@dataclass(frozen=True, slots=True)
class BlockHunk(Stored):
    """A generated block that was written."""

    STORED_AS = "change"
    WHAT = "block"

    path: Path
    name: str
    sha256: str
    """Of its text, line ends as `\\n`."""
    method: str = field(default="", metadata=NOT_STORED)

    @property
    def text(self) -> str:
        """What it is, for people."""
        return f"block {self.name}"


Hunk: TypeAlias = EditResult | NoteHunk | BlockHunk


@dataclass(frozen=True, slots=True)
class Skipped:
    """A change that is left out of a commit, and why."""

    hunk: Hunk
    reason: str


@dataclass(frozen=True, slots=True)
class Patch:
    """A change that can be applied to other versions of its file."""

    hunk: Hunk
    name: str
    apply: Callable[[bytes], bytes | None]
    """The version with the change in it; None when there is no place for it."""


def hunk_from_json(value: Mapping[str, object]) -> NoteHunk | BlockHunk:
    """The note or block that `to_json` wrote.

    Raises:
        ChecklistError: when a key is missing or of another type.
    """
    for kind in (NoteHunk, BlockHunk):
        if value.get("what") == kind.WHAT:
            return kind.from_json(value)
    raise ChecklistError(f"not a stored change: {value.get('what')!r}")


def block_hunk(path: Path, data: bytes, name: str, method: str = "") -> BlockHunk:
    """The change that put block `name` into `data` as it is now."""
    return BlockHunk(path, name, _digest(block_body(data, name)), method)


def cancel_out(hunks: Sequence[Hunk]) -> bool:
    """Whether these changes of one file, in order, undo each other. Pure."""
    first: dict[object, EditResult] = {}
    last: dict[object, EditResult] = {}
    notes: Counter[object] = Counter()
    for hunk in hunks:
        if isinstance(hunk, BlockHunk):
            return False
        item = (hunk.anchor.form, hunk.anchor.section, hunk.anchor.text)
        if isinstance(hunk, NoteHunk):
            notes[item, hunk.lines] += -1 if hunk.removed else 1
        else:
            first.setdefault(item, hunk)
            last[item] = hunk
    return not any(notes.values()) and all(
        hunk.status_before is last[item].status_after for item, hunk in first.items()
    )


def standing_patches(
    hunks: Sequence[Hunk], now: bytes
) -> tuple[tuple[Patch, ...], tuple[Skipped, ...]]:
    """The patches of those changes, given in order, that still stand in the file `now`; and the
    others. Pure.

    Of a marker or a block the last change counts. Notes are counted: below one item several may
    say the same.
    """
    current = parse(now)
    skipped: list[Skipped] = []
    last: dict[object, list[Hunk]] = {}
    for hunk in hunks:
        if isinstance(hunk, BlockHunk):
            last["block", hunk.name] = [hunk]
            continue
        try:
            key = locate(current, hunk.anchor).key
        except (AnchorLost, AnchorAmbiguous):
            reason = f"“{hunk.anchor.text}” is not in the file any more"
            skipped.append(Skipped(hunk, reason))
            continue
        if isinstance(hunk, EditResult):
            last[key] = [hunk]
        else:
            last.setdefault((key, hunk.lines), []).append(hunk)
    puts: list[Patch] = []
    for same in last.values():
        for found in _patches_of(same, current):
            if isinstance(found, Patch):
                puts.append(found)
            else:
                skipped.append(found)
    return tuple(puts), tuple(skipped)


def _patches_of(same: Sequence[Hunk], current: Document) -> tuple[Patch | Skipped, ...]:
    """Changes of one thing as they can be put elsewhere, or why they do not stand any more."""
    hunk = same[-1]
    if isinstance(hunk, BlockHunk):
        try:
            body = block_body(current.data, hunk.name)
        except ChecklistError as error:
            return (Skipped(hunk, error.message),)
        if _digest(body) != hunk.sha256:
            reason = f"block {hunk.name} was changed again by somebody else"
            return (Skipped(hunk, reason),)
        return (Patch(hunk, hunk.text, lambda data: _with_block(data, hunk.name, body)),)
    item = locate(current, hunk.anchor)
    if isinstance(hunk, NoteHunk):
        notes = [one for one in same if isinstance(one, NoteHunk)]
        return _note_patches(notes, len(note_places(current, item, hunk.lines)), item.text)
    if item.status is not hunk.status_after:
        return (Skipped(hunk, f"“{item.text}” was changed again by somebody else"),)
    return (Patch(hunk, f"“{item.text}”", lambda data: put_marker(data, hunk)),)


def _note_patches(notes: Sequence[NoteHunk], now: int, item: str) -> tuple[Patch | Skipped, ...]:
    """Identical notes below one item, `now` of which stand there, as they can be put elsewhere.

    Another version may lack all of these changes, or hold the first few of them already: between
    it and the present file lie as many notes as are still to come from where it stands.
    """
    hunk = notes[-1]
    steps = [-1 if note.removed else 1 for note in notes]
    to_come = {sum(steps[first:]) for first in range(len(steps) + 1)}
    found: list[Patch | Skipped] = []
    ours = sum(steps)
    if now < ours:
        many = f" ({ours - now} of {ours})" if ours > 1 else ""
        reason = f"“{hunk.text}” below “{item}” was changed again by somebody else{many}"
        found.append(Skipped(hunk, reason))
    if now or ours <= 0:
        least, most = min(to_come), max(to_come)
        found.append(
            Patch(hunk, f"“{hunk.text}”", lambda data: put_notes(data, hunk, now, least, most))
        )
    return tuple(found)


def put_marker(data: bytes, edit: EditResult) -> bytes | None:
    """Another version of a file with an edit applied; None when its item is not there."""
    document = parse(data)
    item = _find(document, edit.anchor)
    if item is None:
        return None
    if item.status is edit.status_after:
        return data
    try:
        return edit_marker(data, item, edit.status_after, marker=edit.marker_after).apply(data)
    except ChecklistError:
        return None


def put_notes(data: bytes, hunk: NoteHunk, now: int, least: int, most: int) -> bytes | None:
    """Another version of a file with as many of these notes as `now`, but no more than `most` put
    in and `-least` taken out; None when that can't be done without changing what else stands there.
    """
    document = parse(data)
    item = _find(document, hunk.anchor)
    if item is None:
        return None
    there = len(note_places(document, item, hunk.lines))
    missing = min(max(now - there, least), most)
    if missing == 0:
        return data
    if missing > 0:
        splice = insertion(document, place_below(item), hunk.lines * missing)
    else:
        line = one_to_remove(document, item, hunk.lines, hunk.nth, hunk.of)
        if line is None:
            return None
        splice = removal(document, line, len(hunk.lines))
    changed = splice.apply(data)
    if not _same_items(document, parse(changed)):
        return None
    return changed if missing >= -1 else put_notes(changed, hunk, now, least + 1, most)


def _with_block(data: bytes, name: str, body: str) -> bytes | None:
    try:
        splice = block_splice(data, name, body)
    except ChecklistError:
        return None
    return data if splice is None else splice.apply(data)


def _find(document: Document, anchor: Anchor) -> Item | None:
    """The item of an anchor in another version of its file."""
    try:
        return locate(document, anchor)
    except (AnchorLost, AnchorAmbiguous):
        same = [i for i in document.items if anchor_of(document, i).text == anchor.text]
        same = [i for i in same if i.section == anchor.section and i.form is anchor.form]
        return same[0] if len(same) == 1 else None


def _same_items(before: Document, after: Document) -> bool:
    return [(i.status, i.text, i.form) for i in before.items] == [
        (i.status, i.text, i.form) for i in after.items
    ]


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()
