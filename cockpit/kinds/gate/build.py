"""Chooses the probe of a gate by where its score comes from."""

from __future__ import annotations

from cockpit.kinds.base import BuildContext, Probe
from cockpit.kinds.gate.command import CommandGateProbe
from cockpit.kinds.gate.compare import CompareGateProbe
from cockpit.kinds.gate.manual import ManualGateProbe
from cockpit.kinds.gate.other_gate import OtherGateProbe
from cockpit.kinds.gate.probe import ChecklistGateProbe, ReportGateProbe
from cockpit.kinds.gate.sql import SqlGateProbe
from cockpit.kinds.gate.table import GateTable


def build(table: GateTable, context: BuildContext) -> Probe:
    """Build the probe of a `[[gate]]`, by where its score comes from."""
    folder = context.folder
    if table.command is not None:
        return CommandGateProbe(
            table,
            folder,
            trusted=context.trusted,
            permissions=context.permissions,
            lock=context.lock_file(table.name) if context.lock_file else None,
        )
    if table.checklist is not None:
        names = [checklist.name for checklist in context.tables.of_kind("checklist")]
        return ChecklistGateProbe(table, folder, names=names)
    if table.gate is not None:
        gates = {gate.name: gate.gate for gate in context.tables.of_kind("gate")}
        return OtherGateProbe(table, folder, gates=gates)
    if table.sql is not None:
        return SqlGateProbe(table, folder, table.sql)
    if table.compare is not None:
        return CompareGateProbe(table, folder, table.compare)
    if table.manual is not None:
        return ManualGateProbe(table, folder, table.manual)
    return ReportGateProbe(table, folder)
