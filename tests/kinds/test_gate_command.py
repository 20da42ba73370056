"""Command gates: trust, exit codes, crashes, what an output may claim, own outputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.facts import UnknownFacts
from cockpit.kinds.gate.output import Ending, Output, judge_output
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Observation, Verdict

TRACE = 'Traceback (most recent call last):\n  File "g.py", line 1\n'


def table(**changes: Any) -> GateTable:
    given = {"name": "gate", "command": ["python", "scripts/gate.py"], **changes}
    return GateTable.model_validate(given)


@pytest.mark.parametrize(
    ("code", "text", "passes", "verdict", "title"),
    [
        (0, "7/7 gates passed", "all", Verdict.OK, ""),
        (0, "3/7 gates passed", "all", Verdict.FAIL, "GATE RED"),
        (0, "6/7 gates passed", "80%", Verdict.OK, ""),
        (0, "6/7 gates passed", 6, Verdict.OK, ""),
        (1, "7/7 gates passed", "all", Verdict.FAIL, "GATE RED"),
        (1, "3/7 gates passed", 1, Verdict.FAIL, "GATE RED"),
        (0, "all good", "all", Verdict.OK, ""),
        (0, "", "all", Verdict.UNKNOWN, "GATE RED"),
        (0, "Pass rate: 79.6%", "79.5%", Verdict.OK, ""),
        (0, "Pass rate: 79.4%", "79.5%", Verdict.FAIL, "GATE RED"),
        (0, "usage: gate [-h] FILE", "all", Verdict.UNKNOWN, "GATE RED"),
        (0, "0 of 0 gates looked at, done", "all", Verdict.UNKNOWN, "GATE RED"),
        (0, "0 tables checked, skipping every check", "all", Verdict.UNKNOWN, "GATE RED"),
        (1, "", "all", Verdict.FAIL, "GATE RED"),
        (0, "all good", "80%", Verdict.UNKNOWN, "GATE RED"),
        (0, "Pass rate: 85%", "80%", Verdict.OK, ""),
        (0, "Pass rate: 85%", "all", Verdict.FAIL, "GATE RED"),
        (0, "Pass rate: 85%", 5, Verdict.UNKNOWN, "GATE RED"),
        (0, "Complete modes: 0\nPASSED", "all", Verdict.UNKNOWN, "GATE RED"),
        (0, "0/0 tests passed", "all", Verdict.UNKNOWN, "GATE RED"),
        (5, "no tests ran in 0.01s", "all", Verdict.UNKNOWN, "GATE RED"),
        (1, "Ran 0 tests in 0s\n\nOK", "all", Verdict.FAIL, "GATE RED"),
        (0, "QG1: PASS\nQG8: PASS\nQG8: FAIL", 1, Verdict.UNKNOWN, "GATE RED"),
        (0, "7/7 gates passed\nPass rate: 50%", "all", Verdict.UNKNOWN, "GATE RED"),
        (1, TRACE + "ModuleNotFoundError: No module named 'numpy'", "all", Verdict.FAIL, "CRASHED"),
        (1, TRACE + "SyntaxError: invalid syntax", "all", Verdict.FAIL, "CRASHED"),
        (1, "9/9 tests passed\n" + TRACE + "ImportError: x", "all", Verdict.FAIL, "CRASHED"),
        (1, TRACE + "KeyError: 'x'", "all", Verdict.FAIL, "CRASHED"),
        (1, TRACE + "AssertionError: 3 != 4", "all", Verdict.FAIL, "GATE RED"),
        (1, "3/7 gates passed\n" + TRACE + "ValueError: x", "all", Verdict.FAIL, "GATE RED"),
        (-9, "", "all", Verdict.FAIL, "CRASHED"),
        (2, "python: can't open file '/x/scripts/gate.py': [Errno 2] No such file or directory",
         "all", Verdict.UNKNOWN, "MISSING"),
    ],
)  # fmt: skip
def test_exit_code_first(code: int, text: str, passes: Any, verdict: Verdict, title: str) -> None:
    seen = judge_output(Output(Ending.EXITED, code, text), table(**{"pass": passes}))
    assert (seen.verdict, seen.findings[0].title) == (verdict, title), seen.headline
    assert seen.basis["exit_code"] == code
    if verdict is Verdict.UNKNOWN:
        assert seen.doubts


def test_a_secret_of_the_command_is_not_told() -> None:
    command = ["gate", "--dsn=postgres://u:hunter6@h/db"]
    seen = judge_output(Output(Ending.EXITED, 0), table(command=command))
    assert seen.basis["command"] == "gate '--dsn=postgres://u:***@h/db'"


def test_the_last_word_is_on_stderr() -> None:
    seen = judge_output(Output(Ending.EXITED, 0, "", "6/7 gates passed"), table())
    assert seen.headline == "6/7 proven"
    assert seen.doubts[0].kind is DoubtKind.CONTRADICTS


@pytest.mark.parametrize(
    ("ending", "verdict", "title"),
    [
        (Ending.TIMEOUT, Verdict.UNKNOWN, "TIMEOUT"),
        (Ending.MISSING, Verdict.UNKNOWN, "MISSING"),
        (Ending.KILLED, Verdict.FAIL, "CRASHED"),
    ],
)
def test_endings(ending: Ending, verdict: Verdict, title: str) -> None:
    seen = judge_output(Output(ending, None, "7/7 gates passed"), table())
    assert (seen.verdict, seen.findings[0].title) == (verdict, title)


def test_a_cut_output_is_a_doubt() -> None:
    seen = judge_output(Output(Ending.EXITED, 0, "7/7 gates passed", cut=True), table())
    assert DoubtKind.PARTIAL_READ in {doubt.kind for doubt in seen.doubts}


def test_json_on_stdout() -> None:
    score = {"each": "$.gates", "met": "met"}
    good = Output(Ending.EXITED, 0, '{"gates": {"a": {"met": true}}}', "a warning")
    assert judge_output(good, table(score=score)).verdict is Verdict.OK
    bad = Output(Ending.EXITED, 0, "not json")
    assert judge_output(bad, table(score=score)).verdict is Verdict.UNKNOWN
    failed = Output(Ending.EXITED, 1, '{"gates": {"a": {"met": true}}}')
    assert judge_output(failed, table(score=score)).verdict is Verdict.FAIL


@given(st.text(max_size=300), st.integers(-20, 130), st.sampled_from(["all", 1, "50%"]))
def test_any_output_gives_a_verdict(text: str, code: int, passes: Any) -> None:
    seen = judge_output(Output(Ending.EXITED, code, text), table(**{"pass": passes}))
    assert seen.verdict is not Verdict.OK or code == 0
    if seen.verdict is Verdict.OK:
        assert seen.basis.get("proven") or {doubt.kind for doubt in seen.doubts} == {
            DoubtKind.EXIT_ONLY
        }


Run = Callable[..., Observation]


@pytest.fixture
def run(tmp_path: Path, look: Any) -> Run:
    """Run a gate whose script has this text; `trusted` False leaves it untrusted."""

    def go(script: str, *, trusted: bool = True, **changes: Any) -> Observation:
        (tmp_path / "gate.py").write_text(script)
        gate = table(command=[sys.executable, "gate.py"], **changes)
        loaded = LoadedConfig(Config([gate]), tmp_path)
        observation: Observation = look(build(gate, loaded, trusted=lambda _: trusted)).observation
        return observation

    return go


def test_an_untrusted_command_does_not_run(run: Run, tmp_path: Path) -> None:
    seen = run("open('ran', 'w')", trusted=False)
    assert (seen.verdict, seen.findings[0].title) == (Verdict.UNKNOWN, "NOT TRUSTED")
    assert not (tmp_path / "ran").exists()


def test_nothing_is_trusted_unless_somebody_says_so(tmp_path: Path, look: Any) -> None:
    gate = table(command=[sys.executable, "-c", "open('ran', 'w')"])
    seen = look(build(gate, LoadedConfig(Config([gate]), tmp_path))).observation
    assert seen.findings[0].title == "NOT TRUSTED"
    assert not (tmp_path / "ran").exists()


def test_a_real_command(run: Run) -> None:
    seen = run("print('5/7 gates passed'); raise SystemExit(1)")
    assert seen.verdict is Verdict.FAIL
    assert seen.headline == "exit 1; 5/7 proven"
    assert seen.artefacts[0].name == "score"


def test_a_real_import_failure(run: Run) -> None:
    assert run("import no_such_module_at_all").findings[0].title == "CRASHED"


def test_a_real_missing_script(tmp_path: Path, look: Any) -> None:
    gate = table(command=[sys.executable, "nowhere.py"])
    seen = look(build(gate, LoadedConfig(Config([gate]), tmp_path), trusted=lambda _: True))
    assert seen.observation.findings[0].title == "MISSING"
    gate = table(command=["no-such-program-at-all"])
    seen = look(build(gate, LoadedConfig(Config([gate]), tmp_path), trusted=lambda _: True))
    assert seen.observation.findings[0].title == "MISSING"


def test_a_real_timeout(run: Run) -> None:
    seen = run("import time; time.sleep(60)", timeout="250ms")
    assert seen.findings[0].title == "TIMEOUT"


def test_secrets_never_leave(run: Run, monkeypatch: pytest.MonkeyPatch, look: Any) -> None:
    monkeypatch.setenv("LAB_API_TOKEN", "s3cr3t-lab-value-1")
    seen = run("import os; print('1/2 gates passed', os.environ['LAB_API_TOKEN'])")
    assert "s3cr3t" not in repr(seen)


def test_output_is_kept_redacted(
    tmp_path: Path, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_API_TOKEN", "s3cr3t-lab-value-1")
    script = "import os; print('ok', os.environ['LAB_API_TOKEN'])"
    gate = table(command=[sys.executable, "-c", script])
    seen = look(build(gate, LoadedConfig(Config([gate]), tmp_path), trusted=lambda _: True))
    bodies = [artefact.body for artefact in seen.ctx.artefacts.values()]
    assert bodies == [b"ok [redacted]\n"]


def test_an_output_that_tells_the_same_is_kept_once(tmp_path: Path, look: Any) -> None:
    gate = table(command=[sys.executable, "-c", "print('1/2 gates passed')"])
    probe = build(gate, LoadedConfig(Config([gate]), tmp_path), trusted=lambda _: True)
    first = look(probe)
    facts = first.observation.findings[0].facts
    assert (facts.met, facts.total, facts.bytes) == (1, 2, first.observation.artefacts[0].size)
    second = look(probe, first.observation)
    assert not second.ctx.artefacts
    assert second.observation.artefacts == first.observation.artefacts
    assert second.observation.findings == first.observation.findings

    # What an older cockpit wrote tells no moment: there is no memory, and nothing breaks.
    score = first.observation.findings[0]
    plain = replace(score, facts=UnknownFacts("", 0, dict(score.facts.items())))
    older = replace(first.observation, findings=(plain,))
    third = look(probe, older)
    assert len(third.ctx.artefacts) == 1
    assert third.observation.verdict is first.observation.verdict


def test_a_gate_never_triggers_itself_by_what_it_writes(tmp_path: Path, look: Any) -> None:
    script = "import os,sys; n=len(open('runs').read()) if os.path.exists('runs') else 0\n"
    script += "open('runs','a').write('x'); print(n)"
    (tmp_path / "gate.py").write_text(script)
    gate = table(command=[sys.executable, "gate.py"], watch=["runs", "input.txt"])
    probe = build(gate, LoadedConfig(Config([gate]), tmp_path), trusted=lambda _: True)
    runs = tmp_path / "runs"
    seen = look(probe).observation
    for _ in range(4):
        seen = look(probe, seen, reasons=("runs changed",)).observation
    # Twice: the first change may have been somebody else's edit during the run.
    assert runs.read_text() == "xx"
    (tmp_path / "input.txt").write_text("new")
    seen = look(probe, seen, reasons=("input.txt changed",)).observation
    assert runs.read_text() == "xxx"
    look(probe, seen, reasons=("runs changed",))
    assert runs.read_text() == "xxx"
    look(probe, seen, reasons=("runs changed", "key"))
    assert runs.read_text() == "xxxx"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_command(run: Run) -> None:
    seen = run("import os; os.kill(os.getpid(), 9)")
    assert seen.findings[0].title == "CRASHED"
