"""The result of a stop, in words and as facts, and the check of the ports after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cockpit.clock import Clock
from cockpit.system.control.stop_plan import PortHold
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.text import sanitize


@dataclass(frozen=True, slots=True)
class PortAfter:
    """A port after a stop: free, or its holders. `free` None: it could not be seen."""

    port: int
    free: bool | None
    holders: tuple[ProcessFacts, ...] = ()
    hidden_uids: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        if self.free:
            return f"port {self.port} is free"
        if self.free is None:
            return f"whether port {self.port} is free could not be seen"
        names = [f"{one.pid} {one.command}" for one in self.holders]
        names += [f"a hidden owner (uid {uid})" for uid in self.hidden_uids]
        return sanitize(f"port {self.port} is held by {'; '.join(names) or 'an unknown owner'}")


@dataclass(frozen=True, slots=True)
class StopResult:
    """The result of a stop. With `refused` nothing was done at all; `error` says what went wrong
    later.

    `asked` are the PIDs that got a TERM, `ended` those that ended, `killed` those of them that had
    to be killed, `survivors` the planned ones that still run. `ports` should be free, `kept` were
    to stay with others. `interrupted` says how far it came when it was cut short.
    """

    refused: str = ""
    interrupted: str = ""
    error: str = ""
    asked: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    killed: tuple[int, ...] = ()
    survivors: tuple[int, ...] = ()
    ports: tuple[PortAfter, ...] = ()
    kept: tuple[PortAfter, ...] = ()

    @property
    def all_ended(self) -> bool:
        """Whether everything shown ended, whatever became of the ports."""
        return not (self.refused or self.interrupted or self.error or self.survivors)

    @property
    def done(self) -> bool:
        """Whether everything shown ended and every port that should be free is."""
        return self.all_ended and all(after.free is True for after in self.ports)

    @property
    def text(self) -> str:
        """The outcome as one line, for the event."""
        if self.refused:
            return f"refused: {self.refused}"
        parts = [self.interrupted] if self.interrupted else []
        if self.ended:
            parts.append(f"ended {pids_text(self.ended)}")
        if self.killed:
            parts.append(f"killed after the grace: {pids_text(self.killed)}")
        if self.survivors:
            parts.append(f"still running: {pids_text(self.survivors)}")
        parts += [after.text for after in (*self.ports, *self.kept)]
        return sanitize("; ".join([*parts, self.error] if self.error else parts))

    def results(self, pids: Iterable[int]) -> tuple[str, ...]:
        """The result for each of `pids`, a line each."""
        return tuple(f"{pid} {self._result(pid)}" for pid in pids)

    def _result(self, pid: int) -> str:
        if self.refused:
            return "left alone"
        asked = "got TERM" if pid in self.asked else "got no signal"
        if pid in self.survivors:
            return f"still runs, {asked}"
        if pid in self.killed:
            return "ended by KILL after the grace"
        return f"ended, {asked}"


def pids_text(pids: Iterable[int]) -> str:
    """`7244, 7245`."""
    return ", ".join(str(pid) for pid in pids)


VERIFY_SECONDS = 2.0
"""How long a port may take to become free."""


async def wait_for_free_ports(
    victims: Sequence[ProcessIdentity],
    holds: Sequence[PortHold],
    source: ListenerSource,
    clock: Clock,
    settle: float,
) -> tuple[tuple[PortAfter, ...], tuple[PortAfter, ...]]:
    """The ports that should be free now, and those that others were to keep, once they have
    settled.

    Sockets may close a little late, and whoever keeps a program running starts it again a little
    later: both are waited for, `settle` seconds at least until a port counts as free.
    """
    wanted = [hold.port for hold in holds if hold.freed]
    kept = [hold.port for hold in holds if not hold.freed]
    begin = clock.monotonic()
    while wanted:
        found = read_ports(source, wanted)
        elapsed = clock.monotonic() - begin
        if _taken(found, victims):
            return found, read_ports(source, kept)
        free = all(after.free is not False for after in found)
        if elapsed >= (settle if free else max(settle, VERIFY_SECONDS)):
            return found, read_ports(source, kept)
        await clock.sleep(0.05)
    return (), read_ports(source, kept)


def _taken(found: Iterable[PortAfter], victims: Sequence[ProcessIdentity]) -> bool:
    """Whether somebody who was not to be ended holds one of the ports."""
    return any(
        not any(one.identity.same_as(identity) for identity in victims)
        for after in found
        for one in after.holders
    )


def read_ports(source: ListenerSource, ports: Sequence[int]) -> tuple[PortAfter, ...]:
    """The present state of each of `ports`. Blocking."""
    if not ports:
        return ()
    try:
        snapshot = source.snapshot(list(ports))
    except (OSError, ValueError):
        return tuple(PortAfter(port, None) for port in ports)
    found = []
    for port in ports:
        listener = snapshot.on(port)
        if listener is None:
            found.append(PortAfter(port, True if snapshot.complete else None))
        else:
            holders = tuple(owner.process for owner in listener.owners)
            found.append(PortAfter(port, False, holders, listener.hidden_uids))
    return tuple(found)
