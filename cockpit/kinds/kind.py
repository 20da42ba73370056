"""What a kind of probe is to the rest: its name, its place, and where its modules are found.

This module and the `__init__` of each kind import nothing heavy, so that a list of kinds costs
nothing; what a kind is made of is imported when a config names it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from cockpit.kinds.base import BuildContext, Probe
    from cockpit.kinds.tables import ProbeTable
    from cockpit.rows import PaneRows


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of probe, as its package declares it in `KIND`.

    `table`, `build` and `panes` name a module and what stands in it (`package.table:Table`):
    a `ProbeTable`, a function `(table, BuildContext) -> Probe`, and the `PaneRows` its findings are
    drawn with; without any they are drawn by a generic one. `facts` is the module of its typed
    facts. `summary` says in half a line what it watches. `priority` orders kinds by how near they
    are to a cause: of several red findings with one cause the lowest speaks. `heading` and
    `example` are what `cockpit init` writes where nothing of the kind was found. A table without a
    name is called after the file under the key `named_by`, if the kind has such a key.
    """

    name: str
    summary: str
    table: str
    build: str
    heading: str
    example: str
    priority: int = 100
    facts: str = ""
    panes: tuple[str, ...] = ()
    named_by: str = ""

    def load_table(self) -> type[ProbeTable]:
        """Import and return the model of its config table."""
        return cast("type[ProbeTable]", _load(self.table))

    def load_facts(self) -> None:
        """Import its facts, so that stored ones are read as what they are."""
        if self.facts:
            importlib.import_module(self.facts)

    def load_panes(self) -> tuple[PaneRows, ...]:
        """Import and return how its findings are drawn; none for a kind without rows of its own."""
        return tuple(cast("PaneRows", _load(place)) for place in self.panes)

    def build_probe(self, table: ProbeTable, context: BuildContext) -> Probe:
        """Import and call what makes a probe of `table`."""
        self.load_facts()
        probe = cast("Probe", _load(self.build)(table, context))
        probe.priority = self.priority
        return probe

    def name_of(self, table: dict[str, Any]) -> str | None:
        """The name of an unchecked table of this kind; None where none can be told."""
        name = table.get("name")
        if name is None and self.named_by and isinstance(table.get(self.named_by), str):
            return stem_name(table[self.named_by])
        return name if isinstance(name, str) else None


def stem_name(file: str) -> str:
    """The name of what a table without one watches: the stem of its file."""
    return Path(file.replace("\\", "/")).stem


def _load(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
