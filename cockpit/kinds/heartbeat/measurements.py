"""What a heartbeat probe knows when it judges: the beat, the pidfile, the processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from cockpit.kinds.heartbeat.facts import AgeFacts, CounterFacts, EngineParityFacts
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.heartbeat.timestamps import Naive, read_timestamp
from cockpit.kinds.json_query import BadPath, Json, first, kind_of, number
from cockpit.kinds.restarts import Restarts
from cockpit.model import Observation
from cockpit.system.process_match import CodeAge

_LARGEST_PID = 2**32 - 1
_MOST_APART = 60.0


def most_apart(table: HeartbeatTable) -> float:
    """Seconds by which the time in a beat and its file's time may differ and still agree."""
    return min(_MOST_APART, max(2.0, table.warn_after))


@dataclass(frozen=True, slots=True)
class Beat:
    """One readable heartbeat. Instants are aware UTC in whole seconds.

    `timestamp` is None when the file names none, and `trouble` says why. `otherwise` is the same
    text read in the other way (UTC instead of local time, or the reverse) when it has no zone.
    """

    timestamp: datetime | None
    mtime: datetime | None
    pid: int | None = None
    counter: float | int | None = None
    otherwise: datetime | None = None
    trouble: str = ""

    def is_misread(self, apart: float) -> bool:
        """Whether the file's own time agrees, within `apart` seconds, with the other reading alone:
        then the zone in the config is wrong."""
        if self.timestamp is None or self.otherwise is None or self.mtime is None:
            return False
        return _near(self.otherwise, self.mtime, apart) and not self.agrees(apart)

    def agrees(self, apart: float) -> bool:
        """Whether the beat's time and the file's time differ by at most `apart` seconds."""
        if self.timestamp is None or self.mtime is None:
            return False
        return _near(self.timestamp, self.mtime, apart)

    def believed(self, apart: float) -> datetime | None:
        """The time of the beat in the reading that agrees with the file's time."""
        return self.otherwise if self.is_misread(apart) else self.timestamp


@dataclass(frozen=True, slots=True)
class BeatRead:
    """This run's attempt at the file: a beat, or why there is none."""

    beat: Beat | None = None
    trouble: str = ""
    missing: bool = False
    mtime: datetime | None = None


@dataclass(frozen=True, slots=True)
class PidRead:
    """This run's attempt at the pidfile."""

    pid: int | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: a process tree that matches the configured words. `pids` holds all of it."""

    pid: int
    pids: tuple[int, ...]
    started_at: datetime
    argv: tuple[str, ...] = ()
    user: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything one judgement stands on.

    `engines` is None when no process words are configured; then `holder` is whoever has the
    heartbeat's PID. `hidden` names PIDs that exist but may not be looked at. By the engine's PID:
    `defunct` are ended children that nobody collected, `code` says how old its code is. `zombies`
    are PIDs of the heartbeat or the pidfile that have ended, with the parent that has not collected
    them; `still` are those of them that were so at the observation before, too.
    """

    now: datetime
    read: BeatRead
    last_good: Beat | None = None
    moved_at: datetime | None = None
    pidfile: PidRead | None = None
    engines: tuple[Engine, ...] | None = None
    holder: Engine | None = None
    hidden: tuple[int, ...] = ()
    knew_engine: bool = False
    defunct: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    code: Mapping[int, CodeAge] = field(default_factory=dict)
    restarts: Restarts = field(default_factory=Restarts)
    zombies: Mapping[int, str] = field(default_factory=dict)
    still: tuple[int, ...] = ()


def beat_of(
    data: Json, table: HeartbeatTable, mtime: datetime | None, zone: tzinfo | None = None
) -> Beat:
    """The beat in a heartbeat file's JSON, whatever its shape; never raises."""
    if not isinstance(data, dict):
        return Beat(None, mtime, trouble=f"the file holds {kind_of(data)}, not an object")
    try:
        pid = as_pid(first(table.pid, data))
        counter = number(first(table.counter, data)) if table.counter else None
        raw = first(table.timestamp, data)
    except BadPath as error:
        return Beat(None, mtime, trouble=str(error))
    try:
        moment = read_timestamp(raw, table.naive_timestamps, near=mtime, zone=zone)
    except ValueError as error:
        return Beat(None, mtime, pid, counter, trouble=f"{table.timestamp}: {error}")
    otherwise = None
    if moment.naive:
        other: Naive = "utc" if table.naive_timestamps == "local" else "local"
        try:
            otherwise = read_timestamp(raw, other, near=mtime, zone=zone).at
        except ValueError:
            otherwise = None
    return Beat(moment.at, mtime, pid, counter, otherwise)


def as_pid(value: Json) -> int | None:
    """`value` as a PID, None when it can't be one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _LARGEST_PID else None


def pid_of(body: bytes) -> PidRead:
    """The PID a pidfile holds: an integer alone, with or without a line end."""
    if not body.strip():
        return PidRead(trouble="it is empty")
    text = body[:40].decode("ascii", "replace").strip()
    pid = as_pid(int(text)) if text.isascii() and text.isdigit() else None
    return PidRead(pid) if pid is not None else PidRead(trouble=f"no PID in it: {text!r}")


def last_good_of(previous: Observation | None) -> Beat | None:
    """The last readable beat, as the previous observation remembers it."""
    if previous is None:
        return None
    age = previous.facts_of(AgeFacts)
    if age is None or age.timestamp is None:
        return None
    parity, counted = previous.facts_of(EngineParityFacts), previous.facts_of(CounterFacts)
    return Beat(
        age.timestamp,
        age.mtime,
        parity.heartbeat_pid if parity is not None else None,
        counted.counter if counted is not None else None,
    )


def moved_at_of(previous: Observation | None) -> datetime | None:
    """When the counter moved last, as the previous observation remembers it."""
    counted = previous.facts_of(CounterFacts) if previous is not None else None
    return counted.moved_at if counted is not None else None


def _near(one: datetime, other: datetime, seconds: float) -> bool:
    return abs((one - other).total_seconds()) <= seconds
