"""What a task says about itself: priority, effort, dependency, owner, due date, requirements.

Two places are read: labelled lines below a heading (`**Effort:** 3-4 hours`) and remarks in the
item's own text (`(6-8 hours)`, `@ana`, `due: 2026-03-01`, `<!-- requires: gate:promotion -->`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from .items import NO_META, Effort, Meta
from .text import plain

LABEL = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)(?P<name>[A-Za-z][A-Za-z /-]{1,30}?)"
    r"(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)[ \t]*(?P<value>.*?)[ \t\\]*$"
)
"""A labelled line such as `**Owner:** Ana`."""

_NUMBER = r"\d{1,5}(?:[.,]\d{1,2})?"
_EFFORT = re.compile(
    rf"(?:~|≈|about[ ])?[ ]?(?P<low>{_NUMBER})"
    rf"(?:[ ]?(?:-|–|—|to)[ ]?(?P<high>{_NUMBER}))?[ ]?\+?[ ]?"
    r"(?P<unit>hours?|hrs?|h|minutes?|mins?|days?|d|weeks?|w)\b",
    re.IGNORECASE,
)
_HOURS = {"h": 1.0, "m": 1 / 60, "d": 8.0, "w": 40.0}
"""Hours in a unit, by its first letter; a working day has 8 hours, a week 40."""

_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_OWNER = re.compile(r"(?<![\w@.`/])@([A-Za-z][\w.-]{0,38}\w|[A-Za-z])(?![\w/(])")
_OWNER_WORD = re.compile(r"\bowner:[ ]*@?([\w.-]+)", re.IGNORECASE)
_DUE = re.compile(r"(?:\b(?:due|by|deadline)[: ][ ]?|📅[ ]?)(\d{4}-\d{2}-\d{2})\b", re.IGNORECASE)
_PRIORITY = re.compile(
    r"(?:\[|\()(critical|high|medium|low|p[0-4])(?:[ ]priority)?(?:\]|\))"
    r"|\bpriority:[ ]*(critical|high|medium|low|p[0-4])\b",
    re.IGNORECASE,
)
_DEPENDS = re.compile(
    r"\b(?:depends[ ]on|blocked[ ]by|requires|after)[: ][ ]?"
    r"(?P<what>[^().;]*(?:\.\d[^().;]*)*)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\b(?:P\d+[A-Z]?(?:\.\d+)*|\d+[A-Z]|\d+\.\d+|(?:task|batch|phase|stage|step|day)s?[ ]#?\d+)",
    re.IGNORECASE,
)
_COMMENT_KEY = re.compile(
    r"\b(requires|depends|owner|due|effort|priority)[ ]*[:=][ ]*", re.IGNORECASE
)


def read_effort(text: str) -> Effort | None:
    """The first amount of work in `text`; minutes, days (8 h) and weeks (40 h) become hours."""
    match = _EFFORT.search(text)
    if match is None:
        return None
    factor = _HOURS[match.group("unit")[0].lower()]
    low = float(match.group("low").replace(",", "."))
    high = float((match.group("high") or match.group("low")).replace(",", "."))
    return Effort(match.group().strip(), min(low, high) * factor, max(low, high) * factor)


def from_labels(lines: Iterable[str], base: Meta = NO_META) -> Meta:
    """Meta of labelled lines; a label that is not known changes nothing."""
    meta = base
    for line in lines:
        match = LABEL.match(line)
        if match is not None:
            meta = _with(meta, match.group("name").lower(), plain(match.group("value")))
    return meta


def _with(meta: Meta, name: str, value: str) -> Meta:
    if not value:
        return meta
    if name == "priority":
        return replace(meta, priority=value)
    if name in ("effort", "estimate", "estimated effort", "duration", "time", "estimated time"):
        return replace(meta, effort=read_effort(value))
    if name in ("dependency", "dependencies", "depends on", "blocked by", "depends"):
        return replace(meta, depends=value)
    if name in ("owner", "assignee", "assigned to", "responsible", "agent"):
        return replace(meta, owner=value.lstrip("@"))
    if name in ("due", "due date", "deadline", "target date"):
        return replace(meta, due=value)
    return meta


def from_text(text: str, comments: Iterable[str] = ()) -> Meta:
    """Meta of remarks in an item's display text and in its HTML comments."""
    meta = NO_META
    lowered = text.lower()
    if "(" in text:
        efforts = map(read_effort, _IN_BRACKETS.findall(text))
        meta = replace(meta, effort=next(filter(None, efforts), None))
    if "@" in text and (owner := _OWNER.search(text)) is not None:
        meta = replace(meta, owner=owner.group(1))
    if "owner:" in lowered and (word := _OWNER_WORD.search(text)) is not None:
        meta = replace(meta, owner=word.group(1))
    if "-" in text and (due := _DUE.search(text)) is not None:
        meta = replace(meta, due=due.group(1))
    if _says(lowered, "[", "(", "priority:") and (priority := _PRIORITY.search(text)) is not None:
        meta = replace(meta, priority=(priority.group(1) or priority.group(2)).upper())
    if _says(lowered, "depends on", "blocked by", "requires", "after"):
        depends = _DEPENDS.search(text)
        if depends is not None and _REFERENCE.search(depends.group("what")):
            meta = replace(meta, depends=depends.group("what").strip())
    return from_comments(comments, meta)


def _says(text: str, *words: str) -> bool:
    """Cheaper than a search, which most items need none of."""
    return any(word in text for word in words)


def from_comments(comments: Iterable[str], base: Meta = NO_META) -> Meta:
    """Meta of HTML comments such as `requires: gate:promotion; owner: ana`."""
    for comment in comments:
        base = _from_comment(base, comment)
    return base


def _from_comment(meta: Meta, comment: str) -> Meta:
    """`requires: gate:promotion, probe:backend; owner: ana` (keys in any order)."""
    keys = list(_COMMENT_KEY.finditer(comment))
    for number, match in enumerate(keys):
        end = keys[number + 1].start() if number + 1 < len(keys) else len(comment)
        value = comment[match.end() : end].strip().rstrip(";,").strip()
        name = match.group(1).lower()
        if name == "requires":
            names = tuple(word for word in re.split(r"[,\s]+", value) if word)
            meta = replace(meta, requires=meta.requires + names)
        else:
            meta = _with(meta, name, value)
    return meta
