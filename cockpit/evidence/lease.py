"""The lease: one process at a time holds it, watches and beats; others can tell that it lives.

Three grounds free a lease: it was released; its process is gone (asked on the same host only); it
stopped beating. For the last one a wall clock alone would not do, since it can step: a beat has to
stand still on the contender's own monotonic clock too. Still for `DEAD_AFTER` is enough by itself;
when the wall clock also calls the beat older than that, `CONFIRM_AFTER` is.

Nobody can beat in a store that can't be written. After such a stretch the holder, if its process
lives, has until `BACK_WITHIN` to come back, and what was watched meanwhile without a lease is no
gap.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cockpit.clock import Clock
from cockpit.evidence.rules import Repository
from cockpit.evidence.serialization import stamp
from cockpit.model import Event, EventKind, MonitoringGap
from cockpit.text import format_utc, parse_instant, sanitize

BEAT_EVERY = 2.0
DEAD_AFTER = 15.0
CONFIRM_AFTER = 2 * BEAT_EVERY
GAP_AFTER = 5.0
BACK_WITHIN = 75.0
WATCHED = "watched_since"
"""A fact of the event that ends an outage: from when on its process watched."""
LATE_AFTER = 1.5 * BEAT_EVERY
"""Seconds after which a beat that stands still makes one ask whether the disk takes anything."""

HolderKind = Literal["screen", "collect"]
Alive = Callable[[int, float], bool]


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that watches or wants to: PID, its start (seconds since 1970), host, who, what."""

    pid: int
    started_at: float
    host: str
    actor: str
    kind: HolderKind

    def __post_init__(self) -> None:
        object.__setattr__(self, "host", sanitize(self.host))
        object.__setattr__(self, "actor", sanitize(self.actor))


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The lease as it stands in the store; moments are aware UTC."""

    holder: Holder
    taken_at: datetime
    beat_at: datetime
    beats: int
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Acquired:
    """The lease is ours."""


@dataclass(frozen=True, slots=True)
class HeldBy:
    """Somebody else watches. `suspect`: their beat is old; ask again in a few seconds."""

    holder: Holder
    beat_at: datetime
    suspect: bool = False


class LeaseWatch:
    """Judges a lease from outside; remembers since when its beat stands still."""

    def __init__(self, clock: Clock, alive: Alive) -> None:
        self._clock = clock
        self._alive = alive
        self._seen: tuple[Holder, int, datetime] | None = None
        self._still_since = 0.0
        self._pardoned = False

    def pardon(self) -> None:
        """Begin anew: until now nobody could beat, for the store could not be written."""
        self._seen = None
        self._pardoned = True

    def late(self) -> bool:
        """Whether a beat should have come since the one that was seen last."""
        return self._seen is not None and self._clock.monotonic() - self._still_since >= LATE_AFTER

    def dead(self, state: LeaseState, *, host: str) -> bool:
        """Whether nobody watches any more under this lease, as seen from `host`."""
        if state.released_at is not None:
            return True
        near = state.holder.host == host
        if near and not self._alive(state.holder.pid, state.holder.started_at):
            return True
        seen = (state.holder, state.beats, state.beat_at)
        now = self._clock.monotonic()
        if seen != self._seen:
            self._pardoned = self._pardoned and self._seen is None
            self._seen, self._still_since = seen, now
        still = now - self._still_since
        if self._pardoned:
            return still >= (BACK_WITHIN if near else DEAD_AFTER)
        return still >= DEAD_AFTER or (still >= CONFIRM_AFTER and self.suspect(state))

    def suspect(self, state: LeaseState) -> bool:
        """Whether the wall clock calls the beat too old."""
        return self._clock.now() - state.beat_at > timedelta(seconds=DEAD_AFTER)


def read(connection: sqlite3.Connection) -> LeaseState | None:
    """The lease as stored; None when nobody ever took it. ValueError when the row is damaged."""
    row = connection.execute(
        "SELECT pid, started_at, host, actor, kind, taken_at, beat_at, beats, released_at "
        "FROM lease WHERE id = 1"
    ).fetchone()
    if row is None:
        return None
    pid, started_at, host, actor, kind, taken_at, beat_at, beats, released_at = row
    return LeaseState(
        Holder(pid, started_at, host, actor, "collect" if kind == "collect" else "screen"),
        parse_instant(taken_at),
        parse_instant(beat_at),
        beats,
        parse_instant(released_at) if released_at else None,
    )


def acquire(
    connection: sqlite3.Connection,
    repository: Repository,
    holder: Holder,
    now: datetime,
    watch: LeaseWatch,
    *,
    watched_since: datetime | None = None,
) -> Acquired | HeldBy:
    """Take the lease for `holder` unless a live one has it.

    Runs inside a write transaction of `connection`. A stretch of more than `GAP_AFTER` seconds in
    which nobody watched becomes a gap event in `repository`; `watched_since` is the moment from
    which `holder` watched without a lease.
    """
    try:
        state = read(connection)
    except ValueError:
        state = None  # damaged: taken as if nobody ever had it, and written anew
    if state is not None and state.holder != holder and not watch.dead(state, host=holder.host):
        return HeldBy(state.holder, state.beat_at, watch.suspect(state))
    connection.execute(
        "INSERT OR REPLACE INTO lease (id, pid, started_at, host, actor, kind, taken_at, beat_at, "
        "beats, released_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?, 0, NULL)",
        (
            holder.pid,
            holder.started_at,
            holder.host,
            holder.actor,
            holder.kind,
            stamp(now),
            stamp(now),
        ),
    )
    if state is not None:
        watched_until = state.released_at or state.beat_at
        end = now if watched_since is None else min(now, watched_since)
        if end - watched_until > timedelta(seconds=GAP_AFTER):
            repository.append(gap_event(watched_until, end, holder.actor), "lease")
    return Acquired()


def beat(connection: sqlite3.Connection, holder: Holder, now: datetime) -> bool:
    """Say that `holder` still watches; False when the lease is no longer its own: step down."""
    cursor = connection.execute(
        f"UPDATE lease SET beat_at = ?, beats = beats + 1 WHERE {_MINE}",
        (stamp(now), *_identity(holder)),
    )
    return cursor.rowcount == 1


def holds(connection: sqlite3.Connection, holder: Holder) -> bool:
    """Whether the lease is `holder`'s at this moment of the transaction."""
    found = connection.execute(f"SELECT 1 FROM lease WHERE {_MINE}", _identity(holder)).fetchone()
    return found is not None


def release(connection: sqlite3.Connection, holder: Holder, now: datetime) -> bool:
    """Give the lease back; False when it was no longer the holder's."""
    cursor = connection.execute(
        f"UPDATE lease SET released_at = ? WHERE {_MINE}", (stamp(now), *_identity(holder))
    )
    return cursor.rowcount == 1


_MINE = "id = 1 AND released_at IS NULL AND pid = ? AND started_at = ? AND host = ? AND kind = ?"


def _identity(holder: Holder) -> tuple[object, ...]:
    return holder.pid, holder.started_at, holder.host, holder.kind


def gap_event(start: datetime, end: datetime, actor: str) -> Event:
    """The event that tells of a stretch in which nobody watched."""
    return Event(
        at=end,
        kind=EventKind.GAP,
        subject="watch",
        text=f"not watching {format_utc(start)} – {format_utc(end)}",
        actor=actor,
        data={"start": format_utc(start), "end": format_utc(end)},
    )


def gap_of(event: Event) -> MonitoringGap | None:
    """The gap a gap event tells of; None for any other event."""
    return _stretch(event, "start") if event.kind == EventKind.GAP else None


def watched_of(event: Event) -> MonitoringGap | None:
    """The stretch that somebody watched in memory, of the event that tells so at its end; None for
    any other event."""
    return _stretch(event, WATCHED) if event.kind == EventKind.COLLECTOR else None


def _stretch(event: Event, first: str) -> MonitoringGap | None:
    start, end = event.data.get(first), event.data.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return None
    try:
        return MonitoringGap(parse_instant(start), parse_instant(end))
    except ValueError:
        return None


def unwatched(
    gaps: Iterable[MonitoringGap], watched: Iterable[MonitoringGap]
) -> list[MonitoringGap]:
    """What is left of `gaps` when one who watched in memory tells so afterwards."""
    left = list(gaps)
    for seen in watched:
        left = [
            piece
            for gap in left
            for piece in (
                MonitoringGap(gap.start, min(gap.end, seen.start)),
                MonitoringGap(max(gap.start, seen.end), gap.end),
            )
            if piece.end - piece.start > timedelta(seconds=GAP_AFTER)
        ]
    return left
