"""Amounts of work as people write them, in hours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.checklists import parse
from cockpit.checklists.reading.meta import read_effort


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


@given(st.text(alphabet="0123456789hd½.,-–/ minorays", max_size=24))
def test_a_range_never_runs_backwards(text: str) -> None:
    found = read_effort(text)
    assert found is None or 0 <= found.low <= found.high
