"""What came of ending processes, in words and as facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cockpit.system.processes import ProcessFacts
from cockpit.text import clean


@dataclass(frozen=True, slots=True)
class PortAfter:
    """A port after the end: free, or who holds it. `free` None: it could not be seen."""

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
        return clean(f"port {self.port} is held by {'; '.join(names) or 'an unknown owner'}")


@dataclass(frozen=True, slots=True)
class EndOutcome:
    """What came of it. With `refused` nothing was done at all; `error` says what went wrong later.

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
        return clean("; ".join([*parts, self.error] if self.error else parts))

    def results(self, pids: Iterable[int]) -> tuple[str, ...]:
        """What became of each of `pids`, a line each."""
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
