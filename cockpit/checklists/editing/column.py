"""The word a table's own status column uses for a state: DONE where its other cells say DONE."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from cockpit.checklists.parsing.items import Item, Status
from cockpit.checklists.parsing.lines import split
from cockpit.checklists.parsing.marker_span import decode
from cockpit.checklists.parsing.markers import BOX_CHARS, read_emoji, status_value

_ONE_CELLS_OWN = re.compile(r"%|partial|most|almost|nearly|review|testing", re.IGNORECASE)
"""How far one task has come: true of no other that is under way."""


def column_word(
    data: bytes, item: Item, status: Status, cells: Iterable[Item], default: str
) -> str:
    """The marker most often written for `status` in the column of `item`, else `default`.

    Args:
        data: the file's bytes, the ones the items were read from.
        item: a status cell that says its state in words.
        status: wanted state.
        cells: all the status cells of the file.
        default: what to write where the column has no word for the state.
    """
    style = _style(item.marker)
    if style is None:
        return default
    lines = split(data)
    first, last = item.line - 1, item.line - 1
    while first > 0 and b"|" in data[lines.starts[first - 1] : lines.ends[first - 1]]:
        first -= 1
    while last + 1 < len(lines) and b"|" in data[lines.starts[last + 1] : lines.ends[last + 1]]:
        last += 1
    rest = decode(data[item.span[1] : lines.ends[item.line - 1]])
    words = Counter(
        cell.marker
        for cell in cells
        if cell.status is status
        and first < cell.line <= last + 1
        and _style(cell.marker) == style
        # What follows in this cell must not make other words of it: `on hold` before `by …`.
        and status_value(cell.marker + rest) == (status, len(cell.marker))
        and not (status is Status.DOING and _ONE_CELLS_OWN.search(cell.marker))
    )
    return max(words, key=lambda word: (words[word], word == default), default=default)


def _style(marker: str) -> str | None:
    """The way a marker is written, by the text of an emoji in front; None for one without words."""
    lead = read_emoji(marker)
    if lead is None:
        return None if marker in BOX_CHARS else "words"
    if not marker[lead[1] :].strip():
        return None
    return "emoji" if marker.startswith(lead[0]) else "emoji in another encoding"
