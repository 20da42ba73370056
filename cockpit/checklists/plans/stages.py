"""Batches and stages that come one after the other: which of them an item waits for.

Under headings that number a batch (`Batch 1`, `Stage 2`, `Phase 3`, …) everything that counts
under the batch before must be settled, in any order within a batch; a batch inside another waits
for what that one waits for. Elsewhere each item waits for the one before it at the same level, and
its sub-items wait with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cockpit.checklists.reading.items import Document, Item, Section, Status

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
    """The order in one document whose stages are sequential. Linear in the number of items."""

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
        """What has to be settled before `item` starts, its parents' former stages included."""
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
