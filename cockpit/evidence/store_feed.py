"""A feed for a screen that does not collect: it shows the store another process writes."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cockpit.board import Acknowledgement, BoardComposer, ProbeInfo
from cockpit.clock import Clock
from cockpit.commands import Command, Reply, Ticket
from cockpit.evidence.errors import StoreError
from cockpit.evidence.lease import BEAT_EVERY, DEAD_AFTER, LeaseState
from cockpit.evidence.reader import Reader
from cockpit.feed import ITEM_KINDS, Artefact, FeedMode, HistoryPoint, Interval
from cockpit.model import (
    Board,
    Event,
    MonitoringGap,
    MonitorStatus,
    Observation,
    SessionInfo,
    expire,
)
from cockpit.probe_state import ProbeState
from cockpit.signals import Signal
from cockpit.text import format_utc

LOOK_SECONDS = 0.1
GAPS_SHOWN = 20
SILENT_AFTER = 3 * BEAT_EVERY
"""Seconds without a beat after which nothing is said to be recorded: who records also beats."""

_T = TypeVar("_T")


class StoreFeed:
    """The board of the store at `path`, kept fresh by a thread that notices commits.

    `plan` and `identity` are asked at every snapshot, `submit` gets each command with its ticket
    and answers later through `push_reply` from any thread; `config_error` says why the plan is not
    the file's, `own_trouble` why this process itself can't write the store. All other methods
    belong to the screen's thread.
    """

    def __init__(
        self,
        path: Path,
        plan: Callable[[], Sequence[ProbeInfo]],
        clock: Clock,
        identity: Callable[[], SessionInfo],
        submit: Callable[[Command, Ticket], None],
        *,
        config_error: Callable[[], str] = str,
        own_trouble: Callable[[], str] = str,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._path = path
        self._plan = plan
        self._clock = clock
        self._identity = identity
        self._submit = submit
        self._config_error = config_error
        self._own_trouble = own_trouble
        self._reader = Reader(path)
        self._trouble = ""
        self._standings: Mapping[str, ProbeState] = {}
        self._acks: Mapping[str, Acknowledgement] = {}
        self._gaps: tuple[MonitoringGap, ...] = ()
        self._lease: LeaseState | None = None
        self._beaten_at = clock.monotonic()
        self._numbering = ""
        self._used = self._cap = 0
        self._tickets = itertools.count(1)
        self._ticket_prefix = secrets.token_hex(4)
        self._signal = Signal()
        self._composer = BoardComposer()
        self._replies: deque[Reply] = deque()
        self._next_expiry: datetime | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._look, args=(look_seconds,), name="cockpit-store-feed", daemon=True
        )
        self._thread.start()

    @property
    def mode(self) -> FeedMode:
        """Always attached."""
        return FeedMode.ATTACHED

    def now(self) -> datetime:
        """The clock's now, aware UTC."""
        return self._clock.now()

    def snapshot(self) -> Board:
        """The board now. What can't be read any more is as it was last read, with the trouble."""
        now = self._clock.now()
        self._refresh()
        plan = self._plan()
        board = self._composer.board(
            plan,
            self._standings,
            now,
            identity=self._identity(),
            watch=self._watch(now),
            acks=self._acks,
        )
        self._plan_expiry(plan, now)
        return board

    def _refresh(self) -> None:
        reader = self._reader
        try:
            self._standings = reader.probe_states()
            self._acks = reader.acks()
            self._gaps = reader.gaps(GAPS_SHOWN)
            lease, monotonic = reader.lease(), self._clock.monotonic()
            if lease != self._lease:
                self._lease, self._beaten_at = lease, monotonic
            self._numbering = reader.store_id()
            self._used, self._cap = reader.used(), reader.cap()
            self._trouble = ""
        except StoreError as error:
            self._trouble = error.reason

    def _watch(self, now: datetime) -> MonitorStatus:
        state = self._lease
        trouble = self._trouble or self._own_trouble()
        collector = ""
        if state is not None:
            holder = state.holder
            collector = f"{holder.kind} {holder.actor} {holder.pid}"
            if state.released_at is not None:
                trouble = trouble or f"{collector} stopped watching {format_utc(state.released_at)}"
                collector = ""
            elif self._silent(state, now):
                trouble = trouble or f"no beat of {collector} since {format_utc(state.beat_at)}"
        else:
            trouble = trouble or "nobody watches"
        return MonitorStatus(
            recording=not trouble,
            trouble=trouble,
            used=self._used,
            cap=self._cap,
            gaps=self._gaps,
            beat=state.beat_at if state else None,
            collector=collector,
            config_error=self._config_error(),
            numbering=f"store {self._numbering}",
        )

    def _silent(self, state: LeaseState, now: datetime) -> bool:
        """Whether who collects has not written for a while, by its clock or by ours."""
        still = self._clock.monotonic() - self._beaten_at
        return still > SILENT_AFTER or now - state.beat_at > timedelta(seconds=DEAD_AFTER)

    def _plan_expiry(self, plan: Sequence[ProbeInfo], now: datetime) -> None:
        moments = [
            self._standings[p.name].observation.valid_until
            for p in plan
            if p.name in self._standings
        ]
        if self._lease is not None and self._lease.released_at is None:
            still = self._clock.monotonic() - self._beaten_at
            moments.append(now + timedelta(seconds=SILENT_AFTER - still))
        self._next_expiry = min((moment for moment in moments if moment >= now), default=None)

    def events(self, since: int = 0, limit: int = 500) -> Sequence[Event]:
        """Events with `seq` above `since`, oldest first; the newest `limit` of them."""
        return self._ask(lambda: self._reader.events(since, limit), [])

    def history(self, probe: str, limit: int = 100) -> Sequence[HistoryPoint]:
        """Past observations of a probe, newest first."""
        return self._ask(lambda: self._reader.history(probe, limit), [])

    def intervals(self, probe: str, since: datetime, until: datetime) -> Sequence[Interval]:
        """The verdicts of a probe between two moments, oldest first."""
        return self._ask(lambda: self._reader.intervals(probe, since, until), [])

    def artefact(self, digest: str) -> Artefact | None:
        """Raw evidence by its digest; None when it is gone or can't be read."""
        return self._ask(lambda: self._reader.artefact(digest), None)

    def item_events(self, probe: str, limit: int = 500) -> Sequence[Event]:
        """What was done to the items of a checklist, oldest first."""
        return self._ask(lambda: self._reader.events(0, limit, kinds=ITEM_KINDS, probe=probe), [])

    def _ask(self, question: Callable[[], _T], nothing: _T) -> _T:
        try:
            return question()
        except StoreError as error:
            self._trouble = error.reason
            return nothing

    def observation(self, probe: str) -> Observation | None:
        """The latest observation of one probe, as of the latest snapshot, expired by now."""
        probe_state = self._standings.get(probe)
        return None if probe_state is None else expire(probe_state.observation, self._clock.now())

    def submit(self, command: Command) -> Ticket:
        """Pass a command on; its reply comes through `replies`."""
        ticket = f"{self._ticket_prefix}-{next(self._tickets)}"
        self._submit(command, ticket)
        return ticket

    def push_reply(self, reply: Reply) -> None:
        """Leave the reply to a command, from any thread."""
        self._replies.append(reply)
        self._signal.notify()

    def replies(self) -> Sequence[Reply]:
        """Replies since the last call, each once."""
        taken: list[Reply] = []
        while self._replies:
            taken.append(self._replies.popleft())
        return tuple(taken)

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have `wake` called, from any thread, when there is news; returns the way to stop it."""
        return self._signal.subscribe(wake)

    def close(self, timeout: float = 0.5) -> None:
        """Stop looking and let go of the file, waiting up to `timeout` seconds."""
        self._stop.set()
        self._thread.join(timeout)
        self._reader.close()

    def notify(self) -> None:
        """Wake every listener, from any thread."""
        self._signal.notify()

    def _look(self, look_seconds: float) -> None:
        # The pragma that tells of a commit costs microseconds, so looking often is cheap.
        trouble = ""
        with Reader(self._path) as reader:
            while not self._stop.wait(look_seconds):
                try:
                    news, now_trouble = reader.changed(), ""
                except StoreError as error:
                    news, now_trouble = False, error.reason
                expiry = self._next_expiry
                if expiry is not None and self._clock.now() > expiry:
                    self._next_expiry = None
                    news = True
                if news or now_trouble != trouble:
                    trouble = now_trouble
                    self.notify()
