"""Reports of all forms: what each counts, what proves nothing, and that nobody gets an OK free."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.clock import ManualClock
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.gate.sources.decoding import values_of
from cockpit.kinds.gate.sources.form import Unreadable
from cockpit.kinds.gate.sources.forms import FORMS
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Observation, Verdict

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def written(folder: Path, name: str, body: str | bytes, at: datetime = NOW) -> Path:
    path = folder / name
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


class StillClock(ManualClock):
    """Stands still, and lets nobody wait."""

    async def sleep(self, seconds: float) -> None:
        return


def seen(look: Any, folder: Path, now: datetime = NOW, **table: Any) -> Observation:
    gate = GateTable.model_validate({"name": "gate", **table})
    probe = build(gate, LoadedConfig(Config([gate]), folder))
    observation = look(probe, clock=StillClock(now)).observation
    assert isinstance(observation, Observation)
    return observation


def doubts(of: Observation) -> set[DoubtKind]:
    return {doubt.kind for doubt in of.doubts}


def suite(*cases: str, more: str = "") -> str:
    return f"<testsuites><testsuite>{more}{''.join(cases)}</testsuite></testsuites>"


def cases(passed: int = 0, failed: int = 0, skipped: int = 0) -> list[str]:
    names = iter(range(1000))
    return [
        *(f'<testcase classname="a.B" name="t{next(names)}"/>' for _ in range(passed)),
        *(f'<testcase name="t{next(names)}"><failure/></testcase>' for _ in range(failed)),
        *(f'<testcase name="t{next(names)}"><skipped/></testcase>' for _ in range(skipped)),
    ]


@pytest.mark.parametrize(
    ("document", "verdict", "told"),
    [
        (suite(*cases(3)), OK, "3/3"),
        (suite(*cases(3, 1)), FAIL, "3/4"),
        (suite(*cases(3, 0, 1)), OK, "3 of 4 with skips"),
        (suite(*cases(1, 0, 3)), UNKNOWN, "1 of 4 with skips"),
        (suite(*cases(0, 0, 3)), UNKNOWN, "all 3 skipped"),
        (suite(), UNKNOWN, "nothing was measured"),
        ('<testsuite tests="0"/>', UNKNOWN, "nothing was measured"),
        (suite(*cases(3))[:-20], UNKNOWN, "no JUnit XML"),
        ("<html/>", UNKNOWN, "its root is <html>"),
        ("", UNKNOWN, "no JUnit XML"),
        (
            '<!DOCTYPE a [<!ENTITY b "c">]><testsuite><testcase name="&b;"/></testsuite>',
            UNKNOWN,
            "no JUnit XML",
        ),
        (suite('<testcase name="a"><flakyFailure/></testcase>'), OK, "only at a second try"),
    ],
)
def test_junit(look: Any, tmp_path: Path, document: str, verdict: Verdict, told: str) -> None:
    written(tmp_path, "junit.xml", document)
    of = seen(look, tmp_path, junit="*.xml")
    assert (of.verdict, told in of.headline) == (verdict, True), of.headline


def test_the_newest_junit_counts_and_files_of_one_run_are_added_up_only_when_told(
    look: Any, tmp_path: Path
) -> None:
    written(tmp_path, "a.xml", suite(*cases(2, 1)), NOW - timedelta(minutes=2))
    written(tmp_path, "b.xml", suite(*cases(4)), NOW - timedelta(minutes=1))
    assert seen(look, tmp_path, junit="*.xml").headline.startswith("4/4")
    of = seen(look, tmp_path, junit="*.xml", add_up=True)
    assert (of.verdict, of.headline, of.basis["files"]) == (FAIL, "6/7 proven", 2)
    assert of.basis["file"] == "a.xml"


def test_files_added_up_are_as_old_as_the_oldest_and_of_one_run(look: Any, tmp_path: Path) -> None:
    written(tmp_path, "a.xml", suite(*cases(2)), NOW - timedelta(hours=9))
    written(tmp_path, "b.xml", suite(*cases(4)), NOW)
    of = seen(look, tmp_path, junit="*.xml", add_up=True)
    assert of.verdict is UNKNOWN and "of one run?" in of.headline
    of = seen(look, tmp_path, junit="*.xml", add_up=True, max_age="8h")
    assert of.verdict is UNKNOWN and DoubtKind.STALE in doubts(of)
    written(tmp_path, "a.xml", "<testsuite", NOW)
    of = seen(look, tmp_path, junit="*.xml", add_up=True)
    assert of.verdict is UNKNOWN and of.headline.startswith("no report: a.xml")


def test_junit_knows_its_mode_what_it_judges_and_what_must_have_run(
    look: Any, tmp_path: Path
) -> None:
    test = suite(*cases(2), more='<properties><property name="mode" value="TEST"/></properties>')
    written(tmp_path, "b.xml", test)
    live = test.replace("TEST", "paper-live")
    written(tmp_path, "a.xml", live, NOW - timedelta(hours=1))
    mode = {"key": "mode", "want": "PAPER_LIVE"}
    of = seen(look, tmp_path, junit="*.xml", data_mode=mode)
    assert (of.verdict, of.basis["file"]) == (OK, "a.xml")
    for names, verdict in ((["t0", "a.B.t1"], OK), (["t0", "t9"], UNKNOWN)):
        assert seen(look, tmp_path, junit="*.xml", must_run=names).verdict is verdict
    written(tmp_path, "code.py", "x", NOW + timedelta(minutes=1))
    of = seen(look, tmp_path, NOW + timedelta(hours=1), junit="*.xml", judges=["*.py"])
    assert of.verdict is UNKNOWN and DoubtKind.STALE in doubts(of)


def cobertura(covered: int, total: int, rate: float | None = None) -> str:
    lines = [f'<line number="{n}" hits="{int(n < covered)}"/>' for n in range(total)]
    said = rate if rate is not None else (covered / total if total else 1)
    # A class lists the lines of its methods a second time.
    method = f"<methods><method><lines>{''.join(lines[:3])}</lines></method></methods>"
    return (
        f'<coverage line-rate="{said}"><packages><package><classes><class>{method}'
        f"<lines>{''.join(lines)}</lines></class></classes></package></packages></coverage>"
    )


def coverage_py(covered: int, total: int, said: float | None = None, **more: int) -> str:
    percent = said if said is not None else 100 * covered / max(1, total)
    totals = {"covered_lines": covered, "num_statements": total, "percent_covered": percent}
    return json.dumps({"totals": {**totals, **more}})


def istanbul(covered: int, total: int) -> str:
    lines = {"total": total, "covered": covered, "pct": 100 * covered / total if total else 100}
    return json.dumps({"total": {"lines": lines}})


LCOV = "TN:\nSF:a.js\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n"


@pytest.mark.parametrize(
    ("name", "body", "verdict", "told"),
    [
        ("c.xml", cobertura(8, 10), OK, "80 %"),
        ("c.xml", cobertura(7, 10), FAIL, "70 % of 80 %"),
        ("c.xml", cobertura(7, 10, 0.9), FAIL, "it says 90 %"),
        ("c.xml", cobertura(9, 10, 0.2), UNKNOWN, "it says 20 %"),
        ("c.xml", cobertura(0, 0), UNKNOWN, "of 0 lines"),
        ("c.xml", '<coverage line-rate="1" lines-covered="0" lines-valid="0"/>', UNKNOWN, "of 0"),
        ("c.xml", '<coverage line-rate="0.8" lines-covered="12" lines-valid="15"/>', OK, "80 %"),
        ("c.xml", '<coverage line-rate="1.5" lines-covered="3" lines-valid="2"/>', UNKNOWN, "more"),
        ("c.xml", '<report><counter type="LINE" missed="1" covered="4"/></report>', OK, "80 %"),
        ("c.xml", "<coverage/>", UNKNOWN, "its root is <coverage>"),
        ("c.json", coverage_py(796, 1000), FAIL, "79.6 % of 80 %"),
        ("c.json", coverage_py(800, 1000), OK, "80 %"),
        ("c.json", coverage_py(800, 1000, 95.0), UNKNOWN, "it says 95 %"),
        ("c.json", coverage_py(0, 0, 100.0), UNKNOWN, "of 0 statements"),
        (
            "c.json",
            coverage_py(90, 100, 75.0, num_branches=20, covered_branches=0),
            FAIL,
            "75 % of 80 %",
        ),
        ("c.json", istanbul(9, 10), OK, "90 %"),
        ("c.json", istanbul(0, 0), UNKNOWN, "of 0 lines"),
        ("c.json", '{"total": {"lines": {"pct": 100}}}', UNKNOWN, "without covered"),
        ("c.json", "{}", UNKNOWN, "no coverage JSON"),
        ("lcov.info", LCOV, FAIL, "50 % of 80 %"),
        ("lcov.info", LCOV.replace("LF:2\nLH:1\n", "").replace(",0", ",3"), OK, "100 %"),
        ("lcov.info", LCOV + "SF:b.js\nDA:1,1\n", UNKNOWN, "never ends"),
        ("lcov.info", "SF:a.js\nend_of_record\n", UNKNOWN, "of 0 lines"),
        ("c.txt", "TOTAL 90%", UNKNOWN, "no coverage report"),
        ("c.txt", "", UNKNOWN, "no coverage report"),
    ],
)
def test_coverage(
    look: Any, tmp_path: Path, name: str, body: str, verdict: Verdict, told: str
) -> None:
    written(tmp_path, name, body)
    of = seen(look, tmp_path, coverage=name, **{"pass": "80%"})
    assert (of.verdict, told in of.headline) == (verdict, True), of.headline


def test_values_of_toml_and_yaml(look: Any, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    score = {"each": "$.gates", "met": "met"}
    toml = "[gates.edge]\nmet = true\nrequired = 5\ncurrent = 7\nday = 2026-01-01\n"
    yaml = "gates:\n  edge: {met: true, required: 5, current: 7, day: 2026-01-01}\n"
    for name, body in (("a.toml", toml), ("a.yaml", yaml), ("a.YML", yaml)):
        written(tmp_path, name, body)
        of = seen(look, tmp_path, json=name, score=score)
        assert (of.verdict, of.headline) == (OK, "1/1 proven"), of
        written(tmp_path, name, body.replace("7", "3"))
        assert seen(look, tmp_path, json=name, score=score).verdict is UNKNOWN


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("a.toml", "a = ", "no TOML"),
        ("a.toml", "", "it is empty"),
        ("a.toml", "a = 1\na = 2", "no TOML"),
        ("a.yaml", "a: 1\na: 2", '"a" stands twice'),
        ("a.yaml", "a: !!python/object/apply:os.getpid []", "no YAML"),
        ("a.yaml", "a: &a [*a]", "nested too deep"),
        ("a.yaml", "a: [", "no YAML"),
        ("a.yaml", "", "it is empty"),
        ("a.json", "{", "line 1"),
    ],
)
def test_values_that_nobody_reads(name: str, body: str, told: str) -> None:
    if name.endswith("yaml"):
        pytest.importorskip("yaml")
    with pytest.raises(Unreadable, match=told):
        values_of(body.encode(), name)


def test_a_yaml_of_aliases_ends_before_the_memory_does() -> None:
    pytest.importorskip("yaml")
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(Unreadable, match="more than 500,000 values"):
        values_of("\n".join(rows).encode(), "a.yaml")


def test_yaml_without_its_reader_says_what_is_missing(
    look: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    written(tmp_path, "a.yaml", "a: 1")
    of = seen(look, tmp_path, json="a.yaml", score={"value": "$.a"}, **{"pass": 1})
    assert of.verdict is UNKNOWN and "only where PyYAML is installed" in of.headline


def ctrf(tests: list[dict[str, Any]] | None = None, **summary: int) -> str:
    counts = {"tests": sum(summary.values()), **summary}
    results = {"tool": {"name": "jest"}, "summary": counts, "tests": tests or []}
    return json.dumps({"reportFormat": "CTRF", "results": results})


@pytest.mark.parametrize(
    ("body", "verdict", "told"),
    [
        (ctrf(passed=3), OK, "3/3"),
        (ctrf(passed=3, failed=1), FAIL, "3/4"),
        (ctrf(passed=3, other=1), FAIL, "3/4"),
        (ctrf(passed=3, skipped=1, pending=1), OK, "3 of 5 with skips"),
        (ctrf(skipped=4), UNKNOWN, "all 4 skipped"),
        (ctrf(), UNKNOWN, "nothing was measured"),
        (ctrf([{"name": "a", "status": "failed"}], passed=1), FAIL, "counts otherwise"),
        (ctrf([{"name": "a", "status": "passed"}] * 3, passed=4), UNKNOWN, "counts otherwise"),
        (ctrf([{"name": "a", "status": "passed", "flaky": True}], passed=1), OK, "second try"),
        (json.dumps({"results": {"summary": {"tests": 4, "passed": 3}}}), UNKNOWN, "names 3"),
        (json.dumps({"results": {"summary": {"tests": "4"}}}), UNKNOWN, "no CTRF"),
        (json.dumps({"tests": 4, "passed": 4}), UNKNOWN, "no CTRF"),
    ],
)
def test_ctrf(look: Any, tmp_path: Path, body: str, verdict: Verdict, told: str) -> None:
    written(tmp_path, "ctrf.json", body)
    of = seen(look, tmp_path, ctrf="ctrf.json")
    assert (of.verdict, told in of.headline) == (verdict, True), of.headline


def sarif(*results: Mapping[str, Any], **run: Any) -> str:
    rules = [{"id": "N", "defaultConfiguration": {"level": "note"}}]
    one = {"tool": {"driver": {"name": "lint", "rules": rules}}, "results": list(results), **run}
    return json.dumps({"version": "2.1.0", "runs": [one]})


@pytest.mark.parametrize(
    ("body", "verdict", "told"),
    [
        (sarif(), OK, "lint: 0 errors, 0 warnings"),
        (sarif({"level": "error"}), FAIL, "1 error, 0 warnings"),
        (sarif({"ruleId": "X"}), FAIL, "0 errors, 1 warning"),
        (sarif({"ruleId": "N"}), OK, "0 errors"),
        (sarif({"ruleIndex": 0}), OK, "0 errors"),
        (sarif({"level": "note"}, {"kind": "pass", "level": "none"}), OK, "0 errors"),
        (sarif({"level": "error", "baselineState": "absent"}), OK, "0 errors"),
        (sarif({"level": "error", "suppressions": [{"kind": "inSource"}]}), OK, "1 suppressed"),
        (
            sarif({"level": "error", "suppressions": [{"status": "underReview"}]}),
            FAIL,
            "1 error",
        ),
        (sarif(invocations=[{"executionSuccessful": False}]), UNKNOWN, "execution failed"),
        (
            sarif(
                invocations=[
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [{"level": "error"}],
                    }
                ]
            ),
            UNKNOWN,
            "tells of an error",
        ),
        (sarif(results=None), UNKNOWN, "lists no results"),
        (sarif(tool={"driver": {}}), UNKNOWN, "does not say what ran"),
        ('{"runs": []}', UNKNOWN, "no tool has run"),
        ('{"runs": [3]}', UNKNOWN, "no SARIF"),
        ("[]", UNKNOWN, "no SARIF"),
    ],
)
def test_sarif(look: Any, tmp_path: Path, body: str, verdict: Verdict, told: str) -> None:
    written(tmp_path, "s.sarif", body)
    of = seen(look, tmp_path, sarif="*.sarif")
    assert (of.verdict, told in of.headline) == (verdict, True), of.headline


def test_a_clean_scan_is_no_copy_of_the_one_before(look: Any, tmp_path: Path) -> None:
    for day in (2, 3, 4):
        at = NOW - timedelta(days=4 - day)
        written(tmp_path, f"daily_2026-03-0{day}.sarif", sarif(), at)
    of = seen(look, tmp_path, sarif="*.sarif")
    assert of.verdict is OK and of.basis["tools"] == "lint"
    written(tmp_path, "x.sarif", sarif({"level": "error"}, {"level": "warning"}))
    for allowed, verdict in ((1, FAIL), (2, OK)):
        assert seen(look, tmp_path, sarif="x.sarif", **{"pass": allowed}).verdict is verdict


@pytest.mark.parametrize(
    ("body", "verdict", "told"),
    [
        ("TAP version 14\n1..2\nok 1 - a\nok 2 - b\n", OK, "2/2"),
        ("ok 1 - a\nnot ok 2 - b\n1..2\n", FAIL, "1/2"),
        ("1..2\nok 1 - a\nnot ok 2 - b # TODO later\n", OK, "1 expected failure"),
        ("1..3\nok 1 - a\nok 2 - b\n", UNKNOWN, "1 of the 3 planned"),
        ("1..1\nok 1 - a\nok 2 - b\n", UNKNOWN, "1 more tests"),
        ("1..0 # SKIP no network\n", UNKNOWN, "nothing was measured"),
        ("1..3\nok 1 # SKIP\nok 2 # SKIP\nok 3 - c\n", UNKNOWN, "1 of 3 with skips"),
        ("1..2\nok 1 - a\nBail out! no database\n", FAIL, "bailed out: no database"),
        ("Bail out!\n", FAIL, "before its plan"),
        ("ok 1 - a\nok 2 - b\n", UNKNOWN, "no TAP"),
        ("", UNKNOWN, "no TAP"),
    ],
)
def test_tap(look: Any, tmp_path: Path, body: str, verdict: Verdict, told: str) -> None:
    written(tmp_path, "t.tap", body)
    of = seen(look, tmp_path, tap="t.tap")
    assert (of.verdict, told in of.headline) == (verdict, True), of.headline


STARTS = "============ test session starts ============\n"


@pytest.mark.parametrize(
    ("body", "verdict", "told"),
    [
        ("collected 3 items\n===== 3 passed in 0.1s =====\n", OK, "3/3"),
        ("===== 1 failed, 2 passed in 0.1s =====\n", FAIL, "2/3"),
        ("===== 5 skipped in 0.1s =====\n", UNKNOWN, "nothing was measured"),
        ("no tests ran in 0.01s\n", UNKNOWN, "nothing was measured"),
        (f"===== 3 passed in 0.1s =====\n{STARTS}", UNKNOWN, "another run has begun"),
        ("!!!!! KeyboardInterrupt !!!!!\n===== 3 passed in 0.1s =====\n", UNKNOWN, "broken off"),
        ("===== 3 passed in 0.1s =====\nERROR: coverage failed\n", UNKNOWN, "counted as met, but"),
        ("a.py: PASS\nb.py: PASS\n", UNKNOWN, "no summary follows"),
        (
            "a.py: PASS\nTraceback (most recent call last):\n  x\nKeyError: 'b'\n",
            FAIL,
            "before its summary: KeyError",
        ),
        ("all good\n", UNKNOWN, "no closing line"),
        ("\n", UNKNOWN, "empty"),
        ("=== 3 passed in 0.1s ===".encode("utf-16").decode("latin-1"), OK, "3/3"),
    ],
)
def test_a_log_counts_by_itself(
    look: Any, tmp_path: Path, body: str, verdict: Verdict, told: str
) -> None:
    written(tmp_path, "pytest.log", body.encode("latin-1") if "\xff" in body else body)
    of = seen(look, tmp_path, text="pytest.log")
    said = " ".join([of.headline, *(doubt.text for doubt in of.doubts)])
    assert (of.verdict, told in said) == (verdict, True), said
    assert DoubtKind.EXIT_ONLY not in doubts(of)


def test_a_log_that_is_old_proves_nothing(look: Any, tmp_path: Path) -> None:
    written(tmp_path, "pytest.log", "=== 3 passed in 0.1s ===", NOW - timedelta(hours=3))
    assert seen(look, tmp_path, text="pytest.log").verdict is OK
    of = seen(look, tmp_path, text="pytest.log", max_age="2h")
    assert of.verdict is UNKNOWN and DoubtKind.STALE in doubts(of)
    pattern = r"(?P<met>\d+) passed of (?P<total>\d+)"
    written(tmp_path, "own.log", "2 passed of 3")
    assert seen(look, tmp_path, text="own.log", pattern=pattern).verdict is FAIL


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"junit": "a", "tap": "b"}, "given are `junit` and `tap`"),
        ({}, "give exactly one of `json`, `junit`"),
        ({"junit": "a", "score": {"value": "$.a"}}, "`score` is for"),
        ({"tap": "a", "add_up": True}, "`add_up` is for `junit` and `ctrf`, not for `tap`"),
        ({"coverage": "a", "data_mode": {"want": "x"}}, "`data_mode` is for"),
        ({"command": ["x"], "judges": ["a"]}, "`judges` is for"),
        ({"sarif": "a", "must_run": ["x"]}, "`must_run` is for"),
        ({"coverage": "a", "pass": 80}, "`coverage` is a share"),
        ({"sarif": "a", "pass": "80%"}, "how many findings"),
    ],
)
def test_what_does_not_go_together_is_told(table: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        GateTable.model_validate({"name": "g", **table})
    assert told in str(raised.value)


_PIECES = st.sampled_from(
    [
        *("<testsuites>", "<testsuite tests='3'>", "<testcase/>", "</testsuite>", "</testsuites>"),
        *("<coverage line-rate='1'>", "<coverage/>", "<failure/>", '{"results":', '{"runs":['),
        *('"summary":{"tests":0}', "}", "]", "null", "1..2\n", "ok 1 - a\n", "SF:a\n", "LF:0\n"),
        *("end_of_record\n", "=== ", "passed in 0s\n", "0 passed", "Bail out!\n", "&x;", "\0"),
    ]
)
_BODIES = st.binary(max_size=200) | st.lists(_PIECES, max_size=12).map(
    lambda p: "".join(p).encode()
)


@settings(max_examples=300, deadline=None)
@given(_BODIES, st.sampled_from(sorted(FORMS)))
def test_no_bytes_crash_a_form_and_none_is_ok_without_a_count(body: bytes, key: str) -> None:
    more = {"score": {"value": "$.a"}, "pass": 1} if key == "json" else {}
    table = GateTable.model_validate({"name": "g", key: "f", **more})
    form = FORMS[key]
    for name in ("f.xml", "f.toml", "f.yaml", "f.json"):
        try:
            document = form.read(body, name)
        except Unreadable:
            continue
        judged = form.judge(document, table)
        form.modes(document, "mode")
        if judged.verdict is OK:
            facts = judged.findings[0].facts
            assert getattr(facts, "proven", 0) > 0 or getattr(facts, "share", None), body


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(["", "error"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("results", "summary", "tests", "passed", "failed", "status", "runs", "tool"),
                    *("driver", "name", "level", "suppressions", "rules", "totals", "total"),
                    *("lines", "covered", "covered_lines", "num_statements", "rule", "kind"),
                    *("invocations", "extensions", "defaultConfiguration", "pct"),
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(_VALUES, st.sampled_from(["ctrf", "sarif", "coverage"]))
def test_no_values_crash_a_form(value: Any, key: str) -> None:
    shells = (value, {"runs": [value]}, {"results": {"summary": value, "tests": [value]}})
    table = GateTable.model_validate({"name": "g", key: "f"})
    for shell in (*shells, {"totals": value}, {"total": {"lines": value}}):
        try:
            document = FORMS[key].read(json.dumps(shell).encode(), "f.json")
        except Unreadable:
            continue
        assert FORMS[key].judge(document, table).findings
