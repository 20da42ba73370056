"""The engine's own pulse: its dead-man mark, expiring observations, and steps of the wall clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from cockpit.clock import Clock
from cockpit.evidence.interfaces import Recorder
from cockpit.model import Event, EventKind, Observation, Verdict
from cockpit.text import exact_age, format_utc

PERIOD = 1.0
"""Seconds between two beats."""
STEP = 2.0
"""Seconds by which wall clock and monotonic clock may part between two beats."""


class Watchdog:
    """Beats once a second while the engine's loop turns.

    `beaten(expired, stepped)` is called each time: an observation has just expired; the wall clock
    has just stepped. Expiry goes by the monotonic clock: a wall clock set back does not make old
    news fresh.
    """

    def __init__(
        self, clock: Clock, recorder: Recorder, beaten: Callable[[bool, bool], None]
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._beaten = beaten
        self._deadlines: dict[str, tuple[datetime, float]] = {}
        self._told: set[tuple[str, datetime]] = set()
        self.beat: datetime | None = None

    def expect(self, observations: Iterable[Observation]) -> None:
        """Take note until when these observations count."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        deadlines: dict[str, tuple[datetime, float]] = {}
        for observation in observations:
            known = self._deadlines.get(observation.probe)
            if known is not None and known[0] == observation.valid_until:
                deadlines[observation.probe] = known
            else:
                left = (observation.valid_until - now).total_seconds()
                deadlines[observation.probe] = (observation.valid_until, monotonic + left)
        self._deadlines = deadlines

    async def run(self) -> None:
        """Beat until cancelled."""
        wall, monotonic = self._clock.now(), self._clock.monotonic()
        while True:
            self.beat = self._clock.now()
            await self._clock.sleep(PERIOD)
            now, ticks = self._clock.now(), self._clock.monotonic()
            parted = (now - wall).total_seconds() - (ticks - monotonic)
            stepped = abs(parted) > STEP
            if stepped:
                self._tell_step(now, parted)
            wall, monotonic = now, ticks
            self._beaten(self._expired(ticks), stepped)

    def _expired(self, monotonic: float) -> bool:
        late = [
            (probe, until)
            for probe, (until, deadline) in self._deadlines.items()
            if monotonic > deadline and (probe, until) not in self._told
        ]
        for probe, until in late:
            self._recorder.log(
                Event(
                    at=self._clock.now(),
                    kind=EventKind.TRANSITION,
                    probe=probe,
                    subject=probe,
                    verdict=Verdict.UNKNOWN,
                    text=f"expired: nothing fresh since {format_utc(until)}",
                )
            )
        current = {(probe, until) for probe, (until, _) in self._deadlines.items()}
        self._told = (self._told | set(late)) & current
        return bool(late)

    def _tell_step(self, now: datetime, parted: float) -> None:
        before = format_utc(now - timedelta(seconds=parted))
        way = "forward" if parted > 0 else "back"
        self._recorder.log(
            Event(
                at=now,
                kind=EventKind.CLOCK_STEP,
                subject="clock",
                text=f"wall clock went {way} by {exact_age(abs(parted))} (expected {before}): "
                "set, or the machine slept",
                data={"seconds": round(parted, 3)},
            )
        )
