"""The listener probe: who listens on a port, and whether that is what the config expects."""

from __future__ import annotations

from pathlib import Path

from cockpit.config.models import ListenerTable
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict
from cockpit.probes.base import Probe, ProbeContext
from cockpit.probes.listener.judgement import judge_port
from cockpit.system.listeners import ListenerSource


class ListenerProbe(Probe):
    """Watches one port. `source` is shared by all listener probes of a plan."""

    kind = "listener"

    def __init__(self, table: ListenerTable, folder: Path, *, source: ListenerSource) -> None:
        super().__init__(table, folder)
        self._table = table
        self._source = source

    @property
    def port(self) -> int:
        """The port this probe watches."""
        return self._table.port

    def watched_ports(self) -> tuple[int, ...]:
        return (self.port,)

    async def run(self, ctx: ProbeContext) -> Observation:
        try:
            snapshot = await ctx.blocking(self._source.snapshot, (self.port,))
        except OSError as error:
            return self._blind(ctx, f"{self._source.name} can't list sockets: {error}")
        listener = snapshot.on(self.port)
        if listener is not None:
            for owner in listener.owners:
                ctx.watch_process(owner.process.identity)
        judged = judge_port(self._table, snapshot)
        return self.observe(
            ctx.clock.now(),
            judged.verdict,
            judged.headline,
            findings=judged.findings,
            basis=judged.basis,
            doubts=judged.doubts,
            metrics=judged.metrics,
        )

    def _blind(self, ctx: ProbeContext, reason: str) -> Observation:
        finding = Finding(
            key=f"port:{self.port}",
            verdict=Verdict.UNKNOWN,
            subject=f":{self.port}",
            text=reason,
            title="NOT SEEN",
            cause=f"source:{self._source.name}",
            next_act="cockpit doctor tells what is missing",
            facts={
                "port": self.port,
                "expect": self._table.expect,
                "addresses": (),
                "owners": (),
                "services": 0,
                "hidden_uid": None,
            },
        )
        return self.observe(
            ctx.clock.now(),
            Verdict.UNKNOWN,
            f"{self.port} not seen: {reason}",
            findings=(finding,),
            basis={"source": self._source.name, "listeners": None},
            doubts=(Doubt(DoubtKind.NOTHING_MEASURED, reason),),
        )
