"""Notes and owners below an item, on request: new lines, and nothing else changes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .anchor import Anchor, anchor_of, locate
from .blocks import Paragraph, walk
from .bytespan import decode
from .cache import CACHE
from .errors import AnchorAmbiguous, AnchorLost, EditUnsupported
from .hunks import NoteHunk, insertion, note_places, removal
from .items import Document, Form, Item
from .lines import front_matter
from .parse import parse
from .platform_api import FilePlatform, Pause
from .safe_write import Splice, update

_CONTAINERS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+[ \t>]*)+")
_BULLET = re.compile(r"[-*+]|\d{1,9}[.)]")


@dataclass(frozen=True, slots=True)
class ProgressNote:
    """What a person answers after a task: five lines that go to the evidence and, on request,
    below the item."""

    done: str
    against_target: str
    next: str
    blockers: str
    estimate: str

    def missing(self) -> tuple[str, ...]:
        """What has no answer, in words; no blockers is an answer."""
        asked = {
            "what was done": self.done,
            "status against target": self.against_target,
            "what comes next": self.next,
            "estimate": self.estimate,
        }
        return tuple(name for name, answer in asked.items() if not answer.strip())

    def lines(self) -> tuple[str, ...]:
        """As bullets below an item."""
        return (
            f"Done: {self.done}",
            f"Status against target: {self.against_target}",
            f"Next: {self.next}",
            f"Blockers: {self.blockers or 'none'}",
            f"Estimate: {self.estimate}",
        )


def note_splice(document: Document, item: Item, notes: Sequence[str]) -> Splice:
    """The insertion of `notes` as bullets at the end of an item, or as labelled lines below a
    status line. Pure.

    Raises:
        EditUnsupported: the item is in a table, a heading or a plain line, or lines put there
            would become something else (code, a table, …).
    """
    texts = [" ".join(note.split()) for note in notes]
    line, bullets = _lines(document, item, [text for text in texts if text])
    splice = insertion(document, line, bullets)
    _verify(document, splice, line, len(bullets))
    return splice


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
) -> NoteHunk:
    """Add notes below an item that was seen, as safely as a tick.

    Raises:
        ChecklistError: as `note_splice`, `anchor.locate` and `safe_write.update`.
    """
    added: list[tuple[str, ...]] = []

    def decide(data: bytes) -> Splice:
        document = CACHE.parse(data)
        splice = note_splice(document, locate(document, anchor), notes)
        added[:] = [tuple(splice.new.decode().split("\n")[1:])]
        return splice

    written = update(path, decide, platform=platform, pause=pause)
    after = CACHE.parse(written.after)
    lines = tuple(line.rstrip("\r") for line in added[0])
    now = anchor_of(after, locate(after, anchor))
    return NoteHunk(path, now, lines, method=written.method)


def remove_note(
    note: NoteHunk, *, platform: FilePlatform | None = None, pause: Pause = time.sleep
) -> NoteHunk:
    """Take a note away again, as safely as a tick.

    Raises:
        AnchorLost: the note does not stand below its item as it was written.
        AnchorAmbiguous: it stands there more than once.
        ChecklistError: as `anchor.locate` and `safe_write.update`.
    """

    def decide(data: bytes) -> Splice:
        document = CACHE.parse(data)
        item = locate(document, note.anchor)
        places = note_places(document, item, note.lines)
        if not places:
            raise AnchorLost(
                f"“{note.text}” does not stand below “{item.text}” any more as it was written",
                line=item.line,
            )
        if len(places) > 1:
            raise AnchorAmbiguous(
                f"“{note.text}” stands more than once below “{item.text}”", line=item.line
            )
        return removal(document, places[0], len(note.lines))

    written = update(note.path, decide, platform=platform, pause=pause)
    after = CACHE.parse(written.after)
    anchor = anchor_of(after, locate(after, note.anchor))
    return replace(note, anchor=anchor, removed=True, method=written.method)


def _lines(document: Document, item: Item, texts: list[str]) -> tuple[int, list[str]]:
    """The 1-based line to insert after, and the lines."""
    if item.form is Form.STATUS_LINE:
        return item.line, [text if text.startswith("**") else f"**Note:** {text}" for text in texts]
    containers = _CONTAINERS.match(decode(document.line_bytes(item.line)))
    if containers is None or item.form in (Form.CELL, Form.HEADING):
        raise EditUnsupported(
            f"notes can be put below list items and status lines, not below a {item.form};"
            " write it by hand",
            line=item.line,
        )
    # Quote marks and indentation stay; bullets make room.
    indent = _BULLET.sub(lambda match: " " * len(match.group()), containers.group())
    return item.end_line, [f"{indent}- {text}" for text in texts]


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
