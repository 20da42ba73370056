"""From a loaded config to the probes that run, and what changes between two such plans."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.board import ProbeInfo
from cockpit.config.fingerprint import fingerprint
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import output_file
from cockpit.config.sent_values import SentValue, sent_values, withheld
from cockpit.config.trust import TrustStore
from cockpit.engine.guarded_probe import GuardedProbe
from cockpit.kinds import registry
from cockpit.kinds.act_history import ActHistory
from cockpit.kinds.base import BuildContext, Probe
from cockpit.kinds.checklist.edit_history import EditHistory
from cockpit.kinds.tables import ProbeTable
from cockpit.permissions import ALL_ALLOWED, Permissions
from cockpit.redaction import SECRETS, environment_secrets
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
        permissions: Permissions = ALL_ALLOWED,
    ) -> None:
        self._loaded = loaded
        self._edits = edits
        self._acts = acts
        self._permissions = permissions
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
            trusted=lambda table: self._consents.is_trusted(self._loaded, table),
            unsendable=lambda table: self._consents.unsendable(self._loaded, table),
            memory=self._edits,
            acts=self._acts,
            permissions=self._permissions,
        )
        if isinstance(probe, GuardedProbe) or table.commands():
            # A consent that is given or taken back counts at once.
            probe.consent_files = (self._consents.path,)
        return ConfiguredProbe(probe, _fingerprint(table, self._loaded))

    @property
    def _consents(self) -> TrustStore:
        if self._trust is None:
            self._trust = TrustStore.default()
        return self._trust


def build_probes(
    loaded: LoadedConfig, edits: EditHistory | None = None, acts: ActHistory | None = None
) -> ProbeSet:
    """Every probe of the config."""
    return ProbeBuilder(loaded, edits, acts).probes()


def _fingerprint(table: ProbeTable, loaded: LoadedConfig) -> str:
    """What the probe of that table is built from: its table, and what it takes from others."""
    label = loaded.config.cockpit.label
    sent = (f"{value.key} {value}" for value in sent_values(loaded, table))
    return " ".join((fingerprint(table), label, *table.surroundings(loaded.config), *sent))


def _nothing_trusted(table: ProbeTable) -> bool:
    return False


def build(
    table: ProbeTable,
    loaded: LoadedConfig,
    *,
    source: ListenerSource | None = None,
    trusted: Callable[[ProbeTable], bool] = _nothing_trusted,
    unsendable: Callable[[ProbeTable], Sequence[SentValue]] | None = None,
    memory: EditHistory | None = None,
    acts: ActHistory | None = None,
    permissions: Permissions = ALL_ALLOWED,
) -> Probe:
    """Build the probe that a table describes; its kind is imported here.

    `source` is shared by all listener probes; without it each gets its own. `trusted` says whether
    the table's commands may run, `unsendable` what it may not send; both may block, and without
    them it may do neither. `memory` is what is remembered of all checklists, `acts` of acts on
    processes; `permissions` are asked before a command is run. Raises KeyError for a table of no
    known kind.
    """
    # What it runs inherits the environment, and may print it.
    SECRETS.learn(environment_secrets(os.environ))
    context = BuildContext(
        folder=loaded.folder,
        tables=loaded.config,
        output_file=lambda name: output_file(loaded, name),
        trusted=trusted,
        source=source,
        edits=memory,
        acts=acts,
        permissions=permissions,
        label=loaded.config.cockpit.label,
        lock_file=lambda name: _lock_file(loaded, name),
    )
    kind = registry.get(table.kind)
    if not sent_values(loaded, table):
        return kind.build_probe(table, context)
    return GuardedProbe(
        table,
        withheld(loaded, table),
        loaded.folder,
        unsendable=unsendable or (lambda table: sent_values(loaded, table)),
        make=lambda table: kind.build_probe(table, context),
    )


def _lock_file(loaded: LoadedConfig, name: str) -> Path:
    """The lock of a probe, beside the store; of its name, which may hold anything, a digest."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    store = loaded.store_path
    return store.with_name(f"{store.name}-{digest}.lock")
