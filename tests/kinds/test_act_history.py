"""What is remembered of acts on processes: who ends what just now, and who is behind a start."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cockpit.kinds.act_history import UNDER_WAY, ActHistory
from cockpit.kinds.listener.facts import PortFacts
from cockpit.kinds.restarts import MANY, restarts_seen
from cockpit.model import Event, EventKind
from cockpit.text import format_utc

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def event(phase: str, act: str, at: float, *pids: int, subject: str = "", **data: Any) -> Event:
    """An event of an act, `at` seconds after now."""
    return Event(
        NOW + timedelta(seconds=at),
        EventKind.PROCESS,
        "said",
        subject=subject or str(pids[0]),
        actor="alice@vm",
        data={"phase": phase, "act": act, "pids": pids, **data},
    )


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_what_is_being_ended_until_its_outcome_and_not_for_ever() -> None:
    memory = ActHistory()
    memory.hear([event("intent", "a", 0, 7, 8, ports=(80,), by="")])
    act = memory.being_ended([8, 9], after(1))
    assert act is not None and act.who == "alice@vm"
    assert memory.being_ended([9], after(1)) is None
    assert memory.being_ended([8], NOW + UNDER_WAY + timedelta(seconds=1)) is None
    memory.hear([event("outcome", "a", 2, 7, 8, ports=(80,), ended=(7, 8))])
    assert memory.being_ended([8], after(3)) is None
    memory.hear([event("intent", "a", 0, 7, 8, ports=(80,), by="")])
    assert memory.being_ended([8], after(3)) is None, "read from the store after it was told"


def test_a_start_that_is_under_way_or_done_is_behind_what_it_started() -> None:
    memory = ActHistory()
    memory.hear([event("intent", "s", 0, subject="backend", output="/x")])
    assert memory.who_started(after(30), ["backend"]) == "alice@vm", "it may take its time"
    assert memory.who_started(after(-1), ["backend"]) == "alice@vm", "read a second early"
    late = NOW + UNDER_WAY + timedelta(seconds=1)
    assert memory.who_started(late, ["backend"]) == "", "its author is gone, or it is not its doing"
    done = {"output": "/x", "started_at": format_utc(after(4))}
    memory.hear([event("outcome", "s", 5, 9, subject="backend", **done)])
    assert memory.who_started(after(4.6), ["unit", "backend"]) == "alice@vm"
    assert memory.who_started(after(2), ["backend"]) == "", "somebody else's, shortly before"
    assert memory.who_started(after(6), ["backend"]) == "", "somebody else's, shortly after"
    assert memory.who_started(after(4), ["other"]) == ""
    assert memory.being_ended([9], after(1)) is None


def test_a_start_that_was_refused_is_behind_nothing() -> None:
    memory = ActHistory()
    bob = replace(event("intent", "b", 1, subject="backend", output="/x"), actor="bob@vm")
    memory.hear([event("intent", "s", 0, subject="backend", output="/x"), bob])
    assert memory.who_started(after(2), ["backend"]) == "", "one of the two: it is not known which"
    memory.hear([replace(event("outcome", "b", 2, subject="backend"), actor="bob@vm")])
    assert memory.who_started(after(2), ["backend"]) == "alice@vm"
    done = {"output": "/x", "started_at": format_utc(after(2))}
    memory.hear([event("outcome", "s", 3, 9, subject="backend", **done)])
    assert memory.who_started(after(2), ["backend"]) == "alice@vm"


def test_what_comes_back_after_an_end_was_asked_for_and_later_it_was_not() -> None:
    memory = ActHistory()
    memory.hear(
        [
            event("intent", "e", 0, 7, ports=(80, 81)),
            event("outcome", "e", 5, 7, ports=(80, 81), ended=(7,)),
            event("intent", "r", 100, 8, ports=(82,)),
            event("outcome", "r", 101, 8, ports=(82,), ended=()),
        ]
    )
    assert memory.who_asked(after(20), ["backend"], [81]) == "alice@vm"
    assert memory.who_started(after(20), ["backend"]) == ""
    assert memory.who_asked(after(90), ["backend"], [81]) == ""
    assert memory.who_asked(after(102), ["backend"], [82]) == "", "it was refused"


def known(starts: list[datetime], times: list[datetime]) -> PortFacts:
    return PortFacts(1, "one", starts=tuple(starts), last_start=starts[-1], restarts=tuple(times))


def test_an_operators_restarts_are_named_and_not_held_against_it() -> None:
    memory = ActHistory()
    starts = [after(60 * n) for n in range(MANY + 1)]
    for n, start in enumerate(starts):
        memory.hear([event("intent", f"s{n}", 60 * n, subject="p", output="/x")])
        done = {"output": "/x", "started_at": format_utc(start)}
        memory.hear([event("outcome", f"s{n}", 60 * n + 1, 9, subject="p", **done)])
        assert memory.who_started(start, ["p"])
    before = known([starts[-2]], starts[1:-1])
    end = after(600)

    def who(at: datetime) -> str:
        return memory.who_asked(at, ["p"])

    seen = restarts_seen(before, [starts[-1]], end, who)
    assert len(seen.times) == MANY and seen.too_many == ""
    assert seen.on_purpose == f"restarted 3 times by alice@vm, the last at {format_utc(starts[-1])}"
    alone = restarts_seen(before, [starts[-1]], end)
    assert alone.too_many.startswith("3 restarts, the last at") and alone.on_purpose == ""
    crashed = [after(200 + n) for n in range(MANY)]
    mixed = known([crashed[-1]], [starts[-1], *crashed])
    both = restarts_seen(mixed, [crashed[-1]], end, who)
    assert both.too_many == f"3 restarts, the last at {format_utc(crashed[-1])}; 1 more by alice@vm"
