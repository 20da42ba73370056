"""What the findings of a heartbeat state: the beat, the counter, the PIDs, each engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cockpit.facts import FindingFacts
from cockpit.kinds.process_facts import ProcessFindingFacts
from cockpit.trading_mode import ModeFacts

__all__ = ["AgeFacts", "CounterFacts", "EngineFacts", "EngineParityFacts", "ModeFacts"]


@dataclass(frozen=True, slots=True)
class AgeFacts(FindingFacts, type="heartbeat.age"):
    """The last good beat: the time it names and its file's, both UTC in whole seconds.

    `warn_after` and `fail_after` are the ages in seconds from which it is too old. `skew` are the
    seconds by which it is off if its zone is wrong, `skewed` how many beats in a row were so.
    """

    timestamp: datetime | None
    mtime: datetime | None
    warn_after: float
    fail_after: float
    skew: int = 0
    skewed: int = 0


@dataclass(frozen=True, slots=True)
class CounterFacts(FindingFacts, type="heartbeat.counter"):
    """The number in the beat, and the times of the beats in which it last moved and last fell.

    Times are UTC. A counter that falls was started anew.
    """

    counter: int | float | None = None
    moved_at: datetime | None = None
    fell_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EngineParityFacts(FindingFacts, type="heartbeat.parity"):
    """The PIDs that should be one: the heartbeat's, the pidfile's, those of the live `engines`.

    `starts`: when the engines seen now were started; `last_start`: the newest start ever seen;
    `restarts`: starts within the last hour that replaced an earlier engine; UTC in whole seconds.
    `zombies`: PIDs of the heartbeat or the pidfile that have ended and were not collected;
    `writers`: engines that the heartbeat has named while several ran.
    """

    heartbeat_pid: int | None = None
    pidfile_pid: int | None = None
    engines: tuple[int, ...] = ()
    starts: tuple[datetime, ...] = ()
    last_start: datetime | None = None
    restarts: tuple[datetime, ...] = ()
    zombies: tuple[int, ...] = ()
    writers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts(ProcessFindingFacts, type="heartbeat.engine"):
    """An engine: `pid` is that of its tree which the heartbeat or the pidfile names, or its root's.

    Nothing is read of ports and folders.
    """
