"""The byte span of a marker in a line that markdown-it has called an item."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cockpit.checklists.parsing.items import Form, Status
from cockpit.checklists.parsing.markers import (
    box_status,
    emoji_status,
    heading_emoji,
    read_emoji,
    status_value,
)

BOX = re.compile(r"(?:\*{1,3}|_{1,3}|~~)?[ \t]*\[([^\[\]\n]{1,24})\](?=[ \t]|$|\*\*|__)")
"""A task marker at the head of an item's content: `[x] …`, `**[ ] …`, `**[ ]** …`."""

_CONTAINERS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t][ \t>]*)*")
_HASHES = re.compile(r"[ \t]*(?:#{1,6}[ \t]+)?")
_EMPHASIS = re.compile(r"[*_~]{0,3}[ \t]*")
_STATUS = re.compile(
    r"(?P<bold>\*\*|__)?(?P<label>[Ss]tatus|STATUS)(?P<inner>\*\*|__)?[ \t]*:[ \t]*"
    r"(?P<outer>(?:\*\*|__)(?![*_\w]))?[ \t]*"
)
_NEXT_LABEL = re.compile(r"[ \t]*(?:[|·•]|—)[ \t]*(?:\*\*|__)[A-Za-z]")
_WRAP = re.compile(r"[*_`~]*")
_STATUS_START = re.compile(r"(?:^|[|·•—][ \t]*)(?=(?:\*\*|__)?[Ss](?:tatus|TATUS)\b)")


@dataclass(frozen=True, slots=True)
class MarkerSpan:
    """A marker inside a content: byte offsets from the content's start, and what follows it."""

    form: Form
    status: Status
    marker: str
    start: int
    end: int
    rest: str
    """The content without the marker."""


def decode(raw: bytes) -> str:
    """A line as text whose characters can be counted back into bytes exactly."""
    return raw.decode("utf-8", "surrogateescape")


def width(text: str) -> int:
    """Bytes of a text made by `decode`."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def shown(text: str) -> str:
    """A text made by `decode` as markdown-it got it: undecodable bytes as U+FFFD, no NUL."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    raw = text.encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "replace").replace("\0", "\ufffd")


def content_start(line: str, content: str) -> int | None:
    """Offset in `line` at which `content` (one line of a block) begins, or None.

    Quote marks and bullets stand before it; everything after them must be the content.
    """
    match = _CONTAINERS.match(line)
    start = match.end() if match is not None else 0
    while start >= 0:
        if shown(line[start:]).strip() == content.strip():
            return start + len(line[start:]) - len(line[start:].lstrip())
        # A bullet-like text (`1. `) that continues a paragraph belongs to the content.
        start = _previous_container(line, start)
    return None


def heading_start(line: str) -> int:
    """Offset of a heading's content in its line (`## ` or nothing stands before it)."""
    hashes = _HASHES.match(line)
    return hashes.end() if hashes is not None else 0


def _previous_container(line: str, start: int) -> int:
    """Start of the last container mark before `start`, or -1."""
    head = line[:start].rstrip(" \t>")
    if not head:
        return -1
    bullet = re.search(r"(?:[-*+]|\d{1,9}[.)])$", head)
    return bullet.start() if bullet is not None else -1


def read_box(content: str) -> MarkerSpan | None:
    """The box at the head of an item's first line."""
    match = BOX.match(content)
    if match is None:
        return None
    status = box_status(match.group(1))
    if status is None:
        return None
    start, end = match.span(1)
    rest = _without(content[: start - 1], content[match.end() :])
    return _mark(Form.BOX, status, content, start, end, rest)


def read_lead(content: str) -> MarkerSpan | None:
    """The emoji or ballot at the head of a line."""
    if content.isascii():
        return None
    emphasis = _EMPHASIS.match(content)
    start = emphasis.end() if emphasis is not None else 0
    found = read_emoji(content, start)
    if found is None:
        return None
    emoji, end = found
    form, status = emoji_status(emoji)
    return _mark(form, status, content, start, end, _without(content[:start], content[end:]))


def read_heading(content: str) -> MarkerSpan | None:
    """The emoji at the head of a heading, when it is one that makes a heading a task."""
    found = read_emoji(content)
    if found is None or not heading_emoji(found[0]):
        return None
    status = emoji_status(found[0])[1]
    return _mark(Form.HEADING, status, content, 0, found[1], content[found[1] :].lstrip())


def read_status_line(content: str) -> MarkerSpan | None:
    """`**Status:** NOT STARTED` in its spellings; also after other labels on the line.

    A plain `Status: …` counts only when a known word follows: it may be prose.
    """
    if "tatus" not in content and "TATUS" not in content:
        return None
    for begin in _STATUS_START.finditer(content):
        label = _STATUS.match(content, begin.end())
        if label is None:
            continue
        bold = label.group("bold") is not None
        if begin.end() > 0 and not bold:
            continue
        mark = _status_value(content, label.end(), bold)
        if mark is not None:
            return mark
    return None


def _status_value(content: str, after: int, bold: bool) -> MarkerSpan | None:
    following = _NEXT_LABEL.search(content, after)
    stop = following.start() if following is not None else len(content)
    wrap = _WRAP.match(content, after)
    start = wrap.end() if wrap is not None else after
    value = content[start:stop].rstrip(" \t*_`~\\")
    if not value:
        return None
    known = status_value(value)
    if known is None and not bold:
        return None
    status, size = known if known is not None else (Status.UNKNOWN, len(value))
    rest = value[size:].strip()
    return _mark(Form.STATUS_LINE, status, content, start, start + size, rest)


def _without(opening: str, tail: str) -> str:
    """Content without its marker: emphasis that held nothing else goes with it."""
    opening = opening.strip()
    if opening and tail.startswith(opening):
        return tail[len(opening) :].lstrip()
    return opening + tail.lstrip()


def _mark(form: Form, status: Status, content: str, start: int, end: int, rest: str) -> MarkerSpan:
    at = width(content[:start])
    marker = content[start:end]
    return MarkerSpan(form, status, shown(marker), at, at + width(marker), rest)
