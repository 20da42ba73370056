"""Notes and owners below an item, on request: new lines, and nothing else changes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .anchor import Anchor, locate
from .blocks import Paragraph, walk
from .bytespan import decode
from .cache import CACHE
from .errors import EditUnsupported
from .items import Document, Form, Item
from .lines import front_matter
from .parse import parse
from .platform_api import FilePlatform, Pause
from .safe_write import Splice, Written, update

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
    splice = _insertion(document, line, bullets)
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
) -> Written:
    """Add notes below an item that was seen, as safely as a tick.

    Raises:
        ChecklistError: as `note_splice`, `anchor.locate` and `safe_write.update`.
    """

    def decide(data: bytes) -> Splice:
        document = CACHE.parse(data)
        return note_splice(document, locate(document, anchor), notes)

    return update(path, decide, platform=platform, pause=pause)


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


def _insertion(document: Document, line: int, texts: list[str]) -> Splice:
    lines = document.lines
    end = lines.ends[line - 1]
    following = lines.starts[line] if line < len(lines) else len(document.data)
    newline = document.data[end:following] or (
        document.data[lines.ends[0] : lines.starts[1]] if len(lines) > 1 else b"\n"
    )
    return Splice(end, b"", b"".join(newline + text.encode() for text in texts))


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
