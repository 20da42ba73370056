"""The pane base: whatever happens to its rows, the screen is right and no line is painted twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cockpit_widgets.line_pane import LinePane
from cockpit_widgets.list_state import ListState
from driving import screen_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from cockpit.rows import Column, Row, Span

KEYS = "abcdefghij"
ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from([*KEYS, ""]),
        st.tuples(st.sampled_from(["one", "two", "交易", "x" * 60])),
        tail=st.sampled_from(["", "1m", "2m"]),
        home=st.booleans(),
    ),
    max_size=14,
    unique_by=lambda row: row.key or id(row),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("show"), ROWS),
        st.tuples(st.just("move"), st.integers(-4, 4)),
        st.tuples(st.just("set_filter"), st.sampled_from(["", "o", "tw", "nothing"])),
        st.tuples(st.just("resize"), st.sampled_from([(40, 6), (30, 12), (60, 3)])),
    ),
    max_size=12,
)


class Host(App[None]):
    """One pane that fills the screen, and what it said."""

    def __init__(self, pane: LinePane) -> None:
        super().__init__()
        self.pane = pane
        self.heard: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_line_pane_opened(self, message: LinePane.Opened) -> None:
        self.heard.append(("opened", message.key))

    def on_line_pane_acted(self, message: LinePane.Acted) -> None:
        self.heard.append((message.intent, message.key))


def fresh(pane: LinePane) -> list[str]:
    """What a pane that was born in this state would show, line by line."""
    return ["".join(span.text for span in line) for line in pane.compose_lines()]


@settings(max_examples=15)
@given(STEPS)
def test_the_screen_equals_a_fresh_render_and_only_differing_lines_are_repainted(steps) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, object]]) -> None:
    pane = LinePane(columns=(Column("", 20), Column("", 0)), label="p PORTS")
    async with Host(pane).run_test(size=(40, 6)) as pilot:
        for what, how in steps:
            before = fresh(pane)
            if what == "resize":
                await pilot.resize_terminal(*how)  # type: ignore[misc]
                await pilot.pause()
            else:
                count = getattr(pane, what)(how)
                after = fresh(pane)
                assert count == sum(1 for a, b in zip(before, after, strict=True) if a != b)
                await pilot._wait_for_screen()
            assert screen_lines(pilot.app) == fresh(pane)


@settings(max_examples=100)
@given(ROWS, st.integers(0, 20), ROWS, st.integers(1, 8))
def test_the_cursor_follows_its_key_and_stays_in_sight(rows, steps, others, room) -> None:
    listing = ListState()
    listing.replace(rows)
    listing.move(steps)
    key = listing.key
    listing.replace(others)
    if key and key in {row.key for row in others}:
        assert listing.key == key
        assert not listing.cursor_lost
    elif key:
        assert listing.cursor_lost
        assert bool(listing.key) == any(row.key for row in others)
    listing.scroll(room)
    if listing.key:
        assert listing.top <= listing.index < listing.top + room
    assert 0 <= listing.top <= max(0, len(listing.visible) - room)


def rows_of(keys: str) -> list[Row]:
    return [Row(key, (key,)) for key in keys]


def test_an_untouched_cursor_rests_on_the_first_home_row() -> None:
    listing = ListState()
    listing.replace([Row("", ("head",)), Row("a", ("a",)), Row("b", ("b",), home=True)])
    assert listing.key == "b"
    listing.replace([Row("a", ("a",), home=True), Row("b", ("b",))])
    assert listing.key == "a"


def test_a_moved_cursor_stays_and_a_list_that_grows_at_the_top_can_be_followed_again() -> None:
    listing = ListState(sticky_top=True)
    listing.replace(rows_of("cba"))
    listing.move(1)
    listing.replace(rows_of("dcba"))
    assert listing.key == "b"
    listing.move(-9)
    listing.replace(rows_of("edcba"))
    assert listing.key == "e"


def test_the_cursor_goes_to_a_neighbour_when_its_row_is_gone_and_stays_there() -> None:
    listing = ListState()
    listing.replace(rows_of("abc"))
    listing.move(1)
    listing.replace(rows_of("ac"))
    assert (listing.key, listing.cursor_lost) == ("c", True)
    listing.replace(rows_of("abc"))
    assert listing.key == "c"


def test_a_row_that_passes_the_filter_no_longer_is_gone_for_the_cursor() -> None:
    listing = ListState()
    listing.replace([Row("a", ("[ ] a",)), Row("b", ("[ ] b",))])
    listing.set_filter("[ ]")
    listing.pin()
    listing.replace([Row("a", ("[x] a",)), Row("b", ("[ ] b",))])
    assert (listing.key, listing.cursor_lost) == ("b", True)


def test_headings_above_the_first_stop_come_back_into_sight() -> None:
    listing = ListState()
    listing.replace([Row("", ("head",)), *rows_of("abcdef")])
    listing.move(5)
    listing.scroll(3)
    listing.move(-9)
    listing.scroll(3)
    assert listing.top == 0


async def _with_pane(pane: LinePane, then: Callable[[LinePane], None]) -> Host:
    host = Host(pane)
    async with host.run_test(size=(40, 6)) as pilot:
        then(pane)
        await pilot.pause()
    return host


async def test_a_pane_says_what_is_asked_of_the_row_under_the_cursor() -> None:
    def ask(pane: LinePane) -> None:
        pane.show(rows_of("abc"))
        pane.select("b")
        pane.open_row()
        pane.act("tick")

    host = await _with_pane(LinePane(), ask)
    assert host.heard == [("opened", "b"), ("tick", "b")]


async def test_the_same_rows_again_repaint_nothing() -> None:
    counts = []

    def show(pane: LinePane) -> None:
        rows = [Row("a", ("one", "two"), tail=(Span("1m"),))]
        counts.extend([pane.show(rows), pane.show([Row("a", ("one", "two"), tail=(Span("1m"),))])])

    await _with_pane(LinePane(), show)
    assert counts == [1, 0]


async def test_a_click_selects_and_a_second_one_opens() -> None:
    pane = LinePane(label="p PORTS")
    host = Host(pane)
    async with host.run_test(size=(40, 6)) as pilot:
        pane.show(rows_of("abc"))
        await pilot.click(pane, offset=(5, 2))
        assert pane.cursor_key == "b"
        await pilot.click(pane, offset=(5, 2))
        await pilot.click(pane, offset=(5, 0))
        await pilot.click(pane, offset=(5, 5))
        assert host.heard == [("opened", "b")]


async def test_more_rows_than_lines_are_hinted_at_in_the_margin() -> None:
    pane = LinePane(label="p PORTS")
    async with Host(pane).run_test(size=(40, 4)) as pilot:
        pane.show(rows_of("abcdefgh"))
        assert [line[0] for line in fresh(pane)] == ["p", "›", " ", "↓"]
        pane.move(4)
        await pilot.pause()
        assert [line[0] for line in fresh(pane)] == ["p", "↑", " ", "›"]
