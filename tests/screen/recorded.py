"""A feed that plays recorded boards: fixed clock, host, PIDs, ports and paths.

Used by the tests of the screen and by the script that makes the screenshots. Every scene is made of
the same model objects that the engine makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from recorded_makers import NOW, OK, REPLY_500, TEXT_500, ago
from recorded_scenes import EVENTS

from cockpit.commands import Command, Reply
from cockpit.feed import ITEM_KINDS, Artefact, FeedMode, HistoryPoint, Interval
from cockpit.model import Board, Event, Observation


class RecordedFeed:
    """Plays a board. Tests change `board`, `clock`, `log` and call `wake`.

    `submitted` is what came.

    Every command is answered at once by `answer`, if it gives a reply; with a third word it is a
    refusal that asks for a reason.
    """

    def __init__(
        self, board: Board, *, mode: FeedMode = FeedMode.LIVE, events: Sequence[Event] = EVENTS
    ) -> None:
        self.board = board
        self.clock = NOW
        self.log = list(events)
        self.submitted: list[Command] = []
        self.asked_history: list[str] = []
        self.reads = 0
        self.broken: Exception | None = None
        self.answer: Callable[[Command], tuple[bool, str] | tuple[bool, str, bool] | None] = (
            lambda command: None
        )
        self.pending: list[Reply] = []
        self._mode = mode
        self._wakes: list[Callable[[], None]] = []

    @property
    def mode(self) -> FeedMode:
        return self._mode

    def now(self) -> datetime:
        return self.clock

    def snapshot(self) -> Board:
        self.reads += 1
        if self.broken is not None:
            raise self.broken
        return self.board

    def events(self, since: int = 0, limit: int = 500) -> Sequence[Event]:
        return [event for event in self.log if event.seq > since][-limit:]

    def history(self, probe: str, limit: int = 100) -> Sequence[HistoryPoint]:
        self.asked_history.append(probe)
        seen = self.board.observations.get(probe)
        if seen is None:
            return []
        before = HistoryPoint(ago(minutes=49), OK, "as it should be")
        return [HistoryPoint(seen.observed_at, seen.verdict, seen.headline), before]

    def intervals(self, probe: str, since: datetime, until: datetime) -> Sequence[Interval]:
        return [
            Interval(point.verdict, point.at, point.at, point.headline)
            for point in reversed(self.history(probe))
            if since <= point.at <= until
        ]

    def artefact(self, digest: str) -> Artefact | None:
        return Artefact(digest, "text/plain", TEXT_500) if digest == REPLY_500.digest else None

    def observation(self, probe: str) -> Observation | None:
        return self.board.observations.get(probe)

    def item_events(self, probe: str, limit: int = 500) -> Sequence[Event]:
        known = [event for event in self.log if event.kind in ITEM_KINDS and event.probe == probe]
        return known[-limit:]

    def submit(self, command: Command) -> str:
        self.submitted.append(command)
        ticket = f"ticket-{len(self.submitted)}"
        if answer := self.answer(command):
            self.pending.append(Reply(ticket, *answer))
        return ticket

    def replies(self) -> Sequence[Reply]:
        given, self.pending = self.pending, []
        return given

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        self._wakes.append(wake)
        return lambda: self._wakes.remove(wake)

    @property
    def listeners(self) -> int:
        return len(self._wakes)

    def wake(self) -> None:
        """Say that there is news."""
        for wake in list(self._wakes):
            wake()

    def change(self, board: Board) -> None:
        """Another board, and say so."""
        self.board = board
        self.wake()
