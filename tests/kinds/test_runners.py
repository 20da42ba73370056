"""Closing lines of test runners: what was counted, and that nothing of it is hidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.gate.counts import Counts, notes
from cockpit.kinds.gate.runners import runner_score
from cockpit.kinds.gate.scores import read_output

CARGO = "test result: {}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out"
MAVEN = "Tests run: {}, Failures: {}, Errors: 0, Skipped: {}"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("== 2 passed, 124 skipped in 1.02s ==", Counts(2, skipped=124)),
        (
            "130 failed, 555 passed, 124 skipped, 4 errors in 9.1s",
            Counts(555, 130, 4, 124),
        ),
        ("8 passed, 2 xfailed, 1 xpassed, 3 deselected in 1s",
         Counts(8, expected=2, unexpected=1, deselected=3)),
        ("3 passed, 2 rerun in 1s", Counts(3, flaky=2)),
        ("1 failed, 2 passed in 1.0s\n…\n5 passed in 0.1s", Counts(7, 1)),
        ("1,850 passed in 90.1s", Counts(1850)),
        ("Ran 5 tests in 0.001s\n\nOK (expected failures=1)", Counts(4, expected=1)),
        ("Ran 5 tests in 0.001s\n\nOK (expected failures=5)", Counts(0, expected=5)),
        ("Ran 5 tests in 0.1s\n\nFAILED (unexpected successes=2)", Counts(3, 2)),
        ("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)", Counts(1, 1, 2, 1)),
        ("Ran 2 tests in 0s\nOK\nRan 3 tests in 0s\nFAILED (failures=1)", Counts(4, 1)),
        (CARGO.format("FAILED", 10, 2, 1) + "\n" + CARGO.format("ok", 4, 0, 0),
         Counts(14, 2, skipped=1)),
        ("     Summary [   0.1s] 5 tests run: 4 passed, 1 failed, 2 skipped",
         Counts(4, 1, skipped=2)),
        ("ok  \texample.org/a\t0.01s\nFAIL\texample.org/b\t0.02s\nFAIL", Counts(1, 1)),
        ("--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n--- SKIP: TestC (0.00s)\n"
         "FAIL\texample.org/b\t0.02s", Counts(1, 1, skipped=1)),
        ("Test Suites: 1 failed, 2 passed, 3 total\nTests:       5 passed, 5 total", Counts(5)),
        (" Test Files  2 passed (2)\n      Tests  30 passed | 5 skipped (35)",
         Counts(30, skipped=5)),
        ("Tests:       1 failed, 1 todo, 5 passed, 7 total", Counts(5, 1, skipped=1)),
        ("  5 passing (3s)\n  1 pending\n  2 failing", Counts(5, 2, skipped=1)),
        ("  1 failed\n  1 flaky\n  2 skipped\n  3 passed (5.1s)",
         Counts(4, 1, skipped=2, flaky=1)),
        ("# tests 5\n# suites 0\n# pass 3\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 0",
         Counts(3, 1, skipped=1)),
        ("1..4\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP no port\nnot ok 4 # TODO later",
         Counts(1, 1, skipped=1, expected=1)),
        (MAVEN.format(3, 0, 0) + ", Time elapsed: 0.1 s -- in A\n" + MAVEN.format(5, 1, 1),
         Counts(3, 1, skipped=1)),
        ("Failed!  - Failed:     1, Passed:     5, Skipped:     2, Total:     8",
         Counts(5, 1, skipped=2)),
        ("90% tests passed, 1 tests failed out of 10", Counts(9, 1)),
        ("10 examples, 2 failures, 1 pending", Counts(7, 2, skipped=1)),
        ("OK (5 tests, 9 assertions)", Counts(5)),
        ("Tests: 5, Assertions: 9, Failures: 1, Skipped: 1.", Counts(3, 1, skipped=1)),
    ],
)  # fmt: skip
def test_counts(text: str, counts: Counts) -> None:
    score = runner_score(text.split("\n"))
    assert score is not None
    assert score.counts == counts


@pytest.mark.parametrize(
    "text",
    [
        "Test Suites: 1 failed, 2 passed, 3 total\nTests:       5 passed, 5 total",
        "Ran 2 tests in 0s\n\nFAILED",
        "1..4\nok 1 - a\nok 2 - b",
        "test result: FAILED. 4 passed; 0 failed; 0 ignored",
    ],
)
def test_a_closing_line_that_hides_a_failure_is_a_conflict(text: str) -> None:
    score = runner_score(text.split("\n"))
    assert score is not None
    assert score.conflicts


@pytest.mark.parametrize(
    "text",
    ["ok", "ok 1", "12 passed candidates in the list", "5 failed orders were cancelled", "FAIL",
     "FAIL docs 0.2s", "tests: none", "Tests are 5"],
)  # fmt: skip
def test_other_lines_are_no_run(text: str) -> None:
    assert runner_score([text]) is None


def test_notes_show_what_the_score_hides() -> None:
    score = runner_score(["2 passed, 124 skipped, 1 xfailed, 3 deselected in 1.0s"])
    assert score is not None
    assert list(notes(score)) == ["3 of 127 with skips", "1 expected failure", "3 deselected"]


def test_beginnings_without_an_end_take_time_in_proportion() -> None:
    """A hundred thousand lines are read once: for each anew they would take an hour."""
    assert runner_score(["Ran 5 tests"] * 100_000) is None
    read = read_output("<testsuite x>\n" * 60_000)
    assert read.score is None or read.conflicts or read.vacuous


def test_the_last_closing_line_is_known() -> None:
    score = runner_score(["a", "1 passed in 1s", "b", "2 passed in 1s", "c"])
    assert score is not None
    assert score.closing == 3


_WORDS = [
    "1..3",
    "ok 1 - a",
    "not ok 2",
    "Ran 3 tests",
    "OK",
    "FAILED (failures=9)",
    "# pass 3",
    "# tests 2",
    "# fail 1",
    "# todo 0",
    "1 failed, 2 passed in 1.0s",
    "  2 passing (1s)",
    "  1 failing",
    "ok x.y/z 0.1s",
    "--- FAIL: T (0s)",
    "Tests: 1 failed, 2 total",
]


@given(st.lists(st.one_of(st.sampled_from(_WORDS), st.text(max_size=40)), max_size=12))
def test_counts_are_sane(lines: list[str]) -> None:
    score = runner_score(lines)
    if score is not None:
        assert 0 <= score.met <= score.total <= score.all
        assert score.closing is not None
        assert 0 <= score.closing < len(lines)
