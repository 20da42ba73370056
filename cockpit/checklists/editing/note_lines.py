"""The lines of notes below an item: where they stand, and how to put and remove them. Pure.

Two notes may say the same. Identical lines can't be told apart by what they say, so they are
counted, and one of them is taken away only where it is certain which, or makes no difference.
"""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.checklists.editing.splice import Splice
from cockpit.checklists.parsing.items import Document, Form, Item


def insertion(document: Document, line: int, texts: Sequence[str]) -> Splice:
    """The change that puts lines after 1-based `line`, with its line end."""
    lines = document.lines
    end = lines.ends[line - 1]
    following = lines.starts[line] if line < len(lines) else len(document.data)
    newline = document.data[end:following] or (
        document.data[lines.ends[0] : lines.starts[1]] if len(lines) > 1 else b"\n"
    )
    return Splice(end, b"", b"".join(newline + text.encode() for text in texts))


def removal(document: Document, line: int, count: int) -> Splice:
    """The change that takes `count` lines from 1-based `line` on away: what `insertion` put."""
    lines = document.lines
    start, end = lines.ends[line - 2], lines.ends[line + count - 2]
    return Splice(start, document.data[start:end], b"")


def place_below(item: Item) -> int:
    """The 1-based line after which lines about an item are put."""
    return item.line if item.form is Form.STATUS_LINE else item.end_line


def note_places(document: Document, item: Item, texts: Sequence[str]) -> tuple[int, ...]:
    """1-based lines below an item where these lines stand one after the other, none twice."""
    last = item.end_line
    if item.form is Form.STATUS_LINE:
        while last < len(document.lines) and document.line_bytes(last + 1).strip():
            last += 1
    wanted = [text.encode() for text in texts]
    found: list[int] = []
    free = item.line + 1
    for first in range(item.line + 1, last - len(wanted) + 2):
        if first < free:
            continue
        if [document.line_bytes(first + i) for i in range(len(wanted))] == wanted:
            found.append(first)
            free = first + len(wanted)
    return tuple(found)


def one_to_remove(
    document: Document, item: Item, texts: Sequence[str], nth: int, of: int
) -> int | None:
    """The line of the note to remove, of several identical ones; None when that is not certain.

    Args:
        nth, of: it was the `nth` of `of` identical ones when it was written; 0: not known.
    """
    places = note_places(document, item, texts)
    if not places:
        return None
    if len(places) == of and 1 <= nth <= of:
        return places[nth - 1]
    side_by_side = places[-1] - places[0] == (len(places) - 1) * len(texts)
    return places[-1] if side_by_side else None
