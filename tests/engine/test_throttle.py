"""What wakes the screen at once, and what waits for its own read."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cockpit.engine.throttle import BURST, REFILL, UpdateThrottle
from cockpit.model import Concern, Doubt, DoubtKind, Finding, Observation, Verdict

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def beat(second: int, **changes: object) -> Observation:
    at = AT + timedelta(seconds=second)
    observation = Observation(
        probe="engine",
        kind="heartbeat",
        affects=Concern.RUN,
        verdict=Verdict.OK,
        headline="beating",
        observed_at=at,
        valid_until=at + timedelta(seconds=30),
        findings=(Finding("age", Verdict.OK, "engine", f"last beat {second}"),),
    )
    return replace(observation, **changes)  # type: ignore[arg-type]


def test_a_steady_beat_wakes_a_few_times_and_then_once_in_a_while() -> None:
    wakeups = UpdateThrottle()
    woken = [s for s in range(2, 402, 2) if wakeups.wakes(beat(s - 2), beat(s), float(s))]
    assert woken[:BURST] == list(range(2, 2 + 2 * BURST, 2))
    later = [second for second in woken if second > 200]
    assert later and all(b - a >= REFILL for a, b in itertools.pairwise(later))


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": Verdict.FAIL},
        {"doubts": (Doubt(DoubtKind.CLOCK, "in the future"),)},
        {"findings": ()},
        {"findings": (Finding("age", Verdict.FAIL, "engine", "x", title="STALLED"),)},
        {"findings": (Finding("age", Verdict.OK, "engine", "x", title="OTHER"),)},
    ],
)
def test_what_an_operator_must_know_wakes_however_often(changes: dict[str, object]) -> None:
    wakeups = UpdateThrottle()
    for second in range(100):
        wakeups.wakes(beat(second), beat(second + 1), 0.0)
    assert not wakeups.wakes(beat(0), beat(1), 0.0)
    assert all(wakeups.wakes(beat(0), beat(1, **changes), 0.0) for _ in range(20))


def test_the_first_look_and_one_after_an_expiry_wake() -> None:
    wakeups = UpdateThrottle()
    assert wakeups.wakes(None, beat(0), 0.0)
    assert wakeups.wakes(beat(0), beat(31), 31.0)


def test_metrics_wake_nobody() -> None:
    assert not UpdateThrottle().wakes(beat(0), replace(beat(0), metrics={"age": 1.0}), 0.0)


def test_probes_do_not_spend_what_belongs_to_others() -> None:
    wakeups = UpdateThrottle()
    for second in range(100):
        wakeups.wakes(beat(second), beat(second + 1), 0.0)
    assert wakeups.wakes(beat(0, probe="other"), beat(1, probe="other"), 0.0)
    wakeups.forget("engine")
    assert wakeups.wakes(beat(0), beat(1), 0.0)
