"""Render rows as lines of spans, exactly as wide as the pane. Pure, without Textual.

Widths are terminal cells, not characters: a wide character counts two, a combining one none, and
what is cut ends in the cut sign without leaving half a character behind.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from cockpit.rows import Align, Brief, Column, Forms, Glyphs, Line, Row, Span, Tone, plain, spans_of


def width_of(line: Sequence[Span]) -> int:
    """The width of a line in cells."""
    return sum(cell_len(span.text) for span in line)


def fit(
    line: Sequence[Span],
    width: int,
    glyphs: Glyphs,
    *,
    align: Align = Align.LEFT,
    block: bool = False,
) -> list[Span]:
    """`line` cut or padded to exactly `width` cells; a `block` is padded in its own tone."""
    if width <= 0:
        return []
    drawn = [Span(glyphs.text(span.text), span.tone) for span in line if span.text]
    used = width_of(drawn)
    if used <= width:
        if used == width:
            return drawn
        tone = drawn[0].tone if block and len(drawn) == 1 else Tone.PLAIN
        blank = Span(" " * (width - used), tone)
        return [blank, *drawn] if align is Align.RIGHT else [*drawn, blank]
    room = width - cell_len(glyphs.cut)
    out: list[Span] = []
    for span in drawn:
        size = cell_len(span.text)
        if size > room:
            out.append(Span(set_cell_size(span.text, room) + glyphs.cut, span.tone))
            break
        out.append(span)
        room -= size
    return [span for span in out if span.text]


def shown(columns: Sequence[Column], width: int) -> list[tuple[int, Column, int]]:
    """The columns that fit a pane `width` cells wide: (index of the cell, column, its width)."""
    kept = [(index, column) for index, column in enumerate(columns) if width >= column.from_width]
    fixed = sum(column.cells(width) for _, column in kept) + max(0, len(kept) - 1)
    takers = sum(1 for _, column in kept if not column.width)
    share = max(0, width - fixed) // takers if takers else 0
    return [(index, column, column.cells(width) or share) for index, column in kept]


def draw(row: Row, columns: Sequence[Column], width: int, glyphs: Glyphs) -> Line:
    """A row as a line of exactly `width` cells; columns stand one blank apart."""
    tail = [Span(glyphs.text(span.text), span.tone) for span in spans_of(row.tail, row.tone)]
    tail_width = min(width_of(tail), width)
    room = width - tail_width - 1 if tail_width else width
    if len(row.cells) <= 1 or not columns:
        joined = [span for cell in row.cells for span in spans_of(cell, row.tone)]
        body = fit(joined, room, glyphs)
    else:
        body = []
        for index, column, size in shown(columns, room):
            if index < len(row.cells) and size:
                if body:
                    body.append(Span(" "))
                cell = row.cells[index]
                if isinstance(cell, Brief) and cell_len(cell.full) > size:
                    cell = cell.short
                if isinstance(cell, Forms):
                    cell = _form(cell, size, glyphs)
                spans = spans_of(cell, row.tone)
                body.extend(fit(spans, size, glyphs, align=column.align, block=True))
        body = fit(body, room, glyphs)
    if not tail_width:
        return merge(body)
    gap = [Span(" ")] if room >= 0 else []
    return merge([*body, *gap, *fit(tail, tail_width, glyphs)])


def _form(cell: Forms, width: int, glyphs: Glyphs) -> Line:
    """The form that `width` cells have room for."""
    line = next((form for form in cell.forms if width_of(form) <= width), cell.forms[-1])
    end = Span(f" {cell.end}", line[-1].tone) if line else Span("")
    room = width - cell_len(glyphs.text(end.text))
    if not cell.end or width_of(line) <= width or room < width // 2:
        return line
    head = fit(line, room, glyphs)
    return line if cell.end in plain(tuple(head)) else (*head, end)


def merge(line: Sequence[Span]) -> Line:
    """The line with neighbouring spans of one tone joined: fewer escape sequences on the wire."""
    out: list[Span] = []
    for span in line:
        if out and out[-1].tone is span.tone:
            out[-1] = Span(out[-1].text + span.text, span.tone)
        elif span.text:
            out.append(span)
    return tuple(out)


def changed(before: Sequence[Line], after: Sequence[Line]) -> list[int]:
    """Indexes of the lines of `after` that differ from what stood there before."""
    return [
        index for index, line in enumerate(after) if index >= len(before) or before[index] != line
    ]


def reach(before: Sequence[Span], after: Sequence[Span]) -> int:
    """The number of cells of `after`, from the left, that have to be painted over `before`.

    What both lines end in stands there already. The whole line where that can't be told.
    """
    width = width_of(after)
    if width_of(before) != width:
        return width
    old, new = list(before), list(after)
    # Whole spans first: characters are looked at one by one only where the lines begin to differ.
    while old and new and old[-1] == new[-1] and cell_len(new[-1].text[:1]):
        width -= cell_len(old.pop().text)
        new.pop()
    ours, theirs = _cells(new), _cells(old)
    if any(sum(cell[2] for cell in cells) != width for cells in (ours, theirs)):
        return width
    for one, other in zip(reversed(theirs), reversed(ours), strict=False):
        if one != other:
            break
        width -= one[2]
    return width


def _cells(line: Sequence[Span]) -> list[tuple[str, Tone, int]]:
    """Each character with the combining ones behind it, its tone and how many cells it takes."""
    out: list[tuple[str, Tone, int]] = []
    for span in line:
        if span.text.isascii() and span.text.isprintable():
            out.extend((character, span.tone, 1) for character in span.text)
            continue
        for character in span.text:
            size = cell_len(character)
            if size or not out:
                out.append((character, span.tone, size))
            else:
                text, tone, taken = out[-1]
                out[-1] = (text + character, tone, taken)
    return out


def matching(rows: Sequence[Row], needle: str) -> list[Row]:
    """The rows that hold `needle`, letter case aside; rows without a key are left out."""
    if not needle:
        return list(rows)
    needle = needle.casefold()
    return [row for row in rows if row.key and needle in row.text().casefold()]


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken at blanks where there are any."""
    lines: list[str] = []
    for source in text.split("\n"):
        line: str | None = None
        for word in source.split(" "):
            joined = word if line is None else f"{line} {word}"
            if cell_len(joined) <= width:
                line = joined
                continue
            if line and line.strip():
                lines.append(line)
            while cell_len(word) > width:
                head = set_cell_size(word, width).rstrip(" ") or word[0]
                lines.append(head)
                word = word[len(head) :]
            line = word
        lines.append(line or "")
    return lines
