"""Table rows that are tasks: the cell that holds the status, and its byte span."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cockpit.checklists.parsing import meta as metadata
from cockpit.checklists.parsing.blocks import Row
from cockpit.checklists.parsing.items import NO_META, Form, Meta, Status
from cockpit.checklists.parsing.marker_span import BOX, MarkerSpan, decode, shown, width
from cockpit.checklists.parsing.markers import box_status, emoji_status, read_emoji, status_value
from cockpit.checklists.parsing.text import plain

_STATUS_HEADS = frozenset(
    ("status", "state", "done", "done?", "complete", "complete?", "completed", "progress")
)
_NAME_HEADS = (
    "task", "item", "name", "title", "feature", "step", "component", "description", "criterion",
    "check", "requirement", "deliverable", "test",
)  # fmt: skip
_ID_HEADS = frozenset(("id", "task id", "ref", "key"))
_LABELS = {
    "priority": "Priority", "effort": "Effort", "estimate": "Effort", "hours": "Effort",
    "dependency": "Dependency", "dependencies": "Dependency", "depends on": "Dependency",
    "owner": "Owner", "assignee": "Owner", "due": "Due", "due date": "Due", "deadline": "Due",
}  # fmt: skip
_PREFIX = re.compile(r"[ \t>]*")
_WRAP = re.compile(r"[*_`~]*")
_COUNTER = re.compile(r"#?\d+\.?|")


@dataclass(frozen=True, slots=True)
class Found:
    """A table row that is a task: its marker, the file offset the marker counts from, its names."""

    mark: MarkerSpan
    start: int
    """Bytes from the start of the line to the status cell."""
    text: str
    id: str | None
    meta: Meta


def split_row(line: str) -> list[tuple[int, str]]:
    """Cells of a table row as (offset in the line, exact text): as markdown-it splits them.

    A pipe behind a backslash belongs to its cell, also inside code.
    """
    prefix = _PREFIX.match(line)
    start = prefix.end() if prefix is not None else 0
    stop = len(line.rstrip())
    cells: list[tuple[int, str]] = []
    begin = start
    for at in range(start, stop):
        if line[at] == "|" and (at == start or line[at - 1] != "\\"):
            cells.append((begin, line[begin:at]))
            begin = at + 1
    cells.append((begin, line[begin:stop]))
    if cells and not cells[0][1]:
        cells.pop(0)
    if cells and not cells[-1][1]:
        cells.pop()
    return cells


def read_row(row: Row, raw: bytes) -> Found | None:
    """The task in a table row, or None when the row has no status cell."""
    heads = [plain(head).lower() for head in row.head]
    column = next((i for i, head in enumerate(heads) if head in _STATUS_HEADS), None)
    if column is None:
        column = _marker_column(row.cells)
    if column is None or column >= len(row.cells):
        return None
    line = decode(raw)
    cells = split_row(line)
    if column >= len(cells):
        return None
    offset, cell = cells[column]
    if shown(cell).replace("\\|", "|").strip() != row.cells[column]:
        return None
    inside = len(cell) - len(cell.lstrip())
    mark = read_cell(cell.strip())
    if mark is None:
        return None
    text = _text(heads, row.cells, column)
    return Found(
        mark, width(line[: offset + inside]), text, _id(heads, row.cells), _meta(heads, row.cells)
    )


def read_cell(value: str) -> MarkerSpan | None:
    """The marker of a status cell: a box, an emoji, status words, or words nobody agreed on."""
    box = BOX.match(value)
    if box is not None:
        status = box_status(box.group(1))
        if status is not None:
            return _mark(status, value, *box.span(1))
    wrap = _WRAP.match(value)
    start = wrap.end() if wrap is not None else 0
    inner = value[start:].rstrip("*_`~")
    if not inner:
        return None
    known = status_value(inner)
    status, size = known if known is not None else (Status.UNKNOWN, len(inner))
    return _mark(status, value, start, start + size)


def _mark(status: Status, value: str, start: int, end: int) -> MarkerSpan:
    marker = value[start:end]
    at = width(value[:start])
    return MarkerSpan(Form.CELL, status, shown(marker), at, at + width(marker), value[end:].strip())


def _marker_column(cells: tuple[str, ...]) -> int | None:
    """The one cell that is nothing but a marker; a row with several compares things."""
    columns = [number for number, cell in enumerate(cells) if _only_marker(cell)]
    return columns[0] if len(columns) == 1 and len(cells) > 1 else None


def _only_marker(cell: str) -> bool:
    emoji = read_emoji(cell)
    if emoji is not None:
        return emoji[1] == len(cell) and emoji_status(emoji[0])[1] is not Status.UNKNOWN
    box = BOX.fullmatch(cell)
    return box is not None and box_status(box.group(1)) is not None


def _text(heads: list[str], cells: tuple[str, ...], status: int) -> str:
    for name in _NAME_HEADS:
        for number, head in enumerate(heads[: len(cells)]):
            if number != status and head.startswith(name) and cells[number]:
                return cells[number]
    for number, cell in enumerate(cells):
        named = number < len(heads) and (heads[number] in _ID_HEADS or heads[number] in _LABELS)
        if number != status and not named and _COUNTER.fullmatch(cell) is None:
            return cell
    return next((c for n, c in enumerate(cells) if n != status and c), "")


def _id(heads: list[str], cells: tuple[str, ...]) -> str | None:
    for head, cell in zip(heads, cells, strict=False):
        if head in _ID_HEADS and cell:
            return plain(cell)
    return None


def _meta(heads: list[str], cells: tuple[str, ...]) -> Meta:
    labels = []
    for head, cell in zip(heads, cells, strict=False):
        if head in _LABELS and cell and cell not in ("-", "–", "—"):
            value = f"{cell} hours" if head == "hours" else cell
            labels.append(f"**{_LABELS[head]}:** {value}")
    return metadata.from_labels(labels) if labels else NO_META
