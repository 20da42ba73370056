"""When a frame may go: not while the last one is on its way, as far as that is known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cockpit_widgets.link import Link


class Told:
    """A link with a clock of its own; counts how often it says that it is free."""

    def __init__(self) -> None:
        self.now = 0.0
        self.freed = 0
        self.link = Link(lambda: self.now, self._free)

    def _free(self) -> None:
        self.freed += 1

    def frame(self, size: int) -> bool:
        """Give a frame and let the system take it; whether the terminal was asked for it."""
        self.link.give(size)
        asked = self.link.ask()
        self.link.took(size)
        return asked


@pytest.fixture
def told() -> Iterator[Told]:
    yield Told()


def test_a_frame_waits_until_the_system_has_taken_the_last_one(told: Told) -> None:
    assert not told.link.must_wait()
    told.link.give(500)
    assert told.link.must_wait()
    told.now = 3.0
    told.link.took(200)
    assert told.freed == 0
    told.link.took(300)
    assert told.freed == 1
    assert not told.link.must_wait()
    assert told.link.late == 3.0
    told.frame(10)
    assert told.freed == 1, "nothing waited"
    assert told.link.late == 0.0


def test_a_terminal_that_never_answers_is_not_waited_for(told: Told) -> None:
    assert told.link.ask(first=True)
    assert not told.frame(20_000), "one question is out already"
    told.now = 100.0
    assert not told.link.must_wait()


def test_a_terminal_that_answers_is_asked_now_and_then(told: Told) -> None:
    told.link.ask(first=True)
    told.link.answer()
    assert not told.frame(1000)
    assert told.frame(1000)
    assert not told.frame(5000), "one question is out already"
    told.link.answer()
    assert told.frame(1000), "of what followed the question nothing is known"


def test_on_a_slow_link_every_frame_waits_for_the_answer(told: Told) -> None:
    told.link.ask(first=True)
    told.link.answer()
    assert told.frame(2000)
    assert not told.link.must_wait(), "an answer may take its time on any link"
    told.now = 0.5
    assert told.link.must_wait()
    told.now = 9.0
    told.link.answer()
    assert told.freed == 1
    assert told.link.late == 9.0
    assert not told.link.must_wait()
    assert told.frame(10)
    told.now = 9.1
    told.link.answer()
    assert not told.frame(10), "it has become quick again"


def test_an_answer_that_never_comes_is_waited_for_as_long_as_the_frame_may_take(
    told: Told,
) -> None:
    told.link.ask(first=True)
    told.link.answer()
    assert told.frame(20_000)
    told.now = 200.0
    assert told.link.must_wait()
    told.link.lose_patience()
    assert told.freed == 0
    told.now = 211.0
    told.link.lose_patience()
    assert told.freed == 1
    assert not told.link.must_wait()
    assert told.frame(2000)
    told.now = 300.0
    assert not told.link.must_wait()
    told.link.answer()
    assert told.frame(2000), "it answers again"


def test_leaving_waits_for_what_is_under_way_but_not_for_ever(told: Told) -> None:
    assert told.link.settle(0)
    told.link.give(5)
    assert not told.link.settle(0)
    told.link.took(5)
    assert told.link.settle(0)
    told.link.ask(first=True)
    assert told.link.settle(0), "it may be one that does not answer"
    told.link.answer()
    assert told.frame(2000)
    assert not told.link.settle(0)
