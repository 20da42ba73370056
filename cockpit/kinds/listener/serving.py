"""Whether anybody serves a port that is held: stopped owners, parents without a living child.

What is read is thin (`read_processes`), what is judged is pure (`judge_serving`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cockpit.model import Verdict
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.processes.server_parents import ServerParent, is_helper, server_parent
from cockpit.system.sockets.listeners import Listener, Owner, Service
from cockpit.text import format_utc, whole_second

STOPPED = "STOPPED"
NOBODY_SERVES = "NOBODY SERVES"
_STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Child:
    """A descendant of a process; `ended`: it is defunct, its parent did not collect it."""

    pid: int
    started_at: datetime
    ended: bool
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class ProcessStates:
    """The processes of a port at one moment: `stopped` are those in state T; `children` are those
    of each owner that leaves serving to them (`server_parent`), by its PID. `forsaken` are owners
    of which only that may be thought: all children that multiprocessing started have ended, and
    connections wait."""

    stopped: frozenset[int] = frozenset()
    children: Mapping[int, tuple[Child, ...]] = field(default_factory=dict)
    forsaken: frozenset[int] = frozenset()


def read_processes(listener: Listener | None) -> ProcessStates:
    """The states of owners and roots, and the children of reloaders and masters. Blocking.

    Read anew each time: the facts that come with a listener may be a few seconds old.
    """
    stopped: set[int] = set()
    children: dict[int, tuple[Child, ...]] = {}
    forsaken: set[int] = set()
    for service in listener.services if listener is not None else ():
        for process in (service.root, *(owner.process for owner in service.owners)):
            if process_table.status_of(process.pid) == _STOPPED:
                stopped.add(process.pid)
            if process.pid not in children and server_parent(process.argv) is not None:
                children[process.pid] = _children(process)
        if listener is not None and len(service.owners) == 1 and _waits(listener, service):
            alone = service.owners[0].process
            below = _family(alone)
            ended = [one for one in below if one.is_zombie]
            if alone.pid not in children and ended and _only_helpers(below):
                children[alone.pid] = _children(alone)
                forsaken.add(alone.pid)
    return ProcessStates(frozenset(stopped), children, frozenset(forsaken))


def _waits(listener: Listener, service: Service) -> bool:
    own = {inode for owner in service.owners for inode in owner.sockets}
    return any(queue.waiting for queue in listener.queues if queue.inode in own)


def _only_helpers(below: Sequence[ProcessFacts]) -> bool:
    """Whether nothing lives there but what multiprocessing keeps beside the children it starts."""
    living = [one for one in below if not one.is_zombie]
    return bool(living) and all(is_helper(one.argv) for one in living)


def _family(process: ProcessFacts) -> list[ProcessFacts]:
    found = (process_table.facts(pid) for pid in process_table.family(process.pid))
    return [one for one in found if one is not None]


def _children(process: ProcessFacts) -> tuple[Child, ...]:
    return tuple(
        Child(one.pid, one.started_at, one.is_zombie, one.status == _STOPPED)
        for one in _family(process)
        if not is_helper(one.argv)
    )


class Death(NamedTuple):
    """What is known of the last child's end: when it was seen to be gone (None: nobody saw it
    before), whether that was the moment itself, and what it said last."""

    at: datetime | None = None
    exact: bool = False
    said: str = ""


class Trouble(NamedTuple):
    """Why a held port is not served, or not wholly: for the port's own finding.

    `sockets` are the inodes of those whose connections nobody takes.
    """

    verdict: Verdict
    title: str
    text: str
    act: str
    sockets: tuple[int, ...] = ()


def judge_serving(
    listener: Listener, states: ProcessStates, death: Death | None = None
) -> Trouble | None:
    """The worst that is wrong with serving, None when nothing is."""
    death = death or Death()
    found = [_of(listener, service, states, death) for service in listener.services]
    told = [one for one in found if one is not None]
    return max(told, key=lambda one: one.verdict.severity, default=None)


def _of(
    listener: Listener, service: Service, states: ProcessStates, death: Death
) -> Trouble | None:
    parents = {
        owner.pid: parent
        for owner in service.owners
        if (parent := _parent(owner.process, states)) is not None
    }
    alone: list[int] = []
    halted: list[int] = []
    for inode in dict.fromkeys(inode for owner in service.owners for inode in owner.sockets):
        holders = [owner for owner in service.owners if inode in owner.sockets]
        servers = [owner.pid for owner in holders if owner.pid not in parents]
        if servers:
            if all(pid in states.stopped for pid in servers):
                halted.append(inode)
            continue
        living = [child for one in holders for child in _living(states.children.get(one.pid, ()))]
        if not living:
            alone.append(inode)
        elif all(child.stopped for child in living):
            halted.append(inode)
    if alone:
        return _nobody(listener, service, parents, states, alone, death)
    stopped = _stopped_pids(service, states)
    if not stopped:
        return None
    return _halted(listener, service, parents, stopped, halted)


def _parent(process: ProcessFacts, states: ProcessStates) -> ServerParent | None:
    if process.pid in states.forsaken:
        return ServerParent(process.name, "parent", certain=False)
    parent = server_parent(process.argv)
    if parent is None or (not parent.certain and not states.children.get(process.pid)):
        return None
    return parent


def _living(children: Iterable[Child]) -> list[Child]:
    return [child for child in children if not child.ended]


def _stopped_pids(service: Service, states: ProcessStates) -> list[int]:
    own = [service.root.pid, *service.pids]
    below = [c.pid for one in own for c in states.children.get(one, ()) if c.stopped]
    return [pid for pid in dict.fromkeys(own) if pid in states.stopped] + [
        pid for pid in dict.fromkeys(below) if pid not in own
    ]


def _nobody(
    listener: Listener,
    service: Service,
    parents: Mapping[int, ServerParent],
    states: ProcessStates,
    alone: Sequence[int],
    death: Death,
) -> Trouble:
    holder = next(o for o in service.owners if o.pid in parents and set(alone) & set(o.sockets))
    ended = [c for c in states.children.get(holder.pid, ()) if c.ended]
    newest = max(ended, key=lambda child: child.started_at, default=None)
    text = f"nobody serves :{listener.port}, {_waiting(listener, alone)}"
    guessed = holder.pid in states.forsaken
    if guessed:
        text = f"{holder.pid}; {_waiting(listener, alone)}, none is taken; its children have ended"
    else:
        text += f": {holder.pid} is {parents[holder.pid].text} and accepts none itself"
    child = f"its child {newest.pid}" if newest is not None else "its child"
    output = f"see its output ({death.said})" if death.said else "see its output"
    if death.at is not None:
        by = "" if death.exact else "by "
        act = f"{child} died {by}{format_utc(whole_second(death.at))}: {output}"
    elif newest is not None:
        started = format_utc(whole_second(newest.started_at))
        act = f"{child}, started {started}, died: {output}"
    else:
        act = f"it has no child any more: {output}"
    verdict = Verdict.WARN if guessed else Verdict.FAIL
    return Trouble(verdict, NOBODY_SERVES, text, act, tuple(alone))


def _halted(
    listener: Listener,
    service: Service,
    parents: Mapping[int, ServerParent],
    stopped: Sequence[int],
    halted: Sequence[int],
) -> Trouble:
    pids = " ".join(map(str, stopped))
    is_are = "is" if len(stopped) == 1 else "are"
    act = f"`kill -CONT {pids}` lets it go on; find out who stopped it, or end it"
    if halted:
        text = f"nobody serves: {pids} {is_are} stopped (state T), {_waiting(listener, halted)}"
        if len(halted) < listener.sockets:
            some = f"on {len(halted)} of {listener.sockets} sockets"
            text = f"{pids} {is_are} stopped (state T): {some} {_waiting(listener, halted)}"
        return Trouble(Verdict.FAIL, STOPPED, text, act, tuple(halted))
    role = next((parents[pid].text for pid in stopped if pid in parents), "")
    rest = f"{role}: its children serve" if role else "the others serve"
    text = f"{service.root.pid}; {pids} {is_are} stopped (state T); {rest}"
    return Trouble(Verdict.WARN, STOPPED, text, act)


def stopped_words(service: Service, states: ProcessStates) -> str:
    """`, 4413 stopped (state T)`; empty when none of the service is."""
    stopped = _stopped_pids(service, states)
    return f", {' '.join(map(str, stopped))} stopped (state T)" if stopped else ""


def _waiting(listener: Listener, sockets: Sequence[int]) -> str:
    """`3 connections wait`, as far as the system tells."""
    count = sum(queue.waiting for queue in listener.queues if queue.inode in sockets)
    if not count:
        return "whoever connects waits"
    return "1 connection waits" if count == 1 else f"{count} connections wait"


def generations(service: Service) -> tuple[Owner, ...]:
    """The masters of a service, oldest first, where it has several: after a hot upgrade the old
    one and the new one hold the same socket until the old one is told to go."""
    parents = {o.process.ppid for o in service.owners}
    masters = [
        owner
        for owner in service.owners
        if (role := server_parent(owner.process.argv)) is not None
        and role.role == "master"
        and (role.certain or owner.pid in parents)
    ]
    masters.sort(key=lambda owner: (owner.process.identity.started_at, owner.pid))
    return tuple(masters) if len(masters) > 1 else ()
