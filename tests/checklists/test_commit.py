"""Committing our own edits in real repositories, and noticing what git itself restores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.checklists import (
    AnchorAmbiguous,
    AnchorLost,
    CommitRefused,
    EditResult,
    Status,
    anchor_of,
    cycle,
    parse,
    set_item,
    undo,
)
from cockpit.checklists.editing.changes import NoteHunk, block_hunk, hunk_from_json
from cockpit.checklists.editing.generated_blocks import write_block
from cockpit.checklists.editing.notes import append_note, owner_note, remove_note
from cockpit.checklists.git.commit import commit
from cockpit.checklists.git.commit_plan import DEFAULT_MESSAGE, plan_commit
from cockpit.checklists.git.repository import repository_of

LIST = b"# Plan\n\n- [ ] one\n- [ ] two\n- [ ] three\n\ntext\n"


def git(folder: Path, *words: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "t")
    git(root, "config", "user.email", "t@example.org")
    git(root, "config", "core.autocrlf", "false")
    (root / "list.md").write_bytes(LIST)
    (root / "other.txt").write_text("a\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    return root


def press(path: Path, index: int, to: Status | None = None) -> EditResult:
    document = parse(path.read_bytes())
    item = document.items[index]
    return set_item(path, anchor_of(document, item), to or cycle(item.status))


def committed(repo: Path, name: str = "list.md") -> bytes:
    repository = repository_of(repo)
    assert repository is not None
    return repository.committed(repo / name) or b""


def test_only_our_lines_are_committed(repo: Path) -> None:
    path = repo / "list.md"
    path.write_bytes(LIST.replace(b"text", b"somebody's words").replace(b"two", b"two, renamed"))
    (repo / "other.txt").write_text("b\n")
    git(repo, "add", "other.txt")
    edits = [press(path, 0), press(path, 2, Status.DOING)]
    plan = plan_commit(edits)
    assert plan.message == DEFAULT_MESSAGE
    assert plan.diff().split("\n")[:2] == ["--- a/list.md", "+++ b/list.md"]
    assert [line for line in plan.diff().split("\n")[2:] if line[:1] in "+-"] == [
        "-- [ ] one", "+- [x] one", "-- [ ] three", "+- [~] three"
    ]  # fmt: skip
    assert git(repo, "log", "--oneline").count("\n") == 1
    done = commit(plan)
    assert committed(repo) == LIST.replace(b"[ ] one", b"[x] one").replace(
        b"[ ] three", b"[~] three"
    )
    assert (done.branch, done.files, done.hooks, done.notes) == ("main", ("list.md",), (), ())
    assert git(repo, "log", "-1", "--format=%s").strip() == DEFAULT_MESSAGE
    assert git(repo, "diff", "--cached", "--name-only").split() == ["other.txt"]
    unstaged = git(repo, "diff", "list.md")
    assert "+- [ ] two, renamed" in unstaged
    assert "somebody's words" in unstaged
    assert "[x] one" not in [line[1:] for line in unstaged.split("\n") if line[:1] in "+-"]


def test_staged_changes_of_the_same_file_stay_staged(repo: Path) -> None:
    path = repo / "list.md"
    path.write_bytes(LIST.replace(b"text", b"staged words"))
    git(repo, "add", "list.md")
    done = commit(plan_commit([press(path, 0)]))
    assert done.notes == ()
    assert committed(repo) == LIST.replace(b"[ ] one", b"[x] one")
    staged = git(repo, "diff", "--cached")
    assert "+staged words" in staged
    assert "[ ] one" not in [line[3:] for line in staged.split("\n") if line[:1] in "+-"]
    assert git(repo, "diff") == ""


def test_a_clean_tree_stays_clean(repo: Path) -> None:
    commit(plan_commit([press(repo / "list.md", 0)]))
    assert git(repo, "status", "--porcelain") == ""


def test_edits_taken_back_leave_nothing_to_commit(repo: Path) -> None:
    first = press(repo / "list.md", 0)
    second = undo(first)
    with pytest.raises(CommitRefused, match="nothing to commit"):
        plan_commit([first, second])


def test_edits_somebody_changed_again_are_left_out(repo: Path) -> None:
    path = repo / "list.md"
    first, second = press(path, 0), press(path, 1)
    path.write_bytes(path.read_bytes().replace(b"[x] one", b"[!] one"))
    plan = plan_commit([first, second])
    (file,) = plan.files
    assert [(s.hunk, s.reason) for s in file.skipped] == [
        (first, "“one” was changed again by somebody else")
    ]
    commit(plan)
    assert committed(repo) == LIST.replace(b"[ ] two", b"[x] two")


def test_an_item_the_last_commit_does_not_have_is_left_out(repo: Path) -> None:
    path = repo / "list.md"
    path.write_bytes(LIST + b"- [ ] new\n")
    with pytest.raises(CommitRefused, match="no certain place for “new” in the last commit"):
        plan_commit([press(path, 3)])


NOTED = b"# Plan\n\n- [ ] one\n  - seen\n- [ ] two\n- [ ] three\n\ntext\n"


def note(path: Path, index: int, text: str) -> NoteHunk:
    document = parse(path.read_bytes())
    return append_note(path, anchor_of(document, document.items[index]), [text])


def test_our_notes_are_committed_and_no_foreign_lines(repo: Path) -> None:
    path = repo / "list.md"
    path.write_bytes(LIST.replace(b"text", b"somebody's words").replace(b"two", b"two, renamed"))
    hunks = [note(path, 0, "seen"), press(path, 0), note(path, 0, owner_note("bob"))]
    path.write_bytes(path.read_bytes().replace(b"- seen\n", b"- seen\n  - a foreign note\n"))
    git(repo, "add", "list.md")
    path.write_bytes(path.read_bytes().replace(b"three", b"three, unstaged"))
    commit(plan_commit(hunks))
    ours = NOTED.replace(b"[ ] one", b"[x] one").replace(
        b"  - seen\n", b"  - seen\n  - **Owner:** bob\n"
    )
    assert committed(repo) == ours
    staged = [line for line in git(repo, "diff", "--cached").split("\n") if line[:1] == "+"]
    assert staged[1:] == ["+  - a foreign note", "+- [ ] two, renamed", "+somebody's words"]
    assert "unstaged" in git(repo, "diff")


def test_a_note_survives_the_evidence_and_is_taken_back_byte_for_byte(repo: Path) -> None:
    path = repo / "list.md"
    added = note(path, 0, "seen")
    stored = hunk_from_json(json.loads(json.dumps(added.to_json())))
    assert stored == replace(added, method="")
    commit(plan_commit([added]))
    assert committed(repo) == NOTED
    assert isinstance(stored, NoteHunk)
    removed = remove_note(stored)
    assert path.read_bytes() == LIST
    plan = plan_commit([removed])
    assert "-  - seen" in plan.diff()
    commit(plan)
    assert committed(repo) == LIST
    assert git(repo, "status", "--porcelain") == ""
    with pytest.raises(CommitRefused, match="nothing to commit"):
        plan_commit([added, removed])


def test_a_note_somebody_rewrote_is_neither_committed_nor_taken_back(repo: Path) -> None:
    path = repo / "list.md"
    added = note(path, 0, "seen")
    path.write_bytes(path.read_bytes().replace(b"- seen", b"- seen by eve"))
    with pytest.raises(CommitRefused, match="“seen” below “one” was changed again"):
        plan_commit([added])
    with pytest.raises(AnchorLost, match="does not stand below"):
        remove_note(added)
    path.write_bytes(NOTED.replace(b"  - seen\n", b"  - seen\n  - other\n  - seen\n"))
    with pytest.raises(AnchorAmbiguous, match="more than once"):
        remove_note(added)


BLOCK = b"# R\n<!-- cockpit:begin smoke -->\nold\n<!-- cockpit:end -->\nrest\n"


def test_our_block_is_committed_and_nothing_around_it(repo: Path) -> None:
    path = repo / "list.md"
    path.write_bytes(BLOCK)
    git(repo, "commit", "-qam", "block")
    written = write_block(path, "smoke", "SPY ok\n")
    hunk = hunk_from_json(
        json.loads(json.dumps(block_hunk(path, written.after, "smoke").to_json()))
    )
    path.write_bytes(path.read_bytes().replace(b"rest", b"foreign"))
    commit(plan_commit([hunk]))
    assert committed(repo) == BLOCK.replace(b"old", b"SPY ok")
    assert "+foreign" in git(repo, "diff")
    written = write_block(path, "smoke", "SPY red\n")
    hunk = block_hunk(path, written.after, "smoke")
    path.write_bytes(path.read_bytes().replace(b"SPY red", b"SPY green"))
    with pytest.raises(CommitRefused, match="block smoke was changed again"):
        plan_commit([hunk])


def test_an_untracked_file_is_left_out_and_the_others_are_committed(repo: Path) -> None:
    (repo / "new.md").write_bytes(LIST)
    plan = plan_commit([press(repo / "new.md", 0), press(repo / "list.md", 0)])
    assert plan.skipped == ("new.md is not in the last commit; add it by hand once",)
    done = commit(plan)
    assert done.files == ("list.md",)
    assert git(repo, "status", "--porcelain").split() == ["??", "new.md"]


def refuse_detached(repo: Path) -> None:
    git(repo, "checkout", "-q", "--detach")


def refuse_locked(repo: Path) -> None:
    (repo / ".git" / "index.lock").write_bytes(b"")


def refuse_merging(repo: Path) -> None:
    (repo / ".git" / "MERGE_HEAD").write_text(git(repo, "rev-parse", "HEAD"))


def refuse_rebasing(repo: Path) -> None:
    (repo / ".git" / "rebase-merge").mkdir()


def refuse_markers(repo: Path) -> None:
    path = repo / "list.md"
    path.write_bytes(path.read_bytes() + b"<<<<<<< ours\n=======\n>>>>>>> theirs\n")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (refuse_detached, "detached HEAD"),
        (refuse_locked, "index.lock"),
        (refuse_merging, "a merge is under way"),
        (refuse_rebasing, "a rebase is under way"),
        (refuse_markers, "conflict markers"),
    ],
)
def test_states_in_which_nothing_is_committed(repo: Path, spoil: object, words: str) -> None:
    edit = press(repo / "list.md", 0)
    plan = plan_commit([edit])
    assert callable(spoil)
    spoil(repo)
    with pytest.raises(CommitRefused, match=words):
        plan_commit([edit])
    if spoil is not refuse_markers:
        with pytest.raises(CommitRefused, match=words):
            commit(plan)
    assert committed(repo) == LIST


def test_a_branch_that_moved_on_since_the_diff(repo: Path) -> None:
    plan = plan_commit([press(repo / "list.md", 0)])
    git(repo, "commit", "-q", "--allow-empty", "-m", "other")
    with pytest.raises(CommitRefused, match="moved on"):
        commit(plan)


def test_outside_of_a_repository_and_untracked(tmp_path: Path, repo: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_bytes(LIST)
    with pytest.raises(CommitRefused, match="not in a git repository"):
        plan_commit([press(outside, 0)])
    (repo / "new.md").write_bytes(LIST)
    with pytest.raises(CommitRefused, match="not in the last commit"):
        plan_commit([press(repo / "new.md", 0)])
    with pytest.raises(CommitRefused, match="no edits"):
        plan_commit([])


@pytest.mark.skipif(sys.platform == "win32", reason="hooks need a shell")
def test_hooks_are_announced_and_obeyed(repo: Path) -> None:
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho no, not today >&2\nread answer\nexit 1\n")
    hook.chmod(0o755)
    plan = plan_commit([press(repo / "list.md", 0)])
    assert plan.hooks == ("pre-commit",)
    with pytest.raises(CommitRefused, match="no, not today"):
        commit(plan)
    assert committed(repo) == LIST
    assert git(repo, "diff", "--cached") == ""
    hook.write_text("#!/bin/sh\nexit 0\n")
    assert commit(plan).hooks == ("pre-commit",)


def test_carriage_returns_stay_as_the_repository_has_them(repo: Path) -> None:
    path = repo / "list.md"
    git(repo, "config", "core.autocrlf", "true")
    path.write_bytes(LIST.replace(b"\n", b"\r\n"))
    commit(plan_commit([press(path, 0)]))
    assert committed(repo) == LIST.replace(b"[ ] one", b"[x] one")
