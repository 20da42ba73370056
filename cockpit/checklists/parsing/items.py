"""The data of a parsed checklist: status, item, section, progress, document. All immutable."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from cockpit.checklists.parsing.lines import Lines


class Status(StrEnum):
    """State of an item. `unknown` is a marker whose meaning is not agreed: kept as it is."""

    TODO = "todo"
    DOING = "doing"
    DONE = "done"
    DROPPED = "dropped"
    BLOCKED = "blocked"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"


class Form(StrEnum):
    """The form of a marker: how an item carries its status in the file."""

    BOX = "box"
    """`- [ ]`, `1. **[x] …**`: the marker is what stands between the brackets."""
    BALLOT = "ballot"
    """`☐ ☑ ☒` in front of a bullet's or a line's text."""
    EMOJI = "emoji"
    """`✅ ❌ ⏳ …` in front of a bullet's or a line's text."""
    HEADING = "heading"
    """A heading led by an emoji."""
    STATUS_LINE = "status-line"
    """`**Status:** NOT STARTED` below a heading; the heading is the task."""
    CELL = "cell"
    """The status cell of a table row."""

    @property
    def phrase(self) -> str:
        """The marker of this form in a sentence: `an emoji`."""
        return _PHRASES[self]


_PHRASES = {
    Form.BOX: "a box",
    Form.BALLOT: "a ballot box",
    Form.EMOJI: "an emoji",
    Form.HEADING: "an emoji before a heading",
    Form.STATUS_LINE: "a status line",
    Form.CELL: "a status cell",
}


@dataclass(frozen=True, slots=True)
class Effort:
    """An estimate of work: the words of the file and the range in hours."""

    text: str
    low: float
    high: float

    @property
    def middle(self) -> float:
        """Middle of the range in hours."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Meta:
    """The remarks of an item beside its text: priority, effort, owner and so on."""

    priority: str | None = None
    effort: Effort | None = None
    depends: str | None = None
    """The dependency as written (`P2E.2, P2B.1 (auth)`); `plan` resolves it."""
    owner: str | None = None
    due: str | None = None
    """As written; ISO dates stay ISO dates."""
    requires: tuple[str, ...] = ()
    """Names of probes, gates or items that must be green, from an HTML comment."""


NO_META = Meta()


@dataclass(frozen=True, slots=True)
class Item:
    """A task of a document, and where its marker stands in the bytes."""

    status: Status
    form: Form
    marker: str
    """The marker as in the file (`x`, `⏳`, `NOT STARTED`)."""
    text: str
    """For people: double-encoded text repaired, emphasis and comments left out."""
    id: str | None
    section: tuple[str, ...]
    depth: int
    parent: int | None
    """Index into `Document.items`."""
    line: int
    """1-based line of the marker."""
    span: tuple[int, int]
    """Byte offsets [start, end) of the marker in the file."""
    end_line: int
    """1-based last line of the item with everything nested in it."""
    meta: Meta = NO_META
    nth: int = 1
    """Counts items with the same section and text, from 1."""

    @property
    def key(self) -> str:
        """Identity for a row on screen: unmoved by insertions above, distinct for duplicates."""
        name = "\x1f".join((self.form, *self.section, "", self.text))
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8)
        return digest.hexdigest() if self.nth == 1 else f"{digest.hexdigest()}-{self.nth}"

    def to_json(self, file: str | None = None) -> dict[str, object]:
        """The item as the shell prints it; `meta` holds only what the file says."""
        meta: dict[str, object] = {}
        for name in ("priority", "depends", "owner", "due"):
            value = getattr(self.meta, name)
            if value is not None:
                meta[name] = value
        if self.meta.effort is not None:
            effort = self.meta.effort
            meta["effort"] = {"text": effort.text, "hours": [effort.low, effort.high]}
        if self.meta.requires:
            meta["requires"] = list(self.meta.requires)
        head: dict[str, object] = {} if file is None else {"file": file}
        return head | {
            "line": self.line,
            "status": str(self.status),
            "form": str(self.form),
            "marker": self.marker,
            "text": self.text,
            "id": self.id,
            "section": list(self.section),
            "depth": self.depth,
            "parent": self.parent,
            "meta": meta,
        }


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of items. `dropped` items are in no total; hours only where all of them say so."""

    done: int = 0
    total: int = 0
    doing: int = 0
    blocked: int = 0
    deferred: int = 0
    unknown: int = 0
    dropped: int = 0
    hours_done: float = 0.0
    hours_total: float = 0.0
    weighed: int = 0
    """Items of `total` that carry an effort in hours."""

    @property
    def ratio(self) -> float | None:
        """done/total, or None when nothing was counted: an empty list proves nothing."""
        return self.done / self.total if self.total else None

    @property
    def effort_ratio(self) -> float | None:
        """Share of the hours that is done; None unless every counted item carries hours."""
        if not self.total or self.weighed < self.total or not self.hours_total:
            return None
        return self.hours_done / self.hours_total

    @staticmethod
    def of(items: Iterable[Item], forms: Collection[Form] = tuple(Form)) -> Progress:
        """Count these items; `forms`: only those of these forms."""
        counts = dict.fromkeys(Status, 0)
        hours_done = hours_total = 0.0
        weighed = 0
        for item in items:
            if item.form not in forms:
                continue
            counts[item.status] += 1
            if item.meta.effort is not None and item.status is not Status.DROPPED:
                weighed += 1
                hours_total += item.meta.effort.middle
                if item.status is Status.DONE:
                    hours_done += item.meta.effort.middle
        return Progress(
            done=counts[Status.DONE],
            total=sum(counts.values()) - counts[Status.DROPPED],
            doing=counts[Status.DOING],
            blocked=counts[Status.BLOCKED],
            deferred=counts[Status.DEFERRED],
            unknown=counts[Status.UNKNOWN],
            dropped=counts[Status.DROPPED],
            hours_done=hours_done,
            hours_total=hours_total,
            weighed=weighed,
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what lies under it, subsections included."""

    path: tuple[str, ...]
    title: str
    level: int
    line: int
    first: int
    """Index of its first item in `Document.items`."""
    end: int
    """Index after its last item."""
    progress: Progress
    end_line: int
    """1-based last line of the section."""
    meta: Meta = NO_META
    """Of labelled lines (`**Effort:** …`) under the heading."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """What the bytes of a file are like. Nothing of it is ever changed by an edit."""

    newlines: frozenset[str]
    """Of `\\n`, `\\r\\n`, `\\r`."""
    valid: bool
    """False when some bytes are not UTF-8 (shown as U+FFFD)."""
    repaired: bool = False
    """Double-encoded text is shown repaired; the file keeps it."""
    utf16: bool = False
    """A UTF-16 file: not read, not written."""


@dataclass(frozen=True)
class Document:
    """A parsed markdown file: its bytes, items, sections and lines."""

    data: bytes = field(repr=False)
    items: tuple[Item, ...]
    sections: tuple[Section, ...]
    encoding: Encoding
    lines: Lines = field(repr=False, compare=False)

    @cached_property
    def counted(self) -> tuple[Item, ...]:
        """The items that progress counts: the boxes, or every other form where there are none.

        A document with boxes uses emoji and status words beside them as decoration or as
        claims about the boxes; counting both would count work twice. A section counts what its
        document counts, so that the parts add up to the whole.
        """
        forms = counted_forms(self.items)
        return tuple(item for item in self.items if item.form in forms)

    @cached_property
    def progress(self) -> Progress:
        """Progress of the whole file over `counted`."""
        return Progress.of(self.counted)

    @property
    def without_items(self) -> str:
        """The reason why there are no items in it, in words; empty where there are some."""
        if self.items:
            return ""
        why = "no line has a box or a state" if self.data.strip() else "the file is empty"
        return f"no items in it: {why}"

    def index(self, item: Item) -> int:
        """Position of an item of this document.

        Raises:
            ValueError: it is not one of them.
        """
        at = bisect_left(self.items, item.span, key=lambda other: other.span)
        if at == len(self.items) or self.items[at] != item:
            raise ValueError(f"not an item of this document: line {item.line}")
        return at

    def at_line(self, line: int) -> list[Item]:
        """The items whose marker is on a 1-based line; on a line with a heading, its task.

        The status of a heading task stands some lines below: both lines mean that task.
        """
        found = [item for item in self.items if item.line == line]
        section = next((each for each in self.sections if each.line == line), None)
        if found or section is None:
            return found
        task = (
            item
            for item in self.items[section.first : section.end]
            if item.form is Form.STATUS_LINE and item.section == section.path[:-1]
        )
        return list(task)[:1]

    def line_bytes(self, line: int) -> bytes:
        """Bytes of a 1-based line without its line end."""
        return self.data[self.lines.starts[line - 1] : self.lines.ends[line - 1]]

    def line_text(self, line: int) -> str:
        """A 1-based line for people (bytes that are not UTF-8 become U+FFFD)."""
        return self.line_bytes(line).decode("utf-8", "replace")

    def children(self, index: int) -> tuple[int, ...]:
        """Indexes of the items directly under `items[index]`."""
        return tuple(i for i, item in enumerate(self.items) if item.parent == index)


_BOXES = frozenset((Form.BOX, Form.BALLOT))
_OTHERS = frozenset(Form) - _BOXES - {Form.HEADING}


def counted_forms(items: Iterable[Item]) -> frozenset[Form]:
    """The forms that progress counts in the document of these items: see `Document.counted`."""
    return _BOXES if any(item.form in _BOXES for item in items) else _OTHERS
