"""Read the remarks of a task: priority, effort, dependency, owner, due date, requirements.

Two places are read: labelled lines below a heading (`**Effort:** 3-4 hours`) and remarks in the
item's own text (`(6-8 hours)`, `@ana`, `due: 2026-03-01`, `<!-- requires: gate:promotion -->`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from cockpit.checklists.parsing.items import NO_META, Effort, Item, Meta
from cockpit.checklists.parsing.refs import names_any
from cockpit.checklists.parsing.text import plain

LABEL = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)?(?:\*\*|__)(?P<name>[A-Za-z][A-Za-z /-]{1,30}?)"
    r"(?::(?:\*\*|__)|(?:\*\*|__)[ \t]*:)[ \t]*(?P<value>.*?)[ \t\\]*$"
)
"""A labelled line such as `**Owner:** Ana`."""

_NUMBER = r"(?:\d{1,5}(?:[.,]\d{1,2})?½?|½|half[ ]an?)"
_UNIT = (
    r"(?:hours?|hrs?|h|minutes?|mins?|(?:(?:working|business|person|man)[ -]?)?days?|d|weeks?|w)"
)
_EFFORT = re.compile(
    rf"(?:~|≈|about[ ])?[ ]?(?<![\d.,/])(?P<low>{_NUMBER})(?:[ ]?(?P<low_unit>{_UNIT}))?"
    rf"(?:[ ]?(?:-|–|—|to)[ ]?(?P<high>{_NUMBER}))?[ ]?\+?[ ]?(?P<unit>{_UNIT})\b",
    re.IGNORECASE,
)
_HOURS_AND_MINUTES = re.compile(
    r"(?<![\d.,/])(?P<hours>\d{1,4})[ ]?(?:hours?|hrs?|h)"
    r"(?:[ ]?(?:and[ ])?(?P<minutes>\d{1,2})[ ]?(?:minutes?|mins?|m)\b|(?P<bare>\d\d)\b)",
    re.IGNORECASE,
)
_CALENDAR = re.compile(
    r"\W*(?:for|in|after|within|every|last|past|over|until|by|per|next)\b", re.IGNORECASE
)
"""`(for 30 days)` is how long something goes on, not how much work it is."""
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
_COMMENT_KEY = re.compile(
    r"\b(requires|depends|owner|due|effort|priority)[ ]*[:=][ ]*", re.IGNORECASE
)


def read_effort(text: str) -> Effort | None:
    """The first amount of work in `text`: minutes, working days (8 h) and weeks (40 h) as hours.

    `2-3h`, `4–6 hours`, `30 min to 1 hour`, `1h 30m`, `½ day`; None where there is no such amount.
    """
    match = _EFFORT.search(text)
    exact = _HOURS_AND_MINUTES.search(text)
    if exact is not None and (match is None or exact.start() <= match.start("low")):
        minutes = exact.group("minutes") or exact.group("bare")
        hours = int(exact.group("hours")) + int(minutes) / 60
        return Effort(exact.group().strip(), hours, hours)
    if match is None:
        return None
    unit = _factor(match.group("unit"))
    low = _amount(match.group("low")) * _factor(match.group("low_unit") or match.group("unit"))
    high = _amount(match.group("high")) * unit if match.group("high") else low
    return Effort(match.group().strip(), min(low, high), max(low, high))


def effort_in_brackets(text: str) -> Effort | None:
    """The first amount of work that stands in brackets in a display text: `First (2h)`."""
    among = (each for each in _IN_BRACKETS.findall(text) if not _CALENDAR.match(each))
    return next(filter(None, map(read_effort, among)), None)


def _factor(unit: str) -> float:
    """Hours in a unit; `person-days` are days."""
    word = unit.lower()
    return _HOURS["d" if "day" in word else word[0]]


def _amount(number: str) -> float:
    """`1,5`, `1½`, `half a`."""
    if number.lower().startswith("half"):
        return 0.5
    whole = number.rstrip("½").replace(",", ".")
    return (float(whole) if whole else 0.0) + (0.5 if number.endswith("½") else 0.0)


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
        meta = replace(meta, effort=effort_in_brackets(text))
    if "@" in text and (owner := _OWNER.search(text)) is not None:
        meta = replace(meta, owner=owner.group(1))
    if "owner:" in lowered and (word := _OWNER_WORD.search(text)) is not None:
        meta = replace(meta, owner=word.group(1))
    if "-" in text and (due := _DUE.search(text)) is not None:
        meta = replace(meta, due=due.group(1))
    bracketed = "[" in text or "(" in text or "priority:" in lowered
    if bracketed and (priority := _PRIORITY.search(text)) is not None:
        meta = replace(meta, priority=(priority.group(1) or priority.group(2)).upper())
    # Cheaper than a search, which most items need none of.
    if (
        "depends on" in lowered
        or "blocked by" in lowered
        or "requires" in lowered
        or "after" in lowered
    ):
        depends = _DEPENDS.search(text)
        if depends is not None and names_any(depends.group("what")):
            meta = replace(meta, depends=depends.group("what").strip())
    return from_comments(comments, meta)


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


def give_heading_hours(
    items: list[Item], sections: Iterable[tuple[int | None, str, int, int]]
) -> None:
    """Give each task of a heading the hours its heading names, where its lines name none.

    The hours of a phase whose own tasks carry hours are the sum of theirs: they are left out, so
    that no work is counted twice.

    Args:
        items: changed in place; their labelled lines have been read.
        sections: of each heading the index of its task, if it has one, its title, and the indexes
            of the first item in it and behind the last; inner ones before those around them.
    """
    for index, title, first, end in sections:
        if index is None or items[index].meta.effort is not None:
            continue
        effort = effort_in_brackets(title)
        if effort is None or any(item.meta.effort is not None for item in items[first:end]):
            continue
        items[index] = replace(items[index], meta=replace(items[index].meta, effort=effort))
