"""Commits in repositories whose hooks change files, take their time, or are cut short."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from checklist_shell import git, repository
from support import until

from cockpit.checklists import CommitRefused, EditResult, Status, anchor_of, parse, set_item
from cockpit.checklists.git.commit import Committed, commit
from cockpit.checklists.git.commit_plan import plan_commit
from cockpit.checklists.git.hook_runs import HookRuns
from cockpit.checklists.git.index import carried_in
from cockpit.checklists.git.repository import Repository

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hooks need a shell")

NAMES = ("one", "two", "three", "four", "five", "six")
LIST = b"# Plan\n\n" + b"".join(f"- [ ] {name}\n".encode() for name in NAMES)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "list.md").write_bytes(LIST)
    (tmp_path / "other.txt").write_bytes(b"a\n")
    repository(tmp_path)
    return tmp_path


def hook(repo: Path, script: str, name: str = "pre-commit") -> None:
    path = repo / ".git" / "hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def tick(repo: Path, name: str = "two") -> EditResult:
    path = repo / "list.md"
    document = parse(path.read_bytes())
    (item,) = [item for item in document.items if item.text.startswith(name)]
    return set_item(path, anchor_of(document, item), Status.DONE)


def change(repo: Path, old: bytes, new: bytes) -> None:
    path = repo / "list.md"
    path.write_bytes(path.read_bytes().replace(old, new))


def ticked(*names: str) -> bytes:
    data = LIST
    for name in names:
        data = data.replace(f"[ ] {name}".encode(), f"[x] {name}".encode())
    return data


def head(repo: Path, name: str = "list.md") -> bytes:
    return Repository(repo, repo / ".git").committed(repo / name) or b""


def left_behind(repo: Path) -> list[str]:
    return [path.name for path in (repo / ".git").glob("cockpit-*")]


def test_a_hook_that_would_carry_foreign_changes_in_commits_nothing(repo: Path) -> None:
    hook(repo, "echo hooked >> list.md; git add list.md")
    change(repo, b"five", b"five FOREIGN")
    with pytest.raises(CommitRefused, match=r"not the cockpit's: list\.md; commit or stash"):
        commit(plan_commit([tick(repo)]))
    assert head(repo) == LIST
    assert git(repo, "diff", "--cached") == ""
    assert b"five FOREIGN" in (repo / "list.md").read_bytes()
    assert left_behind(repo) == []


def test_foreign_files_that_a_hook_adds_commit_nothing(repo: Path) -> None:
    hook(repo, "git add -A")
    (repo / "secret.txt").write_text("not mine\n")
    with pytest.raises(CommitRefused, match=r"not the cockpit's: secret\.txt"):
        commit(plan_commit([tick(repo)]))
    assert git(repo, "status", "--porcelain").split() == ["M", "list.md", "??", "secret.txt"]


def test_what_a_hook_does_by_itself_is_committed_and_named(repo: Path) -> None:
    hook(repo, "echo hooked >> list.md; echo made > made.txt; git add list.md made.txt")
    done = commit(plan_commit([tick(repo)]))
    assert head(repo) == ticked("two") + b"hooked\n"
    assert done.notes == (
        "a hook changed what was shown; committed as the hook left it: list.md, made.txt",
    )
    assert git(repo, "status", "--porcelain") == ""


def test_a_hook_that_formats_only_what_is_committed_leaves_the_others_their_changes(
    repo: Path,
) -> None:
    """As formatters do that work on the index: the file on disk keeps everybody's lines."""
    change(repo, b"five", b"five STAGED")
    git(repo, "add", "list.md")
    change(repo, b"six", b"six UNSTAGED")
    hook(
        repo,
        'blob=$(git show :list.md | sed "s/# Plan/# PLAN/" | git hash-object -w --stdin)\n'
        "git update-index --cacheinfo 100644,$blob,list.md",
    )
    done = commit(plan_commit([tick(repo)]))
    assert head(repo) == ticked("two").replace(b"# Plan", b"# PLAN")
    assert "committed as the hook left it: list.md" in done.notes[0]
    staged = git(repo, "diff", "--cached")
    assert [line for line in staged.split("\n")[4:] if line[:1] in ("+", "-")] == [
        "-- [ ] five", "+- [ ] five STAGED"
    ]  # fmt: skip
    assert "+- [ ] six UNSTAGED" in git(repo, "diff")


def test_the_message_hooks_are_heard(repo: Path) -> None:
    hook(repo, 'echo "T-1 $(cat "$1")" > "$1"; echo "# kept" >> "$1"', "prepare-commit-msg")
    hook(repo, 'grep -q "^T-1 docs" "$1" || exit 1; echo checked', "commit-msg")
    hook(repo, "echo after > after.txt", "post-commit")
    done = commit(plan_commit([tick(repo)]))
    assert git(repo, "log", "-1", "--format=%B").split("\n")[:2] == [
        "T-1 docs: update master batch checklist", "# kept"
    ]  # fmt: skip
    assert done.output == "checked"
    assert (repo / "after.txt").exists()
    hook(repo, "exit 3", "post-commit")
    done = commit(plan_commit([tick(repo, "three")]))
    assert done.notes == ("it is committed all the same: the hook post-commit refused: 3",)
    hook(repo, ': > "$1"', "prepare-commit-msg")
    hook(repo, "exit 0", "commit-msg")
    with pytest.raises(CommitRefused, match="left no commit message"):
        commit(plan_commit([tick(repo, "four")]))


def test_hooks_see_the_commit_and_not_the_files_beside_it(repo: Path) -> None:
    change(repo, b"five", b"five FOREIGN")
    hook(repo, "git diff --cached > ../seen; git diff-files --name-only > ../dirty")
    commit(plan_commit([tick(repo)]))
    seen = (repo.parent / "seen").read_text()
    assert "+- [x] two" in seen and "FOREIGN" not in seen
    assert (repo.parent / "dirty").read_text() == "list.md\n"


def test_a_hook_that_takes_everything_out_or_removes_the_index_commits_nothing(
    repo: Path,
) -> None:
    edit = tick(repo)
    hook(repo, "git reset -q")
    with pytest.raises(CommitRefused, match="left nothing of it"):
        commit(plan_commit([edit]))
    hook(repo, 'rm "$GIT_INDEX_FILE"')
    with pytest.raises(CommitRefused, match="index of this commit is gone"):
        commit(plan_commit([edit]))
    assert head(repo) == LIST


def test_the_branch_moves_while_a_hook_runs(repo: Path) -> None:
    hook(
        repo,
        "unset GIT_INDEX_FILE; git commit -q --no-verify --allow-empty -m meanwhile",
    )
    with pytest.raises(CommitRefused, match="moved on while the hooks ran"):
        commit(plan_commit([tick(repo)]))
    assert git(repo, "log", "-1", "--format=%s") == "meanwhile\n"
    assert git(repo, "diff", "--cached") == ""


def test_the_paths_are_staged_before_the_branch_moves(repo: Path) -> None:
    """Killed in between, it leaves a change staged that is there, never the reverse of one."""
    hook(
        repo,
        '[ "$1" != prepared ] || git diff --cached > ../staged',
        "reference-transaction",
    )
    commit(plan_commit([tick(repo)]))
    assert "+- [x] two" in (repo.parent / "staged").read_text()


def test_what_was_staged_is_taken_back_when_the_branch_cannot_be_moved(repo: Path) -> None:
    change(repo, b"five", b"five STAGED")
    git(repo, "add", "list.md")
    before = git(repo, "diff", "--cached")
    hook(repo, '[ "$1" != prepared ] || exit 1', "reference-transaction")
    with pytest.raises(CommitRefused, match="update-ref failed"):
        commit(plan_commit([tick(repo)]))
    assert git(repo, "diff", "--cached") == before
    assert head(repo) == LIST


def runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.startswith(b"Z")


def broken_off(repo: Path, script: str) -> tuple[list[Committed | CommitRefused], int]:
    """A commit that another thread ends while its hook runs; the hook's child."""
    hook(repo, f"{script} & echo $! > ../child.part; mv ../child.part ../child; wait")
    plan, hooks = plan_commit([tick(repo)]), HookRuns()
    came: list[Committed | CommitRefused] = []

    def act() -> None:
        try:
            came.append(commit(plan, hooks))
        except CommitRefused as error:
            came.append(error)

    thread = threading.Thread(target=act)
    thread.start()
    until((repo.parent / "child").exists)
    hooks.end()
    thread.join()
    return came, int((repo.parent / "child").read_text())


@pytest.mark.parametrize("script", ["sleep 300", "(trap '' TERM; sleep 300)"])
def test_a_commit_that_is_broken_off_leaves_nothing(repo: Path, script: str) -> None:
    (came,), child = broken_off(repo, script)
    assert isinstance(came, CommitRefused) and "broken off" in came.message
    until(lambda: not runs(child))
    assert head(repo) == LIST
    assert git(repo, "diff", "--cached") == ""
    assert left_behind(repo) == []
    hook(repo, "exit 0")
    commit(plan_commit([tick(repo)]))
    assert git(repo, "status", "--porcelain") == ""


def test_a_hook_that_leaves_something_in_the_background_is_not_waited_for(repo: Path) -> None:
    hook(repo, "sleep 300 & echo $! > ../child")
    done = commit(plan_commit([tick(repo)]))
    assert done.commit
    os.kill(int((repo.parent / "child").read_text()), 9)


def test_the_folder_of_a_killed_commit_is_cleared_away_by_the_next(repo: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for pid in (gone.pid, os.getpid()):
        (repo / ".git" / f"cockpit-commit-{pid}-x").mkdir()
    commit(plan_commit([tick(repo)]))
    assert left_behind(repo) == [f"cockpit-commit-{os.getpid()}-x"]


def test_signed_where_the_repository_wants_it(repo: Path) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(repo.parent / "key")], check=True
    )
    git(repo, "config", "gpg.format", "ssh")
    git(repo, "config", "user.signingkey", str(repo.parent / "key"))
    git(repo, "config", "commit.gpgsign", "true")
    commit(plan_commit([tick(repo)]))
    assert "gpgsig -----BEGIN SSH SIGNATURE" in git(repo, "cat-file", "commit", "HEAD")


@pytest.mark.parametrize(
    ("around", "made", "carried"),
    [
        (b"a\nB\nc\n", b"a\nB\nc\nhook\n", True),
        (b"a\nB\nc\n", b"a\nb\nc\nhook\n", False),
        (b"a\nB\nc\n", b"A\nb\nc\n", False),
        (b"a\nb\nnew\nc\n", b"A\nb\nc\n", False),
        (b"a\nb\nnew\nc\n", b"a\nb!\nnew\nc\n", True),
        (b"a\nb\nc\nnew\n", b"a\nb\nc\nnew\nhook\n", True),
        (b"b\nc\n", b"b\nc\nhook\n", True),
        (b"a\nb\nc\n", b"a\nb\nc\nhook\n", False),
    ],
)
def test_foreign_lines_in_what_a_hook_made(around: bytes, made: bytes, carried: bool) -> None:
    assert carried_in(b"a\nb\nc\n", around, made) is carried
