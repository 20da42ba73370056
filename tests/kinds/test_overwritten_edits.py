"""Ticks that another program took away: an old copy or a hand, and when that is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cockpit.checklists import EditResult, Status, anchor_of, parse, set_item
from cockpit.checklists.editing.edit_survival import Fate, judge, same_but_for
from cockpit.kinds.checklist.edit_history import WATCHED, KeptEdit
from cockpit.kinds.checklist.facts import ItemFacts
from cockpit.kinds.checklist.overwritten_edits import SETTLE, OverwrittenEdit, OverwrittenEdits
from cockpit.model import Concern, Finding, Observation, Verdict

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OLD = NOW - timedelta(minutes=1)
TEXT = "# L\n\n- [ ] one\n- [ ] two\n\nwords\n"
ITEM = ItemFacts(line=3, status="todo", marker=" ", form="box", depth=0, section="L")


class Desk:
    """A file, the edits made to it, and a probe's eye on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(TEXT.encode())
        self.edits: list[KeptEdit] = []
        self.eye = OverwrittenEdits(path)

    def tick(self, text: str) -> EditResult:
        document = parse(self.path.read_bytes())
        item = next(item for item in document.items if item.text == text)
        result = set_item(self.path, anchor_of(document, item), Status.DONE)
        at = NOW - timedelta(hours=1) + timedelta(minutes=len(self.edits))
        self.edits.append(KeptEdit(result, item.key, at, "ann", None))
        return result

    def save(self, text: str) -> None:
        self.path.write_bytes(text.encode())

    @property
    def text(self) -> str:
        return self.path.read_bytes().decode()

    def look(
        self,
        *,
        modified_at: datetime = OLD,
        now: datetime = NOW,
        previous: Sequence[Finding] = (),
    ) -> list[OverwrittenEdit]:
        before = Observation(
            *("list", "checklist", Concern.READINESS, Verdict.WARN, "", NOW, NOW),
            findings=tuple(previous),
        )
        found = self.eye.find(
            parse(self.path.read_bytes()),
            self.edits,
            modified_at=modified_at,
            now=now,
            previous=before,
        )
        return list(found.values())

    def titles(self, **more: datetime) -> list[str]:
        return [one.title for one in self.look(**more)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "list.md")


def test_the_whole_file_as_it_was_is_an_old_copy(desk: Desk) -> None:
    desk.tick("one")
    assert desk.titles() == []
    desk.save(TEXT)
    (one,) = desk.look()
    assert (one.title, one.old_copy) == ("TICK REVERTED", True)
    assert "older copy, byte for byte" in one.why


def test_a_copy_from_between_two_ticks_takes_the_later_one_away(desk: Desk) -> None:
    desk.tick("one")
    between = desk.text
    desk.tick("two")
    desk.look()
    desk.save(between)
    (one,) = desk.look()
    assert (one.edit.result.anchor.text, one.old_copy) == ("two", True)
    desk.save(TEXT)
    assert {(each.title, each.old_copy) for each in desk.look()} == {("TICK REVERTED", True)}


def test_a_later_tick_that_stands_says_that_it_was_unticked_by_hand(desk: Desk) -> None:
    desk.tick("one")
    desk.tick("two")
    desk.save(desk.text.replace("[x] one", "[ ] one").replace("words", "words, and more"))
    (one,) = desk.look()
    assert (one.title, one.fate) == ("UNTICKED", Fate.UNTICKED)
    assert "newer changes are still there" in one.why


def test_newer_lines_that_stay_say_so_too(desk: Desk) -> None:
    desk.tick("one")
    desk.look()
    desk.save(desk.text + "- [ ] three\n")
    desk.look()
    desk.save(desk.text.replace("[x] one", "[ ] one"))
    (one,) = desk.look()
    assert one.title == "UNTICKED"
    finding = one.told(Finding("k", Verdict.OK, "one"), ITEM, "list.md")
    again = OverwrittenEdits(desk.path)  # after a restart
    desk.eye = again
    key = parse(desk.path.read_bytes()).items[0].key
    (still,) = desk.look(previous=[replace(finding, key=key)])
    assert still.title == "UNTICKED"


def test_an_old_copy_with_lines_of_its_own_is_not_taken_for_a_hand(desk: Desk) -> None:
    desk.tick("one")
    desk.tick("two")
    desk.look()
    desk.save(TEXT + "- [ ] from the editor\n")
    assert desk.titles() == ["TICK REVERTED", "TICK REVERTED"]
    assert not any(one.old_copy for one in desk.look())


def test_newer_lines_that_went_with_it_are_no_hand_either(desk: Desk) -> None:
    desk.tick("one")
    desk.look()
    desk.save(desk.text + "- [ ] three\n")
    desk.look()
    desk.save(TEXT + "- [ ] other\n")
    assert desk.titles() == ["TICK REVERTED"]


def test_a_young_change_waits_for_its_record(desk: Desk) -> None:
    """Another process undoes the tick: its file is seen before its record."""
    desk.tick("one")
    desk.save(TEXT)
    assert desk.titles(modified_at=NOW - timedelta(seconds=1)) == []
    assert desk.eye.due == NOW + timedelta(seconds=1)
    assert desk.titles(modified_at=NOW - SETTLE) == ["TICK REVERTED"]
    assert desk.eye.due is None


def test_one_that_was_told_does_not_go_away_while_the_file_is_young(desk: Desk) -> None:
    desk.tick("one")
    desk.save(TEXT)
    (one,) = desk.look()
    finding = one.told(Finding("", Verdict.OK, "one"), ITEM, "list.md")
    key = parse(desk.path.read_bytes()).items[0].key
    desk.save(TEXT + "more\n")
    assert len(desk.look(modified_at=NOW, previous=[replace(finding, key=key)])) == 1
    assert desk.look(modified_at=NOW + timedelta(seconds=1), now=NOW + timedelta(seconds=1))


def test_a_file_that_is_never_at_rest_hides_nothing(desk: Desk) -> None:
    desk.tick("one")
    titles = []
    for second in range(4):
        at = NOW + timedelta(seconds=second)
        desk.save(TEXT + f"line {second}\n")
        titles.append(desk.titles(modified_at=at, now=at))
    assert titles == [[], [], ["TICK REVERTED"], ["TICK REVERTED"]]


def test_all_of_one_file_are_one_problem_with_one_offer(desk: Desk) -> None:
    desk.tick("one")
    desk.tick("two")
    desk.save(TEXT)
    found = [
        one.told(Finding(str(n), Verdict.OK, "x"), ITEM, "L.md")
        for n, one in enumerate(desk.look())
    ]
    assert {one.cause for one in found} == {"tick reverted:L.md"}
    assert {one.next_act for one in found} == {
        "space sets it to done again; a leaves it todo for good"
    }
    assert [one.facts.reverted_item for one in found] == [one.item for one in desk.edits]


def test_an_old_copy_is_looked_for_over_a_holiday() -> None:
    assert timedelta(days=7) <= WATCHED


def test_the_rule_in_words(desk: Desk) -> None:
    edit = desk.tick("one")
    now = parse((TEXT + "x\n").encode())
    by_hand = judge(edit, now, restored_by_git=False, newer=True)
    assert by_hand.text.startswith("UNTICKED list.md:3 “one”: it was set to done and is todo again")
    unclear = judge(edit, now, restored_by_git=False)
    assert unclear.fate is Fate.REVERTED and "or it was unticked" in unclear.text
    assert judge(edit, now, restored_by_git=True, newer=True).fate is Fate.RESTORED
    assert not same_but_for(parse(TEXT.encode()), now, [])
    assert same_but_for(now, now, [])
