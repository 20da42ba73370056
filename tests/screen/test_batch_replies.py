"""What became of several items that were set in one go."""

from __future__ import annotations

from cockpit_widgets.replies import BatchReplies
from driving import stage
from recorded import RecordedFeed
from recorded_scenes import incident

from cockpit.commands import Reply


def replies(*told: tuple[str, bool]) -> list[Reply]:
    return [Reply(ticket, ok, f"set {ticket}") for ticket, ok in told]


def test_all_are_counted_in_however_many_lots_they_come() -> None:
    one = BatchReplies()
    one.expect(["a", "b", "c"])
    assert one.summary(replies(("a", True))) == (True, "1 of 3 set, the last: set a")
    assert one.summary(replies(("x", True))) is None
    assert one.summary(replies(("b", True), ("c", True))) == (True, "3 set, the last: set c")


def test_what_was_refused_is_told_first_and_stays_told() -> None:
    one = BatchReplies()
    one.expect(["a", "b", "c"])
    assert one.summary(replies(("a", False))) == (False, "0 of 3 set; REFUSED: set a")
    assert one.summary(replies(("b", True))) == (False, "1 of 3 set; REFUSED: set a")
    assert one.summary(replies(("c", False))) == (False, "1 of 3 set; REFUSED: set a (and 1 more)")


def test_what_needed_no_change_is_not_counted_as_set() -> None:
    one = BatchReplies()
    one.expect(["a", "b"])
    already = Reply("b", True, "already done: b", changed=False)
    assert one.summary([*replies(("a", True)), already]) == (
        True, "1 of 2 set, 1 so already, the last: already done: b"
    )  # fmt: skip


def test_one_alone_is_told_by_its_own_reply() -> None:
    one = BatchReplies()
    one.expect(["a", "b"])
    one.expect([])
    assert one.summary(replies(("a", True))) is not None
    one.expect(["c"])
    assert one.summary(replies(("c", True))) is None


async def test_the_screen_counts_all_that_were_marked() -> None:
    feed = RecordedFeed(incident())
    feed.answer = lambda command: (True, "set it")
    async with stage(feed) as on:
        await on.press("c", "m", "m", "x")
        assert "2 set, the last: set it" in on.lines()[-1]
