"""The edit of one marker, as bytes. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cockpit.checklists.editing.splice import Splice
from cockpit.checklists.errors import ChecklistError, EditUnsupported
from cockpit.checklists.parsing.items import Document, Form, Item, Progress, Status, counted_forms
from cockpit.checklists.parsing.lines import Lines, split
from cockpit.checklists.parsing.marker_span import decode, shown
from cockpit.checklists.parsing.markers import BOX_CHARS, read_emoji, status_value, write_marker
from cockpit.checklists.parsing.parse import parse

TWO_STATES: tuple[Status, ...] = (Status.TODO, Status.DONE)
_ONE_ITEMS_OWN = re.compile(r"%|partial|most|almost|nearly|review|testing", re.IGNORECASE)
"""How far one task has come: true of no other that is under way."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One marker written anew: the bytes, the 1-based line and the states before and after."""

    splice: Splice
    line: int
    before: Status
    after: Status

    def apply(self, data: bytes) -> bytes:
        """`data` with the edit done.

        Raises:
            ChecklistError: when the marker does not stand where it was read.
        """
        try:
            return self.splice.apply(data)
        except ChecklistError:
            raise ChecklistError("the marker moved while it was edited", line=self.line) from None


def cycle(status: Status, states: Sequence[str] = TWO_STATES) -> Status:
    """The state after `status`. One that is not among `states` goes on: doing to the last of
    them, anything else to the first."""
    order = [Status(state) for state in states]
    if status in order:
        return order[(order.index(status) + 1) % len(order)]
    return order[-1] if status is Status.DOING else order[0]


def edit(data: bytes, item: Item, status: Status, *, marker: str | None = None) -> Edit:
    """The change that gives `item` this status.

    Args:
        data: the file's bytes, the ones the item was read from.
        item: an item of `parse(data)`.
        status: wanted state.
        marker: write exactly this (an undo does); by default the document's own way of
            writing the state.

    Raises:
        EditUnsupported: this form has no marker for the state.
        ChecklistError: `item` was not read from `data`.
    """
    start, end = item.span
    old = data[start:end]
    if shown(old.decode("utf-8", "surrogateescape")) != item.marker:
        raise ChecklistError("the item was read from another version of the file", line=item.line)
    if marker is None:
        marker = item.marker if item.status is status else _marker(data, item, status)
    new = marker.encode("utf-8", "surrogateescape")
    return Edit(Splice(start, old, new), item.line, item.status, status)


def _marker(data: bytes, item: Item, status: Status) -> str:
    if item.form in (Form.CELL, Form.STATUS_LINE):
        same = [each for each in parse(data).items if each.form is item.form]
        counts = dict(Counter(each.marker for each in same))
        marker = write_marker(item.form, status, item.marker, counts=counts)
        if marker is not None:
            marker = _word_in_use(data, item, status, same, marker)
    else:
        marker = write_marker(item.form, status, item.marker, counts=_counts(data, item.form))
    if marker is None:
        raise EditUnsupported(
            f"{item.form.phrase} like “{item.marker}” has no way to say “{status}”;"
            " edit the line by hand",
            line=item.line,
        )
    return marker


def _counts(data: bytes, form: Form) -> dict[str, int]:
    """How often each way of writing a state occurs: cheap byte counts for the common forms."""
    if form is Form.BOX:
        return {mark: data.count(f"[{mark}]".encode()) for mark in "xX~/"}
    if form is Form.BALLOT:
        return {mark: data.count(mark.encode()) for mark in "☐☑☒"}
    if form in (Form.EMOJI, Form.HEADING):
        return {}
    return Counter(item.marker for item in parse(data).items if item.form is form)


def _word_in_use(
    data: bytes, item: Item, status: Status, same: Iterable[Item], default: str
) -> str:
    """The marker most often written for `status` where `item` stands, else `default`: for a cell
    in its table, for a status line in the document.

    Args:
        data: the file's bytes, the ones the items were read from.
        item: a status line or cell that says its state in words.
        status: wanted state.
        same: all items of its form in the file.
        default: what to write where no word is in use for the state.
    """
    style = _style(item.marker)
    if style is None:
        return default
    lines = split(data)
    first, last = 0, len(lines)
    if item.form is Form.CELL:
        first, last = _table_around(data, lines, item.line)
    rest = decode(data[item.span[1] : lines.ends[item.line - 1]])
    words = Counter(
        each.marker
        for each in same
        if each.status is status
        and first < each.line <= last
        and _style(each.marker) == style
        # What follows here must not make other words of it: `on hold` before `by …`.
        and status_value(each.marker + rest) == (status, len(each.marker))
        and not (status is Status.DOING and _ONE_ITEMS_OWN.search(each.marker))
    )
    return max(words, key=lambda word: (words[word], word == default), default=default)


def _table_around(data: bytes, lines: Lines, line: int) -> tuple[int, int]:
    """The lines of the table that `line` is in: the number of those before it, and its last."""
    first, last = line - 1, line - 1
    while first > 0 and b"|" in data[lines.starts[first - 1] : lines.ends[first - 1]]:
        first -= 1
    while last + 1 < len(lines) and b"|" in data[lines.starts[last + 1] : lines.ends[last + 1]]:
        last += 1
    return first, last + 1


def _style(marker: str) -> str | None:
    """The way a marker is written, by the text of an emoji in front; None for one without words."""
    lead = read_emoji(marker)
    if lead is None:
        return None if marker in BOX_CHARS else "words"
    if not marker[lead[1] :].strip():
        return None
    return "emoji" if marker.startswith(lead[0]) else "emoji in another encoding"


def patched(document: Document, item: Item, change: Edit) -> Document:
    """`parse(change.apply(document.data))`, without parsing where only one box byte changed.

    Another character between the brackets of a box cannot change the structure of a document.
    """
    data = change.apply(document.data)
    old, new = change.splice.old, change.splice.new
    if item.form is not Form.BOX or len(old) != 1 or len(new) != 1:
        return parse(data)
    index = document.index(item)
    items = list(document.items)
    items[index] = replace(item, status=change.after, marker=new.decode())
    fixed = tuple(items)
    forms = counted_forms(fixed)
    sections = tuple(
        replace(section, progress=Progress.of(fixed[section.first : section.end], forms))
        if section.first <= index < section.end
        else section
        for section in document.sections
    )
    return replace(document, data=data, items=fixed, sections=sections)
