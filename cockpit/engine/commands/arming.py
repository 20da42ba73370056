"""Arming: acts on processes are allowed for ten minutes after it, no longer."""

from __future__ import annotations

from datetime import datetime, timedelta

from cockpit.clock import Clock

ARMED_SECONDS = 600.0


class Arming:
    """The permission to act on processes; disarmed at first.

    It ends by the monotonic clock and by the wall clock, whichever is first: the one stands still
    while a laptop sleeps, the other can be set back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: tuple[float, datetime] | None = None

    def arm(self) -> datetime:
        """Arm; returns until when (aware UTC)."""
        until = self._clock.now() + timedelta(seconds=ARMED_SECONDS)
        self._until = (self._clock.monotonic() + ARMED_SECONDS, until)
        return until

    def disarm(self) -> datetime:
        """End the permission; returns now."""
        self._until = None
        return self._clock.now()

    @property
    def armed(self) -> bool:
        """Whether acts are allowed."""
        if self._until is None:
            return False
        monotonic, wall = self._until
        return self._clock.monotonic() < monotonic and self._clock.now() < wall
