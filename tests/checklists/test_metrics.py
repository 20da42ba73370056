"""Cycle times from recorded changes: what was undone, overwritten, reopened, deferred."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cockpit.checklists import Status
from cockpit.checklists.plans.metrics import ItemCycle, StatusChange, batch_cycles, item_cycles

START = datetime(2026, 1, 1, tzinfo=UTC)


def history(*changes: tuple[str, str, float, str], key: str = "a") -> list[StatusChange]:
    return [
        StatusChange(
            *(key, "B1", Status(before), Status(after), START + timedelta(hours=hours)),
            undo=how == "undo",
            again=how == "again",
        )
        for before, after, hours, how in changes
    ]


def hours(cycle: ItemCycle) -> float | None:
    return cycle.duration.total_seconds() / 3600 if cycle.duration is not None else None


BEGUN = ("todo", "doing", 1, "")


@pytest.mark.parametrize(
    ("changes", "state", "took", "reopened"),
    [
        ([BEGUN, ("doing", "done", 4, "")], "done", 3, 0),
        # A slip of a key, taken back: it never happened.
        ([BEGUN, ("doing", "done", 2, ""), ("done", "doing", 2.1, "undo")], "doing", None, 0),
        (
            [
                *(BEGUN, ("doing", "done", 2, ""), ("done", "doing", 2.1, "undo")),
                ("doing", "done", 5, ""),
            ],
            *("done", 4, 0),
        ),
        # The same two states by hand are a reopening.
        ([BEGUN, ("doing", "done", 2, ""), ("done", "doing", 3, "")], "doing", None, 1),
        # An editor saved an old version over the tick, and it was set again: done the first time.
        ([BEGUN, ("doing", "done", 2, ""), ("todo", "done", 6, "again")], "done", 1, 0),
        # Somebody took it back by other means, and it was done anew much later.
        ([BEGUN, ("doing", "done", 2, ""), ("todo", "done", 60, "")], "done", None, 1),
        (
            [
                *(BEGUN, ("doing", "done", 2, ""), ("todo", "doing", 50, "")),
                ("doing", "done", 60, ""),
            ],
            *("done", 10, 1),
        ),
        # What another program made of it was left so.
        ([BEGUN, ("doing", "done", 2, ""), ("todo", "todo", 3, "")], "todo", None, 1),
        # To put something off is not to begin it; to be held up is not to begin it anew.
        (
            [
                *(("todo", "deferred", 0, ""), ("deferred", "doing", 5, "")),
                *(
                    ("doing", "blocked", 6, ""),
                    ("blocked", "doing", 7, ""),
                    ("doing", "done", 9, ""),
                ),
            ],
            *("done", 4, 0),
        ),
        ([("todo", "done", 1, "")], "done", None, 0),
        ([BEGUN, ("doing", "todo", 2, ""), ("todo", "doing", 8, "")], "doing", None, 0),
    ],
)
def test_cycles(
    changes: list[tuple[str, str, float, str]], state: str, took: float | None, reopened: int
) -> None:
    (cycle,) = item_cycles(history(*changes))
    assert (cycle.state, hours(cycle), cycle.reopened) == (state, took, reopened)


def test_what_was_undone_as_a_whole_is_no_item() -> None:
    undone = history(("todo", "done", 1, ""), ("done", "todo", 2, "undo"))
    assert item_cycles(undone) == ()
    assert batch_cycles(undone) == ()


def test_a_batch_is_open_as_long_as_something_in_it_is() -> None:
    done = history(BEGUN, ("doing", "done", 4, ""))
    (batch,) = batch_cycles(done)
    assert batch.duration == timedelta(hours=3)
    (batch,) = batch_cycles(done, {"B1"})
    assert (batch.duration, batch.items, batch.median) == (None, 1, timedelta(hours=3))


def test_what_was_ticked_off_without_being_begun_took_nobody_knows_how_long() -> None:
    one = history(("todo", "done", 1, ""))
    (batch,) = batch_cycles(one)
    assert (batch.duration, batch.at_least, batch.median) == (None, None, None)
    two = [*one, *history(("todo", "done", 3, ""), key="b")]
    (batch,) = batch_cycles(two)
    assert (batch.duration, batch.at_least) == (None, timedelta(hours=2))
    # Begun only after the first tick, the beginning is still not known.
    late = [*one, *history(("todo", "doing", 2, ""), ("doing", "done", 5, ""), key="b")]
    (batch,) = batch_cycles(late)
    assert (batch.duration, batch.at_least, batch.median) == (
        *(None, timedelta(hours=4)),
        timedelta(hours=3),
    )
    begun = [*history(BEGUN, ("doing", "done", 4, "")), *history(("todo", "done", 9, ""), key="b")]
    (batch,) = batch_cycles(begun)
    assert (batch.duration, batch.at_least) == (timedelta(hours=8), None)
    # To put something off is not to begin it, and no tick either.
    put_off = history(
        ("todo", "deferred", 0, ""), ("deferred", "doing", 2, ""), ("doing", "done", 3, "")
    )
    assert [batch.duration for batch in batch_cycles(put_off)] == [timedelta(hours=1)]
