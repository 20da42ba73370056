"""Amounts of work as people write them, in hours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.checklists import parse
from cockpit.checklists.parsing.meta import read_effort
from cockpit.checklists.plans.builder import build_plan


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        *(("2-3h", (2, 3)), ("4–6 hours", (4, 6)), ("1 day", (8, 8)), ("1-2 days", (8, 16))),
        *(("4h-6h", (4, 6)), ("2 hours - 3 hours", (2, 3)), ("30 min to 1 hour", (0.5, 1))),
        *(("1h 30m", (1.5, 1.5)), ("2h30", (2.5, 2.5)), ("2 hours and 15 minutes", (2.25, 2.25))),
        *(("1,5 h", (1.5, 1.5)), ("½ day", (4, 4)), ("1½ hours", (1.5, 1.5))),
        *(("half a day", (4, 4)), ("2 person-days", (16, 16)), ("3 working days", (24, 24))),
        *(("~3h", (3, 3)), ("2+ hours", (2, 2)), ("2–3 weeks", (80, 120)), ("6 to 4 h", (4, 6))),
        *(("24/7 hours", None), ("1,000 h", None), ("TBD", None), ("5", None), ("3 points", None)),
    ],
)
def test_an_amount_of_work(text: str, hours: tuple[float, float] | None) -> None:
    found = read_effort(text)
    assert (found and (found.low, found.high)) == hours


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("P1.1: Fix it (2-3h, @ana)", 2.5),
        ("P1.1: Observe it (for 30 days)", None),
        ("P1.1: Retry (after 5 min)", None),
        ("P1.1: Keep 7 days of logs (rotate daily)", None),
    ],
)
def test_only_what_is_work_counts_in_an_item(text: str, hours: float | None) -> None:
    (item,) = parse(f"- [ ] {text}\n".encode()).items
    assert (item.meta.effort and item.meta.effort.middle) == hours


@pytest.mark.parametrize(
    ("below", "hours"),
    [
        ("**Status:** TODO\n", (2, 2)),
        ("**Status:** TODO\n**Effort:** 3-5 hours\n", (3, 5)),
        ("**Dependency:** P1A.2\n", (2, 2)),
    ],
)
def test_the_hours_in_a_heading_are_its_tasks(below: str, hours: tuple[float, float]) -> None:
    plan = build_plan([("a.md", parse(f"#### P1A.1 First (2h)\n{below}".encode()))])
    (task,) = plan.tasks
    assert (task.effort and (task.effort.low, task.effort.high)) == hours
    work = plan.critical_path().work
    assert (work.low, work.high, work.without_effort) == (*hours, 0)


def test_the_hours_of_a_phase_are_not_counted_besides_those_of_its_tasks() -> None:
    tasks = "### P1.1 A (3h)\n**Status:** TODO\n### P1.2 B (5h)\n**Status:** TODO\n"
    items = parse(f"## Phase 1 (8h)\n**Status:** TODO\n{tasks}".encode()).items
    told = {item.id: item.meta.effort and item.meta.effort.low for item in items}
    assert told == {"Phase 1": None, "P1.1": 3, "P1.2": 5}


@given(st.text(alphabet="0123456789hd½.,-–/ minorays", max_size=24))
def test_a_range_never_runs_backwards(text: str) -> None:
    found = read_effort(text)
    assert found is None or 0 <= found.low <= found.high
