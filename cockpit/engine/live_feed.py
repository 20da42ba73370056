"""The live feed: the board of the engine in this process, the past from the store beside it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from cockpit.clock import Clock
from cockpit.commands import Command, Reply, Ticket
from cockpit.engine.scheduler import Engine
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import EvidenceReader
from cockpit.feed import ITEM_KINDS, Artefact, FeedMode, HistoryPoint, Interval
from cockpit.model import Board, Event, MonitorStatus, Observation, SessionInfo
from cockpit.probe_state import ProbeState
from cockpit.signals import Signal

MOST_EVENTS = 500


class LiveFeed:
    """A Feed on an engine that runs in another thread of this process.

    `reader` is used by the screen's thread only. `watch` tells of the recording, with the numbering
    of its events: with another one they are read anew.
    """

    mode = FeedMode.LIVE

    def __init__(
        self,
        engine: Engine,
        reader: EvidenceReader,
        *,
        clock: Clock,
        identity: Callable[[], SessionInfo],
        watch: Callable[[], MonitorStatus],
        submit: Callable[[Command, Ticket], None],
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._events: deque[Event] = deque(_recent(reader), maxlen=MOST_EVENTS)
        # The recorder tells its latest commit after it can be read: told and read, once is enough.
        self._read_before = {(event.seq, event.text) for event in self._events}
        self._clock = clock
        self._identity = identity
        self._watch = watch
        self._numbering = watch().numbering
        self._submit = submit
        self._numbers = itertools.count(1)
        self._replies: deque[Reply] = deque()
        self._signal = Signal()
        self._deaf = engine.changed.subscribe(self.notify)

    def now(self) -> datetime:
        return self._clock.now()

    def snapshot(self) -> Board:
        board = self._engine.board(self._clock.now())
        return replace(board, identity=self._identity(), watch=self._told())

    def _told(self) -> MonitorStatus:
        """How the recording is; where events were numbered anew, they are read anew first."""
        watch = self._watch()
        if watch.numbering != self._numbering:
            before = self._events
            # What is told from now on has the new numbers; what was committed before can be read.
            self._events, self._read_before = deque(maxlen=MOST_EVENTS), set()
            try:
                read = self._reader.events(0, MOST_EVENTS)
            except StoreError:
                self._events = before
            else:
                known = {(event.seq, event.text) for event in read}
                told = [one for one in self._events.copy() if (one.seq, one.text) not in known]
                self._events = deque([*read, *told], maxlen=MOST_EVENTS)
                self._read_before, self._numbering = known, watch.numbering
        return replace(watch, numbering=self._numbering)

    def observation(self, probe: str) -> Observation | None:
        return self._engine.board(self._clock.now()).observations.get(probe)

    def events(self, since: int = 0, limit: int = MOST_EVENTS) -> Sequence[Event]:
        return [event for event in self._events.copy() if event.seq > since][-limit:]

    def history(self, probe: str, limit: int = 100) -> Sequence[HistoryPoint]:
        try:
            return self._reader.history(probe, limit)
        except StoreError:
            return ()

    def intervals(self, probe: str, since: datetime, until: datetime) -> Sequence[Interval]:
        try:
            return self._reader.intervals(probe, since, until)
        except StoreError:
            return ()

    def artefact(self, digest: str) -> Artefact | None:
        try:
            return self._reader.artefact(digest)
        except StoreError:
            return None

    def item_events(self, probe: str, limit: int = MOST_EVENTS) -> Sequence[Event]:
        try:
            return self._reader.events(0, limit, kinds=ITEM_KINDS, probe=probe)
        except StoreError:
            return ()

    def hear(self, events: Sequence[Event], probe_states: Sequence[ProbeState]) -> None:
        """What the recorder tells its subscribers, other processes' events included."""
        known = self._read_before
        news = [event for event in events if (event.seq, event.text) not in known]
        self._events.extend(news)
        if news:
            self.notify()

    def submit(self, command: Command) -> Ticket:
        ticket = f"live-{next(self._numbers)}"
        self._submit(command, ticket)
        return ticket

    def push_reply(self, reply: Reply) -> None:
        """Hand in the reply to a command, from any thread."""
        self._replies.append(reply)
        self.notify()

    def replies(self) -> Sequence[Reply]:
        taken: list[Reply] = []
        while self._replies:
            taken.append(self._replies.popleft())
        return taken

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        return self._signal.subscribe(wake)

    def close(self) -> None:
        """Let go of the engine and of the store's file."""
        self._deaf()
        self._reader.close()

    def notify(self) -> None:
        """Wake every listener, from any thread."""
        self._signal.notify()


def _recent(reader: EvidenceReader) -> Sequence[Event]:
    try:
        return reader.events(0, MOST_EVENTS)
    except StoreError:
        return ()
    finally:
        # SQLite ties a connection to its thread: the screen's thread opens one of its own.
        reader.close()
