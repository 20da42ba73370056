"""Every form a task takes in markdown, and the look-alikes that are none."""

from __future__ import annotations

import pytest

from cockpit.checklists import Document, Form, Item, Status, parse


def read(text: str) -> Document:
    return parse(text.encode())


def only(text: str) -> Item:
    (item,) = read(text).items
    return item


@pytest.mark.parametrize(
    ("source", "status", "marker", "text"),
    [
        ("- [ ] a", "todo", " ", "a"),
        ("* [x] a", "done", "x", "a"),
        ("+ [X] a", "done", "X", "a"),
        ("1. [ ] a", "todo", " ", "a"),
        ("7) [x] a", "done", "x", "a"),
        ("-\t[ ] a", "todo", " ", "a"),
        ("- [\t] a", "todo", "\t", "a"),
        ("- [\u00a0] a", "todo", "\u00a0", "a"),
        ("- [ ]", "todo", " ", ""),
        ("> - [ ] a", "todo", " ", "a"),
        ("- - [ ] a", "todo", " ", "a"),
        ("-\n  [x] a", "done", "x", "a"),
        ("1. **[ ] Title here**", "todo", " ", "Title here"),
        ("1. **[~]** Title", "doing", "~", "Title"),
        ("- [/] a", "doing", "/", "a"),
        ("- [-] a", "dropped", "-", "a"),
        ("- [!] a", "blocked", "!", "a"),
        ("- [>] a", "deferred", ">", "a"),
        ("- [?] a", "unknown", "?", "a"),
        ("- [⏳] a", "todo", "⏳", "a"),
        ("- [OK] a", "done", "OK", "a"),
        ("- [wip] a", "doing", "wip", "a"),
        ("- [FAIL] a", "unknown", "FAIL", "a"),
        ("- [ ] first line\n  goes on", "todo", " ", "first line"),
        ("- **[ ] bold line\n  goes on**", "todo", " ", "bold line"),
        ("- [ ] **bold** and `code` and [link](http://x) <!-- c -->", "todo", " ",
         "bold and code and link"),
    ],
)  # fmt: skip
def test_box(source: str, status: str, marker: str, text: str) -> None:
    item = only(source)
    assert (item.form, item.status, item.marker, item.text) == (Form.BOX, status, marker, text)
    start, end = item.span
    assert source.encode()[start:end].decode() == marker


@pytest.mark.parametrize(
    "source",
    [
        "[ ] no list",
        "- [ ]glued",
        "- [1] a reference",
        "- [x](link)",
        "- [link][x]",
        "- \\[ ] escaped",
        "-[ ] no space",
        "- [AGENT] something else",
        "    - [ ] indented code",
        "```\n- [ ] fenced\n```",
        "~~~\n- [x] unclosed fence\n- [ ] b",
        "<!--\n- [ ] in a comment\n-->",
        "<div>\n- [ ] in html\n</div>",
        "- text\n  - # [ ] heading",
        "- [ ] setext\n  ---",
        "# [ ] heading",
        "- `[ ] code`",
    ],
)
def test_not_an_item(source: str) -> None:
    assert read(source).items == ()


@pytest.mark.parametrize(
    ("source", "form", "status", "text"),
    [
        ("- ☐ a", "ballot", "todo", "a"),
        ("☑ a", "ballot", "done", "a"),
        ("* ☒ a", "ballot", "done", "a"),
        ("- ✅ a", "emoji", "done", "a"),
        ("- ❌ **a**", "emoji", "todo", "a"),
        ("- ⏳ a", "emoji", "todo", "a"),
        ("- 🔄 a", "emoji", "doing", "a"),
        ("- ⚠️ a", "emoji", "unknown", "a"),
        ("- ⚠ a", "emoji", "unknown", "a"),
        ("- **✅ a**", "emoji", "done", "a"),
        ("### ✅ a", "heading", "done", "a"),
        ("### 🔄 a ###", "heading", "doing", "a"),
        ("✅ a\n===", "heading", "done", "a"),
    ],
)
def test_emoji_and_ballots(source: str, form: str, status: str, text: str) -> None:
    item = only(source)
    assert (item.form, item.status, item.text) == (form, status, text)
    start, end = item.span
    assert source.encode()[start:end].decode() == item.marker


def test_paragraph_lines_led_by_emoji_are_items_each() -> None:
    document = read("✅ **one** - fine  \n⏳ two\nstill two\n")
    assert [(i.status, i.text, i.line) for i in document.items] == [
        ("done", "one - fine", 1),
        ("todo", "two", 2),
    ]


def test_decorated_headings_are_no_tasks() -> None:
    assert read("## 🎯 Goals\n\n### Day 1 ✅\n").items == ()


@pytest.mark.parametrize(
    ("value", "status", "marker"),
    [
        ("NOT STARTED", "todo", "NOT STARTED"),
        ("NOT_STARTED", "todo", "NOT_STARTED"),
        ("🔴 Not Started", "todo", "🔴 Not Started"),
        ("✅ COMPLETE (2025-10-22)", "done", "✅ COMPLETE"),
        ("⚠️ PARTIAL", "doing", "⚠️ PARTIAL"),
        ("IN PROGRESS - 3 of 4", "doing", "IN PROGRESS"),
        ("60% complete", "doing", "60% complete"),
        ("100%", "done", "100%"),
        ("BLOCKED by P2A", "blocked", "BLOCKED"),
        ("On hold", "deferred", "On hold"),
        ("Not complete", "todo", "Not complete"),
        ("Waiting on legal", "blocked", "Waiting"),
        ("Lukewarm", "unknown", "Lukewarm"),
        ("✅", "done", "✅"),
    ],
)
@pytest.mark.parametrize("label", ["**Status:** {}", "**Status**: {}", "- **Status:** {}"])
def test_status_line(label: str, value: str, status: str, marker: str) -> None:
    source = "#### P2A.1: Title\n**Priority:** HIGH\n\n" + label.format(value) + "\n"
    item = only(source)
    assert (item.form, item.status, item.marker) == (Form.STATUS_LINE, status, marker)
    assert (item.text, item.id, item.section) == ("P2A.1: Title", "P2A.1", ())
    assert item.meta.priority == "HIGH"
    start, end = item.span
    assert source.encode()[start:end].decode() == marker


def test_plain_status_counts_only_with_a_known_word() -> None:
    assert only("# T\nStatus: done\n").status is Status.DONE
    assert read("# T\nStatus: whatever the market does\n").items == ()
    assert read("# T\nCurrent status: done\n").items == ()


def test_status_after_other_labels_on_one_line() -> None:
    source = "## T\n**Owner:** Ana | **Status:** DONE | **Due:** 2026-01-02\n"
    item = only(source)
    assert (item.marker, item.status) == ("DONE", Status.DONE)
    assert source.encode()[item.span[0] : item.span[1]] == b"DONE"


def test_status_after_a_rule_is_the_documents() -> None:
    source = "# Plan\n\n## Vision\n\n---\n\n**Status:** READY TO START\n"
    item = only(source)
    assert (item.text, item.section, item.status) == ("Plan", (), Status.TODO)


TABLE = """\
| # | Task | Status | Owner | Effort |
|---|:-----|--------|-------|--------|
| 1 | P1.1: one \\| two | ✅ Done | ana | 2h |
| 2 | second | `IN PROGRESS` | - | 3-4 hours |
| 3 | third | odd words | | |
| 4 | fourth | | | |
5 | fifth | [x]
"""


def test_table_rows() -> None:
    document = read(TABLE)
    found = [(i.text, i.status, i.marker, i.id, i.meta.owner) for i in document.items]
    assert found == [
        ("P1.1: one | two", "done", "✅ Done", "P1.1", "ana"),
        ("second", "doing", "IN PROGRESS", None, None),
        ("third", "unknown", "odd words", None, None),
        ("fifth", "done", "x", None, None),
    ]
    for item in document.items:
        start, end = item.span
        assert TABLE.encode()[start:end].decode() == item.marker
    second = document.items[1].meta.effort
    assert second is not None
    assert (second.low, second.high) == (3, 4)


def test_table_without_a_status_column_needs_exactly_one_marker_cell() -> None:
    head = "| Gate | A | B |\n|--|--|--|\n"
    assert [i.status for i in read(head + "| g | ✅ | text |\n").items] == ["done"]
    assert read(head + "| g | ✅ | ❌ |\n").items == ()
    assert read(head + "| g | text | text |\n").items == ()


def test_nesting_sections_and_lines() -> None:
    source = (
        "# Top\n\n## One\n- [ ] a\n  - [x] b\n    - [ ] c\n- plain\n  - [ ] d\n\n"
        "## Two\n1. **Step**\n   ```\n   # not a heading\n   ```\n   - [ ] e\n\n"
    )
    document = read(source)
    assert [(i.text, i.depth, i.parent, i.line, i.end_line) for i in document.items] == [
        ("a", 0, None, 4, 6),
        ("b", 1, 0, 5, 6),
        ("c", 2, 1, 6, 6),
        ("d", 0, None, 8, 8),
        ("e", 0, None, 15, 15),
    ]
    assert document.items[0].section == ("Top", "One")
    assert document.items[-1].section == ("Top", "Two")
    assert document.children(0) == (1,)
    sections = [(s.title, s.progress.done, s.progress.total, s.line) for s in document.sections]
    assert sections == [("Top", 1, 5, 1), ("One", 1, 4, 3), ("Two", 0, 1, 10)]


def test_boxes_below_a_heading_task_are_its_children() -> None:
    document = read("## P1.1: T\n**Status:** DONE\n\n- [ ] a\n\n## Other\n- [ ] b\n")
    assert [(i.text, i.parent, i.depth) for i in document.items] == [
        ("P1.1: T", None, 0),
        ("a", 0, 1),
        ("b", None, 0),
    ]


def test_keys_are_distinct_and_survive_insertions() -> None:
    before = read("# A\n- [ ] same\n- [ ] same\n- [ ] other\n")
    after = read("# A\ntext\n- [ ] new\n- [x] same\n- [ ] same\n- [ ] other\n")
    keys = [item.key for item in before.items]
    assert len(set(keys)) == 3
    assert [item.key for item in after.items][1:] == keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P2A.1: Debug", "P2A.1"),
        ("P2B whole", "P2B"),
        ("Task 07: Fix", "Task 07"),
        ("1.1.2 Install", "1.1.2"),
        ("QG8: gate", "QG8"),
        ("ABC-12 - thing", "ABC-12"),
        ("[P2A.1] thing", "P2A.1"),
        ("Batch 3B: x", "Batch 3B"),
        ("Install 3.1 now", None),
        ("1.5x faster", None),
        ("SPY + OPTT", None),
        ("Q4 revenue", None),
    ],
)
def test_ids(text: str, expected: str | None) -> None:
    assert only(f"- [ ] **{text}**").id == expected


def test_meta_in_text_and_comments() -> None:
    item = only(
        "- [ ] Fix it (6-8 hours) @ana due: 2026-03-01 [HIGH] depends on P2A.1"
        " <!-- requires: gate:promotion, probe:backend -->"
    )
    meta = item.meta
    assert meta.effort is not None
    assert (meta.effort.low, meta.effort.high) == (6, 8)
    assert (meta.owner, meta.due, meta.priority) == ("ana", "2026-03-01", "HIGH")
    assert meta.depends == "P2A.1"
    assert meta.requires == ("gate:promotion", "probe:backend")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("30 min", 0.5, 0.5), ("~2h", 2, 2), ("1-2 days", 8, 16), ("2 weeks", 80, 80),
        ("1.5–2 hours", 1.5, 2),
    ],
)  # fmt: skip
def test_effort_in_hours(text: str, low: float, high: float) -> None:
    effort = only(f"- [ ] a ({text})").meta.effort
    assert effort is not None
    assert (effort.low, effort.high) == (low, high)


def test_an_address_is_no_owner() -> None:
    assert only("- [ ] write to a@b.example and pkg@v4 actions/checkout@v4").meta.owner is None


def test_progress_counts_boxes_and_weighs_by_effort() -> None:
    document = read(
        "# A\n- [x] a (1h)\n- [ ] b (3h)\n- [-] c (9h)\n- [~] d (4h)\n- ✅ decoration\n"
    )
    progress = document.progress
    assert (progress.done, progress.total, progress.dropped, progress.doing) == (1, 3, 1, 1)
    assert progress.effort_ratio == pytest.approx(1 / 8)
    assert read("- [x] a (1h)\n- [ ] b\n").progress.effort_ratio is None
    assert read("no items").progress.ratio is None


def test_without_boxes_the_other_forms_count() -> None:
    assert read("- ✅ a\n- ⏳ b\n").progress.total == 2


def test_item_as_json() -> None:
    item = only("# S\n- [x] **P1.1** do it (2h) @ana\n")
    assert item.to_json("f.md") == {
        "file": "f.md",
        "line": 2,
        "status": "done",
        "form": "box",
        "marker": "x",
        "text": "P1.1 do it (2h) @ana",
        "id": "P1.1",
        "section": ["S"],
        "depth": 0,
        "parent": None,
        "meta": {"owner": "ana", "effort": {"text": "2h", "hours": [2.0, 2.0]}},
    }
