"""Ending what was shown, as one act: one process tree, or every service of several ports.

Each plan is carried out in turn, with the intent recorded before and the outcome after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cockpit.clock import Clock
from cockpit.engine.acts.act_log import ActLog
from cockpit.engine.acts.ways import Stop, Ways
from cockpit.model import Facts
from cockpit.system.acts import Acts
from cockpit.system.end_plan import (
    Actor,
    EndPlan,
    PortHold,
    ResetPlan,
    is_foreign,
    plan_reset,
)
from cockpit.system.ending import GRACE_SECONDS, EndOutcome, end
from cockpit.system.listeners import ListenerSnapshot, ListenerSource
from cockpit.system.processes import ProcessIdentity
from cockpit.system.services import ServiceState
from cockpit.system.target_lock import TargetBusy, TargetLock
from cockpit.text import clean

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What acting needs. `locks` is the folder of the target locks; None where there is none."""

    source: ListenerSource
    acts: Acts
    clock: Clock
    who: str
    locks: Path | None
    grace: float = GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class EndJob:
    """What was shown to the operator, and is carried out exactly so."""

    plans: tuple[EndPlan, ...]
    left_alone: tuple[str, ...] = ()

    @property
    def refusal(self) -> str:
        """Why nothing of it can be done; empty when it can."""
        return next((plan.refusal for plan in self.plans if plan.refusal), "")

    @property
    def roots(self) -> tuple[int, ...]:
        """The PIDs the operator types."""
        return tuple(plan.victims[0].pid for plan in self.plans if plan.victims)

    @property
    def pids(self) -> tuple[int, ...]:
        """Every PID that would end."""
        return tuple(victim.pid for plan in self.plans for victim in plan.victims)

    def others(self, actor: Actor) -> tuple[str, ...]:
        """The other users whose processes would end, by name; empty when all are `actor`'s own."""
        victims = [victim for plan in self.plans for victim in plan.victims]
        names = (victim.user or str(victim.uid) for victim in victims if is_foreign(victim, actor))
        return tuple(dict.fromkeys(clean(name) for name in names))

    @property
    def alone(self) -> EndJob | None:
        """The same without the children, where there are any and a signal is what ends it."""
        if len(self.plans) != 1 or len(self.plans[0].victims) < 2 or self.plans[0].supervised:
            return None
        plan = self.plans[0]
        root = plan.victims[0].identity
        ports = tuple(
            replace(hold, freed=not hold.hidden and not _left(hold, [root]))
            for hold in plan.ports
            if any(owner.same_as(root) for owner in hold.owners)
        )
        return EndJob((replace(plan, victims=plan.victims[:1], ports=ports),), self.left_alone)

    def lines(self, now: datetime) -> list[str]:
        """What would die, line by line; then who is left alone, and why."""
        plans = _together(self.plans)
        lines = [line for plan in plans for line in plan.describe(now)]
        return [*dict.fromkeys(lines), *(f"left alone: {line}" for line in self.left_alone)]


def _together(plans: Sequence[EndPlan]) -> list[EndPlan]:
    """The plans as they are when all are carried out: a port that all its owners leave is freed."""
    leaving = [victim.identity for plan in plans for victim in plan.victims]
    return [
        replace(
            plan,
            ports=tuple(
                replace(hold, freed=not hold.hidden and not _left(hold, leaving))
                for hold in plan.ports
            ),
        )
        for plan in plans
    ]


def _left(hold: PortHold, gone: Sequence[ProcessIdentity]) -> tuple[ProcessIdentity, ...]:
    """The owners that are not among `gone`."""
    return tuple(o for o in hold.owners if not any(o.same_as(one) for one in gone))


async def reset_job(
    ports: Sequence[int],
    snapshot: ListenerSnapshot,
    *,
    words: Sequence[str] = (),
    ways: Ways | None = None,
    actor: Actor | None = None,
) -> EndJob:
    """Every service on `ports` whose argv matches `words` (none: every service)."""
    ways = ways or Ways()
    supervisors: dict[int, ServiceState] = {}
    stops: dict[int, Stop] = {}
    for port in ports:
        listener = snapshot.on(port)
        for service in listener.services if listener else ():
            found = await ways.supervisor(service.root, snapshot)
            if found is not None:
                supervisors[service.root.pid] = found
            stops[service.root.pid] = ways.stop(service.root, snapshot)
    plan: ResetPlan = plan_reset(
        list(dict.fromkeys(ports)),
        snapshot,
        words=words,
        supervisors=supervisors,
        stops={pid: stop.words for pid, stop in stops.items()},
        actor=actor,
    )
    return EndJob(tuple(stopped_in(one, stops) for one in plan.plans), plan.left_alone)


def stopped_in(plan: EndPlan, stops: Mapping[int, Stop]) -> EndPlan:
    """The plan with the folder of its stop command; `stops` by root PID."""
    if plan.root is None or plan.supervised or not plan.command:
        return plan
    return replace(plan, command_folder=stops.get(plan.root.pid, Stop()).folder)


async def carry_out(
    job: EndJob, tools: Tools, log: Callable[[], ActLog], tell: Tell
) -> list[EndOutcome]:
    """End what `job` shows, one plan after the other. Raises NotRecorded before the first signal.

    What a plan ended is taken out of what the next one expects to find on its ports; anything else
    that changed there makes the next one refuse.
    """
    outcomes: list[EndOutcome] = []
    gone: list[ProcessIdentity] = []
    for number, plan in enumerate(job.plans):
        later = {hold.port for other in job.plans[number + 1 :] for hold in other.ports}
        ports = tuple(_expected(hold, plan, gone, later) for hold in plan.ports)
        outcome = await _end_one(replace(plan, ports=ports), tools, log(), tell)
        ended = set(outcome.ended)
        gone += [victim.identity for victim in plan.victims if victim.pid in ended]
        outcomes.append(outcome)
    return outcomes


def _expected(
    hold: PortHold, plan: EndPlan, gone: Sequence[ProcessIdentity], later: set[int]
) -> PortHold:
    """The hold as this plan should find it, and whether its end should leave the port free."""
    owners = _left(hold, gone)
    now = replace(hold, owners=owners)
    stays = hold.hidden > 0 or bool(_left(now, [victim.identity for victim in plan.victims]))
    return replace(now, freed=not stays and hold.port not in later)


async def _end_one(plan: EndPlan, tools: Tools, log: ActLog, tell: Tell) -> EndOutcome:
    root = plan.root
    if root is None:
        return EndOutcome(refused=plan.refusal or "the plan names nobody")
    pids = tuple(victim.pid for victim in plan.victims)
    subject = str(root.pid)
    facts = {
        "argv": root.command,
        "user": root.user,
        "started_at": root.identity.started_at,
        "ports": tuple(hold.port for hold in plan.ports),
        "by": " ".join(plan.command),
    }
    await log.begin(subject, f"is ending {_named(pids)}: {root.command}", pids, facts)
    steps: list[str] = []

    def step(line: str) -> None:
        steps.append(line)
        tell(line)

    outcome = EndOutcome(error="interrupted before it was done")
    try:
        outcome = await _locked(plan, tools, step)
    finally:
        # Recorded even when the cockpit is being closed over it.
        after: Facts = {"steps": tuple(steps), "ended": outcome.ended, "killed": outcome.killed}
        await asyncio.shield(
            log.finish(subject, outcome.text, pids, {**facts, **after}, done=outcome.done)
        )
    return outcome


def _named(pids: Sequence[int]) -> str:
    children = len(pids) - 1
    if not children:
        return str(pids[0])
    return f"{pids[0]} with {children} {'child' if children == 1 else 'children'}"


async def _locked(plan: EndPlan, tools: Tools, step: Tell) -> EndOutcome:
    """End it while nobody else does."""
    root = plan.victims[0]

    async def work() -> EndOutcome:
        return await end(
            plan, tools.source, tools.acts, grace=tools.grace, clock=tools.clock, on_step=step
        )

    if tools.locks is None or tools.acts.read_only:
        return await work()
    try:
        with TargetLock(tools.locks / f"pid-{root.pid}.lock", f"{tools.who} is ending {root.pid}"):
            return await work()
    except TargetBusy as busy:
        return EndOutcome(refused=str(busy))
    except OSError as error:
        return EndOutcome(refused=clean(f"the lock of {root.pid} can't be taken: {error}"))
