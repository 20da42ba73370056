"""Inline markdown as the plain words a person reads."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\\]|\\.|\([^()]*\))*\)")
_STARS = re.compile(r"(\*{1,3}|~~)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_UNDERSCORES = re.compile(r"(?<!\w)(_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_SPACE = re.compile(r"\s+")
_HELD = re.compile("\ue000(\\d+)\ue001")
_PLAIN = re.compile(r"[*_`\[<\\~\s]")


def comments(content: str) -> list[str]:
    """Bodies of the HTML comments in an inline content."""
    return [match.group()[4:-3].strip() for match in _COMMENT.finditer(content)]


def plain(content: str) -> str:
    """`content` without emphasis, code marks, link targets, comments and line breaks."""
    if _PLAIN.search(content) is None:
        return content
    content = content.replace("\ue000", "").replace("\ue001", "")
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match.group(match.lastindex or 0).strip())
        return f"\ue000{len(held) - 1}\ue001"

    if "`" in content:
        content = _CODE.sub(hold, content)
    if "\\" in content:
        content = _ESCAPE.sub(hold, content)
    if "<" in content:
        content = _BREAK.sub(" ", _COMMENT.sub("", content))
    if "](" in content:
        content = _LINK.sub(r"\1", content)
    if "*" in content or "~~" in content:
        content = _twice(_STARS, content)
    if "_" in content:
        content = _twice(_UNDERSCORES, content)
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


def _twice(pattern: re.Pattern[str], content: str) -> str:
    return pattern.sub(r"\2", pattern.sub(r"\2", content))
