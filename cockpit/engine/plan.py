"""From a loaded config to the probes that run, and what changes between two such plans."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.board import Planned
from cockpit.config.fingerprint import fingerprint
from cockpit.config.models import LoadedConfig
from cockpit.config.trust import TrustStore
from cockpit.probes import build
from cockpit.probes.base import Probe
from cockpit.probes.checklist.memory import EditMemory
from cockpit.system.listeners import default_source


@dataclass(frozen=True, slots=True)
class PlannedProbe:
    """A probe and the fingerprint of the table it was built from."""

    probe: Probe
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be watched, in board order."""

    loaded: LoadedConfig
    probes: tuple[PlannedProbe, ...]

    @property
    def order(self) -> tuple[Planned, ...]:
        """Names, concerns and what counts, as the board wants them."""
        return tuple(Planned(p.probe.name, p.probe.affects, p.probe.counts) for p in self.probes)

    def probe(self, name: str) -> Probe | None:
        """The probe of that name, or None."""
        return next((p.probe for p in self.probes if p.probe.name == name), None)


def make_plan(loaded: LoadedConfig, memory: EditMemory | None = None) -> Plan:
    """Build every probe of the config. All listener probes share one look at the sockets.

    `memory` is what the evidence remembers of checklists; it outlives the plan.
    """
    trust = TrustStore.default()
    source = default_source()
    return Plan(
        loaded,
        tuple(
            PlannedProbe(
                build(
                    table,
                    loaded,
                    source=source,
                    trusted=lambda gate: trust.is_trusted(loaded, gate),
                    memory=memory,
                ),
                fingerprint(table),
            )
            for table in loaded.config.probes()
        ),
    )
