"""Plan which processes end, before anything is done.

`plan_stop` gathers the facts; `refusal` decides on them and is pure.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from cockpit.system.processes import process_table
from cockpit.system.processes.argv import matches
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity
from cockpit.system.services.service_state import ServiceState
from cockpit.system.services.supervisors import reader_for
from cockpit.system.sockets.listeners import ListenerSnapshot, Service
from cockpit.text import exact_age, sanitize


@dataclass(frozen=True, slots=True)
class OwnProcess:
    """The asking process: its PID, the PIDs above it, its user. `other_users`: ending others' was
    asked for."""

    pid: int
    ancestors: frozenset[int]
    uid: int | None
    user: str | None
    other_users: bool = False


@dataclass(frozen=True, slots=True)
class PortHold:
    """The owners of a port when the plan was shown; `freed`: nobody would be left."""

    port: int
    owners: tuple[ProcessIdentity, ...]
    hidden: int
    freed: bool


@dataclass(frozen=True, slots=True)
class StopPlan:
    """The processes that will be ended, in order, the one to confirm first.

    `victims[0]` is the root; its PID is what the operator types. `asked` is the PID that was
    pointed at: a worker's root is ended in its place. With a `command` (unit, task or configured
    stop command) that is run first, in `command_folder`; `supervisor` is the service that would
    otherwise start it again, and then no signal is sent. With a `refusal` nothing can be done, and
    it says why.
    """

    asked: int
    victims: tuple[ProcessFacts, ...]
    ports: tuple[PortHold, ...] = ()
    command: tuple[str, ...] = ()
    command_folder: Path | None = None
    supervisor: ServiceState | None = None
    notes: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def root(self) -> ProcessFacts | None:
        return self.victims[0] if self.victims else None

    @property
    def supervised(self) -> str:
        """The name of the service that supervises it; empty without one."""
        return self.supervisor.name if self.supervisor is not None else ""

    def describe_victims(self, now: datetime) -> list[str]:
        """A line for each process that ends, the root first."""
        lines = []
        for index, victim in enumerate(self.victims):
            age = exact_age((now - victim.started_at).total_seconds())
            role = "ends" if index == 0 else "  and its"
            lines.append(
                sanitize(f"{role} {victim.pid} {victim.user or '?'} {age} old: {victim.command}")
            )
        return lines

    def describe_method(self) -> list[str]:
        """Lines on the ports, the command that is used, and the notes."""
        lines = []
        freed = [str(hold.port) for hold in self.ports if hold.freed]
        kept = [str(hold.port) for hold in self.ports if not hold.freed]
        if freed:
            lines.append(f"frees port {', '.join(freed)}")
        if kept:
            lines.append(f"others keep port {', '.join(kept)}")
        if self.command:
            lines.append(sanitize(f"by {' '.join(self.command)}"))
        return [*lines, *self.notes]


def refusal(victims: Sequence[ProcessFacts], parents: Mapping[int, int], actor: OwnProcess) -> str:
    """The reason not to end these processes; empty when they may be ended. Pure."""
    for victim in victims:
        if reason := _refusal(victim, parents, actor):
            return sanitize(f"{victim.pid}: {reason}")
    return ""


def _refusal(victim: ProcessFacts, parents: Mapping[int, int], actor: OwnProcess) -> str:
    if victim.pid <= 1 or (sys.platform == "win32" and victim.pid <= 4):
        return "it is the system's first process"
    if victim.pid == actor.pid:
        return "it is this cockpit itself"
    if victim.pid in actor.ancestors:
        return "this cockpit runs inside it"
    if victim.is_zombie:
        parent = parents.get(victim.pid, victim.ppid or 0)
        return f"it has ended already and only waits for its parent {parent} to notice"
    if not victim.argv:
        return (
            "its command line can't be read (a kernel thread, or another user's), so it is not"
            " known what would end"
        )
    if victim.uid is None and victim.user is None:
        return "its user can't be read, so it is not known whose it is"
    if is_foreign(victim, actor) and not actor.other_users:
        return f"it belongs to {victim.user or victim.uid}, and ending others' was not asked for"
    return ""


def is_foreign(victim: ProcessFacts, actor: OwnProcess) -> bool:
    """Whether it is another user's process."""
    return victim.uid != actor.uid if victim.uid is not None else victim.user != actor.user


def own_process(*, other_users: bool = False) -> OwnProcess:
    """The process that runs this. Reads it from the system."""
    own = process_table.facts(os.getpid())
    uid: int | None = None
    if sys.platform != "win32":
        uid = os.geteuid()
    return OwnProcess(
        pid=os.getpid(),
        ancestors=frozenset(process_table.ancestors(os.getpid())),
        uid=uid,
        user=None if own is None else own.user,
        other_users=other_users,
    )


def plan_stop(
    pid: int,
    snapshot: ListenerSnapshot,
    *,
    tree: bool = True,
    exact: bool = False,
    supervisor: ServiceState | None = None,
    stop_command: Sequence[str] = (),
    actor: OwnProcess | None = None,
) -> StopPlan:
    """The plan for ending the service that `pid` belongs to. Blocking; nothing is done yet.

    A worker or reloaded child stands for its root unless `exact`. With `tree` its descendants end
    too. `supervisor` (see `services.supervisors.supervisor_of`) is the service that has it as
    main process, `stop_command` a configured one, used first. `snapshot` should hold all ports.
    """
    actor = actor or own_process()
    asked = process_table.facts(pid)
    if asked is None:
        return StopPlan(pid, (), refusal=f"{pid}: there is no such process, or it can't be read")
    root = asked if exact else process_table.service_root(asked)
    parents = process_table.parent_table()
    family = process_table.descendants(root.pid, parents) if tree else []
    victims = [root, *(f for one in family if (f := process_table.facts(one)) and not f.is_zombie)]
    notes = []
    if root.pid != pid:
        notes.append(f"{pid} is a worker of {root.pid}, which would start it again")
    command: Sequence[str] = stop_command
    if supervisor is not None and supervisor.error:
        notes.append(f"whether {supervisor.name} supervises it is not known: {supervisor.error}")
        supervisor = None
    elif supervisor is not None:
        command = reader_for(supervisor.kind).stop_command(supervisor.name)
        policy = supervisor.restart_policy
        restart = f" (Restart={policy})" if policy else ""
        notes.append(f"{supervisor.name} supervises it{restart}, so it is stopped there")
    if not snapshot.complete:
        notes.append("not every listener can be seen here")
    return StopPlan(
        asked=pid,
        victims=tuple(victims),
        ports=ports_held_by(snapshot, {victim.pid for victim in victims}),
        command=tuple(command),
        supervisor=supervisor,
        notes=tuple(sanitize(note) for note in notes),
        refusal=refusal(victims, parents, actor),
    )


def ports_held_by(snapshot: ListenerSnapshot, pids: Collection[int]) -> tuple[PortHold, ...]:
    """The ports that any of `pids` holds, with all their owners."""
    found = []
    for listener in snapshot.listeners:
        owners = listener.owners
        if any(owner.pid in pids for owner in owners):
            stays = listener.hidden > 0 or any(owner.pid not in pids for owner in owners)
            identities = tuple(owner.process.identity for owner in owners)
            found.append(PortHold(listener.port, identities, listener.hidden, not stays))
    return tuple(found)


def remaining_owners(
    hold: PortHold, gone: Sequence[ProcessIdentity]
) -> tuple[ProcessIdentity, ...]:
    """The owners that are not among `gone`."""
    return tuple(o for o in hold.owners if not any(o.same_as(one) for one in gone))


def combined_ports(plans: Iterable[StopPlan]) -> tuple[PortHold, ...]:
    """Each port of all plans once: freed when all its owners end."""
    plans = tuple(plans)
    leaving = [victim.identity for plan in plans for victim in plan.victims]
    found = {hold.port: hold for plan in plans for hold in plan.ports}
    return tuple(
        replace(hold, freed=not hold.hidden and not remaining_owners(hold, leaving))
        for hold in found.values()
    )


def changed_owners(shown: Iterable[PortHold], snapshot: ListenerSnapshot) -> str:
    """The first port whose owners changed since the plan was shown, in words; empty when none did.
    Pure."""
    for hold in shown:
        listener = snapshot.on(hold.port)
        now = () if listener is None else tuple(o.process.identity for o in listener.owners)
        hidden = 0 if listener is None else listener.hidden
        same = len(now) == len(hold.owners) and all(
            any(one.same_as(other) for other in now) for one in hold.owners
        )
        if not same or hidden != hold.hidden:
            before = ", ".join(str(one.pid) for one in hold.owners) or "nobody"
            after = ", ".join(str(one.pid) for one in now) or "nobody"
            more = " and a hidden owner" if hidden else ""
            return f"port {hold.port} was held by {before} when shown, now by {after}{more}"
    return ""


@dataclass(frozen=True, slots=True)
class ResetPlan:
    """The stop plans that free several ports. `left_alone` says for each other holder why, `free`
    names the ports on which nobody listens."""

    plans: tuple[StopPlan, ...] = ()
    left_alone: tuple[str, ...] = field(default=())
    free: tuple[str, ...] = ()


def plan_reset(
    ports: Sequence[int],
    snapshot: ListenerSnapshot,
    *,
    words: Sequence[str] = (),
    supervisors: Mapping[int, ServiceState] | None = None,
    stops: Mapping[int, Sequence[str]] | None = None,
    actor: OwnProcess | None = None,
) -> ResetPlan:
    """One plan for each service on `ports` whose argv matches `words` (none: every service).

    `supervisors` maps root PIDs to their service, `stops` to a configured stop command. Blocking.
    """
    plans: dict[int, StopPlan] = {}
    alone: list[str] = []
    free: list[str] = []
    for port in ports:
        listener = snapshot.on(port)
        if listener is None:
            known = "nobody listens" if snapshot.complete else "nobody seen, which proves nothing"
            free.append(f"{port}: {known}")
            continue
        if listener.hidden:
            alone.append(f"{port}: an owner is hidden (uid {_uids(listener.hidden_uids)})")
        for service in listener.services:
            root = service.root
            if words and not _meant(service, words):
                alone.append(
                    sanitize(f"{port}: {root.pid} runs {root.command}, which does not match")
                )
                continue
            if root.pid not in plans:
                supervisor = (supervisors or {}).get(root.pid)
                plan = plan_stop(
                    root.pid,
                    snapshot,
                    supervisor=supervisor,
                    stop_command=(stops or {}).get(root.pid, ()),
                    actor=actor,
                )
                plans[root.pid] = plan
                if plan.refusal:
                    alone.append(f"{port}: {plan.refusal}")
    kept = tuple(plan for plan in plans.values() if not plan.refusal)
    return ResetPlan(kept, tuple(alone), tuple(free))


def _meant(service: Service, words: Sequence[str]) -> bool:
    if matches(service.root.argv, words):
        return True
    return bool(service.owners) and all(matches(o.process.argv, words) for o in service.owners)


def _uids(uids: Sequence[int]) -> str:
    return ", ".join(str(uid) for uid in uids) or "unknown"
