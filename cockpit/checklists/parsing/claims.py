"""Claims of a document about its own progress, compared with its items.

A claim is a figure or a finished mark that somebody wrote by hand: `94 %`, `(1/1) ✅`, `12/24`,
`[█████░░]`, a heading `Day 1 ✅` or `✅ Day 1`, `**Status:** COMPLETE`, and also the mark that
nothing is finished (`**Status:** NOT STARTED`). Where the items below say otherwise the two figures
are put side by side. A claim with nothing under it to compare is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from cockpit.checklists.parsing.blocks import Heading, Paragraph, walk
from cockpit.checklists.parsing.items import Document, Form, Item, Progress, Section, Status
from cockpit.checklists.parsing.lines import front_matter
from cockpit.checklists.parsing.markers import emoji_status, read_emoji
from cockpit.checklists.parsing.text import Repairer, plain

_PERCENT = re.compile(r"(?<![\w.,-])(\d{1,3}(?:\.\d+)?)[ ]?%(?![\w-])")
_FRACTION = re.compile(r"(?<![\w./-])(\d{1,4})[ ]?(?:/|of)[ ]?(\d{1,4})(?![\w./%-])")
_BAR = re.compile(r"\[?([█▓■▰]*)([░▒□▱]*)\]?")
_BAR_PART = re.compile(r"[█▓■▰░▒□▱]{3,}")
_ABOUT_ITEMS = re.compile(
    r"complet|progress|ready|readiness|done|finished|tasks?\b|items?\b|steps?\b|overall|launch",
    re.IGNORECASE,
)
_ABOUT_OTHERS = re.compile(
    r"coverage|pass(?:ed|ing|es)?\b|pass rate|tests?\b|\bapy\b|uptime|latency|gates?\b|success rate"
    r"|compliance|target|goal|threshold|accuracy|cpu|memory|disk",
    re.IGNORECASE,
)
_ABOUT_GATES = re.compile(r"\W+(?:[\w-]+\W+){0,3}?(?:gates?|checks?|tests?|validations?)\b", re.I)
_NOT_BEGUN = re.compile(
    r"\W*(?:(?:not|un)(?:[ _-]yet)?[ _-]?started|to[ _-]?do|planned|queued|scheduled)\W*",
    re.IGNORECASE,
)
"""Words by which not even a part is done; others (`pending`, ❌) only say that not all is."""
_TOLERANCE = 0.01
"""Claims are rounded; one percent point is no contradiction."""


class ClaimKind(StrEnum):
    """How a claim is written."""

    PERCENT = "percent"
    FRACTION = "fraction"
    BAR = "bar"
    MARK = "mark"
    """A mark or word for finished or for not finished."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about progress, and the items it is about."""

    kind: ClaimKind
    line: int
    text: str
    claimed: float
    """0 to 1."""
    done: int
    total: int
    """Counted items under it."""
    subject: str
    """The section or item it is about; empty for the whole document."""

    @property
    def measured(self) -> float:
        """Share of the items that is done."""
        return self.done / self.total

    @property
    def doubtful(self) -> bool:
        """True when the items say otherwise by more than rounding."""
        if self.kind is ClaimKind.BAR:
            return abs(self.claimed - self.measured) > 0.1
        return abs(self.claimed - self.measured) > _TOLERANCE

    def sentence(self) -> str:
        """Both figures, for people."""
        about = f"“{self.subject}”" if self.subject else "the document"
        return (
            f"line {self.line} says {self.text} of {about};"
            f" its boxes say {self.done}/{self.total} ({self.measured:.0%})"
        )


@dataclass(frozen=True, slots=True)
class GateClaim:
    """A statement about gates, checks or tests that passed, measured by somebody else."""

    line: int
    text: str
    met: int
    total: int


@dataclass(frozen=True, slots=True)
class StateConflict:
    """The same item in different states in several documents."""

    name: str
    """The ID, or the text where there is none."""
    states: tuple[tuple[str, int, Status], ...]
    """(document, line, status)."""


def read_claims(document: Document) -> tuple[Claim, ...]:
    """Every claim that can be compared with items, doubtful or not, in document order."""
    repair = Repairer(document.data)
    claims = [replace(claim, text=repair(claim.text)) for claim in _marked(document)]
    lines = document.lines
    places = _Places(document)
    taken = {item.line for item in document.items if item.form is not Form.HEADING}
    for block in walk(document.data, lines, front_matter(document.data, lines)):
        if isinstance(block, Heading):
            claims += _in_heading(places, block.line + 1, repair(block.content))
        elif isinstance(block, Paragraph):
            for number, content in enumerate(block.content.split("\n")):
                line = block.line + number + 1
                if line not in taken:
                    claims += _in_text(places, line, plain(repair(content)))
    return tuple(sorted(claims, key=lambda claim: claim.line))


def doubts(document: Document) -> tuple[Claim, ...]:
    """The claims that the items contradict."""
    return tuple(claim for claim in read_claims(document) if claim.doubtful)


def gate_claims(document: Document) -> tuple[GateClaim, ...]:
    """What the document says of gates, checks or tests: `8/24 quality gates passing`.

    What an item says that is not done is a goal and no claim.
    """
    repair = Repairer(document.data)
    goals = {item.line for item in document.items if item.status is not Status.DONE}
    found = []
    for block in walk(document.data, document.lines, front_matter(document.data, document.lines)):
        if not isinstance(block, Heading | Paragraph):
            continue
        for number, content in enumerate(block.content.split("\n")):
            line = block.line + number + 1
            text = plain(repair(content))
            match = _FRACTION.search(text)
            if match and line not in goals and _ABOUT_GATES.search(text, match.end()):
                met, total = int(match[1]), int(match[2])
                found.append(GateClaim(line, match[0], met, total))
    return tuple(found)


def _claim(
    kind: ClaimKind, line: int, text: str, claimed: float, progress: Progress, subject: str
) -> list[Claim]:
    if not progress.total or not 0 <= claimed <= 1:
        return []
    return [Claim(kind, line, text, claimed, progress.done, progress.total, subject)]


class _Places:
    """The sections of a document by line, so that a long one is not searched for each figure.

    `innermost` must be asked line by line downwards.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.by_line = {section.line: section for section in document.sections}
        self._following = sorted(document.sections, key=lambda section: section.line)
        self._following.reverse()
        self._open: list[Section] = []

    def innermost(self, line: int) -> Section | None:
        """The deepest section around a line; of equally deep ones the first."""
        while self._following and self._following[-1].line <= line:
            self._open.append(self._following.pop())
        self._open = [section for section in self._open if section.end_line >= line]
        return max(self._open, key=lambda section: section.level, default=None)


def _boxes(document: Document, section: Section) -> Progress:
    inside = document.items[section.first : section.end]
    return Progress.of(item for item in inside if item.form in (Form.BOX, Form.BALLOT))


def _in_heading(places: _Places, line: int, content: str) -> list[Claim]:
    section = places.by_line.get(line)
    if section is None:
        return []
    progress = _boxes(places.document, section)
    figures = _figures(line, content, progress, section.title, needs_topic=False)
    if figures:
        return figures
    mark = _finished_mark(content)
    if mark is None:
        return []
    return _claim(ClaimKind.MARK, line, mark, 1.0, progress, section.title)


def _finished_mark(content: str) -> str | None:
    """A done emoji at the end of a heading (at its head it may be decoration: also a claim)."""
    text = content.strip()
    for start in range(max(0, len(text) - 8), len(text)):
        found = read_emoji(text, start)
        if found is not None and found[1] == len(text):
            done = emoji_status(found[0])[1] is Status.DONE
            return text[start:] if done else None
    return None


def _in_text(places: _Places, line: int, text: str) -> list[Claim]:
    """A figure in running text is about its section, or about the document above the first."""
    if not any(figure.search(text) for figure in (_BAR_PART, _FRACTION, _PERCENT)):
        return []
    document = places.document
    section = places.innermost(line)
    if section is None or section.level == 1:
        return _figures(line, text, document.progress, "", needs_topic=True)
    progress = _boxes(document, section)
    if progress.total:
        return _figures(line, text, progress, section.title, needs_topic=True)
    if _ABOUT_ITEMS.search(section.title) and not _ABOUT_OTHERS.search(section.title):
        return _figures(line, text, document.progress, "", needs_topic=True)
    return []


def _figures(
    line: int, text: str, progress: Progress, subject: str, *, needs_topic: bool
) -> list[Claim]:
    bar = _BAR_PART.search(text)
    if bar is not None and (parts := _BAR.fullmatch(bar.group())) is not None:
        full = len(parts.group(1)) / len(bar.group())
        return _claim(ClaimKind.BAR, line, f"[{bar.group()}]", full, progress, subject)
    if needs_topic and (_ABOUT_ITEMS.search(text) is None):
        return []
    if _ABOUT_OTHERS.search(text):
        return []
    fraction = _FRACTION.search(text)
    if fraction is not None and int(fraction.group(2)):
        share = int(fraction.group(1)) / int(fraction.group(2))
        return _claim(ClaimKind.FRACTION, line, fraction.group(), share, progress, subject)
    percent = _PERCENT.search(text)
    if percent is not None:
        share = float(percent.group(1)) / 100
        return _claim(ClaimKind.PERCENT, line, percent.group(), share, progress, subject)
    return []


def _marked(document: Document) -> Iterable[Claim]:
    """What the mark of an item or a heading says, beside the boxes under it."""
    below: dict[int, list[Item]] = {}
    for item in document.items:
        if item.parent is not None and item.form in (Form.BOX, Form.BALLOT):
            parent: int | None = item.parent
            while parent is not None:
                below.setdefault(parent, []).append(item)
                parent = document.items[parent].parent
    sections = {section.line: section for section in document.sections}
    for index, item in enumerate(document.items):
        if index in below:
            yield from _of_mark(item, Progress.of(below[index]))
        elif item.form is Form.HEADING and item.line in sections:
            yield from _of_mark(item, _boxes(document, sections[item.line]))


def _of_mark(item: Item, progress: Progress) -> list[Claim]:
    """The claim in the mark of an item over the boxes counted in `progress`.

    A box that is not ticked claims nothing: its sub-items may be ticked first.
    """
    percent = _PERCENT.search(item.marker)
    if percent is not None:
        share = float(percent.group(1)) / 100
        return _claim(ClaimKind.PERCENT, item.line, item.marker, share, progress, item.text)
    if item.status is Status.DONE:
        share = 1.0
    elif item.status is not Status.TODO or item.form in (Form.BOX, Form.BALLOT):
        return []
    elif progress.done == progress.total or _NOT_BEGUN.fullmatch(item.marker):
        share = 0.0
    else:
        return []
    return _claim(ClaimKind.MARK, item.line, item.marker, share, progress, item.text)


def state_conflicts(documents: Mapping[str, Document]) -> tuple[StateConflict, ...]:
    """Items that several documents carry in different states, matched by ID, else by text.

    A name that occurs more than once in one document matches nothing: that would be a guess.
    Unknown states contradict nothing.
    """
    found: dict[str, list[tuple[str, int, Status]]] = {}
    for name, document in documents.items():
        for key, items in _named(document).items():
            if len(items) == 1 and items[0].status is not Status.UNKNOWN:
                found.setdefault(key, []).append((name, items[0].line, items[0].status))
    return tuple(
        StateConflict(key, tuple(states))
        for key, states in found.items()
        if len({status for _, _, status in states}) > 1
    )


def _named(document: Document) -> dict[str, list[Item]]:
    names: dict[str, list[Item]] = {}
    for item in document.items:
        names.setdefault(item.id or item.text.casefold(), []).append(item)
    return names
