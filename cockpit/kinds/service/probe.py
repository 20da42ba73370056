"""The service probe: asks the supervisor, and compares its main process with other probes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cockpit.kinds.base import BuildContext, Probe, ProbeContext
from cockpit.kinds.service.evaluate import Witness, judge_service, witness_of
from cockpit.kinds.service.table import ServiceTable
from cockpit.model import Observation
from cockpit.system.processes import process_table
from cockpit.system.services.service_state import ServiceKind, ServiceReader
from cockpit.system.services.supervisors import reader_for


def service_kind(table: ServiceTable) -> ServiceKind:
    """Which supervisor a table means."""
    if table.task is not None:
        return "schtasks"
    return "systemd-user" if table.user else "systemd"


class ServiceProbe(Probe):
    """Watches one unit or task. Its main process's exit runs the probe at once."""

    kind = "service"
    local = True

    def __init__(
        self, table: ServiceTable, folder: Path, *, reader: ServiceReader | None = None
    ) -> None:
        super().__init__(table, folder)
        self._table = table
        self._service = table.task or table.unit or ""
        self._reader = reader or reader_for(service_kind(table))

    def depends_on(self) -> tuple[str, ...]:
        return tuple(self._table.agrees_with)

    async def run(self, ctx: ProbeContext) -> Observation:
        state = await self._reader.read(self._service)
        if state.main_pid is not None:
            identity = await ctx.blocking(process_table.identity_of, state.main_pid)
            if identity is not None:
                ctx.watch_process(identity)
        names = [name for name in self._table.agrees_with if name in ctx.board]
        witnesses = [witness_of(ctx.board[name]) for name in names]
        above = await ctx.blocking(_above, witnesses)
        judged = judge_service(self._table, state, witnesses, above)
        return self.conclude(ctx.clock.now(), judged)


def _above(witnesses: Sequence[Witness]) -> dict[int, Sequence[int]]:
    """The PIDs above each named process: a unit may run the engine through a script."""
    return {pid: process_table.ancestors(pid) for witness in witnesses for pid in witness.pids}


def build(table: ServiceTable, context: BuildContext) -> ServiceProbe:
    """Build the probe of a `[[service]]`."""
    return ServiceProbe(table, context.folder)
