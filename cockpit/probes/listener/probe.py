"""The listener probe: who listens on a port, and whether that is what the config expects."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cockpit.config.models import ListenerTable
from cockpit.model import ArtefactRef, Doubt, DoubtKind, Finding, Observation, Verdict
from cockpit.probes.base import Probe, ProbeContext
from cockpit.probes.listener.judgement import judge_port
from cockpit.probes.listener.sight import Sight, look
from cockpit.probes.listener.tail import keep_tail
from cockpit.probes.oldcode import CODE_EVERY
from cockpit.probes.redact import Redactor
from cockpit.probes.restarts import restarts_seen
from cockpit.probes.usage import Meter, Usage
from cockpit.system.listeners import Listener, ListenerSource

_TAIL_BYTES = 8192
_TAIL_LINES = 100


class ListenerProbe(Probe):
    """Watches one port. `source` is shared by all listener probes of a plan.

    `output` is the file that takes what a start from here prints; its end is shown as evidence.
    """

    kind = "listener"

    def __init__(
        self,
        table: ListenerTable,
        folder: Path,
        *,
        source: ListenerSource,
        output: Path | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        super().__init__(table, folder)
        self._table = table
        self.counts = table.expect != "any"
        self._source = source
        self._output = output if table.start is not None else None
        self._redactor = redactor or Redactor()
        self._meter = Meter()
        self._code: tuple[frozenset[float], float, Sight] | None = None

    @property
    def port(self) -> int:
        """The port this probe watches."""
        return self._table.port

    @property
    def table(self) -> ListenerTable:
        """The config of this probe, with its start and stop commands."""
        return self._table

    def own_files(self) -> tuple[Path, ...]:
        return (self._output,) if self._output is not None else ()

    def watched_ports(self) -> tuple[int, ...]:
        return (self.port,)

    async def run(self, ctx: ProbeContext) -> Observation:
        try:
            sight, usage = await ctx.blocking(self._look, ctx.clock.monotonic())
        except OSError as error:
            return self._blind(ctx, f"{self._source.name} can't list sockets: {error}")
        listener = sight.snapshot.on(self.port)
        for owner in listener.owners if listener else ():
            ctx.watch_process(owner.process.identity)
        now = ctx.clock.now()
        starts = [service.root.started_at for service in listener.services] if listener else []
        judged = judge_port(
            self._table,
            sight,
            restarts=restarts_seen(ctx.previous, f"port:{self.port}", starts, now),
            usage=usage,
            was_full=_was_full(ctx.previous),
        )
        tail = await ctx.blocking(self._tail) if self._output else b""
        more, artefacts = self._kept(ctx, now, judged.findings[0].text, tail)
        return self.observe(
            now,
            judged.verdict,
            judged.headline,
            findings=(*judged.findings, *more),
            basis=judged.basis,
            doubts=judged.doubts,
            metrics=judged.metrics,
            artefacts=artefacts,
        )

    def _look(self, now: float) -> tuple[Sight, Usage]:
        known = self._code
        due = known is None or now - known[1] >= CODE_EVERY
        sight = look(self._table, self.folder, self._source, code=due)
        listener = sight.snapshot.on(self.port)
        owners = _starts(listener)
        if not due and known is not None and known[0] != owners:
            sight = look(self._table, self.folder, self._source)
            due = True
        if due:
            self._code = (owners, now, sight)
        elif known is not None:
            sight = replace(sight, code=known[2].code)
        roots = [service.root.pid for service in listener.services] if listener else []
        return sight, self._meter.measure(roots, now)

    def _tail(self) -> bytes:
        """The last lines of the output file, secrets cut out; empty when there is none."""
        try:
            assert self._output is not None
            with self._output.open("rb") as stream:
                size = stream.seek(0, 2)
                stream.seek(max(0, size - _TAIL_BYTES))
                body = self._redactor.body(stream.read(_TAIL_BYTES))
            return b"".join(body.splitlines(keepends=True)[-_TAIL_LINES:])
        except OSError:
            return b""

    def _kept(
        self, ctx: ProbeContext, now: datetime, state: str, tail: bytes
    ) -> tuple[tuple[Finding, ...], tuple[ArtefactRef, ...]]:
        """The output's end as evidence: it follows the file, within bounds."""
        if not tail or self._output is None:
            return (), ()
        finding = Finding(
            key="output",
            verdict=Verdict.OK,
            subject=self._output.name,
            text=f"output of what was started here; {state}",
            facts={"file": str(self._output)},
        )
        finding, ref = keep_tail(ctx, now, finding, tail)
        return (finding,), (ref,)

    def _blind(self, ctx: ProbeContext, reason: str) -> Observation:
        finding = Finding(
            key=f"port:{self.port}",
            verdict=Verdict.UNKNOWN,
            subject=f":{self.port}",
            text=reason,
            title="NOT SEEN",
            cause=f"source:{self._source.name}",
            next_act="run `cockpit doctor`: it tells what is missing",
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


def _starts(listener: Listener | None) -> frozenset[float]:
    owners = listener.owners if listener else ()
    return frozenset(owner.process.identity.started_at for owner in owners)


def _was_full(previous: Observation | None) -> bool:
    """Whether the run before saw as many connections waiting as may."""
    metrics = previous.metrics if previous else {}
    backlog = metrics.get("backlog", 0.0)
    return backlog > 0 and metrics.get("waiting", 0.0) >= backlog
