"""The block structure of a markdown document: markdown-it-py decides, nobody else.

A scanner for lines that look like items is wrong in indented code, HTML blocks, comments and
unclosed fences, so only blocks that markdown-it calls paragraphs, headings and table rows are
looked at. Inline parsing is left out: it costs most of the time and decides nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from cockpit.checklists.reading.block_rules import block_parser
from cockpit.checklists.reading.lines import Lines
from cockpit.checklists.reading.recent import Recent

_PARSER = block_parser()
_KEPT = 4 * 1024 * 1024
"""Bytes of the documents whose blocks are remembered; the blocks take several times as much."""


@dataclass(frozen=True, slots=True)
class ItemOpen:
    """A list item begins; it ends before line `end` (0-based)."""

    end: int


@dataclass(frozen=True, slots=True)
class ItemClose:
    """The innermost open list item ends."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break at the top level."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at the top level, on a 0-based line."""

    level: int
    content: str
    line: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph on 0-based lines [line, end); `leads_item`: the first block of a list item."""

    content: str
    line: int
    end: int
    leads_item: bool
    top: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row in the body of a table, with its cells and those of the table's head."""

    head: tuple[str, ...]
    cells: tuple[str, ...]
    line: int
    table: int
    """Line of the table's head: tells tables apart."""


@dataclass(frozen=True, slots=True)
class Html:
    """A block of HTML, which may be a comment."""

    content: str


Block = ItemOpen | ItemClose | Rule | Heading | Paragraph | Row | Html


_BLOCKS: Recent[tuple[Block, ...]] = Recent(_KEPT, largest=_KEPT)


def walk(data: bytes, lines: Lines, skip: int) -> tuple[Block, ...]:
    """Blocks of `data` in document order; the first `skip` lines are front matter.

    Items, plan and claims of a document are read one after the other: the blocks of the last few
    are remembered, so that markdown-it sees each version of a file once.
    """
    blocks = _BLOCKS.get(data)
    if blocks is None:
        blocks = _BLOCKS.keep(data, tuple(_read(data, lines, skip)))
    return blocks


def _read(data: bytes, lines: Lines, skip: int) -> Iterator[Block]:
    if skip >= len(lines):
        return
    text = data[lines.starts[skip] :].decode("utf-8", "replace")
    tokens = _PARSER.parse(text)
    head: list[str] = []
    cells: list[str] = []
    table = 0
    before = ""
    for index, token in enumerate(tokens):
        kind = token.type
        if kind == "inline":
            pass
        elif kind == "paragraph_open":
            line, end = _lines(token)
            content = tokens[index + 1].content
            leads = before == "list_item_open"
            yield Paragraph(content, line + skip, end + skip, leads, token.level == 0)
        elif kind == "list_item_open":
            yield ItemOpen(_lines(token)[1] + skip)
        elif kind == "list_item_close":
            yield ItemClose()
        elif kind == "heading_open":
            if token.level == 0:
                content = tokens[index + 1].content
                yield Heading(int(token.tag[1]), content, _lines(token)[0] + skip)
        elif kind == "hr":
            if token.level == 0:
                yield Rule()
        elif kind == "html_block":
            yield Html(token.content)
        elif kind == "table_open":
            table = _lines(token)[0] + skip
            head = []
        elif kind == "th_open":
            head.append(tokens[index + 1].content)
        elif kind == "tr_open":
            cells = []
        elif kind == "td_open":
            cells.append(tokens[index + 1].content)
        elif kind == "tr_close" and cells:
            line = _row_line(tokens, index)
            yield Row(tuple(head), tuple(cells), line + skip, table)
        before = kind


def _lines(token: Token) -> tuple[int, int]:
    return (token.map[0], token.map[1]) if token.map is not None else (0, 0)


def _row_line(tokens: list[Token], index: int) -> int:
    while tokens[index].type != "tr_open":
        index -= 1
    return _lines(tokens[index])[0]
