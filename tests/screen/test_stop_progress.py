"""An act under way on the screen: its line counts down, q asks, messages go when they are old."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from cockpit_widgets.rows.status import Frame, watch
from cockpit_widgets.rows.stop_progress import progress_text
from driving import Stage, stage
from recorded import RecordedFeed
from recorded_makers import NOW, ZONE
from recorded_scenes import incident

from cockpit.commands import Reply, StopProgress
from cockpit.facts import FactValue
from cockpit.feed import FeedMode
from cockpit.model import Event, EventKind
from cockpit.rows import UNICODE, View

KILL_AT = NOW + timedelta(seconds=5)
COURSE = StopProgress("a1", (7245, 7246), (7246,), KILL_AT)
_ROW = re.compile(r"\x1b\[(\d+);\d+H(?!\x1b\[\d+;\d+H|$)")
"""Where something is drawn; a place that nothing is drawn at is where the cursor rests."""


@pytest.fixture
def feed() -> Iterator[RecordedFeed]:
    recorded = RecordedFeed(incident())
    yield recorded
    assert recorded.listeners == 0


def view(*events: Event, seconds: float = 0) -> View:
    return View(incident(), NOW + timedelta(seconds=seconds), ZONE, UNICODE, events)


def intent(host: str = "", **more: FactValue) -> Event:
    data = {"phase": "intent", "act": "a1", "pids": (7245, 7246), "grace": 5.0, **more}
    if host:
        data["author_host"] = host
    return Event(
        at=NOW, kind=EventKind.PROCESS, subject="7245", text="is ending 7245, 7246: python run.py",
        actor="bob@spark", data=data,
    )  # fmt: skip


def test_ones_own_end_counts_down_and_names_who_is_alive() -> None:
    assert progress_text(view(), COURSE) == "ending 7245 7246: 5 s until KILL, 7246 still alive"
    assert "3 s until KILL" in progress_text(view(seconds=2.2), COURSE)
    assert "0 s until KILL" in progress_text(view(seconds=9), COURSE)
    killed = StopProgress("a1", (7245, 7246), (7246,), None, killed=True)
    assert progress_text(view(), killed) == "ending 7245 7246: killed, 7246 still alive"
    assert "all ended" in progress_text(view(), StopProgress("a1", (1,), ()))
    many = StopProgress("a1", tuple(range(1, 17)), (1,))
    assert "1 2 3 4 5 6 7 and 9 more: 1 still" in progress_text(view(), many)
    line = watch(view(), Frame(FeedMode.LIVE, under_way=COURSE), 200)[0].text()
    assert line.startswith("ending 7245 7246: 5 s")


def test_another_ones_end_counts_down_and_ages_out_after_the_longest_it_can_take() -> None:
    told = progress_text(view(intent(), seconds=2))
    assert told == "bob@spark is ending 7245 7246: 3 s until KILL"
    assert "its grace is over" in progress_text(view(intent(), seconds=6))
    assert progress_text(view(intent(at_most=20.0), seconds=19))
    assert progress_text(view(intent(at_most=20.0), seconds=21)) == ""
    assert progress_text(view(intent(at_most=600.0), seconds=300)), "a long grace is no ghost"
    here = incident().identity.host
    assert "not known here" not in progress_text(view(intent(here)))
    assert "on far, whether it goes on is not known here" in progress_text(view(intent("far")))


def watch_line(on: Stage) -> str:
    return next(line for line in on.lines() if "watching" in line or "ending" in line)


async def test_only_that_line_is_repainted_by_the_second_and_only_meanwhile(
    feed: RecordedFeed,
) -> None:
    async with stage(feed) as on:
        assert on.app._counting is None
        feed.pending.append(Reply("t", True, "asked", is_progress=True, under_way=COURSE))
        await on.news()
        assert "ending 7245 7246: 5 s until KILL, 7246 still alive" in watch_line(on)
        row = on.lines().index(watch_line(on))
        on.written()
        reads = feed.reads
        for left in (4, 3):
            feed.clock += timedelta(seconds=1)
            await on.until(lambda left=left: f"{left} s until KILL" in watch_line(on))
            await on.settle()
        data = on.written()
        rows = {int(number) - 1 for number in _ROW.findall(data)}
        assert rows == {row}
        assert feed.reads == reads, "the board is not read for it"
        feed.pending.append(Reply("t", True, "ended 7245, 7246; port 8001 is free"))
        await on.news()
        assert "ending" not in watch_line(on) and on.app._counting is None
        assert "ended 7245, 7246; port 8001 is free" in on.lines()[-1]


async def test_what_became_of_it_is_told_before_the_steps(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        done = Reply("t", True, "ended 7; port 8001 is free")
        feed.pending += [done, Reply("t", True, "7 has ended", is_progress=True)]
        await on.news()
        assert on.lines()[-1].strip() == "ended 7; port 8001 is free"
        feed.pending.append(Reply("t", False, "ended 7; /x answers 500", label="FAILED CHECK"))
        await on.news()
        assert "FAILED CHECK: ended 7" in on.lines()[-1] and "REFUSED" not in on.text()


async def test_q_asks_once_before_it_leaves_something_half_done(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        feed.pending.append(Reply("t", True, "asked", is_progress=True, under_way=COURSE))
        await on.news()
        await on.press("q")
        assert "7246: still being ended; q once more leaves it half done" in on.lines()[-1]
        assert not on.app._exit
        await on.press("q")
        assert on.app._exit


async def test_an_old_message_goes_when_a_row_is_opened_or_a_pane_is_changed(
    feed: RecordedFeed,
) -> None:
    async with stage(feed) as on:
        for keys in (("enter",), ("escape", "p"), ("escape", "tab"), ("2",)):
            on.app._board.show_message("that was refused", ok=False)
            await on.settle()
            assert "that was refused" in on.text()
            if keys[0] == "escape":
                on.app._board.action_open("events")
                on.app._board.show_message("that was refused", ok=False)
            await on.press(keys[-1])
            assert "that was refused" not in on.text()


def marks(on: Stage) -> list[str]:
    return [line for line in on.lines() if "›" in line]


async def test_one_cursor_alone_is_shown_and_it_stays_while_a_question_stands(
    feed: RecordedFeed,
) -> None:
    async with stage(feed, (80, 24)) as on:
        (problem,) = marks(on)
        await on.press("p", "j", "escape")
        (row,) = marks(on)
        assert row != problem
        await on.press("slash")
        assert marks(on) == [row], "what the question is about is still to be seen"
        await on.press("escape", "1")
        assert marks(on) == [problem]
