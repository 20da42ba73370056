"""Ending and starting processes for one operator: armed, shown, confirmed, recorded, verified."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cockpit.clock import Clock
from cockpit.config.models import ListenerTable, LoadedConfig, ProbeTable, ServiceTable
from cockpit.config.places import locks_folder
from cockpit.engine.acts.act_log import ActLog, ActRecorder, NotRecorded
from cockpit.engine.acts.arming import ARMED_SECONDS, Arming
from cockpit.engine.acts.end_job import EndJob, Tools, carry_out, reset_job
from cockpit.engine.acts.start_job import StartJob, carry_out_start, start_job
from cockpit.engine.blocking import BlockingLane
from cockpit.feed import (
    Arm,
    CarryOut,
    PlanEnd,
    PlanReset,
    PlanStart,
    ProcessCommand,
    Question,
    Reply,
    Ticket,
)
from cockpit.probes.service.probe import service_kind
from cockpit.system import processes
from cockpit.system.acts import Acts
from cockpit.system.argv import matches
from cockpit.system.end_plan import plan_end
from cockpit.system.listeners import ListenerSnapshot, ListenerSource, default_source
from cockpit.system.services import ServiceState, reader_for, supervisor_of
from cockpit.text import clean, instant

PLAN_SECONDS = 120.0
"""Seconds after which what was shown is too old to be confirmed."""
ALONE = "alone"
"""Typed after the PID to end it without its children."""
READ_ONLY = "this cockpit was started with --read-only: nothing can be ended or started"


@dataclass(frozen=True, slots=True)
class _Shown:
    """A question that waits for its answer: first `end`, then `start`."""

    question: Question
    at: float
    end: EndJob | None = None
    start: StartJob | None = None


@dataclass(frozen=True, slots=True)
class _Stop:
    """A configured stop command and the folder it runs in; no words without one."""

    words: tuple[str, ...] = ()
    folder: Path | None = None


class ProcessActs:
    """Acts on processes for one operator. At most one question is open.

    `trusted` says whether a table's commands may run; `progress` gets a reply for each step of an
    act while it goes on.
    """

    def __init__(
        self,
        loaded: Callable[[], LoadedConfig],
        *,
        clock: Clock,
        recorder: ActRecorder,
        who: str,
        acts: Acts,
        trusted: Callable[[LoadedConfig, ProbeTable], bool],
        progress: Callable[[Reply], None],
        source: ListenerSource | None = None,
    ) -> None:
        self._loaded = loaded
        self._clock = clock
        self._recorder = recorder
        self._who = who
        self._acts = acts
        self._trusted = trusted
        self._progress = progress
        self._source = source
        self._lane = BlockingLane("acts", clock)
        self._arming = Arming(clock)
        self._open: _Shown | None = None

    async def execute(self, command: ProcessCommand, ticket: Ticket) -> Reply:
        """Do it; the reply says in one line what became of it, or asks."""
        if isinstance(command, Arm):
            return await self._arm(command, ticket)
        if not self._arming.armed:
            self._open = None
            return Reply(ticket, False, "not armed: A allows acts on processes for ten minutes")
        try:
            match command:
                case PlanEnd():
                    return await self._plan_end(command, ticket)
                case PlanReset(ports):
                    return await self._plan_reset(ports, ticket)
                case PlanStart(probe):
                    return await self._plan_start(probe, ticket)
                case CarryOut():
                    return await self._carry_out(command, ticket)
        except (OSError, ValueError) as error:
            return Reply(ticket, False, clean(f"nothing was done: {error}"))

    async def _arm(self, command: Arm, ticket: Ticket) -> Reply:
        if not command.on:
            self._open = None
            return Reply(ticket, True, "disarmed", armed_until=self._arming.disarm())
        if self._acts.read_only:
            return Reply(ticket, False, READ_ONLY)
        log = self._log(ticket)
        try:
            await log.begin("cockpit", "armed: may end and start processes for ten minutes", ())
        except NotRecorded as error:
            return Reply(ticket, False, f"not armed, {error}")
        minutes = ARMED_SECONDS / 60
        until = self._arming.arm()
        text = f"armed for {minutes:.0f} minutes: X ends, S starts; A disarms"
        return Reply(ticket, True, text, armed_until=until)

    # Asking

    async def _plan_end(self, command: PlanEnd, ticket: Ticket) -> Reply:
        snapshot = await self._snapshot()
        asked = await self._lane(processes.facts, command.pid)
        if asked is None:
            return Reply(ticket, False, f"{command.pid} has ended, or can't be read")
        if command.started_at and instant(asked.started_at) != command.started_at:
            return Reply(ticket, False, f"{command.pid} is another process by now")
        root = await self._lane(processes.service_root, asked)
        supervisor = await self._supervisor(root.pid, command.probe)
        stop = await self._lane(self._stop_command, command.probe, snapshot)
        plan = await self._lane(
            lambda: plan_end(command.pid, snapshot, supervisor=supervisor, stop_command=stop.words)
        )
        folder = stop.folder if plan.command and not plan.supervised else None
        return self._ask(ticket, EndJob((replace(plan, command_folder=folder),)))

    async def _plan_reset(self, ports: tuple[int, ...], ticket: Ticket) -> Reply:
        snapshot = await self._snapshot()
        jobs = []
        for port in dict.fromkeys(ports):
            table = next((t for t in self._loaded().config.listener if t.port == port), None)
            words = table.process or () if table is not None else ()
            jobs.append(await reset_job((port,), snapshot, words=words))
        plans = {plan.victims[0].pid: plan for job in jobs for plan in job.plans if plan.victims}
        job = EndJob(tuple(plans.values()), tuple(line for one in jobs for line in one.left_alone))
        if not job.plans:
            told = "; ".join(job.left_alone) or "nobody listens there"
            return Reply(ticket, False, f"nothing to end: {told}")
        return self._ask(ticket, job)

    async def _plan_start(self, name: str, ticket: Ticket) -> Reply:
        loaded = self._loaded()
        table = _listener(loaded, name)
        if table is None or table.start is None:
            return Reply(ticket, False, f"{name}: no [[listener]] of that name has a `start`")
        if not await self._lane(self._trusted, loaded, table):
            return Reply(
                ticket, False, f"{name}: not trusted yet; `cockpit trust` shows and allows"
            )
        snapshot = await self._snapshot()
        end: EndJob | None = None
        if snapshot.on(table.port) is not None:
            end = await reset_job((table.port,), snapshot, words=table.process or ())
            if end.left_alone:
                return Reply(ticket, False, f"not started: {'; '.join(end.left_alone)}")
            if supervised := next((p.supervised for p in end.plans if p.supervised), ""):
                text = f"{supervised} supervises it: restart it there, a second one would fight it"
                return Reply(ticket, False, text)
            stop = await self._lane(self._stop_command, name, snapshot)
            plans = (
                replace(plan, command=stop.words, command_folder=stop.folder) for plan in end.plans
            )
            end = replace(end, plans=tuple(plans))
        return self._ask(ticket, end, start_job(loaded, table, self._who))

    def _ask(self, ticket: Ticket, end: EndJob | None, start: StartJob | None = None) -> Reply:
        if end is not None and end.refusal:
            return Reply(ticket, False, end.refusal)
        expected = " ".join(map(str, end.roots)) if end is not None else ""
        lines = end.lines(self._clock.now()) if end is not None else []
        if start is not None:
            expected = expected or str(start.request.port)
            lines += start.lines()
        elif end is not None and end.alone is not None:
            lines.append(f"{expected} {ALONE} ends {expected} only: its children stay")
        question = Question(secrets.token_hex(4), tuple(lines), expected)
        self._open = _Shown(question, self._clock.monotonic(), end, start)
        return Reply(ticket, True, f"type {expected} to do this", question=question)

    # Doing

    async def _carry_out(self, command: CarryOut, ticket: Ticket) -> Reply:
        shown, self._open = self._open, None
        if shown is None or shown.question.plan != command.plan:
            return Reply(ticket, False, "nothing was done: that question is no longer open")
        if self._clock.monotonic() - shown.at > PLAN_SECONDS:
            return Reply(ticket, False, "nothing was done: it was shown too long ago, ask again")
        typed, expected = command.typed.split(), shown.question.expected.split()
        end = shown.end
        if end is not None and end.alone and shown.start is None and typed == [*expected, ALONE]:
            end = end.alone
        elif typed != expected:
            words = shown.question.expected
            return Reply(ticket, False, f"nothing was done: {words} was to be typed")

        def tell(line: str) -> None:
            self._progress(Reply(ticket, True, line))

        told: list[str] = []
        ok = True
        try:
            if end is not None:
                outcomes = await carry_out(end, self._tools(), lambda: self._log(ticket), tell)
                told += [outcome.text for outcome in outcomes]
                ok = all(not (o.refused or o.error or o.survivors) for o in outcomes)
                ok = ok and all(after.free is True for o in outcomes for after in o.ports)
            if shown.start is not None and ok:
                log = self._log(ticket, shown.start.name)
                started = await carry_out_start(shown.start, self._tools(), log, tell)
                told.append(started.text)
                ok = started.done
        except NotRecorded as error:
            return Reply(ticket, False, str(error))
        return Reply(ticket, ok, "; ".join(told))

    # What it needs

    def _log(self, ticket: Ticket, probe: str = "") -> ActLog:
        return ActLog(self._recorder, self._clock, self._who, ticket=ticket, probe=probe)

    def _tools(self) -> Tools:
        locks = locks_folder(self._loaded())
        return Tools(self._listeners(), self._acts, self._clock, self._who, locks)

    def _listeners(self) -> ListenerSource:
        if self._source is None:
            self._source = default_source(self._clock)
        return self._source

    async def _snapshot(self) -> ListenerSnapshot:
        return await self._lane(lambda: self._listeners().snapshot())

    async def _supervisor(self, root: int, probe: str) -> ServiceState | None:
        """The service that would start it again: by its control group, or by the config."""
        found = await supervisor_of(root)
        if found is not None:
            return found
        for table in self._loaded().config.service:
            if table.task is not None and probe in (table.name, *table.agrees_with):
                state = await _task(table)
                if state.running or state.error:
                    return state
        return None

    def _stop_command(self, name: str, snapshot: ListenerSnapshot) -> _Stop:
        """The configured stop command, where it can only mean the one service on the port.

        With two services there it would stop the right one as well as the leftover.
        """
        loaded = self._loaded()
        table = _listener(loaded, name)
        if table is None or table.stop is None or table.process is None:
            return _Stop()
        listener = snapshot.on(table.port)
        if listener is None or len(listener.services) != 1:
            return _Stop()
        service = listener.services[0]
        if not matches(service.root.argv, table.process) or not self._trusted(loaded, table):
            return _Stop()
        folder = loaded.resolve(table.cwd) if table.cwd else loaded.folder
        return _Stop(tuple(table.stop), folder)


async def _task(table: ServiceTable) -> ServiceState:
    return await reader_for(service_kind(table)).read(table.task or "")


def _listener(loaded: LoadedConfig, name: str) -> ListenerTable | None:
    return next((table for table in loaded.config.listener if table.name == name), None)
