"""Inline markdown as the plain words a person reads.

What opens and is never closed must not be searched to the end of the text each time: closing marks
are listed once, so that a line of any length takes time in proportion to it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

_BACKTICKS = re.compile(r"`+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\\]|\\.|\([^()]*\))*\)")
_STARS = re.compile(r"\*{1,3}|~~")
_UNDERSCORES = re.compile(r"(?<!\w)_{1,3}")
_WORD = re.compile(r"\w")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SPACE = re.compile(r"\s+")
_HELD = re.compile("\ue000(\\d+)\ue001")
_PLAIN = re.compile(r"[*_`\[<\\~\s]")


def comments(content: str) -> list[str]:
    """Bodies of the HTML comments in an inline content."""
    return [content[start + 4 : end - 3].strip() for start, end in _comment_spans(content)]


def plain(content: str) -> str:
    """`content` without emphasis, code marks, link targets, comments and line breaks."""
    if _PLAIN.search(content) is None:
        return content
    content = content.replace("\ue000", "").replace("\ue001", "")
    held: list[str] = []

    def hold(text: str) -> str:
        held.append(text.strip())
        return f"\ue000{len(held) - 1}\ue001"

    if "`" in content:
        content = _without_code(content, hold)
    if "\\" in content:
        content = _ESCAPE.sub(lambda match: hold(match[1]), content)
    if "<" in content:
        content = _BREAK.sub(" ", _replaced(content, _comment_spans(content), lambda *_: ""))
    if "](" in content:
        content = _LINK.sub(r"\1", content)
    if "*" in content or "~~" in content:
        content = _unwrapped(_unwrapped(content, _STARS), _STARS)
    if "_" in content:
        content = _unwrapped(_unwrapped(content, _UNDERSCORES), _UNDERSCORES)
    content = _open_emphasis(content)
    if held:
        content = _HELD.sub(lambda match: held[int(match.group(1))], content)
    return _SPACE.sub(" ", content).strip()


def _open_emphasis(content: str) -> str:
    """Emphasis that a later line closes leaves nothing but its opening mark here."""
    for mark in ("**", "__", "~~"):
        if content.startswith(mark) and content.count(mark) == 1:
            return content[2:]
    return content


def _comment_spans(content: str) -> list[tuple[int, int]]:
    spans = []
    start = content.find("<!--")
    while start >= 0 and (end := content.find("-->", start + 4)) >= 0:
        spans.append((start, end + 3))
        start = content.find("<!--", end + 3)
    return spans


def _replaced(content: str, spans: list[tuple[int, int]], by: Callable[[int, int], str]) -> str:
    """`content` with each span, in order, replaced by what `by` makes of it."""
    parts, at = [], 0
    for start, end in spans:
        parts += [content[at:start], by(start, end)]
        at = end
    return "".join((*parts, content[at:]))


def _without_code(content: str, hold: Callable[[str], str]) -> str:
    """A run of backticks is closed by the next run of that length; what is between is code."""
    runs = [match.span() for match in _BACKTICKS.finditer(content)]
    following: dict[int, int] = {}
    closing: list[int | None] = [None] * len(runs)
    for number in range(len(runs) - 1, -1, -1):
        size = runs[number][1] - runs[number][0]
        closing[number] = following.get(size)
        following[size] = number
    spans, number = [], 0
    sizes: dict[int, int] = {}
    while number < len(runs):
        close = closing[number]
        if close is not None:
            spans.append((runs[number][0], runs[close][1]))
            sizes[runs[number][0]] = runs[number][1] - runs[number][0]
        number = number + 1 if close is None else close + 1
    return _replaced(
        content, spans, lambda start, end: hold(content[start + sizes[start] : end - sizes[start]])
    )


def _unwrapped(content: str, opening: re.Pattern[str]) -> str:
    """`content` without the marks that `opening` finds and the same marks that close them.

    No blank stands behind the opening mark and none before the closing one. Of a run that nothing
    closes, a shorter part may be closed.
    """
    closers: dict[str, list[int]] = {}
    parts, at, start = [], 0, 0
    while (match := opening.search(content, start)) is not None:
        start = match.start()
        for size in range(len(match[0]), 0 if content[start] != "~" else 1, -1):
            mark, inside = content[start : start + size], start + size
            if inside >= len(content) or content[inside].isspace():
                continue
            if mark not in closers:
                closers[mark] = _closers(content, mark)
            found = bisect_left(closers[mark], inside + 1)
            if found < len(closers[mark]):
                end = closers[mark][found]
                parts += [content[at:start], content[inside:end]]
                at = start = end + size
                break
        else:
            start += 1
    return "".join((*parts, content[at:]))


def _closers(content: str, mark: str) -> list[int]:
    """Where `mark` may close, ascending; underscores only at the end of a word."""
    found = []
    at = content.find(mark, 1)
    while at >= 0:
        end = at + len(mark)
        inside_word = mark[0] == "_" and _WORD.match(content, end) is not None
        if not content[at - 1].isspace() and not inside_word:
            found.append(at)
        at = content.find(mark, at + 1)
    return found


_SUSPECT = re.compile(
    rb"\xc3\xa2[\xc2\xc5\xcb\xe2]|\xc3[\x82\x83][\xc2\xc5\xe2]"
    rb"|(?:\xc3\xb0|\xc4\x9f)\xc5\xb8|\xc3\xaf\xc2\xb8|\xc3\xa3\xe2\x82\xac"
)
"""How the UTF-8 of common emoji, dashes and quotes looks when it was encoded twice."""


def suspect(data: bytes) -> bool:
    """True when `data` may contain double-encoded text: cheap, and sometimes wrong."""
    return _SUSPECT.search(data) is not None


class Repairer:
    """Repairs display texts of one document, and remembers whether anything needed it."""

    def __init__(self, data: bytes) -> None:
        self.repaired = False
        self._fix: Callable[[str], str] | None = None
        if suspect(data):
            from ftfy import fix_encoding  # the import costs more than most files to parse

            self._fix = fix_encoding

    def __call__(self, text: str) -> str:
        """`text` with double-encoding undone where that is certain."""
        if self._fix is None or text.isascii():
            return text
        fixed = self._fix(text)
        self.repaired = self.repaired or fixed != text
        return fixed
