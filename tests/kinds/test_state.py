"""State files and switches: what they say, what nobody knows, what contradicts them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.clock import ManualClock
from cockpit.config.errors import ConfigErrors
from cockpit.config.load import loads
from cockpit.kinds.state.evaluate import judge_state
from cockpit.kinds.state.probe import StateProbe
from cockpit.kinds.state.table import StateTable
from cockpit.model import Concern, DoubtKind, Observation, Verdict

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


class Still(ManualClock):
    """A clock that stands; sleeping takes no time."""

    async def sleep(self, seconds: float) -> None:
        return


def table(**changes: Any) -> StateTable:
    return StateTable.model_validate({"name": "state", "file": "state.json", **changes})


def seen(
    look: Any, folder: Path, body: str | None, board: dict[str, Observation] | None = None,
    age: float = 60, **changes: Any,
) -> Observation:  # fmt: skip
    asked = table(**changes)
    path = folder / asked.file
    if body is not None:
        path.write_text(body, encoding="utf-8")
        at = NOW.timestamp() - age
        os.utime(path, (at, at))
    probe = StateProbe(asked, folder)
    observation = look(probe, clock=Still(NOW), board=board or {}).observation
    assert isinstance(observation, Observation)
    return observation


def other(name: str, verdict: Verdict) -> Observation:
    return Observation(
        name, "heartbeat", Concern.RUN, verdict, "engine gone", NOW, NOW + timedelta(minutes=1)
    )


@pytest.mark.parametrize(
    ("data", "changes", "verdict", "title"),
    [
        ({"status": "active", "paused": False}, {}, OK, ""),
        ({"status": "active", "paused": True, "reason": "weekend"}, {}, WARN, "PAUSED"),
        ({"status": "active", "paused": True}, {"paused": "fail"}, FAIL, "PAUSED"),
        ({"status": "paused"}, {}, WARN, "PAUSED"),
        ({"status": "emergency_stop"}, {}, FAIL, "EMERGENCY STOP"),
        ({"status": "Emergency Stop"}, {"stopped": "warn"}, WARN, "EMERGENCY STOP"),
        ({"status": "flying"}, {}, UNKNOWN, "UNKNOWN WORD"),
        ({"emergency_stop_active": True}, {}, FAIL, "STOPPED BY SWITCH"),
        ({"emergency_stop_active": False}, {}, OK, ""),
        ({"control": {"paused": True}}, {}, WARN, "PAUSED"),
        ({"manual_override": {"active": True}}, {}, FAIL, "STOPPED BY SWITCH"),
        ({"active": True}, {"file": "manual_override.json"}, FAIL, "STOPPED BY SWITCH"),
        ({"active": True}, {}, UNKNOWN, "NO STATE"),
        ({"balance": 1}, {}, UNKNOWN, "NO STATE"),
        ([], {}, UNKNOWN, "NO STATE"),
        ({"mode": "paper"}, {"switches": {"mode": {"at": "$.mode", "want": "paper"}}}, OK, ""),
        ({"mode": "live"}, {"switches": {"mode": {"at": "$.mode", "want": ["paper", "replay"]}}},
         FAIL, "WRONG STATE"),
        ({"n": 1.0}, {"switches": {"n": {"at": "$.n", "want": 1}}}, OK, ""),
        ({"n": True}, {"switches": {"n": {"at": "$.n", "want": 1}}}, FAIL, "WRONG STATE"),
        ({}, {"switches": {"n": {"at": "$.n", "want": 1}}}, UNKNOWN, "NO FIELD"),
    ],
)  # fmt: skip
def test_what_a_state_file_says(
    tmp_path: Path, look: Any, data: Any, changes: dict[str, Any], verdict: Verdict, title: str
) -> None:
    found = seen(look, tmp_path, json.dumps(data), **changes)
    assert found.verdict is verdict, found.headline
    assert [finding.title for finding in found.findings if finding.title] == (
        [title] if title else []
    )


def test_the_reason_of_a_switch_is_told(tmp_path: Path, look: Any) -> None:
    found = seen(look, tmp_path, '{"paused": true, "reason": "weekend"}')
    assert found.headline == "paused is on: weekend"


@pytest.mark.parametrize(
    ("body", "changes", "verdict", "kind"),
    [
        (None, {}, UNKNOWN, DoubtKind.NOTHING_MEASURED),
        ('{"status": "act', {}, UNKNOWN, DoubtKind.PARTIAL_READ),
        ("", {}, UNKNOWN, DoubtKind.PARTIAL_READ),
        ('{"status": "active"}', {"max_age": "30s"}, UNKNOWN, DoubtKind.STALE),
        ('{"status": "active"}', {"max_age": "2m"}, OK, None),
    ],
)
def test_a_file_that_says_nothing_is_not_known(
    tmp_path: Path, look: Any, body: str | None, changes: dict[str, Any], verdict: Verdict,
    kind: DoubtKind | None,
) -> None:  # fmt: skip
    found = seen(look, tmp_path, body, **changes)
    assert found.verdict is verdict
    assert [doubt.kind for doubt in found.doubts] == ([kind] if kind else [])


def test_a_file_that_is_a_switch_by_being_there(tmp_path: Path, look: Any) -> None:
    switch = {"present": "fail", "file": "kill.txt"}
    assert seen(look, tmp_path, None, **switch).verdict is OK
    found = seen(look, tmp_path, "not JSON", **switch)
    assert (found.verdict, found.findings[0].title) == (FAIL, "SWITCHED OFF")


def test_a_file_that_says_all_is_well_while_its_engine_is_gone(tmp_path: Path, look: Any) -> None:
    well = '{"status": "active"}'
    gone = {"engine": other("engine", FAIL)}
    found = seen(look, tmp_path, well, gone, agrees_with=["engine"])
    assert found.verdict is FAIL
    assert found.findings[-1].text == "says status is active, but engine: engine gone"
    alive = {"engine": other("engine", OK)}
    assert seen(look, tmp_path, well, alive, agrees_with=["engine"]).verdict is OK
    # Nobody is contradicted by a file that says itself that all is not well.
    paused = seen(look, tmp_path, '{"paused": true}', gone, agrees_with=["engine"])
    assert paused.verdict is WARN


def test_a_stale_file_is_known_at_its_moment(tmp_path: Path, look: Any) -> None:
    found = seen(look, tmp_path, '{"status": "active"}', max_age="90s")
    due = StateProbe(table(max_age="90s"), tmp_path).next_due(found)
    assert due == NOW + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('agrees_with = ["engin"]', 'no probe is called "engin"'),
        ('present = "fail"\nswitches = { a = { at = "$.a", want = 1 } }', "give either `present`"),
        ('switches = { a = { at = "a", want = 1 } }', 'a JSONPath starts with "$"'),
    ],
)
def test_mistakes_in_the_table_are_told(tmp_path: Path, text: str, problem: str) -> None:
    beat = '[[heartbeat]]\nname = "engine"\nfile = "b.json"\n'
    with pytest.raises(ConfigErrors) as caught:
        loads(f'{beat}[[state]]\nname = "s"\nfile = "s.json"\n{text}\n', tmp_path)
    assert any(problem in error.problem for error in caught.value.errors)


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.dictionaries(
        st.sampled_from(["status", "paused", "emergency_stop", "active", "manual_override", "x"]),
        inner,
        max_size=4,
    ),
    max_leaves=10,
)


@given(values)
def test_any_file_gives_a_verdict_and_no_ok_by_accident(data: Any) -> None:
    judged = judge_state(table(), data, NOW, ())
    if judged.verdict is OK:
        assert all(finding.verdict is OK for finding in judged.findings)
        assert isinstance(data, dict)
    keys = [finding.key for finding in judged.findings]
    assert len(keys) == len(set(keys))
