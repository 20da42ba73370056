"""What the findings of a listener state: the port, each of its owners, the output of a start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from cockpit.facts import FindingFacts
from cockpit.kinds.process_facts import ProcessFindingFacts


@dataclass(frozen=True, slots=True)
class PortFacts(FindingFacts, type="listener.port"):
    """A port: what is expected of it, and who was seen on it. Instants are UTC in whole seconds.

    `addresses` are those it listens on, `*` for all of them; `owners`: PIDs that hold a socket,
    ascending; `services`: how many independent programs they are; `hidden_uid`: the user of an
    owner that may not be seen. `sockets`: how many there are; `shared`: several have the same
    address (SO_REUSEPORT); both are None where the port could not be looked at. `full`: inodes of
    the sockets on which as many connections wait as may. `elsewhere`: other ports on which the
    expected program listens instead. `unserved_since`: when the last child was seen to end of a
    program that leaves serving to its children; `unserved_exact`: that was the moment itself.

    `starts`: when the services seen now were started; `last_start`: the newest start ever seen;
    `restarts`: starts within the last hour that replaced an earlier process; `restarted_by`: the
    operators behind some of them.
    """

    port: int
    expect: Literal["one", "none", "some", "any"]
    addresses: tuple[str, ...] = ()
    owners: tuple[int, ...] = ()
    services: int = 0
    hidden_uid: int | None = None
    sockets: int | None = None
    shared: bool | None = None
    full: tuple[int, ...] = ()
    elsewhere: tuple[int, ...] = ()
    starts: tuple[datetime, ...] = ()
    last_start: datetime | None = None
    restarts: tuple[datetime, ...] = ()
    restarted_by: tuple[str, ...] = ()
    unserved_since: datetime | None = None
    unserved_exact: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFacts(ProcessFindingFacts, type="listener.owner"):
    """A service on a port: `pid` is its root, the process to address when one means the service."""

    ASKED: ClassVar[tuple[str, ...]] = ("user", "cwd", "executable")


@dataclass(frozen=True, slots=True)
class OutputFacts(FindingFacts, type="listener.output"):
    """The end of what a program printed that was started from here, as it was kept last.

    `file`: where it prints to; `kept_at`: when the copy was made, `bytes` its size; `kept`: how
    many copies were made since `kept_from`. Instants are UTC in whole seconds.
    """

    file: str
    kept_at: datetime
    bytes: int
    kept_from: datetime
    kept: int
