"""Reads how full a disk is."""

from __future__ import annotations

import shutil
from pathlib import Path

from cockpit.kinds.base import BuildContext, Probe, ProbeContext
from cockpit.kinds.tables import resolve
from cockpit.model import Observation
from disk_kind.evaluate import judge
from disk_kind.facts import DiskFacts
from disk_kind.table import DiskTable


class DiskProbe(Probe):
    """One disk."""

    kind = "disk"

    def __init__(self, table: DiskTable, folder: Path) -> None:
        super().__init__(table, folder)
        self._path = resolve(folder, table.folder)
        self._fail_above = table.fail_above

    async def run(self, ctx: ProbeContext) -> Observation:
        """Look once."""
        usage = await ctx.blocking(shutil.disk_usage, self._path)
        facts = DiskFacts(usage.total, usage.free, 100 * usage.used / usage.total)
        finding = judge(facts, self._fail_above)
        return self.observe(
            ctx.clock.now(),
            finding.verdict,
            finding.text,
            findings=(finding,),
            basis={"folder": str(self._path), "bytes": usage.total},
            metrics={"used_percent": facts.used_percent},
        )


def build(table: DiskTable, context: BuildContext) -> DiskProbe:
    """Build the probe of a `[[disk]]`."""
    return DiskProbe(table, context.folder)
