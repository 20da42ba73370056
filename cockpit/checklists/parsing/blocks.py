"""The block structure of a markdown document, as markdown-it-py sees it.

A scanner for lines that look like items is wrong in indented code, HTML blocks, comments and
unclosed fences, so only blocks that markdown-it calls paragraphs, headings and table rows are
looked at. Inline parsing is left out: it costs most of the time and decides nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from markdown_it import MarkdownIt, rules_block
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from cockpit.checklists.parsing.lines import Lines
from cockpit.checklists.parsing.lru import LruCache

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


_BLOCKS: LruCache[tuple[Block, ...]] = LruCache(_KEPT, largest=_KEPT)


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


_Rule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]
"""(state, first line, line after the last, only look) -> whether the block begins here."""

_ANYWHERE: dict[str, _Rule] = {
    **dict.fromkeys("`~", rules_block.fence),
    ">": rules_block.blockquote,
    **dict.fromkeys("*-_", rules_block.hr),
}
"""Blocks that end a paragraph, a quote and the item of a list, by their first character."""
_NOT_IN_LISTS: dict[str, _Rule] = {
    **dict.fromkeys("*+-0123456789", rules_block.list_block),
    "<": rules_block.html_block,
    "#": rules_block.heading,
}
"""Blocks that end a paragraph and a quote."""
_FIRST_ONLY: dict[str, _Rule] = {"[": rules_block.reference}
"""Blocks that end nothing."""


def block_parser() -> MarkdownIt:
    """A parser for blocks alone, with tables, that finds what CommonMark says."""
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    ruler = parser.block.ruler
    ruler.disable(["fence", "blockquote", "hr", "list", "reference", "html_block", "heading"])
    for name, rules, ends in (
        ("anywhere", _ANYWHERE, ["paragraph", "reference", "blockquote", "list"]),
        ("not in lists", _NOT_IN_LISTS, ["paragraph", "reference", "blockquote"]),
        ("first only", _FIRST_ONLY, []),
    ):
        ruler.before("lheading", name, _dispatch(rules), {"alt": ends})
    return parser


def _dispatch(rules: dict[str, _Rule]) -> _Rule:
    def begins(state: StateBlock, line: int, end: int, silent: bool) -> bool:
        at = state.bMarks[line] + state.tShift[line]
        rule = rules.get(state.src[at : at + 1])
        return rule is not None and rule(state, line, end, silent)

    return begins


_PARSER = block_parser()
