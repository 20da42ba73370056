"""What the shell tells of an edit: mirrors that do not follow, and why it was made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checklist_shell import run
from support import cockpit

MIRRORS = 'mirrors = ["m1.md", "m2.md"]\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "LIST.md"
    path.write_text("- [ ] one\n- [ ] two\n")
    (tmp_path / "m1.md").write_text("- [ ] two\n")
    (tmp_path / "m2.md").write_text("- [ ] one\n- [ ] one\n- [ ] two\n")
    (tmp_path / "cockpit.toml").write_text(f'[[checklist]]\nfile = "LIST.md"\n{MIRRORS}')
    return path


def test_mirrors_without_a_certain_match_are_listed(file: Path) -> None:
    alone = [
        "m1.md: no item there matches it",
        "m2.md: several items there match it (lines 1, 2); none was changed",
    ]
    done = run("set", file, "done", "--line", "1", "--format", "json")
    assert json.loads(done.stdout)["mirrors"] == alone
    undone = run("undo", file)
    assert all(line in undone.stdout for line in alone)
    assert run("set", file, "done", "--line", "2").stdout.endswith("m1.md too; m2.md too\n")
    checked = cockpit("check", cwd=file.parent).stdout
    assert "LIST: no certain match for one (m1.md), one (m2.md)" in checked


def test_the_history_says_why(file: Path) -> None:
    run("set", file, "done", "--line", "1", "--reason", "agreed with ops")
    told = run("show", file, "--line", "1").stdout
    (line,) = [line for line in told.splitlines() if line.startswith("history")]
    assert line.endswith("]  reason: agreed with ops") and "todo → done" in line
