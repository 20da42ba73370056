"""Paper is proven by the engine's argv or not said: real engines, one board, the top line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import cockpit

from cockpit.config.load import loads
from cockpit.engine.probe_set import build
from cockpit.kinds.heartbeat.mode import Mode, ModeRule
from cockpit.kinds.heartbeat.mode_table import ModeTable
from cockpit.model import (
    Board,
    Concern,
    Doubt,
    DoubtKind,
    Finding,
    Observation,
    SessionInfo,
    Verdict,
)
from cockpit.trading_mode import ModeFacts, top_label

NAME = "engine_for_modes.py"
ENGINE = "import sys\nprint('up', flush=True)\nsys.stdin.read()\n"
RULE = 'mode = { argv = "--mode", paper = ["paper_fast", "paper_slow"] }\n'
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def run(folder: Path, look: Any, spawn: Any, words: Sequence[str], head: str, more: str) -> Any:
    """An engine with these words, looked at once by a config with `head` and `more`."""
    script = folder / NAME
    script.write_text(ENGINE, encoding="utf-8")
    process = spawn(script, *words)
    stamp = datetime.now(UTC).isoformat()
    beat = {"timestamp": stamp, "pid": process.pid, "mode": "PAPER"}
    (folder / "beat.json").write_text(json.dumps(beat), encoding="utf-8")
    text = f'{head}[[heartbeat]]\nname = "desk"\nfile = "beat.json"\nprocess = ["{NAME}"]\n{more}'
    (folder / "cockpit.toml").write_text(text, encoding="utf-8")
    loaded = loads(text, folder)
    return look(build(loaded.config.of_kind("heartbeat")[0], loaded)).observation


def mode_of(seen: Observation) -> Finding | None:
    return seen.finding("mode")


PAPER = '[cockpit]\nlabel = "PAPER"\n'


@pytest.mark.parametrize("words", [["--mode", "paper_slow"], ["run", "--mode=paper_fast", "-v"]])
def test_a_paper_mode_proves_the_label(
    tmp_path: Path, look: Any, spawn: Any, words: list[str]
) -> None:
    seen = run(tmp_path, look, spawn, words, PAPER, RULE)
    told = mode_of(seen)
    assert seen.verdict is Verdict.OK and told is not None and told.verdict is Verdict.OK
    first = cockpit("check", "--no-record", cwd=tmp_path).stdout.splitlines()[0]
    proof = "--mode paper_slow" if "paper_slow" in words else "--mode paper_fast"
    assert f"PAPER ({proof})" in first


@pytest.mark.parametrize(
    "words", [["--mode", "live_small"], ["--mode=backtest"], ["--mode", "paper_slow", "--mode=x"]]
)
def test_another_mode_is_live_on_the_top_line_and_a_problem(
    tmp_path: Path, look: Any, spawn: Any, words: list[str]
) -> None:
    seen = run(tmp_path, look, spawn, words, PAPER, RULE)
    told = mode_of(seen)
    assert told is not None and (seen.verdict, told.title) == (Verdict.FAIL, "LIVE?")
    assert "--mode" in told.text and "paper_fast or paper_slow" in told.text
    done = cockpit("check", "--no-record", cwd=tmp_path)
    first = done.stdout.splitlines()[0]
    assert first.startswith("RUN FAIL") and "LIVE? (--mode" in first and "PAPER" not in first
    assert "FAIL    LIVE? desk" in done.stdout


@pytest.mark.parametrize("words", [["run"], ["--mode"], ["--mood", "paper_slow"]])
def test_a_mode_that_is_not_said_is_not_proven(
    tmp_path: Path, look: Any, spawn: Any, words: list[str]
) -> None:
    seen = run(tmp_path, look, spawn, words, PAPER, RULE)
    told = mode_of(seen)
    if words == ["--mode"]:
        assert told is not None and told.title == "LIVE?", "an empty mode is no paper mode"
        return
    assert told is not None and (seen.verdict, told.title) == (Verdict.UNKNOWN, "MODE NOT SAID")
    assert "PAPER? " in cockpit("check", "--no-record", cwd=tmp_path).stdout.splitlines()[0]


def test_without_a_rule_a_paper_label_is_a_claim_and_live_words_speak_against_it(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    quiet = run(tmp_path, look, spawn, ["--mode", "paper_live"], PAPER, "")
    assert quiet.verdict is Verdict.OK and mode_of(quiet) is None
    assert "PAPER? " in cockpit("check", "--no-record", cwd=tmp_path).stdout.splitlines()[0]


def test_live_words_under_a_paper_label_are_told_and_under_another_are_not(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    words = ["--mode", "live_limited", "--confirm"]
    seen = run(tmp_path, look, spawn, words, PAPER, "")
    told = mode_of(seen)
    assert told is not None and (seen.verdict, told.title) == (Verdict.FAIL, "LIVE?")
    assert "while the label says paper" in told.text
    other = loads((tmp_path / "cockpit.toml").read_text().replace("PAPER", "desk 3"), tmp_path)
    seen = look(build(other.config.of_kind("heartbeat")[0], other)).observation
    assert seen.verdict is Verdict.OK and mode_of(seen) is None


@pytest.mark.parametrize(
    ("argv", "paper"),
    [
        (["e", "--mode", "live"], False),
        (["e", "--trading-mode=LIVE_LIMITED"], False),
        (["e", "--live"], False),
        (["e", "--account", "real"], False),
        (["e", "--mode", "paper_live_data"], None),
        (["e", "--mode", "live_data"], None),
        (["e", "--mode", "deliver"], None),
        (["e", "--env", "live"], None),
        (["e", "live"], None),
        (["e", "--mode"], None),
        (["e", "--live-reload"], None),
    ],
)
def test_what_reads_as_live_without_a_rule(argv: list[str], paper: bool | None) -> None:
    assert ModeRule(None).read(argv).paper is paper


def test_a_rule_reads_only_its_own_option() -> None:
    rule = ModeRule(ModeTable(argv="-m", paper=["dry"]))
    assert rule.read(["e", "--mode", "live", "-m", "dry"]) == Mode("-m dry", True)
    assert rule.read(["e", "--mode", "live"]) == Mode()


def _board(label: str, **modes: tuple[ModeFacts, bool]) -> Board:
    observations: Mapping[str, Observation] = {
        name: Observation(
            name, "heartbeat", Concern.RUN, Verdict.OK, "", NOW, NOW + timedelta(minutes=1),
            findings=(Finding("mode", Verdict.OK, name, facts=facts),),
            doubts=(Doubt(DoubtKind.STALE, "old"),) if stale else (),
        )
        for name, (facts, stale) in modes.items()
    }  # fmt: skip
    from cockpit.board import compose

    board = compose((), {}, NOW, identity=SessionInfo(label=label))
    return Board(
        taken_at=board.taken_at, run=board.run, readiness=board.readiness,
        observations=observations, identity=board.identity,
    )  # fmt: skip


def test_the_label_is_shown_with_its_proof_or_as_a_claim() -> None:
    paper, other = ModeFacts("--mode dry", True), ModeFacts("-m sim", True)
    live, unsaid = ModeFacts("--mode live", False), ModeFacts()
    assert top_label(_board("PAPER")).full == "PAPER?"
    assert top_label(_board("dry-run 2")).full == "dry-run 2?"
    assert top_label(_board("LAB")).full == "LAB"
    assert top_label(_board("")).full == ""
    assert top_label(_board("PAPER", a=(paper, False))).full == "PAPER (--mode dry)"
    assert top_label(_board("PAPER", a=(paper, False))).short == "PAPER"
    assert top_label(_board("", a=(paper, False))).full == "PAPER (--mode dry)"
    two = _board("PAPER", a=(paper, False), b=(other, False))
    assert top_label(two).full == "PAPER (--mode dry, -m sim)"
    assert top_label(_board("PAPER", a=(paper, True))).full == "PAPER?", "what is stale is no proof"
    assert top_label(_board("PAPER", a=(paper, False), b=(unsaid, False))).full == "PAPER?"
    mixed = top_label(_board("PAPER", a=(paper, False), b=(live, True)))
    assert (mixed.full, mixed.short, mixed.live) == ("LIVE? (--mode live)", "LIVE?", True)


def test_init_claims_nothing(tmp_path: Path) -> None:
    assert cockpit("init", cwd=tmp_path).returncode == 0
    text = (tmp_path / "cockpit.toml").read_text(encoding="utf-8")
    assert loads(text, tmp_path).config.cockpit.label == ""
    assert not any(line.startswith("label") for line in text.splitlines())
