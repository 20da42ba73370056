"""The markers of each status: read them, and choose the one to write.

Emoji also occur double-encoded (UTF-8 read as Windows-1252 or -1254 and saved as UTF-8 again:
`âœ…` for ✅). Such a marker is recognised, and replaced in the same encoding, so that a file
stays repairable as a whole.
"""

from __future__ import annotations

import re

from cockpit.checklists.parsing.items import Form, Status
from cockpit.checklists.parsing.status_words import read_phrase, whole_phrase, write_phrase

BOX_CHARS: dict[str, Status] = {
    " ": Status.TODO,
    "\t": Status.TODO,
    "\N{NO-BREAK SPACE}": Status.TODO,
    "x": Status.DONE,
    "X": Status.DONE,
    "~": Status.DOING,
    "/": Status.DOING,
    "-": Status.DROPPED,
    "!": Status.BLOCKED,
    ">": Status.DEFERRED,
}
"""One-character box markers."""

BALLOTS: dict[str, Status] = {"☐": Status.TODO, "☑": Status.DONE, "☒": Status.DONE}
"""☒ is the checked box of word processors and document converters."""

EMOJI: dict[str, Status] = {
    "✅": Status.DONE,
    "✔": Status.DONE,
    "✓": Status.DONE,
    "🟢": Status.DONE,
    "❌": Status.TODO,
    "✗": Status.TODO,
    "✘": Status.TODO,
    "⏳": Status.TODO,
    "⌛": Status.TODO,
    "⬜": Status.TODO,
    "🔲": Status.TODO,
    "🔴": Status.TODO,
    "🔄": Status.DOING,
    "🚧": Status.DOING,
    "🟡": Status.DOING,
    "⛔": Status.BLOCKED,
    "🚫": Status.BLOCKED,
    "⏸": Status.DEFERRED,
    "⏭": Status.DEFERRED,
    "⚠": Status.UNKNOWN,
}
"""❌ and ⏳ are both "not done yet"; ⚠ says that something is wrong but not what."""

_HEADING_EMOJI = frozenset("✅❌⏳⚠🔄🚧⛔⏸")
_WRITE_BOX = {
    Status.TODO: " ",
    Status.DOING: "~",
    Status.DONE: "x",
    Status.DROPPED: "-",
    Status.BLOCKED: "!",
    Status.DEFERRED: ">",
}
_WRITE_BALLOT = {Status.TODO: "☐", Status.DONE: "☑"}
_WRITE_EMOJI = {
    Status.TODO: "⏳",
    Status.DOING: "🔄",
    Status.DONE: "✅",
    Status.BLOCKED: "⛔",
    Status.DEFERRED: "⏸️",
}
_VS16 = "\ufe0f"
_PAGES = ("cp1252", "cp1254")
_CONTROLS = re.compile("[\x80-\x9f]")


def double_encode(text: str, page: str) -> str:
    """`text` as it looks after its UTF-8 was read in a Windows code page.

    Bytes the page does not define come out as the control character of the same number, as
    browsers and most editors do it.
    """
    return "".join(_decode_byte(byte, page) for byte in text.encode("utf-8"))


def _decode_byte(byte: int, page: str) -> str:
    try:
        return bytes((byte,)).decode(page)
    except UnicodeDecodeError:
        return chr(byte)


def _spellings() -> dict[str, tuple[str, str | None]]:
    table: dict[str, tuple[str, str | None]] = {}
    for emoji in (*EMOJI, *BALLOTS):
        for text in (emoji, emoji + _VS16):
            table[text] = (emoji, None)
            for page in _PAGES:
                doubled = double_encode(text, page)
                table.setdefault(doubled, (emoji, page))
                # Some editors drop the control characters such a text contains.
                table.setdefault(_CONTROLS.sub("", doubled), (emoji, page))
    return table


_SPELLINGS = _spellings()
_LEAD = re.compile("|".join(re.escape(s) for s in sorted(_SPELLINGS, key=len, reverse=True)))


def read_emoji(text: str, start: int = 0) -> tuple[str, int] | None:
    """The emoji or ballot at `start` (plain form, no variation selector), and its end."""
    match = _LEAD.match(text, start)
    return (_SPELLINGS[match.group()][0], match.end()) if match is not None else None


def emoji_status(emoji: str) -> tuple[Form, Status]:
    """Form and status of an emoji that `read_emoji` returned."""
    if emoji in BALLOTS:
        return Form.BALLOT, BALLOTS[emoji]
    return Form.EMOJI, EMOJI[emoji]


def heading_emoji(emoji: str) -> bool:
    """True for the emoji that make a heading a task; others are decoration there."""
    return emoji in _HEADING_EMOJI


def box_status(content: str) -> Status | None:
    """Status of what stands between brackets, or None when that is no task marker.

    One character that is neither letter nor digit nor known is an unknown state of somebody's
    own scheme; letters too (`[b]`), digits not (`[1]` is a reference).
    """
    if content in BOX_CHARS:
        return BOX_CHARS[content]
    found = read_emoji(content)
    if found is not None and found[1] == len(content):
        return emoji_status(found[0])[1]
    if len(content) == 1:
        return None if content.isdigit() or content in "^@#" else Status.UNKNOWN
    return whole_phrase(content)


def write_marker(
    form: Form, status: Status, old: str, *, counts: dict[str, int] | None = None
) -> str | None:
    """The marker to write for `status` in place of `old`; None when the form has none.

    Args:
        form: form of the item.
        status: wanted state.
        old: marker that stands there now; its encoding and style are kept.
        counts: how often each marker occurs in the document; a state written there in another
            way (`[X]`, `[/]`, `☒`) is written that way again.
    """
    counts = counts or {}
    if form is Form.BOX:
        return _usual(_WRITE_BOX.get(status), BOX_CHARS, status, counts)
    if form is Form.BALLOT:
        return _in_encoding_of(old, _usual(_WRITE_BALLOT.get(status), BALLOTS, status, counts))
    if form in (Form.EMOJI, Form.HEADING):
        return _in_encoding_of(old, _usual(_WRITE_EMOJI.get(status), EMOJI, status, counts))
    return _write_words(status, old, counts)


def _usual(
    default: str | None, table: dict[str, Status], status: Status, counts: dict[str, int]
) -> str | None:
    if default is None:
        return None
    others = [
        marker for marker, meaning in table.items() if meaning is status and counts.get(marker)
    ]
    if not others:
        return default
    return max(others, key=lambda marker: (counts[marker], marker == default))


def _write_words(status: Status, old: str, counts: dict[str, int]) -> str | None:
    lead = read_emoji(old)
    body = old[lead[1] :].lstrip() if lead is not None else old
    if lead is not None and not body:
        form = emoji_status(lead[0])[0]
        return write_marker(form, status, old, counts=counts)
    if len(old) == 1 and old in BOX_CHARS:
        return _WRITE_BOX.get(status)
    words = write_phrase(status, body)
    if words is None or lead is None:
        return words
    emoji = _WRITE_EMOJI.get(status)
    if emoji is None:
        return words
    space = old[lead[1] : len(old) - len(body)]
    return (_in_encoding_of(old, emoji) or emoji) + space + words


def _in_encoding_of(old: str, new: str | None) -> str | None:
    if new is None:
        return None
    match = _LEAD.match(old)
    page = _SPELLINGS[match.group()][1] if match is not None else None
    return double_encode(new, page) if page is not None else new


def status_value(value: str) -> tuple[Status, int] | None:
    """Status at the head of a status line's or a cell's value, and the end of its marker.

    The words decide; an emoji in front of them belongs to the marker, and decides alone when
    no known word follows. None when neither is known.
    """
    lead = read_emoji(value)
    if lead is None:
        return read_phrase(value)
    after = lead[1]
    while after < len(value) and value[after] in " \t":
        after += 1
    words = read_phrase(value, after)
    if words is not None:
        return words
    return emoji_status(lead[0])[1], lead[1]
