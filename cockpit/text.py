"""Text that is safe to draw, and times and ages as the screen writes them.

Everything that comes from files, process names, replies and logs passes `sanitize` when a model
object is made: the terminal gets no control character, no escape sequence, no bidirectional
override and no zero-width joiner from outside, and neither it nor the store gets a secret.

Instants inside texts are written as RFC 3339 in UTC (`2026-01-05T12:00:00Z`); `localise` turns them
into the reader's zone at the moment of drawing, so that no stored sentence depends on a zone.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, tzinfo
from typing import Literal

from cockpit.redaction import SECRETS, remember

# CSI, OSC/DCS/SOS/PM/APC strings and two-byte escapes, in their 7-bit and 8-bit (C1) forms
# (ECMA-48 5.4 and 5.6). An unterminated string swallows the rest of its line only.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_BLANKS = re.compile(r"[\t\n\r\f\v\x85]+")
_INSTANT = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z")


def sanitize(text: str, *, limit: int = 2000, multiline: bool = False) -> str:
    """`text` without a secret, and without anything that could move a cursor or hide a word.

    Tabs and line breaks become one blank each (`multiline` keeps line breaks). Longer than `limit`
    characters it is cut and ends in an ellipsis.
    """
    if hash(text) in SECRETS.safe and len(text) <= limit:
        return text
    if text.isascii() and text.isprintable() and len(text) <= limit:
        safe = SECRETS.safe
        if (cleaned := SECRETS.text(text)) is text:
            remember(safe, hash(text))
        return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"
    # What is taken out here may have split a secret; what is cut off would leave a part of one.
    text = SECRETS.text(drawable(text[: limit * 8], multiline=multiline))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def drawable(text: str, *, multiline: bool = False) -> str:
    """`text` without anything that could move a cursor or hide a word, at its full length and with
    what may be secret: for comparing only. What is shown or kept passes `sanitize`."""
    if text.isascii() and text.isprintable():
        return text
    text = _ESCAPES.sub("", text)
    if multiline:
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    else:
        text = _BLANKS.sub(" ", text)
    return _FORBIDDEN.sub("", text)


def format_utc(
    moment: datetime, *, precision: Literal["seconds", "microseconds"] = "seconds"
) -> str:
    """An aware datetime as RFC 3339 in UTC: inside texts to the second, in the store with all six
    digits, so that texts sort as the moments do."""
    text = moment.astimezone(UTC).isoformat(timespec=precision)
    return text.replace("+00:00", "Z")


def whole_second(moment: datetime) -> datetime:
    """An aware datetime in UTC, cut to the second as `format_utc` writes it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def parse_instant(text: str) -> datetime:
    """The aware UTC datetime of an RFC 3339 text; ValueError for a naive or malformed one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return moment.astimezone(UTC)


def json_text(value: object, *, indent: int | None = None) -> str:
    """`value` as JSON that is safe to draw: what `sanitize` would take away is escaped instead."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _FORBIDDEN.sub(lambda found: json.dumps(found[0])[1:-1].replace("\x7f", "\\u007f"), text)


def localise(text: str, now: datetime, zone: tzinfo | None = None) -> str:
    """`text` with each RFC 3339 UTC instant as local wall time, dated when it is not today's, with
    its year when that is not this one.

    `zone` None is the machine's local zone.
    """
    today = now.astimezone(zone).date()

    def local(match: re.Match[str]) -> str:
        moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC).astimezone(zone)
        if moment.date() == today:
            return f"{moment:%H:%M:%S}"
        if moment.year == today.year:
            return f"{moment:%b %d %H:%M:%S}"
        return f"{moment:%b %d} {moment.year} {moment:%H:%M:%S}"

    return _INSTANT.sub(local, text)


def bucketed_age(seconds: float) -> str:
    """An age in coarse steps, so that a row does not change every second: `<1m 1m 2m 1h 3d`."""
    if seconds < 0:
        return "future"
    if seconds < 60:
        return "<1m"
    if seconds < 3600:
        return f"{int(seconds // 60)}m"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)}h"
    return f"{int(seconds // 86400)}d"


def exact_age(seconds: float) -> str:
    """An age with its two leading units: `7s`, `47m 05s`, `2h 10m`, `3d 04h`."""
    sign = "-" if seconds < 0 else ""
    whole = int(abs(seconds))
    if whole < 60:
        return f"{sign}{whole}s"
    if whole < 3600:
        return f"{sign}{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{sign}{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{sign}{whole // 86400}d {whole % 86400 // 3600:02d}h"


def duration_text(seconds: float) -> str:
    """A configured span as people write it: `2m`, `90s`, `2h`, `250ms`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"
