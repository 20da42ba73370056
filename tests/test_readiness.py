"""GO-LIVE in words: the same for the screen, the table and the JSON of `check`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cockpit.board import ProbeInfo, compose
from cockpit.model import Board, Concern, Finding, Observation, Verdict
from cockpit.output import check_json, check_table
from cockpit.probe_state import apply
from cockpit.readiness import go_live, unexplained

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def seen(
    name: str,
    kind: str,
    verdict: Verdict,
    title: str = "",
    *,
    valid: float = 60,
    affects: Concern = Concern.READINESS,
    **metrics: float,
) -> Observation:
    findings = (Finding("it", verdict, name, title=title),) if title else ()
    return Observation(
        name,
        kind,
        affects,
        verdict,
        "said",
        NOW - timedelta(seconds=1),
        NOW + timedelta(seconds=valid),
        findings=findings,
        metrics=metrics,
    )


def board(*observations: Observation, waiting: str = "", shown: str = "") -> Board:
    plan = [ProbeInfo(one.probe, one.affects, one.probe != shown) for one in observations]
    plan += [ProbeInfo(waiting, Concern.READINESS)] if waiting else []
    return compose(plan, {one.probe: apply(None, one)[0] for one in observations}, NOW)


def said(*observations: Observation, waiting: str = "", shown: str = "") -> str:
    told = go_live(board(*observations, waiting=waiting, shown=shown))
    return f"{told.word} {told.because}".strip()


@pytest.mark.parametrize(
    ("verdict", "word"), [(OK, "YES"), (WARN, "NOT YET"), (FAIL, "NO"), (UNKNOWN, "NOT KNOWN")]
)
def test_every_face_has_the_same_word(verdict: Verdict, word: str) -> None:
    of = board(seen("g", "gate", verdict), seen("h", "gate", verdict))
    counts = f"{2 if verdict is OK else 0} of 2 gates green"
    assert f"GO-LIVE {word} {counts}  " in check_table.render(of).splitlines()[0]
    told = json.loads(check_json.render(of))
    assert told["go_live"] == {"word": word, "because": counts}
    assert told["readiness"] == str(verdict), "the documented field stays"


def test_only_like_things_are_counted_together() -> None:
    assert (
        said(
            seen("a", "gate", OK, proven=3, total=3),
            seen("PLAN", "checklist", WARN, done=1, total=5),
            seen("b", "gate", FAIL, proven=0, total=7),
            seen("MORE", "checklist", WARN, done=2, total=10),
            seen("c", "gate", UNKNOWN),
        )
        == "NO 1 of 3 gates green, 12 items open"
    )


def test_a_lone_gate_tells_its_parts_and_one_item_is_one() -> None:
    gate = seen("g", "gate", FAIL, proven=2, total=7)
    assert said(gate, seen("P", "checklist", WARN, done=4, total=5)) == (
        "NO 2/7 proven, 1 item open"
    )
    assert said(seen("url", "smoke", FAIL)) == "NO 0 of 1 smoke green"


def test_what_proves_readiness_comes_first() -> None:
    left_over = seen("old", "listener", FAIL)
    plan = seen("PLAN", "checklist", WARN, done=1, total=5)
    gate = seen("g", "gate", FAIL, proven=4, total=7)
    assert said(left_over, plan, gate) == "NO 4/7 proven, 4 items open, 0 of 1 listener green"


def test_what_is_done_is_not_told_as_open() -> None:
    assert said(seen("P", "checklist", OK, done=5, total=5)) == "YES"
    assert said(seen("P", "checklist", UNKNOWN, done=5, total=5)) == "NOT KNOWN P UNKNOWN"


def test_numbers_out_of_date_count_for_nothing() -> None:
    late = seen("P", "checklist", WARN, valid=-0.5, done=1, total=5)
    gate = seen("g", "gate", OK, valid=-0.5)
    assert said(late, gate) == "NOT KNOWN P UNKNOWN, 0 of 1 gate green"


def test_what_has_not_answered_and_what_is_only_shown() -> None:
    assert (
        said(seen("g", "gate", OK), waiting="h")
        == "NOT KNOWN 1 of 1 gate green, 1 not observed yet"
    )
    assert (
        said(seen("g", "gate", OK), seen("x", "gate", FAIL), shown="x") == "YES 1 of 1 gate green"
    )
    assert said(seen("b", "listener", FAIL, affects=Concern.RUN)) == "NOT KNOWN"


def test_where_no_problem_says_it_the_place_is_named() -> None:
    plan = seen("PLAN", "checklist", WARN, done=1, total=5)
    engine = seen("engine", "heartbeat", OK, affects=Concern.RUN)
    of = board(engine, plan)
    assert of.problems == ()
    assert unexplained(of) == "GO-LIVE NOT YET: PLAN 1/5 items"
    assert unexplained(of) in check_table.render(of)


def test_where_a_problem_says_it_nothing_is_added() -> None:
    plan = seen("PLAN", "checklist", WARN, done=1, total=5)
    assert unexplained(board(plan, seen("g", "gate", FAIL, "GATE RED"))) == ""
    assert unexplained(board(seen("g", "gate", OK))) == ""
    assert unexplained(board(plan, waiting="h")) == ""


def test_nothing_that_speaks_of_it_is_said_on_a_quiet_board_only() -> None:
    quiet = seen("b", "listener", OK, affects=Concern.RUN)
    loud = seen("b", "listener", FAIL, "NOBODY", affects=Concern.RUN)
    told = "GO-LIVE NOT KNOWN: nothing that is watched here speaks of it"
    assert unexplained(board(quiet)) == told
    assert unexplained(board(loud)) == ""
