"""Names, sums and blocks of a document as it is read."""

from __future__ import annotations

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cockpit.checklists import ChecklistError, Document, Form, Status, parse, patched
from cockpit.checklists.editing.edit import edit
from cockpit.checklists.errors import refused_text
from cockpit.checklists.parsing.blocks import block_parser
from cockpit.checklists.parsing.lru import LruCache
from cockpit.checklists.parsing.parents import parents, states_used

MIXED = """# Doc

## Boxes

- [x] a
- [ ] b

## Rules

- ✅ one
- ✅ two

## P1.1: t
**Status:** DONE
"""
PIECES = [
    *("- ", "* ", "+ ", "1. ", "2) ", "> ", "# ", "---", "===", "***", "_ _ _", "[ ] a"),
    *("[a]: b", "[a]:", "<!-- c", "-->", "<div>", "</div>", "    ", "\t", "\n", "\n\n", "a"),
    *("| a | b |", "|-|-|", "```", "~~~", "\\", " ", "\x0b", "\u2028", "\0", "[x]", "'t'"),
]


def section(document: Document, title: str) -> tuple[int, int]:
    found = next(each for each in document.sections if each.title == title)
    return found.progress.done, found.progress.total


def test_sections_count_what_their_document_counts() -> None:
    document = parse(MIXED.encode())
    assert (document.progress.done, document.progress.total) == (1, 2)
    assert section(document, "Doc") == section(document, "Boxes") == (1, 2)
    assert section(document, "Rules") == section(document, "P1.1: t") == (0, 0)


def test_sections_of_a_document_without_boxes_count_its_other_items() -> None:
    document = parse(MIXED.replace("- [x] a\n- [ ] b\n", "").encode())
    assert section(document, "Doc") == (3, 3)
    assert (section(document, "Rules"), section(document, "P1.1: t")) == ((2, 2), (1, 1))


def test_a_ticked_box_leaves_the_sums_as_reading_makes_them() -> None:
    document = parse(MIXED.encode())
    item = document.items[1]
    change = edit(document.data, item, Status.DONE)
    assert patched(document, item, change).sections == parse(change.apply(document.data)).sections


def test_a_box_with_its_words_on_the_next_line_is_called_by_them() -> None:
    document = parse(b"- [ ]\n  first\n  more\n- [x]\n  second P1.2\n- [ ]\n- [ ]\n")
    assert [item.text for item in document.items] == ["first", "second P1.2", "", ""]
    assert [(item.line, item.nth) for item in document.items] == [(1, 1), (4, 1), (6, 1), (7, 2)]


def test_words_below_a_named_box_do_not_rename_it() -> None:
    assert parse(b"- [ ] name\n  more\n").items[0].text == "name"


def test_the_line_of_a_heading_stands_for_its_task() -> None:
    task_lines = "#### P1.1: a\n**Effort:** 2h\n**Status:** TODO\n"
    document = parse(f"# Doc\n\n{task_lines}\n- [ ] x\n\n#### P1.2: b\n- [ ] y\n".encode())
    (task,) = document.at_line(3)
    assert (task.form, task.text, task.line) == (Form.STATUS_LINE, "P1.1: a", 5)
    assert document.at_line(5) == [task]
    assert [item.text for item in document.at_line(7)] == ["x"]
    assert [document.at_line(line) for line in (1, 2, 4, 9)] == [[], [], [], []]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("- [~] p\n  - [ ] a\n", Status.DOING),
        ("- [~] p\n  - [x] a\n", Status.DONE),
        ("- [~] p\n  - [x] a\n  - [ ] b\n", Status.DOING),
        ("- [x] p\n  - [ ] a\n", Status.TODO),
        ("- [ ] p\n  - [x] a\n  - [ ] b\n", Status.TODO),
        ("- [!] p\n  - [x] a\n", Status.BLOCKED),
    ],
)
def test_what_a_parent_is_set_to(text: str, wanted: Status) -> None:
    document = parse(text.encode())
    (parent,) = parents(document)
    assert parent.wanted(states_used(document)) is wanted


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
def test_blocks_are_those_of_the_plain_parser(text: str) -> None:
    plain = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
    plain.core.ruler.enableOnly(["normalize", "block"])
    ours = [token.as_dict() for token in block_parser().parse(text)]
    assert ours == [token.as_dict() for token in plain.parse(text)]


def test_the_collector_of_circles_runs_again_after_a_long_document() -> None:
    long = b"- [ ] a\n" * 20_000
    assert gc.isenabled()
    assert len(parse(long).items) == 20_000
    assert gc.isenabled()
    gc.disable()
    try:
        parse(long)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_newest_is_kept_and_the_oldest_go() -> None:
    kept: LruCache[int] = LruCache(10, largest=12)
    for number, source in enumerate((b"aaaa", b"bbbb", b"cccccccccccc")):
        kept.keep(source, number)
    assert [kept.get(each) for each in (b"aaaa", b"bbbb", b"cccccccccccc")] == [None, None, 2]
    kept.keep(b"x" * 13, 3)
    assert (kept.get(b"x" * 13), kept.get(b"cccccccccccc")) == (None, 2)
    assert (kept.keep(b"aaaa", 4), kept.keep(b"aaaa", 7)) == (4, 4)
    kept.keep(b"bbbb", 5)
    kept.get(b"aaaa")
    kept.keep(b"dddd", 6)
    assert [kept.get(each) for each in (b"aaaa", b"bbbb", b"dddd")] == [4, None, 6]


def test_every_form_has_words() -> None:
    assert all(form.phrase.split()[0] in ("a", "an") for form in Form)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ChecklistError("gone; nothing was changed"), "gone; nothing was changed"),
        (ChecklistError("it is done now"), "not changed: it is done now"),
    ],
)
def test_that_nothing_was_changed_is_said_once(error: ChecklistError, told: str) -> None:
    assert refused_text(error) == told
