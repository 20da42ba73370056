"""Chooses the probe of a gate by where its score comes from."""

from __future__ import annotations

import os

from cockpit.kinds.base import BuildContext, Probe
from cockpit.kinds.gate.command import CommandGateProbe
from cockpit.kinds.gate.probe import ChecklistGateProbe, ReportGateProbe
from cockpit.kinds.gate.table import GateTable
from cockpit.redaction import Redactor, environment_secrets


def build(table: GateTable, context: BuildContext) -> Probe:
    """Build the probe of a `[[gate]]`, by where its score comes from."""
    if table.command is not None:
        redactor = Redactor([*context.secrets(), *environment_secrets(os.environ)])
        return CommandGateProbe(
            table,
            context.folder,
            trusted=context.trusted,
            redactor=redactor,
            permissions=context.permissions,
        )
    if table.checklist is not None:
        names = [checklist.name for checklist in context.tables.of_kind("checklist")]
        return ChecklistGateProbe(table, context.folder, names=names)
    return ReportGateProbe(table, context.folder)
