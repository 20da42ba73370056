"""What a heartbeat probe knows when it judges: the beat, the pidfile, the processes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from math import isfinite
from typing import Literal

from cockpit.kinds.heartbeat.facts import AgeFacts, CounterFacts, EngineParityFacts
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.heartbeat.timestamps import (
    Moment,
    offset_text,
    read_timestamp,
    zone_at,
    zone_skew,
)
from cockpit.kinds.json_query import BadPath, Json, figure, first, kind_of, query
from cockpit.kinds.restarts import Restarts
from cockpit.model import Observation
from cockpit.system.process_match import CodeAge

_LARGEST_PID = 2**32 - 1
_DIGITS = re.compile(r"[0-9]{1,10}")
_MOST_APART = 60.0


def most_apart(table: HeartbeatTable) -> float:
    """Seconds by which the time in a beat and its file's time may differ and still agree."""
    return min(_MOST_APART, max(2.0, table.warn_after))


@dataclass(frozen=True, slots=True)
class Beat:
    """One readable heartbeat. Instants are aware UTC in whole seconds.

    `timestamp` is None when the file names none, and `trouble` says why; `pid_trouble` and
    `counter_trouble` say it of a PID and a counter. `otherwise` is the same text, when it has no
    zone, read as `other_zone`: UTC instead of local time, or the reverse. `skew` are the seconds by
    which it is ahead of the file's time, when that is what a wrong zone does; `remedy` is then the
    value of `naive_timestamps` that mends it, empty when the writer must be mended, and `writer`
    the offset it really writes in.
    """

    timestamp: datetime | None
    mtime: datetime | None
    pid: int | None = None
    counter: float | int | None = None
    otherwise: datetime | None = None
    trouble: str = ""
    other_zone: str = "utc"
    skew: int = 0
    remedy: str = ""
    writer: str = ""
    pid_trouble: str = ""
    counter_trouble: str = ""

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
        if self.is_misread(apart):
            return self.otherwise
        return self.mtime if self.skew else self.timestamp


@dataclass(frozen=True, slots=True)
class BeatRead:
    """This run's attempt at the file: a beat, or why there is none."""

    beat: Beat | None = None
    trouble: str = ""
    missing: bool = False
    mtime: datetime | None = None


@dataclass(frozen=True, slots=True)
class PidRead:
    """This run's attempt at the pidfile; `mtime` is when it was written."""

    pid: int | None = None
    trouble: str = ""
    mtime: datetime | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: a process tree that matches the configured words. `pids` holds all of it.

    `inner` are the PIDs it has in its own PID namespaces, as in a container; `stopped` those of its
    processes that a signal or a debugger holds. `unit` is the service whose main process it is.
    """

    pid: int
    pids: tuple[int, ...]
    started_at: datetime
    argv: tuple[str, ...] = ()
    user: str | None = None
    parent: str | None = None
    inner: tuple[int, ...] = ()
    stopped: tuple[int, ...] = ()
    unit: str = ""

    def has(self, pid: int) -> bool:
        """Whether that PID is one of its own, here or in its own namespace."""
        return pid in self.pids or pid in self.inner


@dataclass(frozen=True, slots=True)
class Other:
    """What has a PID that the heartbeat or the pidfile names and that is no engine.

    `sort`: `never` for what can't be an engine (init, a kernel thread, a cockpit), `thread` for a
    thread of the process `owner`, `program` for any other process. `text` says what it is.
    """

    sort: Literal["never", "thread", "program"]
    text: str
    started_at: datetime
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A process like the engine that belongs to another folder."""

    pid: int
    folder: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything one judgement stands on.

    `moved_at` and `fell_at` are the times of the beats in which the counter last moved and last
    fell, `rate` how much it moved a minute between the last two.
    `engines` is None when no process words are configured; then `holder` is whoever has the
    heartbeat's PID. `elsewhere` are those of another folder, which are no engines of this one.
    `others` says what has a PID that is named and is no engine's; one that is not in it is gone.
    `hidden` names PIDs that exist but may not be looked at. `writers` are the engines that beats
    have named while several ran. `skewed` counts the beats in a row that were off by one and the
    same difference of zones. By the engine's PID:
    `defunct` are ended children that nobody collected, `code` says how old its code is. `zombies`
    are PIDs of the heartbeat or the pidfile that have ended, with the parent that has not collected
    them; `still` are those of them that were so at the observation before, too.
    """

    now: datetime
    read: BeatRead
    last_good: Beat | None = None
    moved_at: datetime | None = None
    fell_at: datetime | None = None
    rate: float | None = None
    pidfile: PidRead | None = None
    engines: tuple[Engine, ...] | None = None
    holder: Engine | None = None
    hidden: tuple[int, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    others: Mapping[int, Other] = field(default_factory=dict)
    writers: tuple[int, ...] = ()
    skewed: int = 0
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
        named = query(table.pid, data)
        counted = query(table.counter, data) if table.counter else []
        raw = first(table.timestamp, data)
    except BadPath as error:
        return Beat(None, mtime, trouble=str(error))
    pid = as_pid(named[0][1]) if named else None
    beat = Beat(
        None,
        mtime,
        pid,
        _counter(counted[0][1]) if counted else None,
        pid_trouble=f"{named[0][0]} is {_told(named[0][1])}" if named and pid is None else "",
        counter_trouble=f"{counted[0][0]} is {_told(counted[0][1])}" if counted else "",
    )
    try:
        moment = read_timestamp(raw, table.naive_timestamps, near=mtime, zone=zone)
    except ValueError as error:
        return replace(beat, trouble=f"{table.timestamp}: {error}")
    other_zone, otherwise = _otherwise(raw, moment, table, mtime, zone)
    beat = replace(beat, timestamp=moment.at, otherwise=otherwise, other_zone=other_zone)
    skew = zone_skew(moment, mtime, most_apart(table))
    if not skew or mtime is None:
        return beat
    writer = moment.offset + skew
    remedy = zone_at(writer, mtime, zone) if moment.naive else ""
    return replace(beat, skew=skew, remedy=remedy, writer=offset_text(writer))


def _otherwise(
    raw: Json, moment: Moment, table: HeartbeatTable, mtime: datetime | None, zone: tzinfo | None
) -> tuple[str, datetime | None]:
    """The zone that a time without one may have been meant in instead, and its reading in it."""
    readings = []
    for other in ("utc", "local") if moment.naive else ():
        if other != table.naive_timestamps:
            with suppress(ValueError):
                readings.append((other, read_timestamp(raw, other, near=mtime, zone=zone).at))
    readings.sort(key=lambda one: abs(one[1] - mtime) if mtime else timedelta())
    return readings[0] if readings else ("utc", None)


def touched(mtime: datetime | None) -> Beat:
    """The beat of a file that is only touched: its time is the file's."""
    return Beat(mtime, mtime, trouble="" if mtime else "its time can't be told")


def as_pid(value: Json) -> int | None:
    """`value` as a PID, a number or its digits as text; None when it can't be one."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= _LARGEST_PID else None


def pid_of(body: bytes, mtime: datetime | None = None) -> PidRead:
    """The PID a pidfile holds: an integer alone in its first line (that of a postmaster.pid has
    more of them). `mtime` is when it was written."""
    if not body.strip():
        return PidRead(trouble="it is empty", mtime=mtime)
    line, *more = body.strip().splitlines()
    text = line[:40].decode("ascii", "replace").strip()
    pid = as_pid(text)
    if pid is None:
        where = "its first line" if more else "it"
        return PidRead(trouble=f"no PID in {where}: {text!r}", mtime=mtime)
    return PidRead(pid, mtime=mtime)


def skewed_beats(beat: Beat | None, previous: Observation | None) -> int:
    """How many beats in a row were off by the difference of zones that `beat` is off by; without a
    `beat` as many as there were."""
    age = previous.facts_of(AgeFacts) if previous is not None else None
    before = age.skewed if age is not None else 0
    if beat is None or age is None:
        return before if beat is None else int(beat.skew != 0)
    if not beat.skew or age.skew != beat.skew:
        return int(beat.skew != 0)
    return before + (age.timestamp != beat.timestamp and age.mtime != beat.mtime)


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


def _counter(value: Json) -> float | int | None:
    """`value` as a number that can be calculated with; None for a text, or hundreds of digits."""
    count = figure(value)
    try:
        return count if count is not None and isfinite(count) else None
    except OverflowError:
        return None


def _near(one: datetime, other: datetime, seconds: float) -> bool:
    return abs((one - other).total_seconds()) <= seconds


def _told(value: Json) -> str:
    """What stands there, in a few words: `a string 'abc'`."""
    kind = kind_of(value)
    if kind in ("object", "array"):
        return f"an {kind}"
    return "null" if value is None else f"a {kind} {value!r:.40}"
