"""What the evidence remembers of acts on processes: what is being ended now, and who asked for it.

A probe never sees the store. Whoever does hands the events in, those of other processes included,
and the probe asks whether an operator is behind what it sees.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cockpit.model import Event, EventKind
from cockpit.text import parse_instant

ACT_KINDS = (EventKind.PROCESS,)
"""The kinds of events that are of interest here."""
NEWEST_ACTS = 500
"""Events read from the store at the start."""
UNDER_WAY = timedelta(minutes=2)
"""An act without an outcome for so long was cut short: nobody is at it any more."""
_MOST = 500
"""Acts that are remembered."""
_EARLY = timedelta(seconds=2)
"""A process's start time may be read as much as a second too early."""
_SAME_START = timedelta(seconds=1.1)
"""Start times are recorded in whole seconds."""
_CAME_BACK = timedelta(seconds=60)
"""What takes the place of a process that was ended on purpose within this time is no accident."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `over` is when its outcome was recorded, None while it goes on; `name` is the probe
    or service that was started, empty for an end, which has the `ports` of what was ended.
    `started` is since when the process runs that a start has brought."""

    who: str
    pids: tuple[int, ...]
    begun: datetime
    ports: tuple[int, ...] = ()
    name: str = ""
    over: datetime | None = None
    started: datetime | None = None

    def covers(self, started_at: datetime) -> bool:
        """Whether a process that started then came of this act."""
        if self.name and self.over is not None:
            return self.started is not None and abs(self.started - started_at) <= _SAME_START
        end = self.begun + UNDER_WAY if self.over is None else self.over + _CAME_BACK
        return self.begun - _EARLY <= started_at <= end


class ActHistory:
    """Told by any thread, asked by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acts: dict[str, Act] = {}

    def hear(self, events: Iterable[Event], _standings: object = None) -> None:
        """Take in events, oldest first; what is of no interest is passed over."""
        with self._lock:
            for event in events:
                if event.kind in ACT_KINDS:
                    self._take(event)

    def being_ended(self, pids: Collection[int], now: datetime) -> Act | None:
        """The newest act under way at `now` (aware UTC) that ends one of these, or None."""
        with self._lock:
            return next(
                (
                    act
                    for act in reversed(self._acts.values())
                    if act.over is None
                    and not act.name
                    and now - act.begun <= UNDER_WAY
                    and not set(act.pids).isdisjoint(pids)
                ),
                None,
            )

    def who_started(self, started_at: datetime, names: Collection[str]) -> str:
        """Who started one of `names` (probes, services) then; empty when nobody did."""
        return self.who_asked(started_at, names)

    def who_asked(
        self, started_at: datetime, names: Collection[str], ports: Collection[int] = ()
    ) -> str:
        """Who started one of `names` then, or ended what listened on one of `ports` just before;
        empty when nobody did."""
        with self._lock:
            acts = [
                act
                for act in reversed(self._acts.values())
                if act.name in names or not set(act.ports).isdisjoint(ports)
            ]
        behind = [act for act in acts if act.covers(started_at)]
        # Of several that are still at it, at most one will have started it: it is not known which.
        trying = {act.who for act in behind if act.name and act.over is None}
        known = [act.who for act in behind if act.over is not None or not act.name]
        return known[0] if known else trying.pop() if len(trying) == 1 else ""

    def _take(self, event: Event) -> None:
        act, phase = event.data.get("act"), event.data.get("phase")
        if not isinstance(act, str) or event.subject == "cockpit":
            return
        known = self._acts.get(act)
        if phase == "intent" and known is None:
            starts = "output" in event.data or "service" in event.data
            self._acts[act] = Act(
                event.actor,
                _numbers(event.data.get("pids")),
                event.at,
                _numbers(event.data.get("ports")),
                event.subject if starts else "",
            )
        elif phase == "outcome":
            # Known or not: what is read from the store comes after what was told meanwhile.
            known = known or Act(event.actor, (), event.at)
            in_vain = not known.name and not event.data.get("ended")
            self._acts[act] = replace(
                known,
                over=event.at,
                ports=() if in_vain else known.ports,
                started=_moment(event.data.get("started_at")),
            )
        while len(self._acts) > _MOST:
            del self._acts[next(iter(self._acts))]


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(one for one in value if isinstance(one, int)) if isinstance(value, tuple) else ()


def _moment(value: object) -> datetime | None:
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None
