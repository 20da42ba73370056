"""Long questions on the bottom lines: shown whole, moved through, answered as before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cockpit_widgets.prompt import PromptContext
from driving import Stage, stage
from recorded import RecordedFeed
from recorded_makers import NOW, ZONE
from recorded_scenes import incident
from textual.geometry import Size

from cockpit.commands import Command, Confirm, PlanCommit, Question, Reply, SetItem
from cockpit.rows import UNICODE, View

DIFF = tuple(f"+line {number:03} of the diff" for number in range(1, 101))
SIZES = [(80, 24), (200, 60)]


@pytest.fixture
def feed() -> Iterator[RecordedFeed]:
    recorded = RecordedFeed(incident())
    yield recorded
    assert recorded.listeners == 0


def asks(feed: RecordedFeed, lines: tuple[str, ...], expected: str = "commit") -> None:
    def answer(command: Command) -> tuple[bool, str] | None:
        if isinstance(command, PlanCommit):
            ticket = f"ticket-{len(feed.submitted)}"
            question = Question("c1", lines, expected)
            feed.pending.append(Reply(ticket, True, "shown", question=question))
            return None
        return True, "committed 4f2c1e9"

    feed.answer = answer


def shown(on: Stage) -> list[int]:
    """Numbers of the lines of the diff in sight."""
    return [int(line.split()[1]) for line in on.lines() if line.strip().startswith("+line")]


async def read(on: Stage) -> None:
    """Wait as long as the question takes to be read."""
    await on.until(lambda: not on.app._board._prompt.ignores_keys)
    await on.settle()


@pytest.mark.parametrize("size", SIZES)
async def test_a_diff_is_moved_through_to_its_end_and_back(
    feed: RecordedFeed, size: tuple[int, int]
) -> None:
    asks(feed, DIFF)
    async with stage(feed, size) as on:
        await on.press("C")
        await read(on)
        room = size[1] - 6
        assert shown(on) == list(range(1, room + 1))
        assert f"1-{room} of 100 lines" in on.lines()[-2]
        assert on.lines()[-1].startswith("type commit to do this")
        await on.press("j", "j", "k", "down")
        assert shown(on)[0] == 3
        await on.press("pagedown")
        first = shown(on)[0]
        assert 3 < first <= 3 + room, "no line is skipped"
        await on.press(*["pagedown"] * 12)
        assert shown(on)[-1] == 100 and len(shown(on)) == room
        assert "of 100 lines" in on.lines()[-2]
        await on.press("pageup", "k")
        assert shown(on)[-1] < 100
        assert on.lines()[-1].startswith("type commit to do this")
        await on.press(*["pageup"] * 12)
        assert shown(on)[0] == 1
        await on.press(*"commit", "enter")
        assert feed.submitted == [PlanCommit(), Confirm("c1", "commit")]
        assert "committed 4f2c1e9" in on.lines()[-1]
        assert shown(on) == []


async def test_letters_that_are_to_be_typed_are_typed(feed: RecordedFeed) -> None:
    asks(feed, DIFF, "9120 jack")
    async with stage(feed) as on:
        await on.press("C")
        await read(on)
        await on.press("j", "k", "down")
        assert shown(on)[0] == 2, "arrows move all the same"
        await on.press("backspace", "backspace", "9", "1", "2", "0", "space", *"jack", "enter")
        assert feed.submitted[-1] == Confirm("c1", "9120 jack")


async def test_a_question_that_fits_has_no_place_line(feed: RecordedFeed) -> None:
    asks(feed, DIFF[:5])
    async with stage(feed) as on:
        await on.press("C", "j", "pagedown")
        assert shown(on) == [1, 2, 3, 4, 5]
        assert "lines, PgDn" not in on.text()
        await on.press("escape")
        assert feed.submitted == [PlanCommit()]


WHY = (
    "gate:promotion is FAIL: 4/7 proven, max_drawdown vacuous (0 trades); P2B.1 (auth) “Sessions"
    " survive a restart” (line 41) is doing, not done; setting “P2C.4 Release” to done all the"
    " same takes a reason"
)


@pytest.mark.parametrize("size", SIZES)
async def test_why_a_reason_is_needed_is_shown_whole(
    feed: RecordedFeed, size: tuple[int, int]
) -> None:
    def answer(command: Command) -> tuple[bool, str, bool]:
        assert isinstance(command, SetItem)
        return (True, "set", False) if command.reason else (False, WHY, True)

    feed.answer = answer
    async with stage(feed, size) as on:
        await on.press("c", "x")
        lines = on.lines()
        assert lines[-1].startswith("reason:")
        said = " ".join(line.strip() for line in lines[-6:-1])
        assert WHY in said
        await on.press(*"just ok", "enter")
        last = feed.submitted[-1]
        assert isinstance(last, SetItem) and last.reason == "just ok"


async def test_a_reason_never_takes_more_than_a_third_of_the_screen(feed: RecordedFeed) -> None:
    feed.answer = lambda command: (False, " ".join(f"word{n}" for n in range(400)), True)
    async with stage(feed) as on:
        await on.press("c", "x")
        assert "of 42 lines" in on.lines()[-2] or "lines, PgDn" in on.lines()[-2]
        assert sum("word" in line for line in on.lines()) == 24 // 3 - 2
        await on.press("pagedown", "pagedown")
        assert "word0 " not in on.text()
        await on.press("escape")


def test_lines_are_kept_in_sight_when_the_screen_changes_its_size() -> None:
    view = View(incident(), NOW, ZONE, UNICODE, ())
    above = PromptContext(DIFF)
    assert not above.scroll(view, Size(80, 24), -1)
    assert above.scroll(view, Size(80, 24), 1000)
    assert not above.scroll(view, Size(80, 24), 1)
    last = above.rows(view, Size(80, 24))
    assert last[-2].text().strip() == DIFF[-1]
    assert "83-100 of 100 lines" in last[-1].text()
    taller = above.rows(view, Size(200, 60))
    assert len(taller) == 55 and "47-100 of 100 lines" in taller[-1].text()
