"""Anchors: how an edit finds the item that was on screen again, or refuses.

Between the moment a person saw a line and the moment a key changes it, other people and programs
may have inserted, moved, copied or removed lines. An anchor is found again by, in this order:

1. the only item of its text, if it was the only one before;
2. same line and text with nothing but markers changed above it;
3. the only one with that text, section and neighbours, if that was unique before;
4. the only one with that text in its section, if that was unique before.

2 to 4 are about items that have twins, and need all of them to be there still: where one went
missing, another may stand in its place. Anything else is refused: a tick on the wrong line is
worse than no tick.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from cockpit.checklists.errors import AnchorAmbiguous, AnchorLost
from cockpit.checklists.parsing.items import Document, Form, Item, Status
from cockpit.checklists.stored import Stored


@dataclass(frozen=True, slots=True)
class Anchor(Stored):
    """An item as it was seen, with enough around it to find it again."""

    STORED_AS = "anchor"

    form: Form
    status: Status
    text: str
    section: tuple[str, ...]
    line: int
    before: str
    """Form and text of the item in front of it, empty for the first."""
    after: str
    above: str
    """Digest of all bytes above the line, markers left out."""
    same_text: int
    """Items with this text when it was seen, itself included."""
    same_section: int
    """Of these, the ones in its section."""
    same_place: int
    """Of these, the ones with the same neighbours."""


def anchor_of(document: Document, item: Item) -> Anchor:
    """The anchor of an item of this document."""
    index = document.index(item)
    before, after = _neighbours(document, index)
    same = _same_text(document, item.form, item.text)
    in_section = [i for i in same if document.items[i].section == item.section]
    in_place = [i for i in in_section if _neighbours(document, i) == (before, after)]
    return Anchor(
        form=item.form,
        status=item.status,
        text=item.text,
        section=item.section,
        line=item.line,
        before=before,
        after=after,
        above=_above(document, item.line),
        same_text=len(same),
        same_section=len(in_section),
        same_place=len(in_place),
    )


def anchors_of(document: Document) -> tuple[Anchor, ...]:
    """The anchors of all items of this document, made in one pass; as `anchor_of` makes them."""
    items = document.items
    around = [_neighbours(document, index) for index in range(len(items))]
    texts: Counter[object] = Counter()
    sections: Counter[object] = Counter()
    places: Counter[object] = Counter()
    for item, near in zip(items, around, strict=True):
        texts[item.form, item.text] += 1
        sections[item.form, item.text, item.section] += 1
        places[item.form, item.text, item.section, near] += 1
    return tuple(
        Anchor(
            form=item.form,
            status=item.status,
            text=item.text,
            section=item.section,
            line=item.line,
            before=near[0],
            after=near[1],
            above=above,
            same_text=texts[item.form, item.text],
            same_section=sections[item.form, item.text, item.section],
            same_place=places[item.form, item.text, item.section, near],
        )
        for item, near, above in zip(items, around, _all_above(document), strict=True)
    )


def locate(document: Document, anchor: Anchor) -> Item:
    """The item an anchor stands for.

    Raises:
        AnchorLost: no item has this text any more.
        AnchorAmbiguous: several have, and nothing tells which one was meant.
    """
    items = document.items
    same = _same_text(document, anchor.form, anchor.text)
    if not same:
        raise AnchorLost(_lost(document, anchor), line=anchor.line)
    if len(same) == 1 and anchor.same_text == 1:
        return items[same[0]]
    if len(same) >= anchor.same_text:
        found = _among_twins(document, anchor, same)
        if found is not None:
            return found
    lines = ", ".join(str(items[i].line) for i in same[:6])
    raise AnchorAmbiguous(
        f"the file changed and it is not certain which line “{anchor.text}” was meant"
        f" (found on {lines}); choose the item again on the refreshed list",
        line=anchor.line,
    )


def _among_twins(document: Document, anchor: Anchor, same: list[int]) -> Item | None:
    items = document.items
    for i in same:
        if items[i].line == anchor.line and _above(document, anchor.line) == anchor.above:
            return items[i]
    here = [i for i in same if items[i].section == anchor.section]
    if anchor.same_place == 1:
        place = (anchor.before, anchor.after)
        placed = [i for i in here if _neighbours(document, i) == place]
        if len(placed) == 1:
            return items[placed[0]]
    if anchor.same_section == 1 and len(here) == 1:
        return items[here[0]]
    return None


def _lost(document: Document, anchor: Anchor) -> str:
    now = ""
    if 1 <= anchor.line <= len(document.lines):
        now = f"; line {anchor.line} now reads “{document.line_text(anchor.line).strip()}”"
    return f"“{anchor.text}” is no longer in the file{now}; nothing was changed"


def _same_text(document: Document, form: Form, text: str) -> list[int]:
    return [i for i, item in enumerate(document.items) if item.text == text and item.form is form]


def _neighbours(document: Document, index: int) -> tuple[str, str]:
    items = document.items
    before = _name(items[index - 1]) if index else ""
    after = _name(items[index + 1]) if index + 1 < len(items) else ""
    return before, after


def _name(item: Item) -> str:
    return f"{item.form}: {item.text}"


def _all_above(document: Document) -> list[str]:
    """`_above` of the line of every item, the digest carried on from one to the next."""
    found: list[str] = []
    digest = hashlib.blake2b(digest_size=12)
    view = memoryview(document.data)
    at = passed = 0
    for item in document.items:
        stop = document.lines.starts[item.line - 1]
        while passed < len(document.items) and document.items[passed].span[1] <= stop:
            start, end = document.items[passed].span
            digest.update(view[at:start])
            digest.update(b"\0")
            at = end
            passed += 1
        here = digest.copy()
        here.update(view[at:stop])
        found.append(here.hexdigest())
    return found


def _above(document: Document, line: int) -> str:
    """Digest of everything above a 1-based line with the markers of items left out."""
    stop = document.lines.starts[line - 1]
    digest = hashlib.blake2b(digest_size=12)
    view = memoryview(document.data)
    at = 0
    for item in document.items:
        start, end = item.span
        if end > stop:
            break
        digest.update(view[at:start])
        digest.update(b"\0")
        at = end
    digest.update(view[at:stop])
    return digest.hexdigest()
