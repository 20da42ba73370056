"""Reading timestamps: zones, the hour that happens twice, numbers, nonsense."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.heartbeat.timestamps import read_timestamp

NEW_YORK = ZoneInfo("America/New_York")
ISTANBUL = ZoneInfo("Europe/Istanbul")


@pytest.mark.parametrize(
    ("text", "zone", "seconds"),
    [
        ("2026-11-20T13:18:28.838398", ISTANBUL, -10800),
        ("2026-11-20T13:18:28.838398", NEW_YORK, 18000),
        ("2026-11-20T13:18:28.838398", UTC, 0),
    ],
)
def test_a_naive_time_is_local(text: str, zone: Any, seconds: int) -> None:
    as_utc = datetime(2026, 11, 20, 13, 18, 28, tzinfo=UTC)
    local = read_timestamp(text, "local", zone=zone)
    assert local.at - as_utc == timedelta(seconds=seconds)
    assert local.naive
    assert read_timestamp(text, "utc", zone=zone).at == as_utc


@pytest.mark.parametrize("hour", [5, 6])
def test_the_hour_that_happens_twice_is_read_by_the_other_witness(hour: int) -> None:
    """New York, 2026-11-01: 01:30 local is 05:30 UTC and again 06:30 UTC."""
    witness = datetime(2026, 11, 1, hour, 30, 2, tzinfo=UTC)
    read = read_timestamp("2026-11-01T01:30:00", "local", near=witness, zone=NEW_YORK)
    assert read.at == datetime(2026, 11, 1, hour, 30, tzinfo=UTC)


def test_a_zone_in_the_text_wins() -> None:
    read = read_timestamp("2026-01-05T12:00:00+03:00", "local", zone=NEW_YORK)
    assert read.at == datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    assert not read.naive


@pytest.mark.parametrize("value", [1767614400, 1767614400.9, 1767614400000])
def test_numbers_since_1970(value: float) -> None:
    assert read_timestamp(value, "local").at == datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [None, True, "", "  ", "now", "2026-01-05", "20260105", "2026-13-01T00:00:00", 0, -1, 10**30,
     float("nan"), float("inf"), [], {}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_nonsense_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_timestamp(value, "local", zone=ISTANBUL)


@given(
    st.datetimes(), st.sampled_from([NEW_YORK, ISTANBUL, UTC]), st.sampled_from(["local", "utc"])
)
def test_any_time_gives_an_aware_instant_or_a_clear_error(
    written: datetime, zone: Any, naive: Any
) -> None:
    try:
        read = read_timestamp(written.isoformat(), naive, zone=zone)
    except ValueError as error:
        assert "calendar" in str(error) or "ISO" in str(error)
    else:
        assert read.at.tzinfo is UTC and read.at.microsecond == 0


@given(st.text(max_size=40) | st.integers() | st.floats())
def test_any_value_is_read_or_refused(value: Any) -> None:
    with suppress(ValueError):
        assert read_timestamp(value, "local").at.tzinfo is UTC
