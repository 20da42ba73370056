"""What goes over the wire: only lines that differ, nothing when nothing differs, one bell."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from driving import Paper, stage
from recorded import RecordedFeed
from recorded_scenes import calm, incident, starting
from textual import events

from cockpit.feed import FeedMode
from cockpit.model import Rollup, Verdict


async def test_an_idle_screen_writes_nothing() -> None:
    feed = RecordedFeed(incident())
    async with stage(feed) as on:
        on.written()
        for _ in range(5):
            await on.news()
        assert on.written() == ""


async def test_a_step_of_the_clock_repaints_the_clock_alone() -> None:
    feed = RecordedFeed(incident())
    async with stage(feed, (200, 60)) as on:
        feed.clock += timedelta(seconds=5)
        on.written()
        await on.news()
        written = on.written()
        assert "03:12:10" in written and "+03" not in written
        assert "DESK7" not in written
        assert len(written) < 120


async def test_one_changed_line_is_the_only_one_written() -> None:
    feed = RecordedFeed(incident())
    async with stage(feed) as on:
        on.written()
        other = replace(feed.board.problems[1], text="its text is another")
        problems = (feed.board.problems[0], other, *feed.board.problems[2:])
        await on.news(replace(feed.board, problems=problems))
        written = on.written()
        assert "its text is another" in written
        assert "TWO ENGINES" not in written
        assert len(written) < 250


async def test_of_a_changed_line_nothing_behind_the_last_change_is_written() -> None:
    feed = RecordedFeed(incident())
    async with stage(feed, (200, 60)) as on:
        first = feed.board.problems[0]
        on.written()
        told = replace(first, text=first.text.replace("17685 since", "17686 since"))
        await on.news(replace(feed.board, problems=(told, *feed.board.problems[1:])))
        written = on.written()
        assert "TWO ENGINES" in written and "17686" in written
        assert "pidfile 18800" not in written


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_after_many_partial_updates_the_terminal_shows_a_fresh_render(
    size: tuple[int, int],
) -> None:
    feed = RecordedFeed(starting())
    async with stage(feed, size) as on:
        paper = Paper(*size)
        for board in (calm(), incident(), calm(), starting(), incident()):
            await on.news(board)
            paper.replay(on.written())
            assert paper.lines() == on.lines()
        for keys in ("tab j", "c", "j escape", "2 enter", "j escape", "ctrl+p", "escape"):
            await on.press(*keys.split())
            paper.replay(on.written())
            assert paper.lines() == on.lines()


async def test_moving_focus_repaints_a_few_lines_and_not_the_screen() -> None:
    feed = RecordedFeed(incident())
    async with stage(feed, (200, 60)) as on:
        await on.press("tab")
        on.written()
        await on.press("tab")
        assert 0 < len(on.written()) < 2000


async def test_the_terminal_losing_focus_repaints_nothing() -> None:
    feed = RecordedFeed(incident())
    async with stage(feed, (200, 60)) as on:
        on.written()
        on.app.post_message(events.AppBlur())
        await on.settle()
        on.app.post_message(events.AppFocus())
        await on.settle()
        assert on.written() == ""
        assert on.app.focused is not None


async def test_under_the_palette_a_changed_board_repaints_the_top_line_alone() -> None:
    feed = RecordedFeed(calm())
    async with stage(feed) as on:
        await on.press("ctrl+p")
        await on.until(lambda: "acknowledge" in on.text())
        on.written()
        await on.news(incident())
        assert "FAIL 3" in on.text()
        assert len(on.written()) < 300
        await on.settle()
        assert on.written() == ""


async def test_the_bell_rings_once_when_run_turns_to_fail() -> None:
    feed = RecordedFeed(calm())
    async with stage(feed) as on:
        rung = []
        for board in (incident(), replace(incident(), waiting=("x",)), calm(), incident()):
            await on.news(board)
            rung.append(on.driver.bells)
        assert rung == [1, 1, 1, 2]


async def test_the_bell_is_silent_when_only_go_live_turns() -> None:
    good = replace(calm(), readiness=Rollup(Verdict.OK))
    feed = RecordedFeed(good)
    async with stage(feed) as on:
        await on.news(calm())
        assert "GO-LIVE NO" in on.text()
        assert on.driver.bells == 0


async def test_nobody_is_woken_by_the_past() -> None:
    feed = RecordedFeed(calm(), mode=FeedMode.PAST)
    async with stage(feed) as on:
        await on.news(incident())
        assert "TWO ENGINES" in on.text()
        assert on.driver.bells == 0


async def test_a_storm_of_wakes_costs_ten_reads_a_second_at_most() -> None:
    feed = RecordedFeed(calm())
    async with stage(feed) as on:
        loop = on.app._loop
        assert loop is not None
        before, start = feed.reads, loop.time()
        while loop.time() - start < 0.35:
            feed.wake()
            await asyncio.sleep(0.002)
        assert feed.reads - before <= (loop.time() - start) / 0.1 + 1
