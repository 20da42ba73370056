"""From a loaded config to the probes that run, and what changes between two such plans."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cockpit.board import ProbeInfo
from cockpit.config.fingerprint import fingerprint
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import output_file
from cockpit.config.trust import TrustStore
from cockpit.kinds import registry
from cockpit.kinds.act_history import ActHistory
from cockpit.kinds.base import BuildContext, Probe
from cockpit.kinds.checklist.edit_history import EditHistory
from cockpit.kinds.tables import ProbeTable
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.system.sockets.sources import default_source

if TYPE_CHECKING:
    from cockpit.kinds.act_history import ActHistory
    from cockpit.kinds.checklist.edit_history import EditHistory


@dataclass(frozen=True, slots=True)
class ConfiguredProbe:
    """A probe and the fingerprint of the table it was built from."""

    probe: Probe
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ProbeSet:
    """What is to be watched, in board order."""

    loaded: LoadedConfig
    probes: tuple[ConfiguredProbe, ...]

    @property
    def order(self) -> tuple[ProbeInfo, ...]:
        """Names, concerns and what counts, as the board wants them."""
        return tuple(ProbeInfo(p.probe.name, p.probe.affects, p.probe.counts) for p in self.probes)

    def probe(self, name: str) -> Probe | None:
        """The probe of that name, or None."""
        return next((p.probe for p in self.probes if p.probe.name == name), None)


class ProbeBuilder:
    """Builds the probes of a config, each once and when it is asked for.

    All listener probes share one look at the sockets. `edits` is what the evidence remembers of
    checklists, `acts` of acts on processes; both outlive the set.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        edits: EditHistory | None = None,
        acts: ActHistory | None = None,
    ) -> None:
        self._loaded = loaded
        self._edits = edits
        self._acts = acts
        self._tables = {table.name: table for table in loaded.config.probes()}
        self._built: dict[str, ConfiguredProbe] = {}
        self._source: ListenerSource | None = None
        self._trust: TrustStore | None = None

    def probe(self, name: str) -> ConfiguredProbe:
        """The probe of that name; KeyError when the config has none."""
        if name not in self._built:
            self._built[name] = self._build(self._tables[name])
        return self._built[name]

    def probes(self, names: Collection[str] | None = None) -> ProbeSet:
        """The probes of these names, or all of them."""
        wanted = [name for name in self._tables if names is None or name in names]
        return ProbeSet(self._loaded, tuple(map(self.probe, wanted)))

    def _build(self, table: ProbeTable) -> ConfiguredProbe:
        if self._source is None:
            self._source = default_source()
        probe = build(
            table,
            self._loaded,
            source=self._source,
            trusted=self._is_trusted,
            memory=self._edits,
            acts=self._acts,
        )
        return ConfiguredProbe(probe, _fingerprint(table, self._loaded))

    def _is_trusted(self, table: ProbeTable) -> bool:
        if self._trust is None:
            self._trust = TrustStore.default()
        return self._trust.is_trusted(self._loaded, table)


def build_probes(
    loaded: LoadedConfig, edits: EditHistory | None = None, acts: ActHistory | None = None
) -> ProbeSet:
    """Every probe of the config."""
    return ProbeBuilder(loaded, edits, acts).probes()


def _fingerprint(table: ProbeTable, loaded: LoadedConfig) -> str:
    """What the probe of that table is built from: its table, and what it takes from others."""
    label = loaded.config.cockpit.label
    return " ".join((fingerprint(table), label, *table.surroundings(loaded.config)))


def _nothing_trusted(table: ProbeTable) -> bool:
    return False


def build(
    table: ProbeTable,
    loaded: LoadedConfig,
    *,
    source: ListenerSource | None = None,
    trusted: Callable[[ProbeTable], bool] = _nothing_trusted,
    memory: EditHistory | None = None,
    acts: ActHistory | None = None,
) -> Probe:
    """Build the probe that a table describes; its kind is imported here.

    `source` is shared by all listener probes; without it each gets its own. `trusted` says whether
    the table's commands may run; it may block. `memory` is what is remembered of all checklists,
    `acts` of acts on processes. Raises KeyError for a table of no known kind.
    """
    context = BuildContext(
        folder=loaded.folder,
        tables=loaded.config,
        output_file=lambda name: output_file(loaded, name),
        trusted=trusted,
        source=source,
        edits=memory,
        acts=acts,
        label=loaded.config.cockpit.label,
    )
    return registry.get(table.kind).build_probe(table, context)
