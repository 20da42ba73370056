"""Checklists under a running session: mirrors, requirements, notes, reverted ticks, history."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from checklist_findings import item_facts
from sessions import reply_of, started
from support import save_over, until

from cockpit.commands import (
    Acknowledge,
    Confirm,
    NoteItem,
    PlanCommit,
    RecordProgress,
    Reprobe,
    SetItem,
    UndoEdit,
)
from cockpit.config.load import load
from cockpit.feed import FeedMode
from cockpit.model import EventKind, Finding
from cockpit.redaction import MASKED, SECRETS
from cockpit.session.session import Session

TEXT = "# List\n\n- [ ] P1.1 one\n- [ ] P1.2 two\n"


@contextmanager
def session(folder: Path, more: str = "") -> Iterator[Session]:
    path = folder / "cockpit.toml"
    if not path.exists():
        (folder / "LIST.md").write_text(TEXT, encoding="utf-8")
        table = f'[[checklist]]\nfile = "LIST.md"\nname = "list"\n{more}'
        path.write_text(table, encoding="utf-8")
    with started(path) as made:
        yield made


def finding(made: Session, number: int = 0) -> Finding:
    return made.feed.snapshot().observations["list"].findings[number]


def titles(made: Session) -> list[str]:
    return [problem.title for problem in made.feed.snapshot().problems]


def wish(made: Session, to: str | None = "done", number: int = 0) -> SetItem:
    found = finding(made, number)
    seen, anchor = item_facts(found).status, item_facts(found).anchor
    return SetItem("list", found.key, seen, anchor, to)


def kinds(made: Session) -> list[str]:
    return [event.kind for event in made.feed.item_events("list")]


def test_a_state_by_name_and_the_history_of_an_item(tmp_path: Path) -> None:
    with session(tmp_path) as made:
        assert reply_of(made, wish(made, "blocked")).ok
        until(lambda: item_facts(finding(made)).status == "blocked")
        assert "- [!] P1.1" in (tmp_path / "LIST.md").read_text(encoding="utf-8")
        assert reply_of(made, wish(made, "done")).ok
        until(lambda: len(made.feed.item_events("list")) == 2)
        events = made.feed.item_events("list")
    assert [(e.data["from"], e.data["to"]) for e in events] == [
        ("todo", "blocked"),
        ("blocked", "done"),
    ]
    assert {e.data["item"] for e in events} == {events[0].data["item"]}
    assert {e.actor for e in events} == {"ann@here"}


def test_mirrors_are_intended_first_and_follow_an_undo(tmp_path: Path) -> None:
    mirror = tmp_path / "READY.md"
    mirror.write_text("* [ ] P1.1 in other words\n", encoding="utf-8")
    with session(tmp_path, 'mirrors = ["READY.md"]\n') as made:
        assert "READY.md too" in reply_of(made, wish(made)).text
        assert mirror.read_text(encoding="utf-8") == "* [x] P1.1 in other words\n"

        def order() -> list[str]:
            return [e.kind for e in made.feed.events() if e.kind in ("edit", "mirror")]

        until(lambda: len(order()) == 4)
        assert order() == ["mirror", "edit", "edit", "mirror"]
        assert reply_of(made, UndoEdit()).ok
        assert mirror.read_text(encoding="utf-8") == "* [ ] P1.1 in other words\n"
        assert (tmp_path / "LIST.md").read_text(encoding="utf-8") == TEXT
        assert "MIRROR PENDING" not in titles(made)


@pytest.mark.skipif(sys.platform == "win32", reason="the read-only bit is another there")
def test_a_mirror_that_cannot_be_written_stays_pending_over_a_restart(tmp_path: Path) -> None:
    mirror = tmp_path / "READY.md"
    mirror.write_text("* [ ] P1.1\n", encoding="utf-8")
    mirror.chmod(0o444)
    with session(tmp_path, 'mirrors = ["READY.md"]\n') as made:
        reply = reply_of(made, wish(made))
        assert reply.ok and "READY.md pending" in reply.text
        until(lambda: "MIRROR PENDING" in titles(made))
    with session(tmp_path) as made:
        until(lambda: "MIRROR PENDING" in titles(made))
        mirror.chmod(0o644)
        assert "READY.md too" in reply_of(made, Reprobe("list")).text
        assert mirror.read_text(encoding="utf-8") == "* [x] P1.1\n"
        until(lambda: "MIRROR PENDING" not in titles(made))


@pytest.mark.skipif(sys.platform == "win32", reason="the read-only bit is another there")
def test_a_pending_mirror_is_written_in_its_time_without_a_key(tmp_path: Path) -> None:
    mirror = tmp_path / "READY.md"
    mirror.write_text("* [ ] P1.1\n", encoding="utf-8")
    mirror.chmod(0o444)
    with session(tmp_path, 'mirrors = ["READY.md"]\nevery = "1s"\n') as made:
        assert "READY.md pending" in reply_of(made, wish(made)).text
        until(lambda: "MIRROR PENDING" in titles(made))
        mirror.chmod(0o644)
        until(lambda: mirror.read_text(encoding="utf-8") == "* [x] P1.1\n")
        until(lambda: "MIRROR PENDING" not in titles(made))


@pytest.mark.skipif(sys.platform == "win32", reason="the read-only bit is another there")
def test_a_pending_mirror_is_dropped_when_the_original_moved_on(tmp_path: Path) -> None:
    mirror = tmp_path / "READY.md"
    mirror.write_text("* [ ] P1.1\n", encoding="utf-8")
    mirror.chmod(0o444)
    with session(tmp_path, 'mirrors = ["READY.md"]\n') as made:
        reply_of(made, wish(made))
        mirror.chmod(0o644)
        (tmp_path / "LIST.md").write_text(TEXT, encoding="utf-8")
        assert "no longer wanted" in reply_of(made, Reprobe(None)).text
        assert mirror.read_text(encoding="utf-8") == "* [ ] P1.1\n"


def test_a_red_requirement_asks_for_a_reason_and_the_override_is_kept(tmp_path: Path) -> None:
    with session(tmp_path, 'order = "sequential"\n') as made:
        second = wish(made, "done", 1)
        refused = reply_of(made, second)
        assert not refused.ok and refused.needs_reason
        assert "“P1.1 one” (line 3), the stage before it, is todo" in refused.text
        assert (tmp_path / "LIST.md").read_text(encoding="utf-8") == TEXT
        assert reply_of(made, replace(second, reason="agreed with ops")).ok
        until(lambda: EventKind.OVERRIDE in kinds(made))
        override = made.feed.item_events("list")[-1]
        assert override.data["reason"] == "agreed with ops"
        until(lambda: "agreed with ops" in finding(made, 1).text)


def test_a_note_an_owner_and_the_progress_form_go_below_the_item(tmp_path: Path) -> None:
    file = tmp_path / "LIST.md"
    with session(tmp_path) as made:

        def now() -> tuple[str, str, str]:
            found = finding(made)
            return "list", found.key, item_facts(found).anchor

        assert reply_of(made, NoteItem(*now(), "seen on the DGX")).ok
        assert reply_of(made, NoteItem(*now(), "bob", owner=True)).ok
        form = RecordProgress(*now(), "all", "met", "P1.2", "", "1h")
        assert reply_of(made, form).ok
        assert "- Next:" not in file.read_text(encoding="utf-8")
        assert reply_of(made, replace(form, below=True)).ok
        until(lambda: kinds(made) == ["note", "note", "progress", "progress"])
        assert made.feed.item_events("list")[2].data["against_target"] == "met"
    lines = file.read_text(encoding="utf-8").split("\n")
    assert lines[:5] == [*TEXT.split("\n")[:3], "  - seen on the DGX", "  - **Owner:** bob"]
    assert "  - Blockers: none" in lines


def test_a_saved_over_tick_is_a_problem_that_one_key_repairs_or_accepts(tmp_path: Path) -> None:
    file = tmp_path / "LIST.md"
    with session(tmp_path) as made:
        assert reply_of(made, wish(made)).ok
        until(lambda: item_facts(finding(made)).status == "done")
        until(lambda: kinds(made) == ["edit"])
        save_over(file, TEXT)
        until(lambda: "TICK REVERTED" in titles(made))
    with session(tmp_path) as made:  # the evidence still knows
        until(lambda: "TICK REVERTED" in titles(made))
        assert reply_of(made, wish(made, "todo")).ok
        until(lambda: kinds(made)[-1] == "edit" and len(kinds(made)) == 2)
        reply_of(made, Reprobe("list"))
        until(lambda: "TICK REVERTED" not in titles(made))
        assert file.read_text(encoding="utf-8") == TEXT


def test_an_acknowledged_untick_does_not_come_back(tmp_path: Path) -> None:
    file, mirror = tmp_path / "LIST.md", tmp_path / "READY.md"
    mirror.write_text("* [ ] P1.1\n", encoding="utf-8")
    with session(tmp_path, 'mirrors = ["READY.md"]\n') as made:
        for number in (0, 1):
            assert reply_of(made, wish(made, "done", number)).ok
            until(lambda n=number: item_facts(finding(made, n)).status == "done")  # type: ignore[misc]
        save_over(file, TEXT)
        until(lambda: titles(made).count("TICK REVERTED") == 1)
        (problem,) = [p for p in made.feed.snapshot().problems if p.title == "TICK REVERTED"]
        before = file.read_bytes(), file.stat().st_mtime_ns, mirror.read_bytes()
        reply = reply_of(made, Acknowledge(problem.key, "meant so"))
        assert reply.ok and "it stays as it is" in reply.text
        until(lambda: "TICK REVERTED" not in titles(made))
        assert (file.read_bytes(), file.stat().st_mtime_ns, mirror.read_bytes()) == before

        def kept() -> list[object]:
            told = made.feed.item_events("list")
            return [event.data["reason"] for event in told if event.text.startswith("kept")]

        until(lambda: kept() == ["meant so", "meant so"])
        save_over(file, TEXT + "- [ ] more\n")
        until(lambda: len(made.feed.snapshot().observations["list"].findings) >= 3)
    with session(tmp_path) as made:
        reply_of(made, Reprobe("list"))
        assert "TICK REVERTED" not in titles(made) and "UNTICKED" not in titles(made)


def test_an_undo_in_another_process_never_flashes_as_reverted(tmp_path: Path) -> None:
    """The collector sees the file change before the store tells who did it."""
    with session(tmp_path) as collector:
        other = Session(
            load(tmp_path / "cockpit.toml"), kind="screen", user="bob", host="here", who="bob@here"
        )
        other.start()
        seen: set[str] = set()
        try:
            until(lambda: not other.feed.snapshot().waiting)
            assert other.feed.mode is FeedMode.ATTACHED
            for _ in range(3):
                done = reply_of(other, wish(other))
                assert done.ok, done.text
                until(lambda: item_facts(finding(other)).status == "done")
                assert reply_of(other, UndoEdit()).ok

                def undone() -> bool:
                    seen.update(titles(collector), titles(other))
                    return item_facts(finding(other)).status == "todo"

                until(undone)
            until(lambda: len(collector.feed.item_events("list")) == 6)
            reply_of(collector, Reprobe("list"))
            seen.update(titles(collector), titles(other))
        finally:
            other.close()
    assert "TICK REVERTED" not in seen and "UNTICKED" not in seen


def test_a_note_that_is_gone_does_not_stand_in_the_way_of_undo(tmp_path: Path) -> None:
    file = tmp_path / "LIST.md"
    with session(tmp_path) as made:
        found = finding(made)
        assert reply_of(made, wish(made, "done", 1)).ok
        note = NoteItem("list", found.key, item_facts(found).anchor, "seen")
        assert reply_of(made, note).ok
        text = file.read_text(encoding="utf-8")
        save_over(file, text.replace("- seen", "- seen by eve"))
        gone = reply_of(made, UndoEdit())
        assert not gone.ok and "does not stand below" in gone.text
        assert reply_of(made, UndoEdit()).ok
        assert file.read_text(encoding="utf-8") == text.replace("- seen", "- seen by eve").replace(
            "[x]", "[ ]"
        )


def test_an_undo_is_nobodys_old_buffer(tmp_path: Path) -> None:
    with session(tmp_path) as made:
        assert reply_of(made, wish(made)).ok
        until(lambda: item_facts(finding(made)).status == "done")
        assert reply_of(made, UndoEdit()).ok
        until(lambda: item_facts(finding(made)).status == "todo")
        assert finding(made).title == ""
        until(lambda: len(kinds(made)) == 2)
        reply_of(made, Reprobe("list"))
        assert finding(made).title == ""


def test_a_note_is_taken_back_like_an_edit(tmp_path: Path) -> None:
    file = tmp_path / "LIST.md"
    with session(tmp_path) as made:
        found = finding(made)
        place = ("list", found.key, item_facts(found).anchor)
        assert reply_of(made, wish(made, "done", 1)).ok
        assert reply_of(made, NoteItem(*place, "seen")).ok
        undone = reply_of(made, UndoEdit())
        assert undone.ok and "undone note: seen" in undone.text
        assert file.read_text(encoding="utf-8").count("[x]") == 1
        assert "seen" not in file.read_text(encoding="utf-8")
        assert reply_of(made, UndoEdit()).ok
        assert file.read_text(encoding="utf-8") == TEXT
        until(lambda: kinds(made) == ["edit", "note", "note", "edit"])
        assert "nothing to undo" in reply_of(made, UndoEdit()).text


def test_items_set_in_one_go_are_undone_in_one_go(tmp_path: Path) -> None:
    file = tmp_path / "LIST.md"
    with session(tmp_path) as made:
        for number in (0, 1):
            assert reply_of(made, replace(wish(made, "done", number), batch="1")).ok
        assert file.read_text(encoding="utf-8").count("[x]") == 2
        text = file.read_text(encoding="utf-8")
        save_over(file, text.replace("[x] P1.1", "[!] P1.1"))
        half = reply_of(made, UndoEdit())
        assert not half.ok and "undone 1 of 2" in half.text and "not changed" in half.text
        save_over(file, TEXT.replace("[ ] P1.1", "[x] P1.1"))
        assert reply_of(made, UndoEdit()).ok
        assert file.read_text(encoding="utf-8") == TEXT


def test_a_form_with_blank_answers_says_what_is_missing(tmp_path: Path) -> None:
    with session(tmp_path) as made:
        found = finding(made)
        place = ("list", found.key, item_facts(found).anchor)
        reply = reply_of(made, RecordProgress(*place, "all", " ", "", "", "1h", below=True))
        assert not reply.ok
        assert "no answer for status against target, what comes next" in reply.text
        assert (tmp_path / "LIST.md").read_text(encoding="utf-8") == TEXT


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_commit_is_shown_first_and_made_when_it_is_confirmed(tmp_path: Path) -> None:
    with session(tmp_path) as made:
        git(tmp_path, "init", "-q", "-b", "main")
        for name, value in (("user.name", "t"), ("user.email", "t@example.org")):
            git(tmp_path, "config", name, value)
        git(tmp_path, "add", "LIST.md")
        git(tmp_path, "commit", "-qm", "first")
        assert "no recorded edits" in reply_of(made, PlanCommit()).text
        assert reply_of(made, wish(made)).ok
        question = reply_of(made, PlanCommit()).question
        assert question is not None and question.expected == "commit"
        assert "LIST.md: 1 line in, 1 out" in question.lines
        assert "+- [x] P1.1 one" in question.lines
        refused = reply_of(made, Confirm(question.plan, "yes"))
        assert not refused.ok and git(tmp_path, "log", "--format=%s") == "first\n"
        assert not reply_of(made, Confirm(question.plan, "commit")).ok
        question = reply_of(made, PlanCommit()).question
        assert question is not None
        done = reply_of(made, Confirm(question.plan, "commit"))
        assert done.ok and "committed" in done.text
        assert "+- [x] P1.1 one" in git(tmp_path, "show", "--format=", "HEAD")
        assert "no recorded edits" in reply_of(made, PlanCommit()).text
        assert [e.actor for e in made.feed.events() if e.kind == "commit"] == ["ann@here"]


def test_a_commit_names_what_is_in_no_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    folder, outside = tmp_path / "repo", tmp_path / "OUT.md"
    folder.mkdir()
    outside.write_text(TEXT, encoding="utf-8")
    more = '[[checklist]]\nfile = "../OUT.md"\nname = "out"\n'
    with session(folder, more) as made:
        git(folder, "init", "-q", "-b", "main")
        for name, value in (("user.name", "t"), ("user.email", "t@example.org")):
            git(folder, "config", name, value)
        git(folder, "add", "LIST.md")
        git(folder, "commit", "-qm", "first")
        found = made.feed.snapshot().observations["out"].findings[0]
        there = replace(wish(made), probe="out", item=found.key, anchor=item_facts(found).anchor)
        assert reply_of(made, there).ok
        alone = reply_of(made, PlanCommit())
        assert not alone.ok and f"{outside.resolve()} is not in a git repository" in alone.text
        assert reply_of(made, wish(made)).ok
        question = reply_of(made, PlanCommit()).question
        assert question is not None
        assert f"left out: {outside.resolve()} is not in a git repository" in question.lines
        assert reply_of(made, Confirm(question.plan, "commit")).ok
        assert git(folder, "log", "--format=%s").count("\n") == 2


def test_an_item_that_holds_a_secret_is_ticked_and_its_bytes_are_kept_nowhere(
    tmp_path: Path,
) -> None:
    secret = "Zx81-of-the-vault"
    SECRETS.learn([secret])
    file = tmp_path / "LIST.md"
    rest = "- [ ] a neighbour\n- [ ] token: abcd1234efgh\n"
    file.write_text(f"- [ ] P1.1 use {secret} here\n{rest}", encoding="utf-8")
    table = '[[checklist]]\nfile = "LIST.md"\nname = "list"\n'
    (tmp_path / "cockpit.toml").write_text(table, encoding="utf-8")
    with session(tmp_path) as made:
        assert MASKED in finding(made).subject
        assert reply_of(made, wish(made)).ok
        until(lambda: item_facts(finding(made)).status == "done")
        assert reply_of(made, wish(made, "done", 2)).ok  # what only looks like one, too
        until(lambda: item_facts(finding(made, 2)).status == "done")
        assert file.read_text(encoding="utf-8").startswith(f"- [x] P1.1 use {secret} here\n")
        assert "- [x] token: abcd1234efgh" in file.read_text(encoding="utf-8")
        first, second = made.feed.item_events("list")
        assert first.payload is None and second.payload is not None
        assert reply_of(made, UndoEdit()).ok and reply_of(made, UndoEdit()).ok
        assert file.read_text(encoding="utf-8").endswith(f"- [ ] P1.1 use {secret} here\n{rest}")
        stale = wish(made, "done")
        save_over(file, f"another line\n\n- [ ] P1.1 use {secret} here\n")
        until(lambda: item_facts(finding(made)).line == 3)
        assert "secret" in reply_of(made, stale).text
    assert not [
        path
        for path in (tmp_path / ".cockpit").rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]
