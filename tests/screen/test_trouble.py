"""Things go wrong around the screen: it stays up and says so."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from driving import stage
from recorded import RecordedFeed
from recorded_makers import NOW
from recorded_scenes import (
    SCENES,
    attached,
    calm,
    hostile,
    incident,
    not_recording,
    nothing,
    starting,
)

from cockpit.commands import Command
from cockpit.feed import FeedMode
from cockpit.model import Observation


async def test_a_feed_that_fails_is_told_and_the_last_board_doubted() -> None:
    feed = RecordedFeed(incident())
    async with stage(feed) as on:
        feed.broken = RuntimeError("engine thread ended")
        await on.news()
        assert on.lines()[0].startswith(" BOARD NOT READ")
        assert "RUN ? was FAIL" in on.lines()[0]
        assert "RuntimeError: engine thread ended" in on.lines()[-2]
        assert "TWO ENGINES" in on.text()
        feed.broken = None
        await on.news()
        assert on.lines()[0].startswith("RUN ✖ FAIL 3")


async def test_a_feed_that_fails_from_the_first_moment_is_told() -> None:
    feed = RecordedFeed(incident())
    feed.broken = RuntimeError("no store")
    async with stage(feed) as on:
        assert "no store" in on.lines()[-1]
        feed.broken = None
        await on.news()
        assert "TWO ENGINES" in on.text()


async def test_a_command_the_feed_chokes_on_is_told() -> None:
    class Choking(RecordedFeed):
        def submit(self, command: Command) -> str:
            raise ValueError("queue closed")

        def history(self, probe: str, limit: int = 100) -> Sequence[object]:  # type: ignore[override]
            raise OSError("disk gone")

    feed = Choking(incident())
    async with stage(feed) as on:
        await on.press("r")
        assert "ValueError: queue closed" in on.lines()[-1]
        await on.press("enter")
        assert "PROOF" in on.text()


async def test_wakes_may_come_from_any_thread() -> None:
    feed = RecordedFeed(calm())
    async with stage(feed) as on:
        feed.board = incident()
        caller = threading.Thread(target=feed.wake)
        caller.start()
        await on.until(lambda: "TWO ENGINES" in on.text())
        caller.join()


async def test_a_wake_after_the_end_is_no_error() -> None:
    feed = RecordedFeed(calm())
    late = []
    async with stage(feed):
        late = list(feed._wakes)
    assert feed.listeners == 0
    for wake in late:
        wake()


async def test_the_first_news_after_a_rest_is_read_at_once() -> None:
    feed = RecordedFeed(calm())
    async with stage(feed) as on:
        on.app._read_at = float("-inf")
        feed.board = incident()
        feed.wake()
        await on.settle()
        assert "TWO ENGINES" in on.text()
        assert on.app._later is None


async def test_the_dead_man_mark_stands_before_everything() -> None:
    feed = RecordedFeed(not_recording())
    async with stage(feed) as on:
        assert on.lines()[0].startswith(" ENGINE SILENT 14s  │  NOT RECORDING  │ RUN ?")
        assert on.lines()[-2].startswith("not recorded: store: disk full")
        feed.clock += timedelta(seconds=60)
        await on.news()
        assert "SILENT 1m 14s" in on.lines()[0]


async def test_a_start_an_empty_config_and_an_attached_screen_say_what_they_are() -> None:
    feed = RecordedFeed(starting())
    async with stage(feed) as on:
        assert "no answer yet from 6" in on.text()
        assert "RUN ? UNKNOWN" in on.lines()[0]
        await on.news(nothing())
        assert "nothing is watched" in on.text()
        assert "none configured" in on.text()
    feed = RecordedFeed(attached(), mode=FeedMode.ATTACHED)
    async with stage(feed) as on:
        assert on.lines()[-2].startswith("attached to cockpit collect, pid 4100, recording")


@pytest.mark.parametrize("size", [(80, 24), (200, 60), (33, 9)])
async def test_hostile_texts_reach_the_terminal_as_text_only(size: tuple[int, int]) -> None:
    feed = RecordedFeed(hostile())
    async with stage(feed, size) as on:
        for key in ("p", "e", "c", "enter", "escape", "1", "enter"):
            await on.press(key)
        written = on.written()
        assert "owned" not in written
        assert "\x1b[2J" not in written
        assert "\u202e" not in written
        await on.press("escape", "escape", "p")
        assert size[0] < 80 or "[bold]markup[/]" in on.text()


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", [(200, 60), (60, 15)])
async def test_every_scene_can_be_walked_through(scene: str, size: tuple[int, int]) -> None:
    feed = RecordedFeed(SCENES[scene]())
    async with stage(feed, size) as on:
        await on.press(*"0epgscvo", "escape", "1", "enter", "pagedown", "escape", "tab", "enter")
        assert on.app.is_running
        assert "RUN" in on.lines()[0]


@pytest.mark.parametrize("size", [(20, 5), (24, 10), (35, 10)])
async def test_on_a_tiny_terminal_the_words_of_the_verdict_go_first(size: tuple[int, int]) -> None:
    async with stage(RecordedFeed(incident()), size) as on:
        assert on.lines()[0].startswith("RUN ✖ FAIL 3")


async def test_not_recording_stands_on_the_top_line_with_its_reason_below() -> None:
    lost = replace(not_recording(), watch=replace(not_recording().watch, beat=NOW))
    async with stage(RecordedFeed(lost)) as on:
        assert on.lines()[0].startswith(" NOT RECORDING  │ RUN ✖ FAIL 3")
        assert on.lines()[-2].startswith("not recorded: store: disk full")


async def test_in_ascii_every_byte_is_ascii() -> None:
    feed = RecordedFeed(hostile())
    async with stage(feed, ascii_glyphs=True) as on:
        await on.press("p", "c", "enter", "escape", "?", "escape", "1", "enter")
        on.lines()
        assert "X" in on.text()
        assert on.written().isascii()


async def test_a_problem_that_names_a_probe_no_longer_there_opens_all_the_same() -> None:
    gone = replace(incident(), observations={})
    feed = RecordedFeed(gone)
    async with stage(feed) as on:
        await on.press("1", "enter")
        assert "paper-live: no longer on the board" in on.text()
        await on.press("escape", "r")
        assert feed.submitted == []
        assert "no probe stands behind this line" in on.lines()[-1]


async def test_no_colour_still_tells_the_verdicts_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    feed = RecordedFeed(incident())
    async with stage(feed) as on:
        written = on.written()
        assert "\x1b[1;7;39;49m✖ TWO ENGINES" in written
        assert ";31m" not in written
        assert ";38;" not in written


def test_observations_of_the_recording_are_honest() -> None:
    seen: list[Observation] = list(incident().observations.values())
    assert {one.kind for one in seen} == {"heartbeat", "listener", "gate", "checklist", "smoke"}
