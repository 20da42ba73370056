"""Times as the screen writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cockpit.text import localise

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        ("2026-01-05T09:30:00Z", "09:30:00"),
        ("2026-01-04T09:30:00Z", "Jan 04 09:30:00"),
        ("2025-12-31T23:59:59Z", "Dec 31 2025 23:59:59"),
        ("2099-01-01T00:00:00Z", "Jan 01 2099 00:00:00"),
    ],
)
def test_an_instant_shows_as_much_of_its_date_as_it_needs(instant: str, shown: str) -> None:
    assert localise(f"the beat says {instant}", NOW, UTC) == f"the beat says {shown}"
