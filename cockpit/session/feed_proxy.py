"""The feed a screen holds: it stays the same while the feed behind it changes hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from cockpit.commands import Command, Reply, Ticket
from cockpit.feed import Artefact, Feed, FeedMode, HistoryPoint, Interval
from cockpit.model import Board, Event, Observation
from cockpit.signals import Signal


class FeedProxy:
    """A Feed that passes everything on to the present one, live or attached.

    `hand_over` may come from any thread; listeners follow, replies not yet taken are kept.
    """

    def __init__(self, first: Feed) -> None:
        self._feed = first
        self._signal = Signal()
        self._stop_listening = first.subscribe(self._signal.notify)
        self._left_over: list[Reply] = []

    def hand_over(self, feed: Feed) -> None:
        """From now on this feed speaks."""
        self._stop_listening()
        self._left_over.extend(self._feed.replies())
        self._feed = feed
        self._stop_listening = feed.subscribe(self._signal.notify)
        self._signal.notify()

    @property
    def mode(self) -> FeedMode:
        return self._feed.mode

    def now(self) -> datetime:
        return self._feed.now()

    def snapshot(self) -> Board:
        return self._feed.snapshot()

    def observation(self, probe: str) -> Observation | None:
        return self._feed.observation(probe)

    def events(self, since: int = 0, limit: int = 500) -> Sequence[Event]:
        return self._feed.events(since, limit)

    def history(self, probe: str, limit: int = 100) -> Sequence[HistoryPoint]:
        return self._feed.history(probe, limit)

    def intervals(self, probe: str, since: datetime, until: datetime) -> Sequence[Interval]:
        return self._feed.intervals(probe, since, until)

    def artefact(self, digest: str) -> Artefact | None:
        return self._feed.artefact(digest)

    def item_events(self, probe: str, limit: int = 500) -> Sequence[Event]:
        return self._feed.item_events(probe, limit)

    def submit(self, command: Command) -> Ticket:
        return self._feed.submit(command)

    def replies(self) -> Sequence[Reply]:
        kept, self._left_over = self._left_over, []
        return [*kept, *self._feed.replies()]

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        return self._signal.subscribe(wake)
