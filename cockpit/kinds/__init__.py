"""The probes: one kind a module, built from config tables by `build`.

Each kind is split in two: pure judgement (facts in, findings and verdict out) and reading. A kind
is imported when a config uses it, so that `check` on two ports does not load an HTTP client.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from cockpit.config.models import (
    ChecklistTable,
    GateTable,
    HeartbeatTable,
    ListenerTable,
    LoadedConfig,
    ProbeTable,
    ServiceTable,
    SmokeTable,
)
from cockpit.config.paths import output_file
from cockpit.kinds.base import Probe
from cockpit.system.sockets.listeners import ListenerSource

if TYPE_CHECKING:
    from cockpit.kinds.act_history import ActHistory
    from cockpit.kinds.checklist.edit_history import EditHistory

if TYPE_CHECKING:
    from cockpit.redaction import Redactor

__all__ = ["build"]


def _nothing_trusted(table: GateTable) -> bool:
    return False


def build(
    table: ProbeTable,
    loaded: LoadedConfig,
    *,
    source: ListenerSource | None = None,
    trusted: Callable[[GateTable], bool] = _nothing_trusted,
    memory: EditHistory | None = None,
    acts: ActHistory | None = None,
) -> Probe:
    """The probe a table describes.

    `source` is shared by all listener probes; without it each gets its own. `trusted` says whether
    a gate's command may run; it may block. `memory` is what is remembered of
    all checklists, `acts` of acts on processes. TypeError for a table of no known kind.
    """
    folder = loaded.folder
    match table:
        case ListenerTable():
            from cockpit.kinds.listener.probe import ListenerProbe

            if source is None:
                from cockpit.system.sockets.sources import default_source

                source = default_source()
            return ListenerProbe(
                table,
                folder,
                source=source,
                output=output_file(loaded, table.name),
                redactor=_redactor(loaded) if table.start is not None else None,
                others=[other for other in loaded.config.listener if other.name != table.name],
                names=_services_of(table.name, loaded),
                acts=acts,
            )
        case HeartbeatTable():
            from cockpit.kinds.heartbeat.probe import HeartbeatProbe

            names = _services_of(table.name, loaded)
            return HeartbeatProbe(table, folder, names=names, acts=acts)
        case ServiceTable():
            from cockpit.kinds.service.probe import ServiceProbe

            return ServiceProbe(table, folder)
        case GateTable():
            return _gate(table, loaded, trusted)
        case ChecklistTable():
            return _checklist(table, loaded, memory)
        case SmokeTable():
            from cockpit.kinds.smoke.probe import SmokeProbe
            from cockpit.redaction import Redactor

            return SmokeProbe(table, folder, redactor=Redactor(_secrets(loaded)))
    raise TypeError(f"no probe for {type(table).__name__}")


def _services_of(name: str, loaded: LoadedConfig) -> list[str]:
    """The names of the services that should run the process of that probe."""
    return [service.name for service in loaded.config.service if name in service.agrees_with]


def _checklist(table: ChecklistTable, loaded: LoadedConfig, memory: EditHistory | None) -> Probe:
    from cockpit.kinds.checklist.probe import ChecklistProbe
    from cockpit.kinds.checklist.related_lists import related_lists

    # A gate that counts this checklist waits for it; the other way round they would never rest.
    gates = [gate.name for gate in loaded.config.gate if gate.checklist == table.name]
    lists = related_lists(loaded)
    return ChecklistProbe(table, loaded.folder, memory=memory, lists=lists, not_awaited=gates)


def _gate(table: GateTable, loaded: LoadedConfig, trusted: Callable[[GateTable], bool]) -> Probe:
    from cockpit.kinds.gate.probe import ChecklistGateProbe, ReportGateProbe

    if table.command is not None:
        from cockpit.kinds.gate.command import CommandGateProbe

        redactor = _redactor(loaded)
        return CommandGateProbe(table, loaded.folder, trusted=trusted, redactor=redactor)
    if table.checklist is not None:
        names = [checklist.name for checklist in loaded.config.checklist]
        return ChecklistGateProbe(table, loaded.folder, names=names)
    return ReportGateProbe(table, loaded.folder)


def _redactor(loaded: LoadedConfig) -> Redactor:
    """Takes out what the config and the environment hold as secrets."""
    from cockpit.redaction import Redactor, environment_secrets

    return Redactor([*_secrets(loaded), *environment_secrets(os.environ)])


def _secrets(loaded: LoadedConfig) -> list[str]:
    tokens = [smoke.token for smoke in loaded.config.smoke if smoke.token is not None]
    return [token.get_secret_value() for token in tokens]
