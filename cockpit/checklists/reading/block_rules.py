"""markdown-it's own rules for blocks, asked only where a line begins like one of theirs.

At each line markdown-it asks every rule in turn, and most of them look at nothing but the first
character before they say no. One look decides for all of them here. Their order among each other
stays: only `*`, `-` and `_` begin blocks of two kinds, and a rule (`---`) goes before a list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from markdown_it import MarkdownIt, rules_block
from markdown_it.rules_block import StateBlock

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
