"""Mirrors, notes, generated blocks, requirements and figures from the history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cockpit.checklists import (
    AnchorAmbiguous,
    AnchorLost,
    ChecklistError,
    EditUnsupported,
    FileUnwritable,
    Status,
    anchor_of,
    parse,
)
from cockpit.checklists.editing.generated_blocks import block_splice, write_block
from cockpit.checklists.editing.mirrors import Intent, carry_out, match
from cockpit.checklists.editing.notes import ProgressNote, append_note, note_splice, owner_note
from cockpit.checklists.plans.builder import build_plan
from cockpit.checklists.plans.metrics import StatusChange, batch_cycles, item_cycles
from cockpit.checklists.plans.requires import (
    Light,
    Requirement,
    done_but_red,
    read_requirement,
    requirements_of,
    unmet,
)

# Mirrors


def test_mirrors_are_matched_by_id_and_text() -> None:
    document = parse(b"- [x] P1.1: fix it\n- [ ] **Smoke** test\n- [ ] twice\n- [ ] alone\n")
    mirror = parse(b"## P1.1: other words\n**Status:** TODO\n\n- [ ] smoke test!\n- twice\n"
                   b"- [x] twice\n- [x] twice\n- [ ] stranger\n")  # fmt: skip
    found = match(document, mirror)
    assert [(p.item.text, p.mirror.line, p.by) for p in found.pairs] == [
        ("P1.1: fix it", 2, "id"),
        ("Smoke test", 4, "text"),
    ]
    assert [item.text for item in found.unmatched] == ["twice", "alone"]
    assert [item.text for item in found.extra] == ["twice", "twice", "stranger"]


def test_an_intent_stays_pending_until_it_is_carried_out(tmp_path: Path) -> None:
    mirror = tmp_path / "READY.md"
    item = parse(b"- [ ] P1.1: fix\n").items[0]
    intent = Intent.from_json(Intent(mirror, item.id, item.text, Status.DONE).to_json())
    with pytest.raises(FileUnwritable, match="cannot be read"):
        carry_out(intent)
    mirror.write_bytes(b"| Task | Status |\n|--|--|\n| P1.1: fix | pending |\n")
    assert carry_out(intent).changed
    assert b"| P1.1: fix | complete |" in mirror.read_bytes()
    assert not carry_out(intent).changed
    mirror.write_bytes(b"- [ ] P1.1: a\n- [ ] P1.1: b\n")
    with pytest.raises(AnchorAmbiguous, match="lines 1, 2"):
        carry_out(intent)
    mirror.write_bytes(b"- [ ] other\n")
    with pytest.raises(AnchorLost, match="no item matches"):
        carry_out(intent)


# Notes


def noted(text: bytes, index: int, *notes: str) -> bytes:
    document = parse(text)
    splice, _ = note_splice(document, document.items[index], notes)
    return splice.apply(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"- [ ] a\n- [ ] b\n", b"- [ ] a\n  - n\n- [ ] b\n"),
        (b"1. **[ ] a**\n   - sub\n\n2. [ ] b\n", b"1. **[ ] a**\n   - sub\n   - n\n\n2. [ ] b\n"),
        (b"> - [ ] a\r\n> - [ ] b\r\n", b"> - [ ] a\r\n>   - n\r\n> - [ ] b\r\n"),
        (b"- [ ] a", b"- [ ] a\n  - n"),
        (b"x\r\n- [ ] a", b"x\r\n- [ ] a\r\n  - n"),
        (b"- [ ] a\n  goes on\n  - [x] b\n", b"- [ ] a\n  goes on\n  - [x] b\n  - n\n"),
        (b"## T\n**Status:** DONE\n- x\n", b"## T\n**Status:** DONE\n**Note:** n\n- x\n"),
    ],
)
def test_notes_go_below_the_item(before: bytes, after: bytes) -> None:
    assert noted(before, 0, "n") == after


def test_an_owner_is_read_back() -> None:
    text = noted(b"- [ ] a\n", 0, owner_note("@ana"))
    assert parse(text).items[0].meta.owner == "ana"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (b"| T | Status |\n|--|--|\n| a | done |\n", "n"),
        (b"## \xe2\x9c\x85 a\n", "n"),
        ("✅ a\n".encode(), "n"),
        (b"- [ ] a\n", "[ ] an item"),
        (b"- [ ] a\n  ```\n  unclosed\n", "n"),
    ],
)
def test_where_no_note_can_stand(text: bytes, note: str) -> None:
    with pytest.raises(EditUnsupported, match="by hand"):
        noted(text, 0, note)


def test_the_five_lines_of_a_progress_note(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"- [x] a\n- [ ] b\n")
    document = parse(path.read_bytes())
    note = ProgressNote("all of it", "on time", "b", "", "2 h\nor so")
    append_note(path, anchor_of(document, document.items[0]), note.lines())
    assert path.read_text() == (
        "- [x] a\n  - Done: all of it\n  - Status against target: on time\n  - Next: b\n"
        "  - Blockers: none\n  - Estimate: 2 h or so\n- [ ] b\n"
    )


# Generated blocks

BLOCK = b"# R\r\n<!-- cockpit:begin smoke -->\r\nold\r\n<!-- cockpit:end -->\r\nrest\n"


def test_a_block_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "r.md"
    path.write_bytes(BLOCK)
    assert write_block(path, "smoke", "SPY ok\nOPTT ok\n").method != "unchanged"
    expected = BLOCK.replace(b"old\r\n", b"SPY ok\r\nOPTT ok\r\n")
    assert path.read_bytes() == expected
    assert write_block(path, "smoke", "SPY ok\nOPTT ok").method == "unchanged"
    write_block(path, "smoke", "")
    assert path.read_bytes() == BLOCK.replace(b"old\r\n", b"")


@pytest.mark.parametrize(
    ("data", "name", "content", "words"),
    [
        (BLOCK, "other", "x", "not in the document"),
        (BLOCK + BLOCK, "smoke", "x", "more than once"),
        (BLOCK.replace(b"cockpit:end", b"x"), "smoke", "x", "not closed"),
        (b"```\n" + BLOCK + b"```\n", "smoke", "x", "not in the document"),
        (BLOCK, "a b", "x", "no name"),
        (BLOCK, "smoke", "<!-- cockpit:end -->", "block comment itself"),
    ],
)
def test_blocks_that_cannot_be_written(data: bytes, name: str, content: str, words: str) -> None:
    with pytest.raises(ChecklistError, match=words):
        block_splice(data, name, content)


# Requirements


def green(_: Requirement) -> Light:
    return Light(True)


def red_light(_: Requirement) -> Light:
    return Light(False)


def test_requirements_in_comments_and_config() -> None:
    document = parse(
        b"- [ ] a <!-- requires: gate:promotion, backend -->\n"
        b"- [ ] P1.1: b\n  <!-- requires: item:a; owner: ana -->\n"
    )
    assert requirements_of(document.items[0], {"a": ["probe:x"]}) == (
        Requirement("gate", "promotion"), Requirement("", "backend"), Requirement("probe", "x")
    )  # fmt: skip
    assert requirements_of(document.items[1], {"P1.1": ["y"]}) == (
        Requirement("item", "a"), Requirement("", "y")
    )  # fmt: skip
    assert document.items[1].meta.owner == "ana"
    assert str(read_requirement(" gate: x ")) == "gate:x"


def test_what_speaks_against_a_tick() -> None:
    document = parse(
        b"- [x] a <!-- requires: gate:g, probe:p, probe:q -->\n- [ ] b <!-- requires: item:c -->\n"
        b"- [~] c\n"
    )
    states = {"g": Light(True), "p": Light(False)}
    missing = unmet(document, document.items[0], lambda r: states.get(r.name))
    assert [u.text for u in missing] == ["probe:p is red", "probe:q is not known"]
    assert [u.text for u in unmet(document, document.items[1], green)] == ["“c” is doing"]
    (red,) = done_but_red(document, lambda r: states.get(r.name))
    assert red[0] == document.items[0]


def test_stages_in_order() -> None:
    document = parse(b"1. [x] a\n2. [~] b\n   - [ ] b1\n3. [ ] c\n4. [ ] d\n")
    by_text = {item.text: item for item in document.items}
    for name, words in (
        *(("b", []), ("b1", [])),
        ("c", ["“b” (line 2), the stage before it, is doing"]),
        ("d", ["“c” (line 4), the stage before it, is todo"]),
    ):
        for starting in (False, True):
            found = unmet(document, by_text[name], green, sequential=True, starting=starting)
            assert [u.text for u in found] == words, name
    late = parse(b"1. [ ] a\n2. [ ] b\n   - [ ] b1\n")
    (found_late,) = unmet(late, late.items[2], green, sequential=True, starting=True)
    assert found_late.requirement.name == "a"


def test_batches_under_headings_come_one_after_the_other() -> None:
    document = parse(
        b"# Plan\n## Batch 1 - Base\n- [x] a\n- [ ] b\n- [-] c\n## Notes\n- [ ] n\n"
        b"## Batch 2 - More\n### Smoke\n- [ ] d\n- [ ] e\n## Batch 3 - Words\n## Batch 4\n- [ ] f\n"
    )
    by_text = {item.text: item for item in document.items}
    for name, words in (
        *(("b", []), ("n", [])),
        *(("d", [f"1/2 {BASE}"]), ("e", [f"1/2 {BASE}"])),
        *(("f", [f"0/2 {MORE}"]),),
    ):
        found = unmet(document, by_text[name], green, sequential=True)
        assert [u.text for u in found] == words, name


BASE = "done in “Batch 1 - Base”, the batch before it (line 2); open there: “b” (line 4)"
MORE = (
    "done in “Batch 2 - More”, the batch before it (line 8); open there: “d” (line 10), “e”"
    " (line 11)"
)


def test_a_batch_within_another_waits_for_what_that_one_waits_for() -> None:
    document = parse(
        b"## Phase 1\n### Batch 1\n- [ ] a\n## Phase 2\n### Batch 1\n- [ ] b\n"
        b"### Batch 2\n- [ ] c\n"
    )
    by_text = {item.text: item for item in document.items}
    for name, before in (("a", []), ("b", ["Phase 1"]), ("c", ["Phase 1", "Batch 1"])):
        found = unmet(document, by_text[name], green, sequential=True)
        assert [u.requirement.name for u in found] == before, name


def test_starting_asks_for_the_order_and_the_dependencies_and_not_for_what_is_required() -> None:
    document = parse(b"- [ ] P1.1: a\n- [ ] P1.2: b depends on P1.1 <!-- requires: gate:go -->\n")
    plan = build_plan([("f.md", document), ("g.md", document)])
    item = document.items[1]
    every = unmet(document, item, red_light, plan=plan, name="f.md")
    assert [u.text for u in every] == ["gate:go is red", "it depends on P1.1, which is todo"]
    begun = unmet(document, item, red_light, plan=plan, name="f.md", starting=True)
    assert begun == every[1:]


def test_dependencies_of_the_plan() -> None:
    document = parse(
        b"- [ ] P1.1: a\n- [ ] P1.2: b depends on P1.1\n- [ ] P1.3: c depends on P9.9\n"
    )
    plan = build_plan([("f.md", document)])
    texts = [[u.text for u in unmet(document, item, green, plan=plan)] for item in document.items]
    assert texts == [
        [],
        ["it depends on P1.1, which is todo"],
        ["its dependency “P9.9” is not clear"],
    ]


# Figures

START = datetime(2026, 1, 1, tzinfo=UTC)


def change(key: str, batch: str, before: str, after: str, hours: float) -> StatusChange:
    return StatusChange(key, batch, Status(before), Status(after), START + timedelta(hours=hours))


def test_cycle_times() -> None:
    history = [
        change("a", "B1", "todo", "doing", 1),
        change("a", "B1", "doing", "done", 4),
        change("b", "B1", "todo", "done", 6),
        change("c", "B2", "todo", "doing", 5),
        change("d", "B1", "todo", "doing", 2),
        change("d", "B1", "doing", "done", 3),
        change("d", "B1", "done", "doing", 5),
        change("d", "B1", "doing", "done", 7),
    ]
    cycles = {cycle.key: cycle for cycle in item_cycles(reversed(history))}
    hours = {key: c.duration and c.duration.total_seconds() / 3600 for key, c in cycles.items()}
    assert hours == {"a": 3, "b": None, "c": None, "d": 2}
    assert cycles["d"].reopened == 1
    first, second = batch_cycles(history)
    assert (first.batch, first.items, first.reopened) == ("B1", 3, 1)
    assert first.duration == timedelta(hours=6)
    assert first.median == timedelta(hours=2.5)
    assert (second.duration, second.median) == (None, None)
    assert batch_cycles([]) == ()
