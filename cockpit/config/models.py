"""`cockpit.toml` as Python: the `[cockpit]` table and a table a probe; unknown keys are forbidden.

Paths stay as written; `LoadedConfig.folder` is what relative ones start from.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field, create_model

from cockpit.config.preview import DEFAULT_LABEL, LONGEST_LABEL
from cockpit.kinds import registry
from cockpit.kinds.tables import ProbeTable, Tables, resolve
from cockpit.kinds.types import Strict, Text


class CockpitTable(Strict):
    """`[cockpit]`: the cockpit itself."""

    label: str = Field(DEFAULT_LABEL, max_length=LONGEST_LABEL, description="word on the top line")
    store: Text = Field(".cockpit/evidence.db", description="evidence store, a SQLite file")
    store_max_mb: int = Field(512, ge=8, description="observations are pruned above this size")
    retain_days: int = Field(30, ge=1, description="observations older than this are pruned")


class Config(Tables):
    """The whole file: `[cockpit]` and the probe tables."""

    def __init__(
        self, tables: Iterable[ProbeTable] = (), cockpit: CockpitTable | None = None
    ) -> None:
        super().__init__(sorted(tables, key=lambda table: registry.rank(table.kind)))
        self.has_cockpit_table = cockpit is not None
        self.cockpit = cockpit or CockpitTable()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Config):
            return NotImplemented
        return self.cockpit == other.cockpit and self.probes() == other.probes()

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def model_validate(cls, document: Mapping[str, Any]) -> Config:
        """The config that a parsed file holds. Raises pydantic's ValidationError."""
        model = config_model(frozenset(document))
        checked = model.model_validate(document)
        tables = [
            table
            for name in model.model_fields
            if name != "cockpit"
            for table in getattr(checked, name)
        ]
        given = "cockpit" in checked.model_fields_set
        return cls(tables, getattr(checked, "cockpit", None) if given else None)


@functools.lru_cache(maxsize=8)
def config_model(kinds: Collection[str]) -> type[BaseModel]:
    """The model of a file that names just these kinds: only they are imported.

    Names of no kind are left out, so that the model tells of them as of unknown tables.
    """
    fields: dict[str, Any] = {
        kind.name: (
            list[kind.load_table()],  # type: ignore[misc]
            Field(default_factory=list, description=kind.summary),
        )
        for kind in registry.kinds_in(kinds)
    }
    cockpit = Field(default_factory=CockpitTable, description="the cockpit itself")
    fields["cockpit"] = (CockpitTable, cockpit)
    return create_model("Config", __base__=Strict, __doc__="The whole file.", **fields)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A config and where it came from: `path` None means it was made in memory.

    `secret_sources` maps a secret's key path (`smoke[0].token`) to the text in the file
    (`${API_TOKEN}`); literal secrets have no entry. `notes` tell of a config made in memory what
    was left out of it and how to get a file.
    """

    config: Config
    folder: Path
    path: Path | None = None
    secret_sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()

    def resolve(self, written: str) -> Path:
        """The absolute path of a path as written in the file; `~` is the user's home."""
        return resolve(self.folder, written)

    def literal_secrets(self) -> list[str]:
        """The key paths of secrets that the file writes out (`smoke[0].token`)."""
        if self.path is None:
            return []
        kinds = dict.fromkeys(table.kind for table in self.config.probes())
        written = (
            f"{kind}[{index}].{key}"
            for kind in kinds
            for index, table in enumerate(self.config.of_kind(kind))
            for key in table.secret_keys()
            if getattr(table, key, None) is not None
        )
        return [key for key in written if key not in self.secret_sources]

    @property
    def store_path(self) -> Path:
        """Where the evidence goes, absolute."""
        return self.resolve(self.config.cockpit.store)
