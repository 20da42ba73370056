"""The order of checklists and their one plan under a running session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from checklist_findings import item_facts, items, of_plan
from sessions import reply_of, started
from support import save_over, until

import cockpit.checklists.parsing.cache
from cockpit.checklists import Document
from cockpit.commands import Reprobe, SetItem, UndoEdit
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.model import Event, EventKind, Finding
from cockpit.session.session import Session

BATCHES = "# List\n\n## Batch 1\n- [ ] a\n- [x] b\n\n## Batch 2\n- [ ] c\n- [ ] d\n"


@contextmanager
def session(folder: Path, **lists: str) -> Iterator[Session]:
    """A session on these checklists: text by name, none of them looked at by the clock."""
    tables = []
    for name, text in lists.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
        os.utime(folder / f"{name}.md", (1e9, 1e9))  # a young file would be looked at again
        table = f'[[checklist]]\nfile = "{name}.md"\nevery = "1h"\n'
        order = 'order = "sequential"\nstates = ["todo", "doing", "done"]\n'
        tables.append(table + (order if "Batch" in text else ""))
    (folder / "cockpit.toml").write_text("\n".join(tables), encoding="utf-8")
    path = folder / "cockpit.toml"
    with started(path) as made:
        yield made


def item(made: Session, text: str, name: str = "list") -> Finding:
    listed = items(made.feed.snapshot().observations[name])
    return next(one for one in listed if one.subject == text)


def wish(made: Session, text: str, to: str | None, reason: str = "") -> SetItem:
    found = item(made, text)
    seen, anchor = item_facts(found).status, item_facts(found).anchor
    return SetItem("list", found.key, seen, anchor, to, reason)


def planned(made: Session, name: str, part: str) -> list[str]:
    return [one.subject for one, _ in of_plan(made.feed.snapshot().observations[name], part)]


def overrides(made: Session) -> list[Event]:
    return [event for event in made.feed.events() if event.kind == EventKind.OVERRIDE]


def test_a_later_batch_is_not_begun_without_a_reason(tmp_path: Path) -> None:
    with session(tmp_path, list=BATCHES) as made:
        for to in ("doing", "done", None):  # None: what the space key does
            refused = reply_of(made, wish(made, "c", to))
            assert not refused.ok and refused.needs_reason
            for told in ("1/2 done in “Batch 1”", "“a” (line 4)", "takes a reason"):
                assert told in refused.text, told
        assert (tmp_path / "list.md").read_text(encoding="utf-8") == BATCHES
        # To block it, to put it off and to begin the batch that is on claim nothing.
        assert reply_of(made, wish(made, "c", "blocked")).ok
        assert reply_of(made, wish(made, "a", "doing")).ok
        until(lambda: item_facts(item(made, "c")).status == "blocked")
        assert reply_of(made, wish(made, "c", "doing", "agreed")).ok
        until(lambda: overrides(made))
        (event,) = overrides(made)
        assert event.data["reason"] == "agreed"
        assert "c set to doing although 1/2 done in “Batch 1”" in event.text
        until(lambda: "begun all the same, ann@here: agreed" in item(made, "c").text)
        # Once begun, it still is not done without another one.
        assert reply_of(made, wish(made, "c", "done")).needs_reason
        # To take it back needs none, and neither does an undo.
        assert reply_of(made, UndoEdit()).ok


def test_an_undo_and_a_tick_set_again_are_marked_as_such(tmp_path: Path) -> None:
    def edits(made: Session) -> list[Event]:
        return [event for event in made.feed.item_events("list") if event.kind == EventKind.EDIT]

    with session(tmp_path, list="- [ ] a\n") as made:
        assert reply_of(made, wish(made, "a", "done")).ok
        assert reply_of(made, UndoEdit()).ok
        until(lambda: item_facts(item(made, "a")).status == "todo")
        assert reply_of(made, wish(made, "a", "done")).ok
        until(lambda: item_facts(item(made, "a")).status == "done")
        save_over(tmp_path / "list.md", "- [ ] a\n")
        until(lambda: item_facts(item(made, "a")).status == "todo")
        assert reply_of(made, wish(made, "a", "done")).ok
        until(lambda: len(edits(made)) == 4)
        marks = [("undo" in event.data, "again" in event.data) for event in edits(made)]
    assert marks == [(False, False), (True, False), (False, False), (False, True)]


def test_a_finished_batch_opens_the_next_one(tmp_path: Path) -> None:
    with session(tmp_path, list=BATCHES) as made:
        assert planned(made, "list", "ready") == ["a"]
        assert reply_of(made, wish(made, "a", "done")).ok
        until(lambda: planned(made, "list", "ready") == ["c", "d"])
        assert reply_of(made, wish(made, "c", "doing")).ok
        assert not overrides(made)


BASE = "- [ ] P1.1: ground of this test alone (4h)\n"  # no other may have filled the cache
MORE = "- [ ] P2.1: more (2h) depends on P1.1\n"


def test_a_change_in_another_checklist_reaches_the_plan_at_once_and_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    parsed: list[bytes] = []
    run, parse = ChecklistProbe.run, cockpit.checklists.parsing.cache.parse

    def counted_run(probe: ChecklistProbe, *args: Any) -> Any:
        runs.append(probe.name)
        return run(probe, *args)

    def counted_parse(data: bytes) -> Document:
        parsed.append(data)
        return parse(data)

    monkeypatch.setattr(ChecklistProbe, "run", counted_run)
    monkeypatch.setattr(cockpit.checklists.parsing.cache, "parse", counted_parse)
    with session(tmp_path, base=BASE, more=MORE, words="- [ ] a\n") as made:
        assert planned(made, "more", "blocked") == ["P2.1: more depends on P1.1"]
        runs.clear()
        parsed.clear()
        done = BASE.replace("[ ]", "[x]")
        save_over(tmp_path / "base.md", done)
        until(lambda: planned(made, "more", "ready") == ["P2.1: more depends on P1.1"])
        until(lambda: {"base", "words", "more"} <= set(runs))
        assert 1 <= parsed.count(done.encode()) <= 3  # at worst all three at the same moment
        assert set(parsed) <= {done.encode(), b""}  # a write that was seen half-way
        # Each of them ran for the change, and none for another one's having run.
        for name in ("base", "words", "more"):
            assert reply_of(made, Reprobe(name)).ok
        assert len(runs) < 15
