"""JSON gates: parts, vacuous passes, thresholds, ages, newest files."""

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
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.base import Judgement, Probe
from cockpit.kinds.gate.ages import name_date, report_time
from cockpit.kinds.gate.evaluate import Tally, decide
from cockpit.kinds.gate.json_marks import decode_marked
from cockpit.kinds.gate.report import judge_report
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Verdict

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
EACH = {"each": "$.summary.promotion_gate_progress", "met": "met"}


def table(**changes: Any) -> GateTable:
    return GateTable.model_validate({"name": "gate", "json": "r_*.json", "score": EACH, **changes})


def judged(data: Any, **changes: Any) -> Judgement:
    return judge_report(data, table(**changes), source="file", cause="")


def weekly(trades: int = 0, **parts: dict[str, Any]) -> dict[str, Any]:
    return {"summary": {"total_trades": trades, "promotion_gate_progress": parts}}


def part(required: Any, current: Any, met: Any) -> dict[str, Any]:
    return {"required": required, "current": current, "met": met}


DRAWDOWN = part(0.1, 0.0, True)
OPEN = {"hit_rate": part(0.55, None, False), "weeks_collected": part(8, 1, False)}


def kinds(judgement: Judgement) -> set[DoubtKind]:
    return {doubt.kind for doubt in judgement.doubts}


def test_the_pass_on_zero_trades_proves_nothing() -> None:
    seen = judged(weekly(max_drawdown=DRAWDOWN, **OPEN))
    assert seen.verdict is Verdict.FAIL
    assert seen.headline == "0/3 proven; file says 1/3: max_drawdown vacuous (0 trades)"
    rows = {f.key: f.verdict for f in seen.findings}
    assert rows["gate:max_drawdown"] is Verdict.UNKNOWN
    assert rows["gate:hit_rate"] is Verdict.FAIL
    assert seen.basis == {"met": 1, "proven": 0, "total": 3}
    assert DoubtKind.VACUOUS in kinds(seen)


def test_a_score_and_its_parts_state_their_figures() -> None:
    seen = judged(weekly(max_drawdown=DRAWDOWN, hit_rate={"met": False}))
    assert [list(f.facts.items()) for f in seen.findings] == [
        [("met", 1), ("proven", 0), ("total", 2)],
        [("required", 0.1), ("current", 0.0), ("met", True)],
        [("met", False)],
    ]
    nothing = judged({})
    assert list(nothing.findings[0].facts.items()) == [("met", 0), ("proven", 0), ("total", 0)]


def test_the_same_pass_on_trades_counts() -> None:
    seen = judged(weekly(trades=12, max_drawdown=DRAWDOWN))
    assert seen.verdict is Verdict.OK
    assert seen.headline == "1/1 proven"


@pytest.mark.parametrize(
    "claim",
    [
        part(1, None, True),
        part(1, "", True),
        part(1, [], True),
        {"met": True, "current": 3, "trades": 0},
        {"met": True, "samples": 0},
        part(True, False, True),
    ],
)
def test_claims_that_prove_nothing(claim: dict[str, Any]) -> None:
    seen = judged(weekly(trades=9, x=claim))
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.doubts


@pytest.mark.parametrize(
    ("claim", "kind", "words"),
    [
        ({"met": True}, DoubtKind.CLAIMED_ONLY, "no figures"),
        ({"met": True, "required": 8}, DoubtKind.CLAIMED_ONLY, "no figures"),
        (True, DoubtKind.CLAIMED_ONLY, "no figures"),
        ("PASS", DoubtKind.CLAIMED_ONLY, "no figures"),
        (part(1, float("nan"), True), DoubtKind.VACUOUS, "current is NaN"),
        (part(1, float("inf"), True), DoubtKind.VACUOUS, "current is Infinity"),
        (part(1, "n/a", True), DoubtKind.VACUOUS, "current is n/a"),
        (part(">= 4", 2, True), DoubtKind.CONTRADICTS, "2 is not >= 4"),
        ({**part(4, 2, True), "operator": "gte"}, DoubtKind.CONTRADICTS, "2 is not >= 4"),
        ({**part(4, 6, True), "op": "<="}, DoubtKind.CONTRADICTS, "6 is not <= 4"),
    ],
)
def test_a_claim_is_not_a_proof(claim: Any, kind: DoubtKind, words: str) -> None:
    seen = judged(weekly(trades=9, x=claim))
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.basis["proven"] == 0
    assert kind in kinds(seen)
    assert words in seen.headline


@pytest.mark.parametrize(
    ("name", "required", "current"),
    [
        ("weeks_collected", 8, 2), ("hit_rate", 0.55, 0.4), ("incremental_sharpe", 0.5, 0.1),
        ("min_trades", 10, 3), ("max_drawdown", 0.15, 0.4), ("error_rate", 0.01, 0.2),
    ],
)  # fmt: skip
def test_figures_that_contradict_the_claim_where_the_direction_is_sure(
    name: str, required: float, current: float
) -> None:
    seen = judged(weekly(trades=9, **{name: part(required, current, True)}))
    assert (seen.verdict, seen.basis["proven"]) == (Verdict.UNKNOWN, 0)
    assert DoubtKind.CONTRADICTS in kinds(seen)
    assert judged(weekly(trades=9, **{name: part(required, required, True)})).doubts == ()


@pytest.mark.parametrize(
    ("name", "part", "proven"),
    [
        ("btc_mitigation", part(0.02, 0.011, True), 0),
        ("btc_mitigation", part(0.02, 0.03, True), 1),
        ("volatility", {"threshold": 0.2, "current": 0.1, "met": True}, 0),
        ("volatility", {"threshold": "<= 0.2", "current": 0.1, "met": True}, 1),
        ("volatility", {"threshold": 0.2, "current": 0.2, "met": True}, 1),
        ("sharpe", part("1.5", "0.2", True), 0),
        ("sharpe", part("1.5", "1.7", True), 1),
        ("hit_rate", part("55%", "41%", True), 0),
        ("hit_rate", part("55%", 0.61, True), 1),
        ("hit_rate", part(0.55, "41 %", True), 0),
        ("trades_seen", part(">= 1,000", "1,850", True), 1),
        ("latency", part("<50", 50, True), 0),
        ("edge", part(float("nan"), 3, True), 0),
        ("edge", part("NaN", 3, True), 0),
        ("edge", {"met": True, "metrics": {"required": 2, "current": 3}}, 1),
        ("edge", {"met": True, "metrics": {"required": 2, "current": 1}}, 0),
    ],
)
def test_a_part_whose_own_figures_speak_against_it(
    name: str, part: dict[str, Any], proven: int
) -> None:
    seen = judged(weekly(trades=9, **{name: part}))
    assert seen.basis["proven"] == proven, seen.headline
    assert seen.verdict is (Verdict.OK if proven else Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("parts", "proven"),
    [
        ({"max_drawdown": part("<0.05", 0.0, True), "weeks": part(12, 0, False)}, 0),
        ({"max_drawdown": part("<0.05", "0.0 %", True), "weeks": part(12, None, False)}, 0),
        ({"max_drawdown": part("<0.05", 0.0, True), "weeks": part(12, 3, False)}, 1),
        ({"max_drawdown": part("<0.05", 0.01, True), "weeks": part(12, 0, False)}, 1),
        # Zero is the result where zero is what is asked for.
        ({"errors": part("<= 0", 0, True), "failures": part(0, 0, True)}, 2),
        ({"max_drawdown": part("<0.05", 0.0, True)}, 1),
    ],
)
def test_zero_in_a_set_where_nothing_happened(parts: dict[str, Any], proven: int) -> None:
    seen = judged({"summary": {"promotion_gate_progress": parts}})
    assert seen.basis["proven"] == proven, seen.headline


def test_zero_on_trades_is_a_result() -> None:
    parts = {"max_drawdown": part("<0.05", 0.0, True), "weeks": part(12, 0, False)}
    assert judged(weekly(trades=12, **parts)).basis["proven"] == 1


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('{"gates": {"a": {"met": false, "met": true, "required": 5, "current": 7}}}', "UNKNOWN"),
        (
            '{"gates": {"a": {"met": false}}, "gates": {"a": {"met": true, "current": 7}}}',
            "UNKNOWN",
        ),
        ('{"gates": {"a": {"met": true, "met": true, "required": 5, "current": 7}}}', "OK"),
        ('{"note": 1, "note": 2, "gates": {"a": {"met": true, "current": 7}}}', "OK"),
    ],
)
def test_a_name_that_stands_twice(text: str, verdict: str) -> None:
    data = decode_marked(text.encode())
    seen = judged(data, score={"each": "$.gates", "met": "met"})
    assert seen.verdict.value == verdict, seen.headline


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ({"rate": 100.0, "num_statements": 0}, Verdict.UNKNOWN),
        ({"rate": 100.0, "num_statements": 120, "excluded_lines": 0}, Verdict.OK),
        ({"rate": "100%", "lines-valid": "0"}, Verdict.UNKNOWN),
        ({"rate": 100.0, "total": 0}, Verdict.UNKNOWN),
        ({"rate": 100.0, "errors": 0}, Verdict.OK),
        ({"rate": 20.0, "total": 0}, Verdict.FAIL),
    ],
)
def test_a_share_of_nothing(data: Any, verdict: Verdict) -> None:
    assert judged(data, score={"value": "$.rate"}, **{"pass": "80%"}).verdict is verdict


@pytest.mark.parametrize(
    ("said", "verdict"),
    [("HEALTHY", Verdict.OK), ("healthy ", Verdict.OK), ("DEGRADED", Verdict.FAIL),
     (True, Verdict.UNKNOWN), (None, Verdict.UNKNOWN)],
)  # fmt: skip
def test_a_word_is_asked_for(said: Any, verdict: Verdict) -> None:
    seen = judged({"status": said}, score={"value": "$.status"}, **{"pass": "HEALTHY"})
    assert seen.verdict is verdict


@pytest.mark.parametrize("gates", [None, 3, "soon", {}, []])
def test_no_parts_are_no_gate(gates: Any) -> None:
    seen = judged({"gates": gates}, score={"each": "$.gates", "met": "met"})
    assert (seen.verdict, seen.findings[0].title) == (Verdict.UNKNOWN, "NO REPORT")
    assert seen.basis["total"] == 0


@pytest.mark.parametrize("data", [{}, [], None, 1, "x", {"summary": {}}, weekly(),
                                  {"summary": {"promotion_gate_progress": None}},
                                  {"summary": {"promotion_gate_progress": {"a": {}}}}])  # fmt: skip
def test_reports_without_parts_are_unknown(data: Any) -> None:
    assert judged(data).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("each", "data", "names"),
    [
        ("$.gates.*", {"gates": {"a": {"met": True}, "b": {"met": False}}}, ["a", "b"]),
        ("$.gates", {"gates": [{"name": "a", "met": True}, {"met": 0}]}, ["a", "1"]),
        ("$.gates", {"gates": {"met": True}}, ["gates"]),
        ("$.g", {"g": {"QG1": {"met": "PASS"}, "QG2": {"met": "FAILED"}}}, ["QG1", "QG2"]),
    ],
)
def test_where_parts_stand(each: str, data: Any, names: list[str]) -> None:
    seen = judged(data, score={"each": each, "met": "met"})
    assert [f.subject for f in seen.findings[1:]] == names


def test_parts_of_one_name_keep_rows_of_their_own() -> None:
    seen = judged(
        [{"name": "a", "met": 1}, {"name": "a", "met": 0}], score={"each": "$", "met": "met"}
    )
    assert [f.key for f in seen.findings] == ["score", "gate:a", "gate:a#2"]


@pytest.mark.parametrize(
    ("passes", "counts", "verdict"),
    [
        ("all", (3, 0, 3), Verdict.OK),
        ("all", (2, 1, 3), Verdict.UNKNOWN),
        ("all", (2, 0, 3), Verdict.FAIL),
        ("all", (0, 0, 0), Verdict.UNKNOWN),
        (2, (2, 0, 3), Verdict.OK),
        (2, (1, 1, 3), Verdict.UNKNOWN),
        (2.5, (2, 0, 3), Verdict.FAIL),
        ("80%", (8, 0, 10), Verdict.OK),
        ("80%", (7, 0, 9), Verdict.FAIL),
        ("66.7%", (2, 0, 3), Verdict.FAIL),
        (0, (0, 0, 3), Verdict.UNKNOWN),
        ("0%", (3, 0, 3), Verdict.UNKNOWN),
    ],
)
def test_thresholds(passes: Any, counts: tuple[int, int, int], verdict: Verdict) -> None:
    proven, unknown, total = counts
    assert decide(passes, Tally(proven, proven, unknown, total)) is verdict


def test_a_surplus_vacuous_part_does_not_take_an_earned_pass() -> None:
    parts = {name: part(1, 2, True) for name in "abc"}
    seen = judged(weekly(max_drawdown=DRAWDOWN, **parts), **{"pass": 3})
    assert seen.verdict is Verdict.OK
    assert seen.doubts


@pytest.mark.parametrize(
    ("value", "passes", "verdict"),
    [
        (75.5, "75%", Verdict.OK),
        (0.755, "75%", Verdict.OK),
        ("74%", "75%", Verdict.FAIL),
        (0, "75%", Verdict.FAIL),
        (1, "75%", Verdict.UNKNOWN),
        (12, 10, Verdict.OK),
        (9, 10, Verdict.FAIL),
        (True, "all", Verdict.OK),
        ("PASSED", "all", Verdict.OK),
        ("FAILED", "all", Verdict.FAIL),
        (7, "all", Verdict.UNKNOWN),
        (None, 10, Verdict.UNKNOWN),
        ([], "75%", Verdict.UNKNOWN),
        (float("nan"), 10, Verdict.UNKNOWN),
    ],
)
def test_a_single_value(value: Any, passes: Any, verdict: Verdict) -> None:
    changes = {"score": {"value": "$.rate"}, "pass": passes}
    assert judged({"rate": value}, **changes).verdict is verdict
    assert judged({}, **changes).verdict is Verdict.UNKNOWN


def test_a_summary_that_counts_differently_is_told() -> None:
    data = {"gates_passed": 2, "gates_failed": 0, "g": {"a": {"met": True}, "b": {"met": False}}}
    seen = judged(data, score={"each": "$.g", "met": "met"})
    assert DoubtKind.CONTRADICTS in kinds(seen)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["met", "current", "required", "trades", "summary", "a"]), inner
        )
    ),
    max_leaves=20,
)


@given(json_values, st.sampled_from(["$", "$.*", "$.a", "$..met", "$.summary[*]"]))
def test_any_report_gives_a_verdict_and_no_ok_without_proof(data: Any, path: str) -> None:
    for score in ({"each": path, "met": "met"}, {"value": path}):
        seen = judged(data, score=score)
        if seen.verdict is Verdict.OK:
            assert seen.basis["proven"] == seen.basis["total"] != 0
        keys = [finding.key for finding in seen.findings]
        assert keys[0] == "score" and len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("name", "day"),
    [("weekly_2026-01-04.json", "2026-01-04"), ("r20260104", "2026-01-04"),
     ("a_2025-12-31_2026-01-04", "2026-01-04"), ("r_2026-13-01", None), ("r", None)],
)  # fmt: skip
def test_name_date(name: str, day: str | None) -> None:
    found = name_date(name)
    assert (found.isoformat() if found else None) == day


def test_a_copied_report_is_as_old_as_its_name() -> None:
    assert report_time("r_2025-01-05.json", NOW) == datetime(2025, 1, 6, tzinfo=UTC)
    assert report_time("r_2026-01-05.json", NOW) == NOW
    assert report_time("r.json", NOW) == NOW


class Still(ManualClock):
    async def sleep(self, seconds: float) -> None:
        return


def write(folder: Path, name: str, data: Any, age: float = 60) -> Path:
    file = folder / name
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    os.utime(file, (NOW.timestamp() - age, NOW.timestamp() - age))
    return file


def probe(folder: Path, **changes: Any) -> Probe:
    gate = table(**changes)
    return build(gate, LoadedConfig(Config([gate]), folder))


GREEN = weekly(trades=5, a=part(1, 2, True))


def test_the_newest_by_name_counts_and_its_age_is_known(tmp_path: Path, look: Any) -> None:
    write(tmp_path, "r_2026-01-02.json", weekly(), age=10)
    write(tmp_path, "r_2026-01-04.json", GREEN, age=86400)
    seen = look(probe(tmp_path), clock=Still(NOW)).observation
    assert seen.verdict is Verdict.OK
    assert seen.basis["file"] == "r_2026-01-04.json"
    assert seen.basis["modified_at"] == "2026-01-04T12:00:00Z"
    assert any("written last" in doubt.text for doubt in seen.doubts)


def test_an_undated_name_leaves_the_choice_to_time(tmp_path: Path, look: Any) -> None:
    write(tmp_path, "r_2026-01-04.json", weekly(), age=500)
    write(tmp_path, "r_latest.json", GREEN, age=5)
    assert look(probe(tmp_path), clock=Still(NOW)).observation.basis["file"] == "r_latest.json"


def test_an_old_report_is_unknown_from_its_moment_on(tmp_path: Path, look: Any) -> None:
    write(tmp_path, "r_x.json", GREEN, age=0)
    gate = probe(tmp_path, max_age="1h")
    fresh = look(gate, clock=Still(NOW)).observation
    due = gate.next_due(fresh)
    assert due == NOW + timedelta(hours=1)
    assert look(gate, clock=Still(due - timedelta(seconds=1))).observation.verdict is Verdict.OK
    stale = look(gate, clock=Still(due)).observation
    assert stale.verdict is Verdict.UNKNOWN
    assert stale.findings[0].title == "GATE STALE"
    assert gate.next_due(stale) is None


@pytest.mark.parametrize(
    ("name", "days", "verdict"),
    [
        ("r_x.json", 0.9, Verdict.OK), ("r_x.json", 20, Verdict.OK),
        ("r_x.json", 400, Verdict.UNKNOWN), ("r_weekly.json", 7, Verdict.OK),
        ("r_weekly.json", 9, Verdict.UNKNOWN), ("r_daily.json", 3, Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_an_old_report_is_not_fresh_because_nobody_set_a_limit(
    tmp_path: Path, look: Any, name: str, days: float, verdict: Verdict
) -> None:
    write(tmp_path, name, GREEN, age=days * 86400)
    gate = probe(tmp_path)
    seen = look(gate, clock=Still(NOW)).observation
    assert seen.verdict is verdict
    assert ("report of" in seen.headline) is (days > 1)
    assert (seen.findings[0].title == "GATE STALE") is (verdict is Verdict.UNKNOWN)
    due = gate.next_due(seen)
    assert (due is None) is (verdict is Verdict.UNKNOWN)
    later = look(gate, clock=Still(NOW + timedelta(days=400))).observation
    assert {doubt.kind for doubt in later.doubts} == {DoubtKind.STALE}


def test_an_old_failure_stays_one(tmp_path: Path, look: Any) -> None:
    write(tmp_path, "r_x.json", weekly(trades=3, a=part(2, 1, False)), age=400 * 86400)
    seen = look(probe(tmp_path), clock=Still(NOW)).observation
    assert seen.verdict is Verdict.FAIL
    assert DoubtKind.STALE in {doubt.kind for doubt in seen.doubts}


@pytest.mark.parametrize(("name", "age"), [("r_2099-01-01.json", 60), ("r_x.json", -86400)])
def test_a_report_from_the_future_is_not_ok(
    tmp_path: Path, look: Any, name: str, age: float
) -> None:
    write(tmp_path, name, GREEN, age)
    seen = look(probe(tmp_path), clock=Still(NOW)).observation
    assert seen.verdict is Verdict.UNKNOWN
    assert DoubtKind.CLOCK in {doubt.kind for doubt in seen.doubts}


@pytest.mark.parametrize("body", ["", "{", "null", "[]", "<html>", "{}"])
def test_rubbish_is_unknown(tmp_path: Path, look: Any, body: str) -> None:
    write(tmp_path, "r_x.json", body)
    seen = look(probe(tmp_path), clock=Still(NOW)).observation
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.findings[0].title == "NO REPORT"
    assert seen.doubts


def test_a_half_written_report_is_read_again(tmp_path: Path, look: Any, quick_clock: Any) -> None:
    write(tmp_path, "r_x.json", '{"summary": {')
    old = NOW.timestamp() - quick_clock().now().timestamp()
    clock = quick_clock(slept=lambda: write(tmp_path, "r_x.json", GREEN, age=old))
    assert look(probe(tmp_path), clock=clock).observation.verdict is Verdict.OK


def test_no_report_at_all(tmp_path: Path, look: Any) -> None:
    seen = look(probe(tmp_path), clock=Still(NOW)).observation
    assert (seen.verdict, seen.findings[0].title) == (Verdict.UNKNOWN, "NO REPORT")


def test_a_folder_with_signs_of_a_pattern(tmp_path: Path, look: Any) -> None:
    folder = tmp_path / "[x]"
    folder.mkdir()
    write(folder, "r_x.json", GREEN)
    assert look(probe(folder), clock=Still(NOW)).observation.verdict is Verdict.OK
