"""Requirements of items and what `cockpit check` measured, from the shell alone: no collector."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from checklist_shell import Ran, run
from support import DEADLINE

from cockpit.cli import run as whole
from cockpit.clock import SystemClock
from cockpit.config.load import load
from cockpit.engine.probe_set import build_probes
from cockpit.evidence.rules import CHECK
from cockpit.model import Observation, Verdict
from cockpit.session.composition import Composition

LIST = "# Z\n- [x] one\n- [ ] two <!-- requires: gate:promo -->\n"
CONFIG = (
    '[[gate]]\nname = "promo"\njson = "r.json"\nscore = { each = "$.summary.p", met = "met" }\n'
    'pass = "all"\n[[checklist]]\nfile = "z.md"\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list whose item requires a gate, which is green."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "cockpit.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "z.md").write_text(LIST, encoding="utf-8", newline="\n")
    report(tmp_path, met=True)
    return tmp_path


def report(folder: Path, *, met: bool) -> None:
    parts = {"a": {"required": 1, "current": 1 if met else 0, "met": met}}
    body = {"summary": {"total_trades": 9, "p": parts}}
    (folder / "r.json").write_text(json.dumps(body), encoding="utf-8")


def look(*words: str) -> int:
    return whole(["check", *words])


def observe(folder: Path, verdict: Verdict, *, ago: timedelta, valid: timedelta) -> Observation:
    """What `check` would have left in the store so long ago."""
    loaded = load(folder / "cockpit.toml")
    clock = SystemClock()
    gate = build_probes(loaded).probe("promo")
    assert gate is not None
    at = clock.now() - ago
    made = gate.observe(at, verdict, "as it was")
    made = Observation(
        *(made.probe, made.kind, made.affects, verdict, made.headline, at, at + valid)
    )
    store = Composition(loaded, clock, "t").open_store()
    store.observe(made, source=CHECK)
    assert store.flush(DEADLINE)
    store.close()
    return made


def done() -> Ran:
    return run("set", "z.md", "done", "--line", "3")


def test_what_check_measured_counts_as_long_as_it_is_valid(folder: Path) -> None:
    assert "gate:promo is not known;" in done().output
    assert look() == 1
    assert done().exit_code == 0
    history = run("show", "z.md", "--line", "3", "--format", "json").stdout
    assert [each["kind"] for each in json.loads(history)["history"]] == ["edit"]


def test_the_newest_observation_counts_not_the_best(folder: Path) -> None:
    minute = timedelta(minutes=1)
    observe(folder, Verdict.OK, ago=2 * minute, valid=60 * minute)
    observe(folder, Verdict.FAIL, ago=minute, valid=60 * minute)
    assert "gate:promo is red;" in done().output
    observe(folder, Verdict.OK, ago=timedelta(), valid=minute)
    assert done().exit_code == 0


def test_an_expired_observation_is_told_with_its_time_and_is_not_green(folder: Path) -> None:
    old = observe(folder, Verdict.OK, ago=timedelta(hours=2), valid=timedelta(minutes=5))
    refused = done()
    assert refused.exit_code == 1
    stamp = old.observed_at.strftime("%Y-%m-%dT%H:%M")
    assert f"not known: its last result, OK at {stamp}" in refused.output
    assert (folder / "z.md").read_text(encoding="utf-8") == LIST


def test_check_looks_at_what_a_comment_requires_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "z.md").write_text(LIST.replace("[ ]", "[x]"), encoding="utf-8")
    assert look("--no-record", "--only", "z") == 0
    report(folder, met=False)
    assert look("--no-record") == 2
    assert "gate:promo is red" in capsys.readouterr().out


def test_an_override_stands_in_the_table_with_item_gate_and_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    report(folder, met=False)
    assert run("set", "z.md", "done", "--line", "3", "--reason", "agreed").exit_code == 0
    assert look("--only", "z") == 1
    (line,) = (each for each in capsys.readouterr().out.split("\n") if "OVERRIDDEN" in each)
    for told in ("WARN", "two", "z.md:3", "gate:promo is red", "agreed"):
        assert told in line, told
