"""From a loaded config to the probes that run, and what changes between two such plans."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.board import ProbeInfo
from cockpit.config.fingerprint import fingerprint
from cockpit.config.models import LoadedConfig
from cockpit.config.trust import TrustStore
from cockpit.engine.probe_builder import build
from cockpit.kinds.act_history import ActHistory
from cockpit.kinds.base import Probe
from cockpit.kinds.checklist.edit_history import EditHistory
from cockpit.kinds.tables import ProbeTable
from cockpit.system.sockets.sources import default_source


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


def build_probes(
    loaded: LoadedConfig, memory: EditHistory | None = None, acts: ActHistory | None = None
) -> ProbeSet:
    """Build every probe of the config. All listener probes share one look at the sockets.

    `memory` is what the evidence remembers of checklists, `acts` of acts on processes; both
    outlive the plan.
    """
    trust = TrustStore.default()
    source = default_source()
    return ProbeSet(
        loaded,
        tuple(
            ConfiguredProbe(
                build(
                    table,
                    loaded,
                    source=source,
                    trusted=lambda gate: trust.is_trusted(loaded, gate),
                    memory=memory,
                    acts=acts,
                ),
                _fingerprint(table, loaded),
            )
            for table in loaded.config.probes()
        ),
    )


def _fingerprint(table: ProbeTable, loaded: LoadedConfig) -> str:
    """What the probe of that table is built from: its table, and what it takes from others."""
    return " ".join((fingerprint(table), *table.surroundings(loaded.config)))
