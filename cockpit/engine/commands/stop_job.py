"""Stop what was shown, as one act: one process tree, or every service of several ports.

All of it is carried out in one go, with one intent recorded before and one outcome after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cockpit.clock import Clock
from cockpit.commands import StopProgress
from cockpit.engine.commands.act_audit import ActLog
from cockpit.engine.commands.control_methods import ControlMethods, StopCommand
from cockpit.facts import Facts
from cockpit.permissions import ReadOnlyError
from cockpit.system.control.process_control import ProcessController
from cockpit.system.control.stop import (
    GRACE_SECONDS,
    StopState,
    interrupted_result,
    longest_duration,
    stop,
)
from cockpit.system.control.stop_plan import (
    OwnProcess,
    ResetPlan,
    StopPlan,
    combined_ports,
    is_foreign,
    plan_reset,
    remaining_owners,
)
from cockpit.system.control.stop_result import StopResult
from cockpit.system.control.target_lock import TargetBusy, TargetLock
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.services.service_state import ServiceState
from cockpit.system.sockets.listeners import ListenerSnapshot, ListenerSource
from cockpit.text import exact_age, format_utc, sanitize

OnStep = Callable[[str], None]
OnProgress = Callable[[StopProgress], None]
"""Gets how far an end has come, after each change."""


@dataclass(frozen=True, slots=True)
class ActContext:
    """The context of an act. `locks` is the folder of the target locks."""

    source: ListenerSource
    controller: ProcessController
    clock: Clock
    who: str
    locks: Path
    grace: float = GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class StopJob:
    """A stop that was shown to the operator, and is carried out exactly so."""

    plans: tuple[StopPlan, ...]
    left_alone: tuple[str, ...] = ()
    free: tuple[str, ...] = ()

    @property
    def refusal(self) -> str:
        """The reason why nothing of it can be done; empty when it can."""
        return next((plan.refusal for plan in self.plans if plan.refusal), "")

    @property
    def roots(self) -> tuple[int, ...]:
        """The PIDs of the services that would end."""
        return tuple(plan.victims[0].pid for plan in self.plans if plan.victims)

    @property
    def expected_answer(self) -> str:
        """The text the operator types: the PID of the one root, or of both processes where it is
        two; for more the first PID and how many processes end."""
        roots = self.roots
        if len(roots) > 1 and len(self.pids) > 2:
            return f"{roots[0]} {len(self.pids)}"
        return " ".join(str(pid) for pid in roots)

    @property
    def victims(self) -> tuple[ProcessFacts, ...]:
        """Every process that would end."""
        return tuple(victim for plan in self.plans for victim in plan.victims)

    @property
    def pids(self) -> tuple[int, ...]:
        """Every PID that would end."""
        return tuple(victim.pid for victim in self.victims)

    def other_users(self, actor: OwnProcess) -> tuple[str, ...]:
        """The other users whose processes would end, by name; empty when all are `actor`'s own."""
        victims = [victim for plan in self.plans for victim in plan.victims]
        names = (victim.user or str(victim.uid) for victim in victims if is_foreign(victim, actor))
        return tuple(dict.fromkeys(sanitize(name) for name in names))

    @property
    def root_only(self) -> StopJob | None:
        """The same stop without the children, where there are any and a signal is what ends it."""
        if len(self.plans) != 1 or len(self.plans[0].victims) < 2 or self.plans[0].supervised:
            return None
        plan = self.plans[0]
        root = plan.victims[0].identity
        ports = tuple(
            replace(hold, freed=not hold.hidden and not remaining_owners(hold, [root]))
            for hold in plan.ports
            if any(owner.same_as(root) for owner in hold.owners)
        )
        return StopJob((replace(plan, victims=plan.victims[:1], ports=ports),), self.left_alone)

    def lines(self, now: datetime) -> list[str]:
        """The lines of the question: each process with its PID, those that run the same on one
        line; the ports; who is left alone, and why."""
        holds = {hold.port: hold for hold in combined_ports(self.plans)}
        plans = [
            replace(plan, ports=tuple(holds[hold.port] for hold in plan.ports))
            for plan in self.plans
        ]
        lines = [f"ends {len(self.pids)} processes:"] if len(self.pids) > 2 else []
        lines += _victims(plans, now)
        lines += [line for plan in plans for line in plan.describe_method()]
        alone = [f"left alone: {line}" for line in self.left_alone]
        return [*dict.fromkeys(lines), *alone, *self.free]


def _victims(plans: Sequence[StopPlan], now: datetime) -> list[str]:
    """The processes that end; single ones of one user that run the same are told together."""
    alike: dict[tuple[str | None, str], list[StopPlan]] = {}
    for plan in plans:
        single = len(plan.victims) == 1 and not plan.refusal
        key = (plan.victims[0].user, plan.victims[0].command) if single else (None, str(plan.asked))
        alike.setdefault(key, []).append(plan)
    lines: list[str] = []
    for (user, command), group in alike.items():
        if len(group) == 1:
            lines += group[0].describe_victims(now)
            continue
        pids = " ".join(str(plan.victims[0].pid) for plan in group)
        ages = sorted((now - plan.victims[0].started_at).total_seconds() for plan in group)
        old = dict.fromkeys((exact_age(ages[0]), exact_age(ages[-1])))
        lines.append(sanitize(f"ends {pids} {user or '?'} {' to '.join(old)} old: {command}"))
    return lines


async def reset_job(
    ports: Sequence[int],
    snapshot: ListenerSnapshot,
    *,
    words: Sequence[str] = (),
    methods: ControlMethods | None = None,
    actor: OwnProcess | None = None,
) -> StopJob:
    """The stop of every service on `ports` whose argv matches `words` (none: every service)."""
    methods = methods or ControlMethods()
    supervisors: dict[int, ServiceState] = {}
    stops: dict[int, StopCommand] = {}
    for port in ports:
        listener = snapshot.on(port)
        for service in listener.services if listener else ():
            found = await methods.supervisor(service.root, snapshot)
            if found is not None:
                supervisors[service.root.pid] = found
            stops[service.root.pid] = methods.stop_command(service.root, snapshot)
    plan: ResetPlan = plan_reset(
        list(dict.fromkeys(ports)),
        snapshot,
        words=words,
        supervisors=supervisors,
        stops={pid: stop.words for pid, stop in stops.items()},
        actor=actor,
    )
    stopped = tuple(stopped_in(one, stops) for one in plan.plans)
    return StopJob(stopped, plan.left_alone, plan.free)


def stopped_in(plan: StopPlan, stops: Mapping[int, StopCommand]) -> StopPlan:
    """The plan with the folder of its stop command; `stops` by root PID."""
    if plan.root is None or plan.supervised or not plan.command:
        return plan
    return replace(plan, command_folder=stops.get(plan.root.pid, StopCommand()).folder)


async def carry_out(
    job: StopJob, context: ActContext, log: ActLog, tell: OnStep, watch: OnProgress = lambda _: None
) -> StopResult:
    """End what `job` shows. Raises NotRecorded before the first signal.

    When it is cancelled, the outcome says how it stands; `tell` gets it, too.
    """
    pids = job.pids
    if context.controller.permissions.read_only:
        return StopResult(refused=str(ReadOnlyError("ending a process")))
    if job.refusal or not pids:
        return StopResult(refused=job.refusal or "the plan names nobody")
    facts = _facts(job, context)
    subject = str(job.roots[0])
    await log.begin(subject, f"is ending {_named(job)}", pids, facts)
    steps: list[str] = []

    def step(line: str) -> None:
        steps.append(line)
        tell(line)

    def moved() -> None:
        kill_at = None
        if state.kill_at is not None:
            seconds = state.kill_at - context.clock.monotonic()
            kill_at = context.clock.now() + timedelta(seconds=seconds)
        watch(StopProgress(log.act, pids, state.alive, kill_at, bool(state.killed)))

    state = StopState(moved)
    outcome: StopResult | None = None
    try:
        outcome = await _locked(job, context, state, step, log.act)
    finally:
        # Recorded even when the cockpit is being closed over it.
        if outcome is None:
            outcome = interrupted_result(job.plans, context.source, state)
            tell(outcome.text)
        after: Facts = {
            "steps": tuple(steps),
            "asked": outcome.asked,
            "ended": outcome.ended,
            "killed": outcome.killed,
            "survivors": outcome.survivors,
            "results": outcome.results(pids),
        }
        await asyncio.shield(
            log.finish(subject, outcome.text, pids, {**facts, **after}, done=outcome.done)
        )
    return outcome


def _facts(job: StopJob, context: ActContext) -> Facts:
    """What the evidence keeps of the victims: enough to know them again by PID and start time."""
    first = job.plans[0].victims[0]
    victims = [victim for plan in job.plans for victim in plan.victims]
    commands = dict.fromkeys(" ".join(plan.command) for plan in job.plans if plan.command)
    return {
        "argv": first.command,
        "user": first.user,
        "started_at": first.identity.started_at,
        "starts": tuple(repr(victim.identity.started_at) for victim in victims),
        "ports": tuple(hold.port for hold in combined_ports(job.plans)),
        "by": "; ".join(commands),
        "grace": context.grace,
        "at_most": longest_duration(job.plans, context.grace),
    }


def _named(job: StopJob) -> str:
    """`7244 with 7245 7246: python serve.py`; services that run the same are named together."""
    told: dict[str, list[str]] = {}
    for plan in job.plans:
        root, *children = (victim.pid for victim in plan.victims)
        below = f" with {' '.join(map(str, children))}" if children else ""
        told.setdefault(plan.victims[0].command, []).append(f"{root}{below}")
    return "; ".join(f"{', '.join(pids)}: {command}" for command, pids in told.items())


async def _locked(
    job: StopJob, context: ActContext, state: StopState, step: OnStep, act: str
) -> StopResult:
    """End it while nobody else does. What was sent stands in the locks, for who finds them when
    this process ends over it."""
    with ExitStack() as held:
        locks: list[TargetLock] = []
        for pid in job.roots:
            lock = TargetLock(lock_of(context.locks, pid), f"{context.who} is ending {pid}")
            try:
                locks.append(held.enter_context(lock))
            except TargetBusy as busy:
                return StopResult(refused=str(busy))
            except OSError as error:
                return StopResult(refused=sanitize(f"the lock of {pid} can't be taken: {error}"))

        def note(line: str) -> None:
            step(line)
            if locks and state.asked:
                locks[0].note(f"{act} {format_utc(context.clock.now())} {line}")

        return await stop(
            job.plans,
            context.source,
            context.controller,
            grace=context.grace,
            clock=context.clock,
            on_step=note,
            state=state,
        )


def lock_of(folder: Path, pid: int) -> Path:
    """The lock file of the process with that PID."""
    return folder / f"pid-{pid}.lock"
