"""Stages: batches that come one after the other, and which of them an item waits for.

Under headings that number a batch (`Batch 1`, `Stage 2`, `Phase 3`, …) everything that counts
under the batch before must be settled, in any order within a batch; a batch inside another waits
for what that one waits for. Elsewhere each item waits for the one before it at the same level, and
its sub-items wait with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cockpit.checklists.parsing.blocks import Heading, Paragraph, walk
from cockpit.checklists.parsing.items import Document, Item, Section, Status
from cockpit.checklists.parsing.lines import front_matter
from cockpit.checklists.parsing.refs import aliases, canonical, expand
from cockpit.checklists.parsing.tasks import Group, Task
from cockpit.checklists.parsing.text import plain

_SETTLED = (Status.DONE, Status.DROPPED)
_BATCH = re.compile(r"\W*(?:batch|stage|phase|step|sprint|wave|week|day)\s+\d", re.IGNORECASE)
"""Headings that number the parts of a plan that come one after the other."""


def numbers_a_batch(title: str) -> bool:
    """Whether a heading numbers a part that comes after another: `Batch 3 - Proof`."""
    return _BATCH.match(title) is not None


@dataclass(frozen=True, slots=True)
class Batch:
    """A numbered heading with items under it that count."""

    title: str
    line: int
    end_line: int
    items: tuple[Item, ...]
    """Not the dropped ones."""

    @property
    def open(self) -> tuple[Item, ...]:
        """What is not done in it."""
        return tuple(item for item in self.items if item.status is not Status.DONE)

    @property
    def score(self) -> str:
        """`2/5`."""
        return f"{len(self.items) - len(self.open)}/{len(self.items)}"


class Stages:
    """The order of a document whose stages are sequential. Linear in the number of items."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._counted = {item.span for item in document.counted}
        self._batches: list[Batch] = []
        self._around: dict[int, list[int]] = {}
        """Batches before the ones around an item, by its index; those in front first."""
        self._within: set[int] = set()
        self._former: dict[int, Item] = {}
        self._read_batches()
        self._read_siblings()

    @property
    def batches(self) -> tuple[Batch, ...]:
        """The batches that items count in, from the top."""
        return tuple(self._batches)

    def batches_before(self, item: Item) -> tuple[int, ...]:
        """Indexes into `batches` of those that come right before the ones the item is in."""
        return tuple(self._around.get(self._document.index(item), ()))

    def item_before(self, item: Item) -> Item | None:
        """The item before it at the same level, where no headings number batches."""
        return self._former.get(self._document.index(item))

    def unfinished_before(self, item: Item) -> tuple[Batch | Item, ...]:
        """The batches and items to be settled before `item` starts, its parents' former stages
        included."""
        found: list[Batch | Item] = [
            self._batches[number]
            for number in self.batches_before(item)
            if self._batches[number].open
        ]
        index: int | None = self._document.index(item)
        while index is not None:
            former = self._former.get(index)
            if former is not None and former.status not in _SETTLED:
                found.append(former)
            index = self._document.items[index].parent
        return tuple(found)

    def _read_batches(self) -> None:
        last: dict[tuple[str, ...], int] = {}
        """The last batch with items by the heading it stands under."""
        for section in self._document.sections:
            if not numbers_a_batch(section.title):
                continue
            indexes = range(section.first, section.end)
            self._within.update(indexes)
            before = last.get(section.path[:-1])
            if before is not None:
                for index in indexes:
                    self._around.setdefault(index, []).append(before)
            batch = self._batch(section)
            if batch.items:
                last[section.path[:-1]] = len(self._batches)
                self._batches.append(batch)

    def _batch(self, section: Section) -> Batch:
        among = self._document.items[section.first : section.end]
        items = tuple(
            item
            for item in among
            if item.span in self._counted and item.status is not Status.DROPPED
        )
        return Batch(section.title, section.line, section.end_line, items)

    def _read_siblings(self) -> None:
        last: dict[tuple[int, int | None], Item] = {}
        for index, item in enumerate(self._document.items):
            if index in self._within or item.span not in self._counted:
                continue
            level = (item.depth, item.parent)
            if level in last:
                self._former[index] = last[level]
            last[level] = item


_GROUP = r"(?P<group>(?:Day|Phase|Batch|Week|Stage)\s+\d+[A-Z]?)"
_NUMBERS = r"Tasks?\s+(?P<numbers>\d+(?:\s?[-–,&]\s?\d+)*)"
_END = r"\s*(?::|$)"
_LINE = re.compile(rf"(?:{_GROUP}\s*,\s*)?{_NUMBERS}{_END}", re.IGNORECASE)
_WHOLE = re.compile(rf"{_GROUP}{_END}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParallelGroup:
    """A group of tasks that may run together, or not, as a document says."""

    document: str
    line: int
    text: str
    tasks: tuple[Task, ...]
    """Empty when ambiguous or when nothing of that name is there."""
    by_position: tuple[Task, ...]
    """Reading the numbers as positions in the ordered lists."""
    by_id: tuple[Task, ...]
    """Reading them as task IDs."""
    in_order: bool = False
    """They come one after the other, in the order of `tasks`."""

    @property
    def ambiguous(self) -> bool:
        """True when the two readings name different tasks."""
        both = bool(self.by_position and self.by_id)
        return both and not _same(self.by_position, self.by_id)


def read_parallel(
    name: str, document: Document, tasks: Sequence[Task], groups: Sequence[Group]
) -> list[ParallelGroup]:
    """The groups that sections about parallel or sequential work list."""
    found: list[ParallelGroup] = []
    path: list[tuple[int, str]] = []
    for block in walk(document.data, document.lines, front_matter(document.data, document.lines)):
        if isinstance(block, Heading):
            path = [part for part in path if part[0] < block.level]
            path.append((block.level, block.content))
        in_order = _in_order(path)
        if not isinstance(block, Paragraph) or in_order is None:
            continue
        text = plain(block.content.split("\n", 1)[0])
        whole = _WHOLE.match(text) if in_order else None
        match = _LINE.match(text)
        place = (name, block.line + 1, text)
        if whole is not None:
            # A name that several headings bear stands for each of them by itself.
            parts = _parts(tasks, groups, whole.group("group"))
            found += [ParallelGroup(*place, part, part, (), True) for part in parts or [()]]
        elif match is not None:
            found.append(_numbered(place, match, tasks, groups, in_order=in_order))
    return found


def _numbered(
    place: tuple[str, int, str],
    match: re.Match[str],
    tasks: Sequence[Task],
    groups: Sequence[Group],
    *,
    in_order: bool,
) -> ParallelGroup:
    """A group that names its tasks by numbers: read both ways."""
    named = match.group("group")
    parts = _parts(tasks, groups, named) if named is not None else [tuple(tasks)]
    among = [task for part in parts for task in part]
    numbers = expand(match.group("numbers"))
    by_position = tuple(t for n in numbers for t in among if str(t.ordinal) == n)
    by_id = tuple(t for n in numbers for t in among if f"TASK {n}" in aliases(t.id))
    same = _same(by_position, by_id) or not (by_position and by_id)
    meant = (by_position or by_id) if same else ()
    return ParallelGroup(*place, meant, by_position, by_id, in_order)


def _same(one: Sequence[Task], other: Sequence[Task]) -> bool:
    return {(t.line, t.id) for t in one} == {(t.line, t.id) for t in other}


def _in_order(path: list[tuple[int, str]]) -> bool | None:
    """Whether tasks are told to come one after the other (True) or may run together (False); None
    where headings speak of neither. The nearest decides: `Sequential required` may stand below
    `Parallelization`."""
    for _, title in reversed(path):
        words = title.lower()
        if "sequential" in words:
            return True
        if "parallel" in words:
            return False
    return None


def _parts(tasks: Sequence[Task], groups: Sequence[Group], name: str) -> list[tuple[Task, ...]]:
    """The tasks of each group of that name."""
    ranges = [(g.line, g.end_line) for g in groups if canonical(name) in aliases(g.id)]
    return [tuple(task for task in tasks if low < task.line <= high) for low, high in ranges]
