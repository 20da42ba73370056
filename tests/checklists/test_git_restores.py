"""What git itself puts back raises no alarm, what an editor puts back does. Real repositories."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from checklist_shell import git, repository

from cockpit.checklists import EditResult, Status, anchor_of, parse, set_item
from cockpit.checklists.editing.edit_survival import Fate, judge
from cockpit.checklists.git.repository import repository_of
from cockpit.checklists.git.restores import born_ns, restored

LIST = b"# Plan\n\n- [ ] one\n- [ ] two\n- [ ] three\n\ntext\n"
TICKED = LIST.replace(b"[ ] one", b"[x] one")


class Desk:
    """A file in a repository, and its one edit."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "list.md"
        self.path.write_bytes(LIST)
        (root / "other.txt").write_text("a\n")
        repository(root)
        document = parse(LIST)
        self.head = self._head()
        self.edit: EditResult = set_item(
            self.path, anchor_of(document, document.items[0]), Status.DONE
        )
        self.at = datetime.now(UTC)

    def _head(self) -> str | None:
        found = repository_of(self.root)
        return found.head() if found is not None else None

    def git(self, *words: str) -> str:
        return git(self.root, *words)

    def saved(self, data: bytes) -> None:
        """As an editor does it: in place, at a moment that no later file shares."""
        self.path.write_bytes(data)
        moment = self.root / ".git" / "moment"
        while True:
            moment.unlink(missing_ok=True)
            moment.write_bytes(b"")
            if moment.stat().st_mtime_ns > self.path.stat().st_mtime_ns:
                return

    @property
    def fate(self) -> Fate:
        by_git = restored(self.path, self.edit, head_before=self.head, since=self.at)
        return judge(self.edit, parse(self.path.read_bytes()), restored_by_git=by_git).fate


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Desk(tmp_path)


def test_an_editor_that_saves_an_old_buffer(desk: Desk) -> None:
    assert desk.fate is Fate.STANDS
    desk.saved(LIST + b"- [ ] from the editor\n")
    assert desk.fate is Fate.REVERTED
    desk.saved(LIST)
    os.utime(desk.path, ns=(1, 1))
    assert desk.fate is Fate.REVERTED
    verdict = judge(desk.edit, parse(LIST), restored_by_git=False)
    assert verdict.text.startswith("TICK REVERTED list.md:3 “one”: it was set to done and is todo")


@pytest.mark.parametrize(
    "words",
    [("status",), ("add", "list.md"), ("add", "-A"), ("diff",), ("update-index", "--refresh")],
)
def test_looking_or_staging_afterwards_silences_nothing(desk: Desk, words: tuple[str, ...]) -> None:
    desk.saved(LIST)
    desk.git(*words)
    assert desk.fate is Fate.REVERTED


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_of_another_file_silences_nothing(desk: Desk, when: str) -> None:
    (desk.root / "other.txt").write_text("b\n")
    if when == "before":
        desk.git("commit", "-qm", "other", "--", "other.txt")
    desk.saved(LIST)
    if when == "after":
        desk.git("commit", "-qm", "other", "--", "other.txt")
    assert desk.git("log", "--oneline").count("\n") == 2
    assert desk.fate is Fate.REVERTED


def test_a_commit_of_the_tick_silences_nothing(desk: Desk) -> None:
    desk.git("commit", "-qam", "tick")
    desk.saved(LIST)
    assert desk.fate is Fate.REVERTED
    desk.git("status")
    assert desk.fate is Fate.REVERTED


def test_a_branch_made_on_the_way_silences_nothing(desk: Desk) -> None:
    desk.git("checkout", "-qb", "aside")
    desk.saved(LIST)
    desk.git("status")
    assert desk.fate is Fate.REVERTED


@pytest.mark.parametrize(
    "words",
    [
        ("checkout", "-q", "--", "list.md"),
        ("restore", "list.md"),
        ("stash", "-q"),
        ("reset", "-q", "--hard"),
        ("checkout", "-qf", "main"),
    ],
)
def test_git_restores(desk: Desk, words: tuple[str, ...]) -> None:
    desk.git(*words)
    assert desk.fate is Fate.RESTORED


def test_a_stash_is_known_whatever_was_done_to_the_index_since(desk: Desk) -> None:
    desk.git("stash", "-q")
    (desk.root / "other.txt").write_text("b\n")
    desk.git("add", "other.txt")
    assert desk.fate is Fate.RESTORED


def test_a_branch_switch_is_known_whatever_came_after_it(desk: Desk) -> None:
    desk.git("commit", "-qam", "tick")
    desk.git("checkout", "-q", "HEAD~1")
    assert desk.fate is Fate.RESTORED
    (desk.root / "other.txt").write_text("b\n")
    desk.git("add", "other.txt")
    assert desk.fate is Fate.RESTORED
    desk.saved(LIST + b"more\n")
    assert desk.fate is Fate.RESTORED


def test_a_commit_that_takes_the_tick_back(desk: Desk) -> None:
    desk.git("commit", "-qam", "tick")
    desk.git("revert", "--no-edit", "HEAD")
    assert desk.path.read_bytes() == LIST
    (desk.root / "other.txt").write_text("b\n")
    desk.git("add", "other.txt")
    assert desk.fate is Fate.RESTORED


def test_line_ends_that_git_turns_are_no_difference(desk: Desk) -> None:
    desk.git("config", "core.autocrlf", "true")
    desk.git("checkout", "-q", "--", "list.md")
    assert b"\r\n" in desk.path.read_bytes()
    assert desk.fate is Fate.RESTORED


def test_outside_of_a_repository_git_restores_nothing(
    tmp_path_factory: pytest.TempPathFactory, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = tmp_path_factory.mktemp("loose")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(loose.parent))
    (loose / "list.md").write_bytes(LIST)
    path = loose / "list.md"
    assert not restored(path, desk.edit, head_before=desk.head, since=desk.at)


def test_other_fates(desk: Desk) -> None:
    desk.saved(LIST.replace(b"[ ] one", b"[!] one"))
    assert desk.fate is Fate.MOVED_ON
    desk.saved(b"# gone\n")
    assert desk.fate is Fate.UNCERTAIN


def test_births(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"")
    second.write_bytes(b"")
    one, two = born_ns(first), born_ns(second)
    if one is not None and two is not None:
        assert one <= two <= second.stat().st_mtime_ns
        first.write_bytes(b"more")
        assert born_ns(first) == one
    assert born_ns(tmp_path / "none") is None
