"""The screen before its session is there: what is planned, nothing seen yet.

Checking the config, loading the probes and opening the store take longer than the first picture
may; so the picture comes first, and the session is made beside it.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cockpit.clock import Clock
from cockpit.commands import Command, Reply, Ticket
from cockpit.feed import Artefact, FeedMode, HistoryPoint, Interval
from cockpit.model import Board, Event, MonitorStatus, Observation, Rollup, SessionInfo, Verdict

if TYPE_CHECKING:
    from cockpit.session.session import Session


class StartupFeed:
    """A Feed that knows the plan's names and nothing else; commands are refused for now."""

    mode = FeedMode.LIVE

    def __init__(self, names: Sequence[str], clock: Clock, identity: SessionInfo) -> None:
        """`names` of what will be watched, as far as they are known."""
        self._names = tuple(names)
        self._clock = clock
        self._identity = identity
        self._tickets = itertools.count(1)
        self._replies: deque[Reply] = deque()

    def now(self) -> datetime:
        return self._clock.now()

    def snapshot(self) -> Board:
        nothing = Rollup(Verdict.UNKNOWN)
        return Board(
            taken_at=self._clock.now(),
            run=nothing,
            readiness=nothing,
            waiting=self._names,
            identity=self._identity,
            watch=MonitorStatus(trouble="opening the store"),
        )

    def observation(self, probe: str) -> Observation | None:
        return None

    def events(self, since: int = 0, limit: int = 500) -> Sequence[Event]:
        return ()

    def history(self, probe: str, limit: int = 100) -> Sequence[HistoryPoint]:
        return ()

    def intervals(self, probe: str, since: datetime, until: datetime) -> Sequence[Interval]:
        return ()

    def artefact(self, digest: str) -> Artefact | None:
        return None

    def item_events(self, probe: str, limit: int = 500) -> Sequence[Event]:
        return ()

    def submit(self, command: Command) -> Ticket:
        ticket = f"opening-{next(self._tickets)}"
        self._replies.append(Reply(ticket, False, "the store is still being opened: try again"))
        return ticket

    def replies(self) -> Sequence[Reply]:
        taken = tuple(self._replies)
        self._replies.clear()
        return taken

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


class Startup:
    """Makes and starts a session in a thread of its own; `close` ends whichever there is."""

    def __init__(self, make: Callable[[], Session], failed: Callable[[], None]) -> None:
        """`failed` is called when there will be no session; `failure` says why."""
        self._make = make
        self._failed = failed
        self._done = threading.Event()
        self._closing = False
        self.session: Session | None = None
        self.failure: BaseException | None = None
        self._started = False

    def start(self) -> None:
        """Begin; called once."""
        self._started = True
        threading.Thread(target=self._open, name="cockpit-opening", daemon=True).start()

    def _open(self) -> None:
        try:
            session = self._make()
            if not self._closing:
                self.session = session
                session.start()
        except BaseException as error:  # noqa: BLE001 - raised again where the screen was asked for
            self.failure = error
            self._failed()
        finally:
            self._done.set()

    def wait(self) -> Session | None:
        """The started session; None when it failed or the screen is closing."""
        self._done.wait()
        return None if self.failure is not None or self._closing else self.session

    def close(self) -> str:
        """End the session; one that still starts is given a moment to get there.

        Returns what could not be written, in words; empty when all of it was.
        """
        self._closing = True
        if self._started:
            self._done.wait(0.3)
        self._done.set()
        return self.session.close() if self.session is not None else ""
