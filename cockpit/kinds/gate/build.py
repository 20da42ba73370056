"""Chooses the probe of a gate by where its score comes from."""

from __future__ import annotations

from cockpit.kinds.base import BuildContext, Probe
from cockpit.kinds.gate.command import CommandGateProbe
from cockpit.kinds.gate.probe import ChecklistGateProbe, ReportGateProbe
from cockpit.kinds.gate.table import GateTable


def build(table: GateTable, context: BuildContext) -> Probe:
    """Build the probe of a `[[gate]]`, by where its score comes from."""
    if table.command is not None:
        return CommandGateProbe(
            table, context.folder, trusted=context.trusted, permissions=context.permissions
        )
    if table.checklist is not None:
        names = [checklist.name for checklist in context.tables.of_kind("checklist")]
        return ChecklistGateProbe(table, context.folder, names=names)
    return ReportGateProbe(table, context.folder)
