"""Listening TCP ports and their owners: processes, services, and what could not be seen.

Every source (`sources.default_source` gives the best one of this machine) assembles the same
objects from raw sockets and their owners, so that they pass the same tests.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from cockpit.redaction import mask_argv
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts
from cockpit.system.sockets.sock_diag import RawSocket
from cockpit.text import format_utc, sanitize

_WILDCARDS = {"0.0.0.0", "::"}


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that holds listening sockets of a port; `sockets` are their inodes."""

    process: ProcessFacts
    sockets: tuple[int, ...]

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass(frozen=True, slots=True)
class Service:
    """Owners that belong together: a program with its workers or its reloader.

    `root` is the process to address when one means the service; it need not hold a socket itself.
    `sockets` counts the distinct sockets of the service on this port.
    """

    root: ProcessFacts
    owners: tuple[Owner, ...]
    sockets: int

    @property
    def pids(self) -> tuple[int, ...]:
        """The owners' PIDs, ascending."""
        return tuple(owner.pid for owner in self.owners)


class Queue(NamedTuple):
    """The queue of a listening socket: connections not accepted yet, and how many may wait."""

    inode: int
    waiting: int
    backlog: int

    @property
    def full(self) -> bool:
        """Whether the kernel refuses or drops further ones."""
        return 0 < self.backlog <= self.waiting


@dataclass(frozen=True, slots=True)
class Listener:
    """One port with everything that listens on it.

    `addresses` are merged over IPv4 and IPv6, `*` standing for a wildcard of either; `ipv4` and
    `ipv6` tell which families answer. `sockets` counts the distinct sockets; `shared` is true when
    several of them have the very same address (SO_REUSEPORT). `hidden` sockets have an owner that
    this user may not see; `hidden_uids` are the users they belong to. `waiting` connections have
    not been accepted yet, `backlog` is how many may wait: of all sockets together (None where the
    system does not tell), `queues` of each: one stuck member of a group has a queue of its own.
    Two entries in `services` are two independent programs on one port.
    """

    port: int
    addresses: tuple[str, ...]
    ipv4: bool
    ipv6: bool
    owners: tuple[Owner, ...]
    services: tuple[Service, ...]
    sockets: int
    shared: bool
    hidden: int = 0
    hidden_uids: tuple[int, ...] = ()
    waiting: int | None = None
    backlog: int | None = None
    queues: tuple[Queue, ...] = ()

    @property
    def pids(self) -> tuple[int, ...]:
        """The visible owners' PIDs, ascending."""
        return tuple(owner.pid for owner in self.owners)

    @property
    def loopback_only(self) -> bool:
        """Whether only this machine itself can connect."""
        return all(a == "::1" or a.startswith("127.") for a in self.addresses)


@dataclass(frozen=True, slots=True)
class ListenerSnapshot:
    """All listeners at one moment, by port.

    `complete` is False when sockets may exist that this source cannot see at all: then a port that
    is missing here is not known to be free. `notes` say why, in words.
    """

    listeners: tuple[Listener, ...]
    source: str
    complete: bool = True
    notes: tuple[str, ...] = ()

    def on(self, port: int) -> Listener | None:
        """The listener on `port`, or None."""
        return next((one for one in self.listeners if one.port == port), None)

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(one.port for one in self.listeners)


class ListenerSource(Protocol):
    """A source of listeners. Calls block; a source may be used from any thread."""

    @property
    def name(self) -> str:
        """`netlink` or `psutil`."""
        ...

    @property
    def why(self) -> str:
        """Why this source is in use, in a sentence."""
        ...

    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        """Listeners on `ports` (None: on all). Raises OSError when nothing can be learnt."""
        ...

    def signature(self) -> frozenset[tuple[int, int]]:
        """A cheap fingerprint (port, socket) of the listeners: it changes when they do."""
        ...


class ServiceGrouper:
    """Groups owners into services, remembering the answer while the owners stay the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[Owner, ...], tuple[Service, ...]] = {}

    def forget(self) -> None:
        """Drop what is remembered, so that the parents are read anew."""
        self._known.clear()

    def group(self, owners: tuple[Owner, ...]) -> tuple[Service, ...]:
        found = self._known.get(owners)
        if found is None:
            found = self._known[owners] = group_services(owners)
        return found


def group_services(owners: Sequence[Owner]) -> tuple[Service, ...]:
    """Owners as services: those belong together that hold one socket in common (forked workers),
    descend from one another, or have the same service root (`process_table.service_root`).
    """
    roots = {owner.pid: process_table.service_root(owner.process) for owner in owners}
    group: dict[int, int] = {owner.pid: owner.pid for owner in owners}

    def find(pid: int) -> int:
        while group[pid] != pid:
            pid = group[pid]
        return pid

    def join(one: int, other: int) -> None:
        first, second = find(one), find(other)
        group[max(first, second)] = min(first, second)

    if len(owners) > 1:
        by_mark: dict[tuple[str, int], int] = {}
        for owner in owners:
            marks = [("socket", inode) for inode in owner.sockets if inode]
            marks.append(("root", roots[owner.pid].pid))
            for mark in marks:
                join(owner.pid, by_mark.setdefault(mark, owner.pid))
            for ancestor in process_table.ancestors(owner.pid):
                if ancestor in group:
                    join(owner.pid, ancestor)
    members: dict[int, list[Owner]] = {}
    for owner in owners:
        members.setdefault(find(owner.pid), []).append(owner)
    return tuple(_service(found, roots) for found in members.values())


def _service(owners: list[Owner], roots: Mapping[int, ProcessFacts]) -> Service:
    pids = {owner.pid for owner in owners}
    oldest = min(owners, key=lambda owner: (owner.process.identity.started_at, owner.pid))
    top = process_table.tree_root(oldest.pid, pids) if len(pids) > 1 else oldest.pid
    sockets = {inode for owner in owners for inode in owner.sockets}
    return Service(roots[top], tuple(owners), len(sockets))


def assemble(
    sockets: Iterable[RawSocket],
    owners: Mapping[int, Collection[ProcessFacts]],
    services: ServiceGrouper,
) -> tuple[Listener, ...]:
    """Raw sockets and the owners of each inode as listeners, ascending by port."""
    by_port: dict[int, list[RawSocket]] = {}
    for raw in sockets:
        by_port.setdefault(raw.port, []).append(raw)
    return tuple(_listener(port, by_port[port], owners, services) for port in sorted(by_port))


def _listener(
    port: int,
    sockets: list[RawSocket],
    owners: Mapping[int, Collection[ProcessFacts]],
    services: ServiceGrouper,
) -> Listener:
    held: dict[int, tuple[ProcessFacts, list[int]]] = {}
    hidden: list[RawSocket] = []
    for raw in sockets:
        found = owners.get(raw.inode, ())
        if not found:
            hidden.append(raw)
        for process in found:
            held.setdefault(process.pid, (process, []))[1].append(raw.inode)
    listed = tuple(
        Owner(process, tuple(sorted(inodes))) for _, (process, inodes) in sorted(held.items())
    )
    places = [(raw.family, raw.address) for raw in sockets]
    waiting = [raw.waiting for raw in sockets if raw.waiting is not None]
    backlog = [raw.backlog for raw in sockets if raw.backlog is not None]
    return Listener(
        port=port,
        addresses=merged_addresses(sockets),
        ipv4=answers_ipv4(sockets),
        ipv6=any(raw.family == 6 for raw in sockets),
        owners=listed,
        services=services.group(listed),
        sockets=len(sockets),
        shared=len(set(places)) < len(places),
        hidden=len(hidden),
        hidden_uids=tuple(sorted({raw.uid for raw in hidden if raw.uid is not None})),
        waiting=sum(waiting) if waiting else None,
        backlog=sum(backlog) if backlog else None,
        queues=tuple(
            Queue(raw.inode, raw.waiting, raw.backlog)
            for raw in sockets
            if raw.waiting is not None and raw.backlog is not None
        ),
    )


def merged_addresses(sockets: Iterable[RawSocket]) -> tuple[str, ...]:
    """The addresses once each: `*` for any wildcard, then the others in order."""
    plain = {raw.address for raw in sockets}
    wildcard = ("*",) if plain & _WILDCARDS else ()
    return wildcard + tuple(sorted(plain - _WILDCARDS))


def answers_ipv4(sockets: Sequence[RawSocket]) -> bool:
    """Whether a connection over IPv4 reaches one of them.

    An IPv6 wildcard takes IPv4 too unless it is v6only. Where the system does not tell, it is taken
    as v6only exactly when an IPv4 wildcard stands beside it.
    """
    if any(raw.family == 4 for raw in sockets):
        return True
    return any(raw.address == "::" and raw.v6only is not True for raw in sockets)


@dataclass(frozen=True, slots=True)
class Hidden:
    """The users of sockets without a visible owner. `outside`: the asking user may look at all of
    that user's processes, so that the owner is none of those that can be seen at all."""

    uids: tuple[int, ...]
    outside: bool

    @property
    def whose(self) -> str:
        """`uid 1001`, `another user`."""
        return f"uid {' '.join(map(str, self.uids))}" if self.uids else "another user"

    @property
    def why(self) -> str:
        """The reason why the owner can't be seen."""
        if self.outside:
            return "outside this process view (another PID namespace)"
        return "the owner belongs to another user"

    @property
    def act(self) -> str:
        """Advice: who would see the owner."""
        if self.outside:
            return "look from the host, or from the container it runs in"
        return "run as that user or root"


def hidden_of(uids: Collection[int], own: int | None = None) -> Hidden:
    """The hidden owners of sockets that belong to `uids`; `own` is the asking user (None: of this
    process). Root may look at everybody's processes, others at their own."""
    user = own_uid() if own is None else own
    told = tuple(sorted(uids))
    return Hidden(told, bool(told) and user is not None and (user == 0 or set(told) == {user}))


def own_uid() -> int | None:
    """The effective user of this process; None on Windows."""
    if sys.platform == "win32":
        return None
    else:
        return os.geteuid()


def owner_json(owner: Owner) -> dict[str, object]:
    """One owner: PID, argv words, user, start (RFC 3339, UTC), folder, executable, parent."""
    process = owner.process
    return {
        "pid": process.pid,
        "argv": [sanitize(word) for word in mask_argv(process.argv)],
        "name": sanitize(process.name),
        "user": None if process.user is None else sanitize(process.user),
        "uid": process.uid,
        "started_at": format_utc(process.started_at),
        "cwd": None if process.cwd is None else sanitize(process.cwd),
        "executable": None if process.executable is None else sanitize(process.executable),
        "ppid": process.ppid,
        "parent": None if process.parent_name is None else sanitize(process.parent_name),
        "status": sanitize(process.status),
        "sockets": len(owner.sockets),
    }


def listener_json(listener: Listener) -> dict[str, object]:
    """One port: `shared` when several sockets have the same address; `services` by root PID;
    `hidden_owners` are the user numbers of owners that may not be seen (null: not even that)."""
    hidden: list[int | None] = list(listener.hidden_uids)
    if listener.hidden and not hidden:
        hidden.append(None)
    return {
        "port": listener.port,
        "addresses": list(listener.addresses),
        "ipv4": listener.ipv4,
        "ipv6": listener.ipv6,
        "loopback_only": listener.loopback_only,
        "owners": [owner_json(owner) for owner in listener.owners],
        "hidden_owners": hidden,
        "services": [
            {"root": service.root.pid, "pids": list(service.pids), "sockets": service.sockets}
            for service in listener.services
        ],
        "sockets": listener.sockets,
        "shared": listener.shared,
        "waiting": listener.waiting,
        "backlog": listener.backlog,
        "queues": [{"waiting": one.waiting, "backlog": one.backlog} for one in listener.queues],
    }
