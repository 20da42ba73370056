"""The listener probe: who listens on a port, and whether that is what the config expects."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cockpit.kinds.act_history import ActHistory
from cockpit.kinds.base import BuildContext, Probe, ProbeContext
from cockpit.kinds.code_freshness import CODE_EVERY
from cockpit.kinds.file_io import read_tail
from cockpit.kinds.listener.evaluate import judge_port
from cockpit.kinds.listener.facts import OutputFacts, PortFacts
from cockpit.kinds.listener.port_snapshot import PortSnapshot, take_snapshot
from cockpit.kinds.listener.serving import NOBODY_SERVES, Death, judge_serving
from cockpit.kinds.listener.table import ListenerTable
from cockpit.kinds.resource_usage import Usage, UsageSampler
from cockpit.kinds.restarts import restarts_seen
from cockpit.model import ArtefactRef, Doubt, DoubtKind, Finding, Observation, Verdict
from cockpit.redaction import SECRETS
from cockpit.system.sockets.listeners import Listener, ListenerSource
from cockpit.text import whole_second

_TAIL_BYTES = 8192
_TAIL_LINES = 100
SETTLE_SECONDS = 0.05
"""Between two looks at a group of owners of which some have just gone."""
_MOST_LOOKS = 3
_ERROR = re.compile(r"[\w.]*(?:Error|Exception)\b")
_RESPAWN_SECONDS = 0.25
_RESPAWN_LOOKS = 5


class _Look(NamedTuple):
    """What one look gave."""

    sight: PortSnapshot
    usage: Usage
    tail: bytes


class ListenerProbe(Probe):
    """Watches one port. `source` is shared by all listener probes of a plan.

    `output` is the file that takes what a start from here prints; its end is shown as evidence.
    `others` are the listener tables beside this one, `names` what else a start of this service may
    be recorded under, `acts` what is remembered of acts on processes.
    """

    kind = "listener"
    local = True

    def __init__(
        self,
        table: ListenerTable,
        folder: Path,
        *,
        source: ListenerSource,
        output: Path | None = None,
        others: Sequence[ListenerTable] = (),
        names: Sequence[str] = (),
        acts: ActHistory | None = None,
    ) -> None:
        super().__init__(table, folder)
        self._table = table
        self.counts = table.expect != "any"
        self._source = source
        self._output = output if table.start is not None else None
        self._others = tuple(others)
        self._names = (table.name, *names)
        self._acts = acts or ActHistory()
        self._meter = UsageSampler()
        self._code: tuple[frozenset[float], float, PortSnapshot] | None = None

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
            sight, usage, tail = await self._settled(ctx)
        except OSError as error:
            return self._blind(ctx, f"{self._source.name} can't list sockets: {error}")
        listener = sight.snapshot.on(self.port)
        for owner in listener.owners if listener else ():
            ctx.watch_process(owner.process.identity)
        now = ctx.clock.now()
        services = listener.services if listener else ()
        port = ctx.previous.finding(f"port:{self.port}") if ctx.previous else None
        before = port.facts if port is not None and isinstance(port.facts, PortFacts) else None
        judged = judge_port(
            self._table,
            sight,
            restarts=restarts_seen(
                before,
                [service.root.started_at for service in services],
                now,
                lambda at: self._acts.who_asked(at, self._names, (self.port,)),
            ),
            usage=usage,
            full_before=before.full if before is not None else (),
            was=port.verdict if port is not None else Verdict.OK,
            death=_death(ctx, port, listener, tail, now),
            ending=self._acts.being_ended(pids_of(listener), now),
            started_by={
                service.root.pid: who
                for service in services
                if (who := self._acts.who_started(service.root.started_at, self._names))
            },
        )
        more, artefacts = self._kept(ctx, now, judged.findings[0].text, tail)
        judged = replace(judged, findings=(*judged.findings, *more))
        return self.conclude(now, judged, artefacts=artefacts)

    async def _settled(self, ctx: ProbeContext) -> _Look:
        """One look; another one soon after while a group of owners is about to be gone, so that it
        is not told of one after the other. The last one's end is never waited for.

        A master takes up to a second to replace a child that has ended: it is given that, once."""
        before = known_pids(ctx.previous)
        seen = await ctx.blocking(self._look, ctx.clock.monotonic())
        for _ in range(_MOST_LOOKS):
            present = pids_of(seen.sight.snapshot.on(self.port))
            if not present or not present < before:
                break
            await ctx.clock.sleep(SETTLE_SECONDS)
            before = present
            seen = await ctx.blocking(self._look, ctx.clock.monotonic())
        port = ctx.previous.finding(f"port:{self.port}") if ctx.previous else None
        known = port is not None and port.title == NOBODY_SERVES
        for _ in range(_RESPAWN_LOOKS):
            if known or not is_unserved(seen.sight):
                break
            await ctx.clock.sleep(_RESPAWN_SECONDS)
            seen = await ctx.blocking(self._look, ctx.clock.monotonic())
        return seen

    def _look(self, now: float) -> _Look:
        """Everything at once, so that a run takes one thread. `now` is monotonic seconds."""
        known = self._code
        due = known is None or now - known[1] >= CODE_EVERY
        sight = take_snapshot(self._table, self.folder, self._source, code=due, others=self._others)
        listener = sight.snapshot.on(self.port)
        owners = _starts(listener)
        if not due and known is not None and known[0] != owners:
            sight = take_snapshot(self._table, self.folder, self._source, others=self._others)
            due = True
        if due:
            self._code = (owners, now, sight)
        elif known is not None:
            sight = replace(sight, code=known[2].code)
        roots = [service.root.pid for service in listener.services] if listener else []
        return _Look(sight, self._meter.measure(roots, now), self._tail())

    def _tail(self) -> bytes:
        """The last lines of the output file, secrets cut out; empty when there is none."""
        if self._output is None:
            return b""
        # Read from further back than is kept: the cut may go through a secret.
        body = SECRETS.body(read_tail(self._output, 2 * _TAIL_BYTES))[-_TAIL_BYTES:]
        return b"".join(body.splitlines(keepends=True)[-_TAIL_LINES:])

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
        )
        finding, ref = keep_tail(ctx, now, finding, self._output, tail)
        return (finding,), (ref,)

    def _blind(self, ctx: ProbeContext, reason: str) -> Observation:
        finding = Finding(
            key=f"port:{self.port}",
            verdict=Verdict.UNKNOWN,
            subject=f":{self.port}",
            text=reason,
            title="NOT SEEN",
            cause=f"source:{self._source.name}",
            root_cause=True,
            next_act="run `cockpit doctor`: it tells what is missing",
            facts=PortFacts(self.port, self._table.expect),
        )
        return self.observe(
            ctx.clock.now(),
            Verdict.UNKNOWN,
            f"{self.port} not seen: {reason}",
            findings=(finding,),
            basis={"source": self._source.name, "listeners": None},
            doubts=(Doubt(DoubtKind.NOTHING_MEASURED, reason),),
        )


def is_unserved(sight: PortSnapshot) -> bool:
    """Whether only parents hold the port that leave serving to children, and no child lives."""
    trouble = [judge_serving(one, sight.states) for one in sight.snapshot.listeners]
    return any(one is not None and one.title == NOBODY_SERVES for one in trouble)


def _death(
    ctx: ProbeContext, port: Finding | None, listener: Listener | None, tail: bytes, now: datetime
) -> Death:
    """What is known of the end of the last child, if it has ended since the run before.

    `port` is that run's finding of the port, `tail` the end of what the program printed.
    """
    said = [line for line in tail.decode("utf-8", "replace").splitlines() if _ERROR.match(line)]
    last = said[-1].strip() if said else ""
    before = port.facts if port is not None and isinstance(port.facts, PortFacts) else None
    if before is None or port is None or listener is None:
        return Death(said=last)
    if port.title == NOBODY_SERVES:
        return Death(before.unserved_since, bool(before.unserved_exact), last)
    if not set(before.owners) & set(listener.pids):
        return Death(said=last)
    # Its exit is what this run was asked for, unless nobody was watching.
    exact = any(re.match(r"process \d+ ended", reason) for reason in ctx.reasons)
    return Death(now, exact, last)


def _starts(listener: Listener | None) -> frozenset[float]:
    owners = listener.owners if listener else ()
    return frozenset(owner.process.identity.started_at for owner in owners)


def pids_of(listener: Listener | None) -> frozenset[int]:
    """The PIDs of a port's owners and of their services' roots."""
    services = listener.services if listener else ()
    return frozenset(pid for one in services for pid in (one.root.pid, *one.pids))


def known_pids(previous: Observation | None) -> frozenset[int]:
    """The same as the run before saw them."""
    findings = previous.findings if previous else ()
    return frozenset(pid for finding in findings if finding.is_process for pid in finding.pids)


def build(table: ListenerTable, context: BuildContext) -> ListenerProbe:
    """Build the probe of a `[[listener]]`."""
    return ListenerProbe(
        table,
        context.folder,
        source=context.listener_source(),
        output=context.output_file(table.name),
        others=[one for one in context.tables.of(ListenerTable) if one.name != table.name],
        names=context.tables.vouching_for(table.name),
        acts=context.acts,
    )


WITHIN = timedelta(minutes=10)
MOST = 40
"""So many copies are kept within ten minutes; a chattier file is then followed once a minute."""
AT_LEAST = timedelta(seconds=1)
THEN = timedelta(minutes=1)


def keep_tail(
    ctx: ProbeContext, at: datetime, finding: Finding, file: Path, tail: bytes
) -> tuple[Finding, ArtefactRef]:
    """Keep `tail`, the end of `file`, when it is not the one kept before, unless too often.

    A key press and a new text of `finding` keep it at once. The finding comes back with the facts
    of its copy, and how many copies were made lately.
    """
    before = ctx.previous.finding(finding.key) if ctx.previous else None
    known = before.facts if before and isinstance(before.facts, OutputFacts) else None
    asked = "key" in ctx.reasons or before is None or before.text != finding.text
    since, kept = at, 0
    if known is not None and timedelta(0) <= at - known.kept_from < WITHIN:
        since, kept = known.kept_from, known.kept
    carried = _carried(ctx.previous, finding.key)
    if carried is not None and known is not None:
        pause = THEN if kept >= MOST else AT_LEAST
        recent = timedelta(0) <= at - known.kept_at < pause
        if carried.digest == hashlib.sha256(tail).hexdigest() or (recent and not asked):
            return replace(finding, facts=replace(known, file=str(file))), carried
    ref = ctx.keep(finding.key, "text/plain", tail)
    facts = OutputFacts(
        str(file), whole_second(at), ref.size, kept_from=whole_second(since), kept=kept + 1
    )
    return replace(finding, facts=facts), ref


def _carried(previous: Observation | None, key: str) -> ArtefactRef | None:
    refs = previous.artefacts if previous else ()
    return next((ref for ref in refs if ref.name == key), None)
