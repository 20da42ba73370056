"""What an output says against an exit code of 0, and what only looks like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.gate.output import Ending, Output, judge_output
from cockpit.kinds.gate.status_words import speaks_against, traceback_at_end, warns
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Verdict

TRACE = 'Traceback (most recent call last):\n  File "g.py", line 3, in <module>\n'


@pytest.mark.parametrize(
    "line",
    [
        "❌ Backend: Not running",
        "  ❌ Basic Check: connection refused",
        "| database | ❌ |",
        "FAILED: 3 gates did not pass",
        "FAIL Required test coverage of 80% not reached. Total coverage: 10.00%",
        "[FAIL] heartbeat",
        "heartbeat ........ FAILED",
        "heartbeat: FAIL",
        "heartbeat - FAIL (47 s old)",
        "ERROR: cannot reach exchange",
        "Error: cannot reach exchange",
        "2026-11-27 10:00:00,123 ERROR engine did not answer",
        "not ok 3 - parity",
        "not ok",
        "  3 failing",
        "Found 12 errors in 3 files (checked 40 source files)",
        "Found 1 error.",
        "2 checks failed",
        "Failed: 3",
        "Failed checks: 2",
        "errors: 4",
        "Backend: not running",
        "API - connection refused",
        "connection refused",
        "[OK] API_TOKEN = NOT SET",
        "DB_URL: not set",
        "skipping every check",
        "0 tables found, skipping",
        "Failed to connect to bus",
        "Could not open the database",
        "panic: runtime error: index out of range",
        "Segmentation fault (core dumped)",
        "Overall Status: FAILED",
        "Status: NOT READY",
        "Verification failed: 2 gate(s) failed.",
        'Jest: "global" coverage threshold for lines (80%) not met: 61.2%',
    ],
)
def test_speaks_against(line: str) -> None:
    assert speaks_against(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "0 errors",
        "no errors found",
        "Found 0 errors",
        "Errors: none",
        "FAILED: 0",
        "Failed: 0",
        "errors=0 warnings=3",
        "0 failed, 12 passed",
        "test_error PASSED",
        "tests/test_errors.py::test_failed_login PASSED [ 12%]",
        "test_connection_refused ... ok",
        "error handling: OK",
        "✅ Error handling",
        "✅ retries when the connection is refused: PASS",
        "✅ pass, ❌ fail",
        "✅ 12  ❌ 0",
        "Error rate: 0.2 %",
        "Error budget: 99 % left",
        "error_rate=0.02",
        "Failover drill done",
        "failed_orders.csv written",
        "Checked FAIL_FAST mode",
        "FAIL-SAFE engaged as planned",
        "All 14 failure modes covered: PASS",
        "[SKIP] POLYGON = Not configured (optional)",
        "OPTIONAL_KEY = NOT SET (optional)",
        "Skipping optional check",
        "ok 4 - skipping nothing",
        "not ok 5 - parity # TODO known",
        "Overall Status: PASSED",
        "Status: OK",
        "Overall Status: WARNING",
        "passed 5 of 5",
        "Simulated 3 outages, recovered from all",
        "max drawdown 3 % (limit 5 %)",
    ],
)
def test_does_not_speak_against(line: str) -> None:
    assert not speaks_against(line)


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        (
            TRACE + "ConnectionError: cannot reach exchange",
            "ConnectionError: cannot reach exchange",
        ),
        (TRACE + "ValueError: two\nlines of it", "ValueError: two"),
        (TRACE + "x.y.QuotaError", "x.y.QuotaError"),
        (TRACE + "ValueError: x\nretried\nall checks done\n5 of 5: OK", None),
        (TRACE + "ValueError: x\n" + "went on\n" * 9, None),
        ("no trace of it", None),
    ],
)
def test_a_traceback_counts_at_the_end(text: str, raised: str | None) -> None:
    assert traceback_at_end(text.split("\n")) == raised


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Separation: WARNING\nOverall Status: WARNING", "Overall Status: WARNING"),
        ("Overall Status: WARNING\nlater\nOverall Status: PASS", None),
        ("Separation: WARNING", None),
        ("Result: passed with warnings", "Result: passed with warnings"),
    ],
)
def test_an_overall_warning(text: str, line: str | None) -> None:
    assert warns(text.split("\n")) == line


def _judged(
    stdout: str, stderr: str = "", code: int = 0, **changes: object
) -> tuple[str, set[str]]:
    table = GateTable.model_validate({"name": "g", "command": ["./g"], **changes})
    judged = judge_output(Output(Ending.EXITED, code, stdout, stderr), table)
    return judged.verdict.value, {doubt.kind.value for doubt in judged.doubts}


@pytest.mark.parametrize(
    ("stdout", "stderr", "changes", "verdict", "doubts"),
    [
        ("all is well", "", {}, "OK", {"exit-only"}),
        ("", "", {}, "UNKNOWN", {"nothing-measured"}),
        ("", "", {"score": "exit"}, "OK", {"exit-only"}),
        ("❌ backend down", "", {"score": "exit"}, "UNKNOWN", {"exit-only", "contradicts"}),
        ("done", TRACE + "OSError: gone", {}, "UNKNOWN", {"exit-only", "contradicts"}),
        ("Overall Status: WARNING", "", {}, "WARN", {"exit-only"}),
        ("5/5 gates passed", "", {}, "OK", set()),
        ("❌ database: refused\n5/5 gates passed", "", {}, "UNKNOWN", {"contradicts"}),
        # What a runner logs before its closing line was part of the tests.
        ("ERROR: simulated outage\n5 passed in 0.1s", "ERROR: noise", {}, "OK", set()),
        ("5 passed in 0.1s\nFAILED: upload of the results", "", {}, "UNKNOWN", {"contradicts"}),
        ("coverage: FAIL Required test coverage of 80% not reached\n5 passed in 0.1s", "", {},
         "UNKNOWN", {"contradicts"}),
        # Failures that `pass` allows for are no contradiction.
        ("✅ a.py: PASS\n❌ b.py: FAIL\nOverall: 1/2 passed", "", {"pass": "50%"}, "OK", set()),
        ("1 passed, 1 skipped in 0.1s", "", {}, "OK", {"skipped"}),
        ("1 passed, 1 skipped in 0.1s", "", {"skips": 1}, "OK", set()),
        ("1 passed, 2 skipped in 0.1s", "", {}, "UNKNOWN", {"vacuous"}),
        ("1 passed, 2 skipped in 0.1s", "", {"skips": 2}, "OK", set()),
        ("3 passed, 1 rerun in 0.1s", "", {}, "OK", {"flaky"}),
        ("8 passed, 1 xfailed in 0.1s", "", {}, "OK", set()),
        ("a.py::test_parity PASSED\n1 passed in 0.1s", "", {"must_run": ["test_parity"]}, "OK",
         set()),
        ("a.py::test_parity_old PASSED\n1 passed in 0.1s", "", {"must_run": ["test_parity"]},
         "UNKNOWN", {"nothing-measured"}),
        ("test_parity SKIPPED (no data)\n9 passed, 1 skipped in 0.1s", "",
         {"must_run": ["test_parity"], "skips": 1}, "UNKNOWN", {"nothing-measured"}),
    ],
)  # fmt: skip
def test_exit_0_and_what_the_output_says(
    stdout: str, stderr: str, changes: dict[str, object], verdict: str, doubts: set[str]
) -> None:
    assert _judged(stdout, stderr, **changes) == (verdict, doubts)


def test_a_failure_shows_the_line_that_says_why() -> None:
    table = GateTable.model_validate({"name": "g", "command": ["./g"]})
    output = Output(
        Ending.EXITED, 1, "FAIL: no unit\nVerification failed: 2 gates failed.\nbye", "noise"
    )
    assert judge_output(output, table).headline == "exit 1: Verification failed: 2 gates failed."


def test_a_crash_before_the_summary_says_what_was_seen() -> None:
    table = GateTable.model_validate({"name": "g", "command": ["./g"]})
    progress = "✅ a/x.py: PASS (0.1s)\n💥 b/y.py: ERROR\n⏰ c/z.py: TIMEOUT\n? d/w.py: MISSING"
    judged = judge_output(Output(Ending.EXITED, 1, progress, TRACE + "TypeError: x"), table)
    assert judged.verdict is Verdict.FAIL
    assert judged.headline == (
        "crashed: before its summary: TypeError: x; 1 PASS, 1 ERROR, 1 MISSING, 1 TIMEOUT of 4 seen"
    )


@given(st.text(max_size=300))
def test_no_output_makes_an_ok_by_accident(text: str) -> None:
    verdict, doubts = _judged(text)
    if verdict == "OK":
        assert doubts <= {DoubtKind.EXIT_ONLY, DoubtKind.SKIPPED, DoubtKind.FLAKY}
        assert text.strip()
