"""The process commands of one operator: armed, shown, confirmed, recorded, verified."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cockpit.clock import Clock
from cockpit.commands import (
    Arm,
    Confirm,
    PlanEnd,
    PlanReset,
    PlanStart,
    ProcessCommand,
    Question,
    Reply,
    StopProgress,
    Ticket,
)
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import locks_folder
from cockpit.engine.blocking import SerialExecutor
from cockpit.engine.commands.act_audit import ActLog, ActRecorder, NotRecorded
from cockpit.engine.commands.control_methods import ControlMethods, Trusted
from cockpit.engine.commands.live_engines import LIVE_WORD, live_among, start_refusal
from cockpit.engine.commands.service_start import plan_service_start
from cockpit.engine.commands.start_job import StartJob, carry_out_start, start_job, unit_start_job
from cockpit.engine.commands.stop_job import ActContext, StopJob, carry_out, reset_job, stopped_in
from cockpit.kinds.listener.table import ListenerTable
from cockpit.permissions import STARTED_SO
from cockpit.system.control.process_control import ProcessController
from cockpit.system.control.start import StartOutcome, conflicts_of
from cockpit.system.control.stop_plan import StopPlan, own_process, plan_stop
from cockpit.system.control.stop_result import StopResult
from cockpit.system.processes import process_table
from cockpit.system.sockets.listeners import ListenerSnapshot, ListenerSource
from cockpit.system.sockets.sources import default_source
from cockpit.text import format_utc, sanitize

PLAN_SECONDS = 120.0
"""Seconds after which what was shown is too old to be confirmed."""
ALONE = "alone"
"""Typed after the PID to end it without its children."""
REFUSED = "REFUSED"
FAILED_CHECK = "FAILED CHECK"
"""It was done, and what was looked at afterwards is not as it should be."""
NOT_ENDED = "NOT ENDED"
HALF_DONE = "HALF DONE"
READ_ONLY = f"{STARTED_SO}: nothing can be ended or started"


@dataclass(frozen=True, slots=True)
class _OpenQuestion:
    """A question that waits for its answer: first `end`, then `start`."""

    question: Question
    at: float
    end: StopJob | None = None
    start: StartJob | None = None


class ProcessCommands:
    """Stops and starts processes for one operator. At most one question is open.

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
        controller: ProcessController,
        trusted: Trusted,
        progress: Callable[[Reply], None],
        source: ListenerSource | None = None,
    ) -> None:
        self._loaded = loaded
        self._clock = clock
        self._recorder = recorder
        self._who = who
        self._controller = controller
        self._trusted = trusted
        self._progress = progress
        self._source = source
        self._executor = SerialExecutor("acts", clock)
        self._arming = Arming(clock)
        self._open: _OpenQuestion | None = None

    async def execute(self, command: ProcessCommand, ticket: Ticket) -> Reply:
        """Carry out a command; the reply tells the outcome in one line, or asks."""
        if isinstance(command, Arm):
            return await self._arm(command, ticket)
        if not self._arming.armed:
            self._open = None
            lacking = "not armed: A allows controller on processes for ten minutes"
            return Reply(
                ticket, False, READ_ONLY if self._controller.permissions.read_only else lacking
            )
        try:
            match command:
                case PlanEnd():
                    return await self._plan_end(command, ticket)
                case PlanReset(ports):
                    return await self._plan_reset(ports, ticket)
                case PlanStart(probe):
                    return await self._plan_start(probe, ticket)
                case Confirm():
                    return await self._carry_out(command, ticket)
        except (OSError, ValueError) as error:
            return Reply(ticket, False, sanitize(f"nothing was done: {error}"))

    async def _arm(self, command: Arm, ticket: Ticket) -> Reply:
        if not command.on:
            self._open = None
            return Reply(ticket, True, "disarmed", armed_until=self._arming.disarm())
        if self._controller.permissions.read_only:
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
        asked = await self._executor(process_table.facts, command.pid)
        if asked is None:
            return Reply(ticket, False, f"{command.pid} has ended, or can't be read")
        if command.started_at and format_utc(asked.started_at) != command.started_at:
            return Reply(ticket, False, f"{command.pid} is another process by now")
        root = await self._executor(process_table.service_root, asked)
        methods = self._control_methods()
        supervisor = await methods.supervisor(root, snapshot, command.probe)
        stop = await self._executor(methods.stop_command, root, snapshot)

        def planned(other_users: bool) -> StopPlan:
            return plan_stop(
                command.pid,
                snapshot,
                supervisor=supervisor,
                stop_command=stop.words,
                actor=own_process(other_users=other_users),
            )

        plan = await self._executor(planned, False)
        if plan.refusal:
            # Whose it is may be all that speaks against it; then the owner's name is typed, too.
            plan = await self._executor(planned, True)
        return self._ask(ticket, StopJob((stopped_in(plan, {root.pid: stop}),)))

    async def _plan_reset(self, ports: tuple[int, ...], ticket: Ticket) -> Reply:
        snapshot = await self._snapshot()
        jobs = []
        for port in dict.fromkeys(ports):
            table = next(
                (t for t in self._loaded().config.of(ListenerTable) if t.port == port), None
            )
            words = table.process or () if table is not None else ()
            jobs.append(await self._reset_job(port, snapshot, words, alone=len(ports) == 1))
        plans = {plan.victims[0].pid: plan for job in jobs for plan in job.plans if plan.victims}
        job = StopJob(
            tuple(plans.values()),
            tuple(line for one in jobs for line in one.left_alone),
            tuple(line for one in jobs for line in one.free),
        )
        if not job.plans:
            told = "; ".join((*job.left_alone, *job.free))
            return Reply(ticket, False, f"nothing to end: {told}")
        return self._ask(ticket, job)

    async def _plan_start(self, name: str, ticket: Ticket) -> Reply:
        loaded = self._loaded()
        if refusal := await self._executor(start_refusal, loaded, name):
            return Reply(ticket, False, refusal)
        table = _listener(loaded, name)
        if table is None:
            return await self._plan_service_start(name, ticket)
        snapshot = await self._snapshot()
        end: StopJob | None = None
        service = await self._control_methods().service_of(name)
        held = snapshot.on(table.port) is not None
        if not held and service is not None and service.running:
            # It runs, but serves nothing: then it is started anew as a whole.
            return await self._plan_service_start(name, ticket, listener=table)
        if held:
            end = await self._reset_job(table.port, snapshot, table.process or (), alone=True)
            if end.left_alone:
                return Reply(ticket, False, f"not started: {'; '.join(end.left_alone)}")
            service = next((p.supervisor for p in end.plans if p.supervisor), service)
        if service is not None and not service.error:
            # Only its unit or task may start it: one started beside that would fight it.
            job = unit_start_job(loaded, name, service, self._who, listener=table)
            return self._ask(ticket, end, job)
        if table.start is None:
            text = f"{name}: it has no `start`, and no [[service]] that can be asked stands for it"
            return Reply(ticket, False, text)
        if not await self._executor(self._trusted, loaded, table):
            return Reply(
                ticket, False, f"{name}: not trusted yet; `cockpit trust` shows and allows"
            )
        notes = [f"{service.name}: {service.error}"] if service is not None else []
        job = start_job(loaded, table, self._who, notes=tuple(notes))
        leaving = end.pids if end is not None else ()
        conflicts = await self._executor(conflicts_of, job.request, self._listeners(), leaving)
        if conflicts.refusal:
            return Reply(ticket, False, f"{name}: not started: {conflicts.refusal}")
        return self._ask(ticket, end, replace(job, notes=(*job.notes, *conflicts.notes)))

    async def _plan_service_start(
        self, name: str, ticket: Ticket, *, listener: ListenerTable | None = None
    ) -> Reply:
        """Start or restart a unit or task: from its own row, or that of a probe it agrees with."""
        table = self._control_methods().service_table(name)
        if table is None:
            text = f"{name}: no [[service]] has it in `agrees_with`, so what starts it is not known"
            return Reply(ticket, False, text)
        snapshot = await self._snapshot()
        planned = await plan_service_start(
            self._loaded(), table, snapshot, self._who, self._executor, listener=listener
        )
        if planned.refusal:
            return Reply(ticket, False, planned.refusal)
        return self._ask(ticket, planned.end, planned.start)

    async def _reset_job(
        self, port: int, snapshot: ListenerSnapshot, words: Sequence[str], *, alone: bool
    ) -> StopJob:
        """What would end on that port: other users' processes only when `alone` was asked for this
        port and nothing of one's own is there, and then the owner's name is to be typed, too."""
        methods = self._control_methods()
        job = await reset_job((port,), snapshot, words=words, methods=methods)
        if alone and not job.plans and snapshot.on(port) is not None:
            actor = own_process(other_users=True)
            other = await reset_job((port,), snapshot, words=words, methods=methods, actor=actor)
            return other if other.plans else job
        return job

    def _ask(self, ticket: Ticket, end: StopJob | None, start: StartJob | None = None) -> Reply:
        if end is not None and end.refusal:
            return Reply(ticket, False, end.refusal)
        expected = end.expected_answer if end is not None else ""
        lines = end.lines(self._clock.now()) if end is not None else []
        if end is not None and (live := live_among(self._loaded(), end.victims)):
            expected = f"{expected} {LIVE_WORD}"
            lines += [f"{line}; {LIVE_WORD} is typed, too" for line in live]
        if end is not None and (owners := end.other_users(own_process())):
            expected = f"{expected} {' '.join(owners)}"
            lines.append(f"belongs to {' and '.join(owners)}, not to you: that is typed, too")
        if start is not None:
            expected = expected or start.expected_answer
            lines += start.lines()
        elif end is not None and end.root_only is not None:
            lines.append(f"{expected} {ALONE} ends {end.roots[0]} only: its children stay")
        question = Question(secrets.token_hex(4), tuple(lines), expected)
        self._open = _OpenQuestion(question, self._clock.monotonic(), end, start)
        return Reply(ticket, True, f"type {expected} to do this", question=question)

    # Doing

    async def _carry_out(self, command: Confirm, ticket: Ticket) -> Reply:
        shown, self._open = self._open, None
        if shown is None or shown.question.plan != command.plan:
            return Reply(ticket, False, "nothing was done: that question is no longer open")
        if self._clock.monotonic() - shown.at > PLAN_SECONDS:
            return Reply(ticket, False, "nothing was done: it was shown too long ago, ask again")
        typed, expected = command.typed.split(), shown.question.expected.split()
        end = shown.end
        if (
            end is not None
            and end.root_only
            and shown.start is None
            and typed == [*expected, ALONE]
        ):
            end = end.root_only
        elif typed != expected:
            words = shown.question.expected
            return Reply(ticket, False, f"nothing was done: {words} was to be typed")

        def tell(line: str) -> None:
            self._progress(Reply(ticket, True, line, is_progress=True))

        def watch(progress_now: StopProgress) -> None:
            self._progress(Reply(ticket, True, "", is_progress=True, under_way=progress_now))

        told: list[str] = []
        label = ""
        try:
            if end is not None:
                outcome = await carry_out(end, self._context(), self._log(ticket), tell, watch)
                told.append(outcome.text)
                label = "" if outcome.done else _end_label(outcome)
                if label and shown.start is not None:
                    told.append(f"{shown.start.name} was not started")
            if shown.start is not None and not label:
                log = self._log(ticket, shown.start.name)
                started = await carry_out_start(shown.start, self._context(), log, tell)
                told.append(started.text)
                label = "" if started.done else _start_label(started, after_end=end is not None)
        except NotRecorded as error:
            told.append(str(error))
            label = HALF_DONE if end is not None and len(told) > 1 else REFUSED
        return Reply(ticket, not label, "; ".join(told), label=label or REFUSED)

    # What it needs

    def _log(self, ticket: Ticket, probe: str = "") -> ActLog:
        return ActLog(self._recorder, self._clock, self._who, ticket=ticket, probe=probe)

    def _context(self) -> ActContext:
        locks = locks_folder(self._loaded())
        return ActContext(self._listeners(), self._controller, self._clock, self._who, locks)

    def _control_methods(self) -> ControlMethods:
        return ControlMethods(self._loaded(), self._trusted)

    def _listeners(self) -> ListenerSource:
        if self._source is None:
            self._source = default_source(self._clock)
        return self._source

    async def _snapshot(self) -> ListenerSnapshot:
        return await self._executor(lambda: self._listeners().snapshot())


def _end_label(outcome: StopResult) -> str:
    """The word for an end that did not go as it should."""
    if outcome.refused:
        return REFUSED
    return FAILED_CHECK if outcome.all_ended else NOT_ENDED


def _start_label(outcome: StartOutcome, *, after_end: bool) -> str:
    """The word for a start that did not go as it should."""
    if outcome.refused:
        return HALF_DONE if after_end else REFUSED
    return FAILED_CHECK


def _listener(loaded: LoadedConfig, name: str) -> ListenerTable | None:
    return next((table for table in loaded.config.of(ListenerTable) if table.name == name), None)


ARMED_SECONDS = 600.0


class Arming:
    """The permission to act on processes; disarmed at first.

    It ends by the monotonic clock and by the wall clock, whichever is first: the one stands still
    while a laptop sleeps, the other can be set back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: tuple[float, datetime] | None = None

    def arm(self) -> datetime:
        """Arm; returns until when (aware UTC)."""
        until = self._clock.now() + timedelta(seconds=ARMED_SECONDS)
        self._until = (self._clock.monotonic() + ARMED_SECONDS, until)
        return until

    def disarm(self) -> datetime:
        """End the permission; returns now."""
        self._until = None
        return self._clock.now()

    @property
    def armed(self) -> bool:
        """Whether acts are allowed."""
        if self._until is None:
            return False
        monotonic, wall = self._until
        return self._clock.monotonic() < monotonic and self._clock.now() < wall
