"""The probes: one kind a module, built from config tables by `build`.

Each kind is split in two: pure judgement (facts in, findings and verdict out) and reading. A kind
is imported when a config uses it, so that `check` on two ports does not load an HTTP client.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from cockpit.config.models import (
    ChecklistTable,
    GateTable,
    HeartbeatTable,
    ListenerTable,
    LoadedConfig,
    ProbeTable,
    SmokeTable,
)
from cockpit.probes.base import Probe
from cockpit.system.listeners import ListenerSource

__all__ = ["build"]


def _nothing_trusted(table: GateTable) -> bool:
    return False


def build(
    table: ProbeTable,
    loaded: LoadedConfig,
    *,
    source: ListenerSource | None = None,
    trusted: Callable[[GateTable], bool] = _nothing_trusted,
) -> Probe:
    """The probe a table describes.

    `source` is shared by all listener probes; without it each gets its own. `trusted` says whether
    a gate's command may run; it may block. TypeError for a table of no known kind.
    """
    folder = loaded.folder
    match table:
        case ListenerTable():
            from cockpit.probes.listener.probe import ListenerProbe

            if source is None:
                from cockpit.system.listeners import default_source

                source = default_source()
            return ListenerProbe(table, folder, source=source)
        case HeartbeatTable():
            from cockpit.probes.heartbeat.probe import HeartbeatProbe

            return HeartbeatProbe(table, folder)
        case GateTable():
            return _gate(table, loaded, trusted)
        case ChecklistTable():
            from cockpit.probes.checklist import ChecklistProbe

            return ChecklistProbe(table, folder)
        case SmokeTable():
            from cockpit.probes.redact import Redactor
            from cockpit.probes.smoke.probe import SmokeProbe

            return SmokeProbe(table, folder, redactor=Redactor(_secrets(loaded)))
    raise TypeError(f"no probe for {type(table).__name__}")


def _gate(table: GateTable, loaded: LoadedConfig, trusted: Callable[[GateTable], bool]) -> Probe:
    from cockpit.probes.gate.probe import ChecklistGateProbe, ReportGateProbe

    if table.command is not None:
        from cockpit.probes.gate.command import CommandGateProbe
        from cockpit.probes.redact import Redactor, environment_secrets

        secrets = [*_secrets(loaded), *environment_secrets(os.environ)]
        return CommandGateProbe(table, loaded.folder, trusted=trusted, redactor=Redactor(secrets))
    if table.checklist is not None:
        names = [checklist.name for checklist in loaded.config.checklist]
        return ChecklistGateProbe(table, loaded.folder, names=names)
    return ReportGateProbe(table, loaded.folder)


def _secrets(loaded: LoadedConfig) -> list[str]:
    tokens = [smoke.token for smoke in loaded.config.smoke if smoke.token is not None]
    return [token.get_secret_value() for token in tokens]
