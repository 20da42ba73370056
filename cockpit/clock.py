"""The one source of time: wall clock (aware UTC), monotonic seconds and sleeping.

Logic takes a `Clock`; only `SystemClock` touches the real one. `ManualClock` moves when it is told
to, so that two days of watching pass in a test, and so that a recorded screen stands still.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the rest of the house knows of time."""

    def now(self) -> datetime:
        """Wall clock as an aware UTC datetime. It can step."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many monotonic seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until `advance` or `step_wall` moves it."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
        if self._now.tzinfo is None:
            raise ValueError("ManualClock needs an aware datetime")
        self._monotonic = 1000.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def step_wall(self, seconds: float) -> None:
        """Move the wall clock alone, as an operator or a time server does."""
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    @property
    def next_wake(self) -> float | None:
        """Monotonic second at which the next sleeper is due; None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def advance(self, seconds: float, *, settle: int = 20) -> None:
        """Let `seconds` pass, waking each sleeper at its own moment.

        After each wake-up the event loop turns `settle` times, so that what the sleeper starts can
        itself go to sleep again within the same stretch.
        """
        end = self._monotonic + seconds
        await self._turn(settle)
        while (due := self.next_wake) is not None and due <= end:
            self._move_to(due)
            while (due := self.next_wake) is not None and due <= self._monotonic:
                heapq.heappop(self._sleepers)[2].set_result(None)
            await self._turn(settle)
        self._move_to(end)

    def _move_to(self, monotonic: float) -> None:
        self._now += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic

    @staticmethod
    async def _turn(times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)
