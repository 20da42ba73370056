"""Notes and owners below an item: new lines, and nothing else changes."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cockpit.checklists.editing.anchor import Anchor, anchor_of, locate
from cockpit.checklists.editing.changes import NoteHunk
from cockpit.checklists.editing.note_lines import (
    insertion,
    note_places,
    one_to_remove,
    place_below,
    removal,
)
from cockpit.checklists.editing.platform_api import FilePlatform, Pause
from cockpit.checklists.editing.safe_write import update
from cockpit.checklists.editing.splice import Splice
from cockpit.checklists.errors import AnchorAmbiguous, AnchorLost, EditUnsupported
from cockpit.checklists.parsing.blocks import Paragraph, walk
from cockpit.checklists.parsing.cache import CACHE
from cockpit.checklists.parsing.items import Document, Form, Item
from cockpit.checklists.parsing.lines import front_matter
from cockpit.checklists.parsing.marker_span import decode
from cockpit.checklists.parsing.parse import parse
from cockpit.permissions import ALL_ALLOWED, Permissions

LONGEST_NOTE = 1000
"""Characters of one note. More is a document of its own, not a line in a list."""
_CONTAINERS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t][ \t>]*)+")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"
)
_BULLET = re.compile(r"[-*+]|\d{1,9}[.)]")


@dataclass(frozen=True, slots=True)
class ProgressNote:
    """The answers to the progress form: five lines for the evidence and, on request, below the
    item."""

    done: str
    against_target: str
    next: str
    blockers: str
    estimate: str

    def missing(self) -> tuple[str, ...]:
        """The questions without an answer, in words; no blockers is an answer."""
        asked = {
            "what was done": self.done,
            "status against target": self.against_target,
            "what comes next": self.next,
            "estimate": self.estimate,
        }
        return tuple(name for name, answer in asked.items() if not answer.strip())

    def lines(self) -> tuple[str, ...]:
        """The answers as bullets below an item."""
        return (
            f"Done: {self.done}",
            f"Status against target: {self.against_target}",
            f"Next: {self.next}",
            f"Blockers: {self.blockers or 'none'}",
            f"Estimate: {self.estimate}",
        )


def unfit(notes: Sequence[str]) -> str:
    """The reason why notes can't be written into a file that others read; empty for fitting ones.

    Longer than `LONGEST_NOTE`; or a character that a terminal acts on, that turns the order of the
    text around, or that nobody sees. Blanks, tabs and line breaks do no harm: each becomes a blank.
    """
    longest = max(map(len, notes), default=0)
    if longest > LONGEST_NOTE:
        return (
            f"a note has {LONGEST_NOTE:,} characters at most, this one {longest:,};"
            " write it into a document of its own and note where that is"
        )
    for note in notes:
        found = _UNSAFE.search(" ".join(note.split()))
        if found is not None:
            return f"it holds {_named(found.group())}; leave that out"
    return ""


def _named(character: str) -> str:
    """A character nobody can see, in words."""
    if character == "\x1b":
        return "an escape sequence of a terminal (U+001B)"
    if "\ud800" <= character <= "\udfff":
        return "bytes that are no UTF-8"
    name = unicodedata.name(character, "a control character")
    return f"{name} (U+{ord(character):04X})"


def note_splice(
    document: Document, item: Item, notes: Sequence[str]
) -> tuple[Splice, tuple[str, ...]]:
    """The insertion of `notes` as bullets at the end of an item, or as labelled lines below a
    status line, and the lines it puts there. Pure.

    Raises:
        EditUnsupported: a note is `unfit`; the item is in a table, a heading
            or a plain line; lines put there would become something else (code, a table, …).
    """
    if told := unfit(notes):
        raise EditUnsupported(told, line=item.line)
    texts = [" ".join(note.split()) for note in notes]
    bullets = _bullets(document, item, [text for text in texts if text])
    line = place_below(item)
    splice = insertion(document, line, bullets)
    _verify(document, splice, line, len(bullets))
    return splice, tuple(bullets)


def owner_note(owner: str) -> str:
    """The note that names an owner; it is read back as the item's `owner`."""
    return f"**Owner:** {owner.strip().lstrip('@')}"


def append_note(
    path: Path,
    anchor: Anchor,
    notes: Sequence[str],
    *,
    platform: FilePlatform | None = None,
    pause: Pause = time.sleep,
    permissions: Permissions = ALL_ALLOWED,
) -> NoteHunk:
    """Add notes below an item that was seen, as safely as a tick.

    Raises:
        ChecklistError: as `note_splice`, `anchor.locate` and `safe_write.update`.
    """
    added: list[tuple[str, ...]] = []

    def decide(data: bytes) -> Splice:
        document = CACHE.parse(data)
        splice, lines = note_splice(document, locate(document, anchor), notes)
        added[:] = [lines]
        return splice

    written = update(path, decide, platform=platform, pause=pause, permissions=permissions)
    after = CACHE.parse(written.after)
    item = locate(after, anchor)
    places = note_places(after, item, added[0])
    here = place_below(item) + 1 if item.form is Form.STATUS_LINE else max(places, default=0)
    nth = places.index(here) + 1 if here in places else 0
    now = anchor_of(after, item)
    return NoteHunk(path, now, added[0], method=written.method, nth=nth, of=len(places))


def remove_note(
    note: NoteHunk,
    *,
    platform: FilePlatform | None = None,
    pause: Pause = time.sleep,
    permissions: Permissions = ALL_ALLOWED,
) -> NoteHunk:
    """Take a note away again, as safely as a tick.

    Raises:
        AnchorLost: the note does not stand below its item as it was written.
        AnchorAmbiguous: it stands there more than once, with other lines in between, and it is
            not certain which one was meant.
        ChecklistError: as `anchor.locate` and `safe_write.update`.
    """

    def decide(data: bytes) -> Splice:
        document = CACHE.parse(data)
        item = locate(document, note.anchor)
        if not note_places(document, item, note.lines):
            raise AnchorLost(
                f"“{note.text}” does not stand below “{item.text}” any more as it was written",
                line=item.line,
            )
        line = one_to_remove(document, item, note.lines, note.nth, note.of)
        if line is None:
            raise AnchorAmbiguous(
                f"“{note.text}” stands more than once below “{item.text}”; take one away by hand",
                line=item.line,
            )
        return removal(document, line, len(note.lines))

    written = update(note.path, decide, platform=platform, pause=pause, permissions=permissions)
    after = CACHE.parse(written.after)
    anchor = anchor_of(after, locate(after, note.anchor))
    return replace(note, anchor=anchor, removed=True, method=written.method)


def _bullets(document: Document, item: Item, texts: list[str]) -> list[str]:
    """The lines to put below an item."""
    if item.form is Form.STATUS_LINE:
        return [text if text.startswith("**") else f"**Note:** {text}" for text in texts]
    containers = _CONTAINERS.match(decode(document.line_bytes(item.line)))
    if containers is None or item.form in (Form.CELL, Form.HEADING):
        raise EditUnsupported(
            f"notes can be put below list items and status lines, not below {item.form.phrase};"
            " write it by hand",
            line=item.line,
        )
    # Quote marks and indentation stay; bullets make room.
    indent = _BULLET.sub(lambda match: " " * len(match.group()), containers.group())
    return [f"{indent}- {text}" for text in texts]


def _verify(document: Document, splice: Splice, line: int, count: int) -> None:
    """The new lines must be what they are meant to be, and every item what it was."""
    data = splice.apply(document.data)
    after = parse(data)
    same = [(i.status, i.text, i.form) for i in document.items] == [
        (i.status, i.text, i.form) for i in after.items
    ]
    read: set[int] = set()
    for block in walk(data, after.lines, front_matter(data, after.lines)):
        if isinstance(block, Paragraph):
            read.update(range(block.line + 1, block.end + 1))
    if not same or not read.issuperset(range(line + 1, line + 1 + count)):
        raise EditUnsupported(
            "lines put below this item would not be read as notes; write them by hand", line=line
        )
