"""`cockpit checklist block`: results between two comments, and never nothing over something."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from checklist_shell import run

from cockpit.cli import run as whole
from cockpit.cli.checklist.block import results_table
from cockpit.model import Concern, Observation, Verdict

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
BEFORE = "above\n<!-- cockpit:begin results -->\n| real | results |\n<!-- cockpit:end -->\nbelow\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "cockpit.toml").write_text('[[checklist]]\nfile = "LIST.md"\n', encoding="utf-8")
    (tmp_path / "LIST.md").write_text("- [x] a\n- [ ] b\n", encoding="utf-8")
    path = tmp_path / "RESULTS.md"
    path.write_text(BEFORE, encoding="utf-8", newline="")
    return path


def check() -> None:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        whole(["check"])


def test_where_nothing_was_observed_the_old_results_stay(file: Path) -> None:
    refused = run("block", file, "results")
    assert refused.exit_code == 1
    assert "nothing was observed yet; the block was left as it is" in refused.output
    assert file.read_text(encoding="utf-8") == BEFORE


def test_what_check_observed_is_written(file: Path) -> None:
    check()
    assert run("block", file, "results").exit_code == 0
    after = file.read_text(encoding="utf-8")
    assert "| LIST | checklist | WARN | 1/2, next b |" in after
    assert "| real |" not in after
    assert after.startswith("above\n") and after.endswith("<!-- cockpit:end -->\nbelow\n")


def test_a_probe_that_was_never_observed_stands_there_as_unknown(file: Path) -> None:
    check()
    with (file.parent / "cockpit.toml").open("a", encoding="utf-8") as config:
        config.write('[[checklist]]\nname = "other"\nfile = "LIST.md"\n')
    assert run("block", file, "results").exit_code == 0
    assert "| other |  | UNKNOWN | not observed yet |  |" in file.read_text(encoding="utf-8")


def test_an_empty_text_does_not_replace_results(file: Path) -> None:
    empty = file.parent / "empty.txt"
    empty.write_text(" \n", encoding="utf-8")
    assert run("block", file, "results", "--from", empty).exit_code == 1
    assert file.read_text(encoding="utf-8") == BEFORE


def test_an_observation_out_of_date_is_unknown() -> None:
    seen = Observation(
        probe="p",
        kind="gate",
        affects=Concern.READINESS,
        verdict=Verdict.OK,
        headline="7/7 | proven",
        observed_at=NOW,
        valid_until=NOW + timedelta(minutes=5),
        duration=0.1,
    )
    rows = [
        results_table(["p"], {"p": seen}, NOW + timedelta(minutes=m)).splitlines()[2]
        for m in (5, 6)
    ]
    assert rows == [
        "| p | gate | OK | 7/7 \\| proven | 2026-01-05T12:00:00Z |",
        "| p | gate | UNKNOWN | stale: 7/7 \\| proven | 2026-01-05T12:00:00Z |",
    ]


@pytest.mark.skipif(os.name == "nt", reason="needs a FIFO")
def test_a_pipe_is_no_document(file: Path) -> None:
    pipe = file.parent / "pipe.md"
    os.mkfifo(pipe)
    text = file.parent / "new.txt"
    text.write_text("x\n", encoding="utf-8")
    assert run("block", pipe, "results", "--from", text).exit_code == 73
