"""The checklists of one config: which of them make a plan together, and what is in them now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists import CACHE, Document
from cockpit.checklists.plans.combined_plan import Source
from cockpit.kinds.checklist.edit_history import same_file
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.file_io import FileRead
from cockpit.kinds.tables import Tables, resolve


@dataclass(frozen=True, slots=True)
class RelatedList:
    """A checklist of the config as the others see it."""

    path: Path
    sequential: bool = False
    mirrors: tuple[Path, ...] = ()


def related_lists(tables: Tables, folder: Path) -> dict[str, RelatedList]:
    """All checklists of a config, in its order, by their files as the config names them."""
    return {
        table.file: RelatedList(
            resolve(folder, table.file),
            table.order == "sequential",
            tuple(resolve(folder, mirror) for mirror in table.mirrors),
        )
        for table in tables.of(ChecklistTable)
    }


def planned(lists: Mapping[str, RelatedList]) -> tuple[str, ...]:
    """Names of those that make the combined plan: a mirror of another one has none of its own."""
    images = {same_file(mirror) for each in lists.values() for mirror in each.mirrors}
    return tuple(name for name, each in lists.items() if same_file(each.path) not in images)


class RelatedLists:
    """The checklists of a config, seen from the one called `own`.

    Used by several threads: at worst two of them parse the same new text.
    """

    def __init__(self, own: str, lists: Mapping[str, RelatedList]) -> None:
        self._own = own
        self._lists = dict(lists)
        self._planned = planned(lists)
        self._kept: dict[str, Document] = {}
        here = same_file(lists[own].path)
        self.originals = tuple(
            name
            for name, each in lists.items()
            if here in {same_file(mirror) for mirror in each.mirrors}
        )
        """The checklists that the own one is a mirror of: they tell its plan."""

    @property
    def others(self) -> dict[str, Path]:
        """The files of the others, by name."""
        return {name: each.path for name, each in self._lists.items() if name != self._own}

    def parse(self, name: str, body: bytes) -> Document:
        """The document of one of them. What has not changed is not parsed again, however large."""
        kept = self._kept.get(name)
        if kept is None or kept.data != body:
            kept = self._kept[name] = CACHE.parse(body)
        return kept

    def read(self, read: Callable[[Path, int], FileRead], cap: int) -> dict[str, Document]:
        """The others as they are now, `cap` bytes at most; one that can't be read is left out."""
        found: dict[str, Document] = {}
        for name, path in self.others.items():
            body = read(path, cap).body
            if body is not None:
                found[name] = self.parse(name, body)
        return found

    def sources(self, document: Document, others: Mapping[str, Document]) -> list[Source]:
        """What the combined plan is made of; `document` is the own one."""
        documents = {**others, self._own: document}
        return [
            Source(name, documents[name], self._lists[name].sequential)
            for name in self._planned
            if name in documents
        ]

    def own_sources(self, document: Document, others: Mapping[str, Document]) -> list[Source]:
        """The combined plan's documents with the own one in any case: what holds for its items.

        Where it is a mirror, the checklist that it is the image of would only say all twice.
        """
        if self._own in self._planned:
            return self.sources(document, others)
        found = [s for s in self.sources(document, others) if s.name not in self.originals]
        return [*found, Source(self._own, document, self._lists[self._own].sequential)]
