"""Scores in outputs: which line counts, what is no score, what proves nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.gate.scores import read_output


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Gates Passed: 3\nGates Failed: 4", (3, 7)),
        ("Gates Passed: 3", None),
        ("6/7 quality gates passed", (6, 7)),
        ("2/23 tests passed\n8/24 tests passed", (8, 24)),
        ("Passed: 1/4 tests (25.0%)", (1, 4)),
        ("Overall: 0/15 tests passed (0.0%)", (0, 15)),
        ("OVERALL   8/24 passed (33.3%) | Critical: 3/9\n📊 X SUMMARY: 2/9 passed", (8, 24)),
        ("📊 STRATEGY SUMMARY: 2/9 passed", None),
        ("Pass rate: 75.3% (599/795)", (599, 795)),
        ("Pass rate: 599/795 (75.3%)", (599, 795)),
        ("Total tests: 1,850\nPassed: 1,849\nFailed: 1", (1849, 1850)),
        ("Files: 5/9 passed\nStructure: 1/1 passed\nTotal: 10\nPassed: 6\nFailed: 4", (6, 10)),
        ("Total: 2, Passed: 0, Failed: 2, Success Rate: 0.0%", (0, 2)),
        ("Tests run: 9\nTests passed: 7\nTests failed: 1\nTests skipped: 1", (7, 8)),
        ("Passed: 5\n\n\n\n\n\nFailed: 3", None),
        ("Overall Status: ✅ PASSED", None),
        ("Methods: 3/9", None),
        ("TOTAL 1200 300 75%", None),
        ("Coverage: 94%", None),
        ("QG1 unit: PASS\nQG2 types … FAIL", (1, 2)),
        ("Ran 4 tests in 0.1s\n\nOK", (4, 4)),
        ("Ran 4 tests in 0.1s\n\nFAILED (failures=1, errors=1)", (2, 4)),
        ("Ran 3 tests in 0s\n\nOK (skipped=3)", (0, 0)),
        ("==== 3 failed, 5 passed, 2 skipped in 1.20s ====", (5, 8)),
        ("5 passed in 0.02s", (5, 5)),
        ("2 failed, 1 error in 3.00s", (0, 3)),
        ("Tests:       1 failed, 5 passed, 6 total", (5, 6)),
        ('<testsuite name="x" tests="9" failures="2" errors="1" skipped="1">', (5, 8)),
        ("\x1b[32m13:17:50 | INFO | __main__ | 6/7 gates passed\x1b[0m", (6, 7)),
        ("INFO:runner:Gates Passed: 7\nINFO:runner:Gates Failed: 0", (7, 7)),
        (
            "🔄 Running a.py...\n  ✅ a.py: PASS (1.0s)\n  ❌ b.py: FAIL (1.0s)\n"
            "  💥 c.py: ERROR (0.1s)\n  ⏰ d.py: TIMEOUT\nTraceback (most recent call last):",
            (1, 4),
        ),
        ("9" * 400 + "/7 tests passed", None),
        ("", None),
    ],
)
def test_score(text: str, score: tuple[int, int] | None) -> None:
    read = read_output(text).score
    assert ((read.met, read.total) if read else None) == score


@pytest.mark.parametrize(
    "text",
    [
        "Complete modes: 0\nQuality gate PASSED",
        "no tests ran in 0.01s",
        "collected 0 items",
        "Ran 0 tests in 0.000s\n\nOK",
        "0/0 tests passed",
        "Scripts executed: 0",
        "Total checked: 0",
        "Gates Passed: 0\nGates Failed: 0",
    ],
)
def test_vacuous(text: str) -> None:
    assert read_output(text).vacuous


@pytest.mark.parametrize(
    "text",
    ["Total errors: 0", "Checked violations: 0", "Skipped: 0", "5 passed in 0.1s", "checked: 0.5",
     "7/7 gates passed\nTotal warnings: 0"],
)  # fmt: skip
def test_not_vacuous(text: str) -> None:
    assert not read_output(text).vacuous


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Pass rate: 75.9%", "75.9"),
        ("Compliance Rate: 98.2 %", "98.2"),
        ("Success rate: 100%", "100"),
    ],
)
def test_a_share_stays_a_share(text: str, share: str) -> None:
    score = read_output(text).score
    assert score is not None
    assert score.share == Fraction(share)
    assert score.total == 0


def test_contradictions() -> None:
    assert "QG8" in read_output("✅ QG8: PASS\n… later\nQG8: ❌ FAIL").conflicts[0]
    assert read_output("7/7 gates passed\nPass rate: 71%").conflicts
    assert not read_output("QG8: PASS\nQG9: FAIL").conflicts


def test_a_configured_pattern_alone_counts() -> None:
    pattern = r"score (?P<met>\d+) von (?P<total>\d+)"
    text = "9/9 tests passed\nscore 3 von 7\nscore x von 7"
    read = read_output(text, pattern)
    assert read.score is not None
    assert (read.score.met, read.score.total) == (3, 7)
    assert read_output("9/9 tests passed", pattern).score is None


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    read = read_output(text)
    assert read.score is None or read.score.met >= 0


@given(
    st.lists(
        st.sampled_from(
            ["Gates Passed: 3", "Gates Failed: 0", "2/9 passed", "QG1: PASS", "QG1: FAIL", "a/b",
             "Ran 3 tests", "OK", "FAILED (failures=9)", "1 failed, 2 passed in 1.0s", "  ", "📊"]
        )
    )
)  # fmt: skip
def test_counts_are_sane(lines: list[str]) -> None:
    read = read_output("\n".join(lines))
    assert read.score is None or 0 <= read.score.met <= read.score.total
