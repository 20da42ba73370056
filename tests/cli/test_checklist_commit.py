"""`cockpit checklist commit` over several repositories, and what is in none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from checklist_shell import git, repository, run

TEXT = "# Batch\n\n- [ ] one\n- [ ] two\n"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two repositories and a folder that is none, each with a checklist of one config."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    tables = []
    for name in ("first", "second", "loose"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "LIST.md").write_bytes(TEXT.encode())
        tables.append(f'[[checklist]]\nfile = "{name}/LIST.md"\nname = "{name}"\n')
        if name != "loose":
            repository(tmp_path / name)
    (tmp_path / "cockpit.toml").write_text("".join(tables), encoding="utf-8")
    return tmp_path


def tick(lab: Path, *names: str) -> None:
    for name in names:
        assert run("set", lab / name / "LIST.md", "done", "--line", "3").exit_code == 0


def subjects(folder: Path) -> list[str]:
    return git(folder, "log", "--format=%s").splitlines()


def test_what_is_in_no_repository_is_named(lab: Path) -> None:
    tick(lab, "first", "loose")
    reason = f"{(lab / 'loose' / 'LIST.md').resolve()} is not in a git repository"
    assert f"left out: {reason}\n" in run("commit", "--dry-run").stdout
    told = json.loads(run("commit", "--format", "json").stdout)
    assert [(one["repository"], bool(one["commit"]), one["skipped"]) for one in told] == [
        (str((lab / "first").resolve()), True, []),
        (None, False, [reason]),
    ]
    alone = run("commit")
    assert (alone.exit_code, reason in alone.output) == (1, True)
    run("note", lab / "loose" / "LIST.md", "--line", "4", "seen")
    for _ in range(2):
        assert reason in run("commit").output
        run("undo", lab / "loose" / "LIST.md")
    assert "all edits were taken back" in run("commit").output


def test_each_repository_gets_a_commit_of_its_own(lab: Path) -> None:
    tick(lab, "first", "second")
    done = run("commit")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("committed ") == 2
    for name in ("first", "second"):
        assert f"repository {(lab / name).resolve()}" in done.stdout
        assert len(subjects(lab / name)) == 2
        assert git(lab / name, "status", "--porcelain") == ""


def test_a_repository_that_refuses_does_not_keep_the_other_from_its_commit(lab: Path) -> None:
    tick(lab, "first", "second")
    git(lab / "first", "checkout", "-q", "--detach")
    half = run("commit", "--format", "json")
    assert half.exit_code == 1
    assert "1 of 2 commits made" in half.output and "detached HEAD" in half.output
    made, refused = json.loads(half.stdout)
    assert made["commit"] and made["error"] is None
    assert refused["commit"] is None and "detached HEAD" in refused["error"]
    assert (len(subjects(lab / "first")), len(subjects(lab / "second"))) == (1, 2)
    git(lab / "first", "checkout", "-q", "main")
    assert run("commit").exit_code == 0
    assert len(subjects(lab / "first")) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="hooks need a shell")
def test_a_hook_that_refuses_is_told_beside_what_was_committed(lab: Path) -> None:
    tick(lab, "first", "second")
    hook = lab / "first" / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    half = run("commit")
    assert half.exit_code == 1
    assert "1 of 2 commits made" in half.output and "not today" in half.output
    assert (len(subjects(lab / "first")), len(subjects(lab / "second"))) == (1, 2)


def test_a_repository_where_all_is_committed_by_hand_stops_no_other(lab: Path) -> None:
    tick(lab, "first", "second")
    git(lab / "first", "commit", "-qam", "by hand")
    done = run("commit")
    assert done.exit_code == 0, done.output
    assert subjects(lab / "first") == ["by hand", "first"]
    assert len(subjects(lab / "second")) == 2


def test_two_identical_notes_are_committed_as_two(lab: Path) -> None:
    file = lab / "first" / "LIST.md"
    for _ in range(2):
        run("note", file, "--line", "3", "seen")
    assert run("commit").exit_code == 0
    assert file.read_text(encoding="utf-8").count("  - seen\n") == 2
    assert git(lab / "first", "show", "HEAD:LIST.md").count("  - seen\n") == 2
    assert run("undo").exit_code == 0
    assert run("commit").exit_code == 0
    assert git(lab / "first", "show", "HEAD:LIST.md").count("  - seen\n") == 1
    assert git(lab / "first", "status", "--porcelain") == ""


def test_a_tick_on_a_line_longer_than_a_fact_is_committed(lab: Path) -> None:
    file = lab / "first" / "LIST.md"
    text = f"- [ ] {'wörter ' * 5000}\n"
    file.write_bytes(text.encode())
    git(lab / "first", "commit", "-qam", "long")
    assert run("set", file, "done", "--line", "1").exit_code == 0
    assert run("note", file, "--line", "1", "seen").exit_code == 0
    done = run("commit")
    assert done.exit_code == 0, done.output
    committed = git(lab / "first", "show", "HEAD:LIST.md")
    assert committed.startswith("- [x] wörter") and committed.endswith("  - seen\n")
    assert git(lab / "first", "status", "--porcelain") == ""


def test_without_a_config_the_files_are_to_be_named(lab: Path) -> None:
    (lab / "cockpit.toml").unlink()
    tick(lab, "first", "second")
    alone = run("commit")
    assert (alone.exit_code, "name a markdown file" in alone.output) == (64, True)
    done = run("commit", lab / "first" / "LIST.md")
    assert done.exit_code == 0, done.output
    assert "[x] one" in git(lab / "first", "show", "HEAD:LIST.md")
    assert git(lab / "first", "status", "--porcelain") == ""
    assert len(subjects(lab / "second")) == 1
    again = run("commit", lab / "first" / "LIST.md")
    assert (again.exit_code, "no recorded edits" in again.output) == (1, True)


def test_what_was_done_before_there_was_a_config_is_known_to_it(lab: Path) -> None:
    config = (lab / "cockpit.toml").read_text(encoding="utf-8")
    (lab / "cockpit.toml").unlink()
    tick(lab, "first")
    other = lab / "first" / "OTHER.md"
    other.write_bytes(TEXT.encode())
    git(lab / "first", "add", "OTHER.md")
    git(lab / "first", "commit", "-qm", "other")
    assert run("set", other, "done", "--line", "3").exit_code == 0
    (lab / "cockpit.toml").write_text(config, encoding="utf-8")
    tick(lab, "second")
    done = run("commit")
    assert done.exit_code == 0, done.output
    assert "[x] one" in git(lab / "first", "show", "HEAD:LIST.md")
    assert "[x]" not in git(lab / "first", "show", "HEAD:OTHER.md")
    assert len(subjects(lab / "second")) == 2
    assert run("commit", other).exit_code == 0
    assert "[x] one" in git(lab / "first", "show", "HEAD:OTHER.md")
    again = run("commit", lab / "first" / "LIST.md")
    assert (again.exit_code, "no recorded edits" in again.output) == (1, True)


def test_a_message_loses_what_a_terminal_would_act_on(lab: Path) -> None:
    tick(lab, "first")
    message = "ticked\x1b[31m red\x07\u202e\udcff \n\n  two\tlines\r\n\x9b2J"
    made = run("commit", lab / "first" / "LIST.md", "-m", message)
    assert made.exit_code == 0, made.output
    assert git(lab / "first", "log", "-1", "--format=%B") == "ticked red\n\n  two    lines\n\n"


@pytest.mark.parametrize("message", ["", " ", "\n\t", "\x1b[0m", "\u200b\u202e"])
def test_a_blank_message_is_refused_by_its_own_name(lab: Path, message: str) -> None:
    tick(lab, "first")
    refused = run("commit", "-m", message)
    assert refused.exit_code == 64
    assert "--message (-m) is blank" in refused.output
    assert subjects(lab / "first") == ["first"]


def test_a_configured_message_is_held_to_the_same(lab: Path) -> None:
    config = lab / "cockpit.toml"
    table = '[[checklist]]\nfile = "first/LIST.md"\ncommit_message = "{}"\n'
    config.write_text(table.format("  "), encoding="utf-8")
    refused = run("commit")
    assert refused.exit_code == 78 and "commit_message" in refused.output
    config.write_text(table.format("done\\u001b[2J \\u202eall"), encoding="utf-8")
    tick(lab, "first")
    assert run("commit").exit_code == 0
    assert subjects(lab / "first")[0] == "done all"
    config.write_text(table.format("\\u200b"), encoding="utf-8")
    run("set", lab / "first" / "LIST.md", "done", "--line", "4")
    refused = run("commit")
    assert refused.exit_code == 1 and "message is blank" in refused.output
