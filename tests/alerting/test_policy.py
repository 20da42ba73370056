"""The alert policy: who is told, when, and what a restart remembers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.alerting.policy import AlertState, PolicySettings, acknowledge, silence, step
from cockpit.evidence.serialization import alert_json, load_alert
from cockpit.model import Concern, Event, Observation, Verdict

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def seen(verdict: Verdict, second: float) -> Observation:
    at = START + timedelta(seconds=second)
    return Observation(
        "api", "smoke", Concern.RUN, verdict, f"says {verdict}", at, at + timedelta(minutes=1)
    )


def run(
    verdicts: list[Verdict],
    settings: PolicySettings,
    state: AlertState | None = None,
    every: float = 10,
    start: float = 0,
) -> tuple[AlertState, list[tuple[int, str]]]:
    """The end state and (index of the observation, phase told) for each alert."""
    state = state or AlertState()
    told: list[tuple[int, str]] = []
    for index, verdict in enumerate(verdicts):
        state, events = step(state, seen(verdict, start + index * every), settings)
        told += [(index, phase(event)) for event in events]
    return state, told


def phase(event: Event) -> str:
    assert event.kind == "alert"
    return str(event.data["phase"])


def test_one_bad_observation_is_soft_and_tells_nobody() -> None:
    state, told = run([OK, FAIL, OK, OK], PolicySettings(after=2))
    assert told == []
    assert state.phase == "calm"


def test_hard_after_the_count_told_once_and_recovered_after_its_own_count() -> None:
    verdicts = [OK, FAIL, FAIL, FAIL, FAIL, FAIL, OK, OK, OK, OK]
    _, told = run(verdicts, PolicySettings(after=3, recover_after=2))
    assert told == [(3, "hard"), (7, "recovered")]


def test_hard_only_after_the_time_when_a_time_is_set() -> None:
    _, told = run([FAIL] * 8, PolicySettings(after=1, hold=60), every=10)
    assert told == [(6, "hard")]


def test_recovery_waits_for_its_own_time() -> None:
    verdicts = [FAIL, OK, OK, OK, OK]
    _, told = run(verdicts, PolicySettings(after=1, recover_after=1, recover_hold=30))
    assert told == [(0, "hard"), (4, "recovered")]


def test_a_good_moment_in_between_does_not_end_a_hard_problem() -> None:
    state, told = run([FAIL, FAIL, OK, FAIL, FAIL], PolicySettings(after=2, recover_after=2))
    assert told == [(1, "hard")]
    assert state.phase == "hard"


def test_unknown_counts_as_bad_and_turning_to_fail_is_told_again_but_only_once() -> None:
    verdicts = [UNKNOWN, UNKNOWN, FAIL, UNKNOWN, FAIL]
    _, told = run(verdicts, PolicySettings(after=2))
    assert told == [(1, "hard"), (2, "hard")]


def test_warn_is_told_only_when_asked_for() -> None:
    assert run([WARN] * 5, PolicySettings(after=2))[1] == []
    asked = PolicySettings(after=2, tell=frozenset({WARN, FAIL, UNKNOWN}))
    assert run([WARN] * 5, asked)[1] == [(1, "hard")]


def test_flapping_is_told_once_then_quiet_until_it_is_steady() -> None:
    settings = PolicySettings(
        after=1, recover_after=1, flap_changes=4, flap_calm=0, flap_window=100
    )
    verdicts = [OK, FAIL, OK, FAIL, OK, FAIL, OK, FAIL] + [FAIL] * 12
    state, told = run(verdicts, settings)
    assert told[:3] == [(1, "hard"), (2, "recovered"), (3, "hard")]
    assert told[3] == (4, "flapping")
    assert [name for _, name in told[4:]] == ["calm", "hard"]
    assert state.phase == "hard"
    assert not state.flapping


def test_an_acknowledged_problem_is_quiet_until_it_has_recovered() -> None:
    settings = PolicySettings(after=2, recover_after=1)
    state, _ = run([UNKNOWN, UNKNOWN], settings)
    state = acknowledge(state, "bob")
    state, told = run([FAIL, FAIL, OK], settings, state, start=100)
    assert told == [(2, "recovered")]
    assert state.acked_by == ""
    _, told = run([FAIL, FAIL], settings, state, start=200)
    assert told == [(1, "hard")]


def test_silence_expires_and_what_is_still_there_is_told_then() -> None:
    settings = PolicySettings(after=2)
    state = silence(AlertState(), START + timedelta(seconds=45), "bob")
    state, told = run([FAIL] * 8, settings, state)
    assert told == [(5, "hard")]
    assert state.silent_until is None


def test_silence_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        silence(AlertState(), datetime(2026, 1, 5), "bob")


def test_a_clock_that_steps_back_starts_the_span_again() -> None:
    settings = PolicySettings(after=1, hold=60)
    state, _ = step(AlertState(), seen(FAIL, 0), settings)
    state, events = step(state, seen(FAIL, -3600), settings)
    assert events == ()
    state, events = step(state, seen(FAIL, -3550), settings)
    assert events == ()
    _, events = step(state, seen(FAIL, -3540), settings)
    assert [phase(event) for event in events] == ["hard"]


@pytest.mark.parametrize(
    "wrong",
    [{"after": 0}, {"recover_after": 0}, {"hold": -1.0}, {"flap_calm": 6}, {"flap_window": -1.0}],
)
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"or more"):
        PolicySettings(**wrong)  # type: ignore[arg-type]


_VERDICTS = st.lists(st.sampled_from(list(Verdict)), max_size=40)


@given(_VERDICTS, st.integers(0, 40), st.integers(1, 4), st.integers(1, 4))
def test_a_restart_in_between_changes_nothing(
    verdicts: list[Verdict], cut: int, after: int, recover: int
) -> None:
    settings = PolicySettings(after=after, recover_after=recover)
    whole, told = run(verdicts, settings)
    first, told_first = run(verdicts[:cut], settings)
    again = load_alert(alert_json(first))
    assert again == first
    rest, told_rest = run(verdicts[cut:], settings, again, start=10 * len(verdicts[:cut]))
    assert rest == whole
    assert told == told_first + [(i + len(verdicts[:cut]), name) for i, name in told_rest]


@given(_VERDICTS)
def test_no_recovery_is_told_without_an_alert_before(verdicts: list[Verdict]) -> None:
    _, told = run(verdicts, PolicySettings(flap_changes=1000))
    names = [name for _, name in told]
    for index, name in enumerate(names):
        if name == "recovered":
            assert "hard" in names[:index]
            assert names[index - 1] == "hard"
