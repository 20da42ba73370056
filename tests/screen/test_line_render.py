"""Lines as data: exact widths whatever the text, the tail kept, diffs and filters."""

from __future__ import annotations

import pytest
from cockpit_widgets.line_render import changed, draw, fit, matching, merge, reach, width_of, wrap
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.rows import ASCII, UNICODE, Align, Column, Row, Span, Tone, plain

TEXTS = st.text(alphabet=st.sampled_from("ab 交易🚀é…\u0301✖x"), max_size=40)
SPANS = st.builds(Span, TEXTS, st.sampled_from(Tone))
CELLS = TEXTS | SPANS | st.lists(SPANS, max_size=3).map(tuple)
COLUMNS = st.lists(
    st.builds(
        Column,
        st.just("T"),
        st.integers(0, 12),
        st.sampled_from(Align),
        st.integers(0, 60),
        st.integers(0, 30),
    ),
    max_size=5,
)
ROWS = st.builds(
    Row,
    st.sampled_from("abcdef"),
    st.lists(CELLS, max_size=5).map(tuple),
    st.sampled_from(Tone),
    CELLS,
)


@given(ROWS, COLUMNS, st.integers(0, 130), st.sampled_from([UNICODE, ASCII]))
def test_a_row_is_drawn_exactly_as_wide_as_asked(row, columns, width, glyphs) -> None:
    line = draw(row, columns, width, glyphs)
    assert width_of(line) == width
    if glyphs is ASCII:
        assert all(span.text.isascii() for span in line)


@given(st.lists(SPANS, max_size=4), st.integers(1, 60), st.sampled_from(Align))
def test_what_fits_is_kept_whole_and_what_is_cut_says_so(spans, width, align) -> None:
    text = "".join(span.text for span in spans)
    drawn = "".join(span.text for span in fit(spans, width, UNICODE, align=align))
    assert cell_len(drawn) == width
    if cell_len(text) <= width:
        assert text.strip(" ") in drawn
    else:
        assert drawn.endswith("…")


@given(TEXTS, st.integers(2, 30))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text, width) -> None:
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_wrapped_text_keeps_its_indentation() -> None:
    assert wrap('{\n  "a": 1\n}', 20) == ["{", '  "a": 1', "}"]
    assert wrap("one two three", 7) == ["one two", "three"]


def test_the_tail_stands_at_the_right_end_and_is_never_cut_for_the_text() -> None:
    row = Row("k", ("x" * 50,), tail="47m")
    assert plain(draw(row, (), 20, UNICODE)) == "x" * 15 + "… 47m"
    assert plain(draw(row, (), 2, UNICODE)) == "4…"


def test_columns_that_do_not_fit_the_pane_are_left_out() -> None:
    columns = (Column("A", 3), Column("B", 5, from_width=40), Column("C", 0))
    row = Row("k", ("a", "b", "c"))
    assert plain(draw(row, columns, 20, UNICODE)).split() == ["a", "c"]
    assert plain(draw(row, columns, 40, UNICODE)).split() == ["a", "b", "c"]
    roomy = (Column("A", 3, roomy=9), Column("C", 0))
    assert plain(draw(row, roomy, 99, UNICODE)).index("b") == 4
    assert plain(draw(row, roomy, 100, UNICODE)).index("b") == 10


def test_a_wide_character_is_never_halved() -> None:
    assert plain(fit((Span("交易所"),), 4, UNICODE)) == "交 …"


def test_only_a_column_cell_of_one_tone_is_padded_in_that_tone() -> None:
    columns = (Column("", 6), Column("", 0))
    block = draw(Row("k", (Span("X", Tone.FAIL), "y")), columns, 12, UNICODE)
    assert block[0] == Span("X     ", Tone.FAIL)
    whole = draw(Row("k", (Span("X", Tone.FAIL),)), columns, 12, UNICODE)
    assert whole[0] == Span("X", Tone.FAIL)


def test_neighbours_of_one_tone_become_one_span() -> None:
    assert merge([Span("a"), Span("b"), Span("c", Tone.FAIL)]) == (
        Span("ab"),
        Span("c", Tone.FAIL),
    )


def test_changed_names_the_lines_that_differ() -> None:
    one, two = (Span("1"),), (Span("2"),)
    assert changed([one, two], [one, one, two]) == [1, 2]
    assert changed([one, two], [one]) == []


def test_the_filter_ignores_case_and_headings() -> None:
    rows = [Row("", ("Smoke",)), Row("a", ("SMOKE it",)), Row("b", ("no",), tail="smoky")]
    assert [row.key for row in matching(rows, "smok")] == ["a", "b"]
    assert matching(rows, "") == rows


def test_text_in_ascii_keeps_to_ascii() -> None:
    assert ASCII.text("a – b … ✖ 交") == "a - b ~ X ?"
    assert UNICODE.text("…") == "…"


@pytest.mark.parametrize(
    ("before", "after", "cells"),
    [
        (["abcd"], ["abXd"], 3),
        (["abcd"], ["abcd"], 0),
        (["ab", "cd"], ["ab", "cX"], 4),
        (["心跳ab"], ["心跳Xb"], 5),
        (["心b"], ["aab"], 2),
        (["ae\u0301"], ["be\u0301"], 1),
        (["ae\u0301"], ["ao\u0301"], 2),
    ],
)
def test_a_line_is_painted_as_far_as_it_differs(
    before: list[str], after: list[str], cells: int
) -> None:
    assert reach(tuple(map(Span, before)), tuple(map(Span, after))) == cells


def test_a_tone_is_a_difference_too_and_how_spans_are_cut_is_none() -> None:
    assert reach((Span("ab"), Span("cd")), (Span("ab", Tone.DIM), Span("cd"))) == 2
    assert reach((Span("ab"), Span("cd")), (Span("abcd"),)) == 0


@given(st.lists(SPANS, max_size=4), st.lists(SPANS, max_size=4), SPANS, st.integers(1, 60))
def test_what_lies_behind_the_reach_stands_there_already(one, other, end, width) -> None:
    before = fit((*one, end), width, UNICODE)
    after = fit((*other, end), width, UNICODE)
    size = reach(before, after)
    text = "".join(span.text for span in after)
    starts = (n for n in range(len(text) + 1) if n == len(text) or cell_len(text[n]))
    behind = next(text[n:] for n in starts if cell_len(text[:n]) == size)
    assert "".join(span.text for span in before).endswith(behind)
