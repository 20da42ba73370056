"""Which observations wake the screen at once, and which it may read in its own time.

What an operator must know wakes at once: a first look, a verdict, a title, a doubt, a line that
came or went. Texts and facts that merely move on, a beat every two seconds or a counter, do so
a score of times; after that they are left to the screen's own regular read. Metrics never wake.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from cockpit.model import Observation

BURST = 20
"""Changes of mere text that wake the screen one right after the other."""
REFILL = 10.0
"""Seconds after which one more of them may."""


class UpdateThrottle:
    """Remembers how often each probe has woken the screen. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def wakes(self, before: Observation | None, after: Observation, now: float) -> bool:
        """Whether `after`, seen in the place of `before`, is to be shown at once."""
        if before is None or before.valid_until < after.observed_at:
            return True
        if _gist(before) != _gist(after):
            return True
        return _says_more(before, after) and self._take(after.probe, now)

    def forget(self, probe: str) -> None:
        """The probe is watched no more."""
        self._left.pop(probe, None)

    def _take(self, probe: str, now: float) -> bool:
        left, at = self._left.get(probe, (float(BURST), now))
        left = min(float(BURST), left + (now - at) / REFILL)
        woken = left >= 1
        self._left[probe] = (left - 1 if woken else left, now)
        return woken


def _gist(seen: Observation) -> Hashable:
    lines = tuple((line.key, line.verdict, line.title) for line in seen.findings)
    doubts = tuple((doubt.kind, doubt.text) for doubt in seen.doubts)
    return seen.verdict, lines, doubts


def _says_more(before: Observation, after: Observation) -> bool:
    """Whether `after` differs in more than times, durations and metrics."""
    return after != replace(
        before,
        observed_at=after.observed_at,
        valid_until=after.valid_until,
        duration=after.duration,
        metrics=after.metrics,
    )
