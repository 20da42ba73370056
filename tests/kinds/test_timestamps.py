"""Reading timestamps: zones, the hour that happens twice, numbers, nonsense."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.heartbeat.timestamps import (
    Moment,
    check_zone,
    offset_text,
    read_timestamp,
    zone_at,
    zone_skew,
)

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


@pytest.mark.parametrize("digits", [0, 3, 6, 9])
def test_numbers_since_1970_in_any_unit_as_numbers_and_as_text(digits: int) -> None:
    value = 1767614400 * 10**digits
    for written in (value, float(value), str(value), f" {value}\n", f"{value}.25"):
        read = read_timestamp(written, "local", zone=NEW_YORK)
        assert read == Moment(datetime(2026, 1, 5, 12, 0, tzinfo=UTC), naive=False)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("Mon, 05 Jan 2026 12:00:00 +0000", 0),
        ("Mon, 5 Jan 2026 07:00:00 -0500 (EST)", -18000),
        ("05 Jan 2026 07:00:00 EST", -18000),
        ("Mon, 05 Jan 2026 12:00:00 GMT", 0),
        ("Monday, 05-Jan-2026 12:00:00 -0000", 0),
        ("05/Jan/2026:15:00:00 +0300", 10800),
        ("2026-01-05 12:00:00 UTC", 0),
        ("2026-01-05 12:00:00UTC", 0),
        ("2026-01-05T12:00:00 Z", 0),
        ("2026-01-05T12:00:00z", 0),
        ("2026-01-05 17:45:00 +0545", 20700),
        ("2026-01-05 12:00:00.123456789 +0000 UTC m=+0.012", 0),
        ("2026-01-05T13:00:00+01:00[Europe/Berlin]", 3600),
        ("2026-01-05 15:00:00 Europe/Istanbul", 10800),
        ("Mon Jan  5 12:00:00 UTC 2026", 0),
        ("Mon Jan 05 2026 15:00:00 GMT+0300 (GMT+03:00)", 10800),
    ],
)
def test_times_with_a_zone_as_programs_write_them(text: str, offset: int) -> None:
    read = read_timestamp(text, "local", zone=NEW_YORK)
    assert read == Moment(datetime(2026, 1, 5, 12, 0, tzinfo=UTC), naive=False, offset=offset)


@pytest.mark.parametrize(
    "text",
    ["2026-01-05 07:00:00,123", "2026/01/05 07:00:00", "20260105T070000", "20260105070000",
     "Mon Jan  5 07:00:00 2026", "05 Jan 2026 7:00"],
)  # fmt: skip
def test_times_without_a_zone_are_in_the_configured_one(text: str) -> None:
    noon = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    for naive, zone in (("local", NEW_YORK), ("America/New_York", ISTANBUL)):
        assert read_timestamp(text, naive, zone=zone) == Moment(noon, naive=True, offset=-18000)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2026-01-05 12:00:00 BST", "'BST' names no zone for sure"),
        ("2026-01-05", "a date without a time: '2026-01-05'"),
        ("soon", "not a time that can be read: 'soon'"),
        ("05 Foo 2026 12:00:00 GMT", "no month is called 'Foo'"),
        (12, "not seconds, ms, µs or ns since 1970: 12"),
        ([1], "not a time: an array"),
        (True, "not a time: boolean True"),
        (" " * 5000 + "x" * 5000, "not a time: 5,000 characters"),
    ],
)
def test_what_can_not_be_read_is_said_as_it_is(value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        read_timestamp(value, "utc")


@pytest.mark.parametrize("name", ["local", "utc", "UTC", "Europe/Berlin", "Asia/Kathmandu"])
def test_a_zone_by_name(name: str) -> None:
    assert check_zone(name) == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("europe/berlin", 'did you mean "Europe/Berlin"?'),
        ("Europe/Istambul", 'did you mean "Europe/Istanbul"?'),
        ("Local", 'did you mean "local"?'),
        ("Europe", 'no zone is called "Europe"'),
        ("../etc/passwd", "no zone is called"),
        ("+03:00", 'use local, utc or a name such as "Europe/Berlin"'),
    ],
)
def test_no_zone_of_that_name_is_told_with_the_closest(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        check_zone(name)


NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "offset", "skew"),
    [
        (10800, 0, 10800),
        (10800 - 40, 0, 10800),
        (-18000 + 20, 0, -18000),
        (20700, 0, 20700),
        (900, 19800, 900),  # Kathmandu read as Kolkata
        (0, 0, 0),
        (30, 0, 0),
        (900, 0, 0),  # no zone is a quarter of an hour from UTC
        (-900, 0, 0),
        (10800 - 61, 0, 0),
        (16 * 3600, 0, 0),
        (86400, 0, 0),
    ],
)
def test_only_a_difference_of_zones_that_exist_is_one(ahead: int, offset: int, skew: int) -> None:
    moment = Moment(NOON + timedelta(seconds=ahead), naive=True, offset=offset)
    assert zone_skew(moment, NOON, 60) == skew
    assert zone_skew(moment, None, 60) == 0


def test_an_offset_is_named_as_the_config_wants_it() -> None:
    assert zone_at(0, NOON, NEW_YORK) == "utc"
    assert zone_at(-18000, NOON, NEW_YORK) == "local"
    assert zone_at(10800, NOON, NEW_YORK) == "Europe/Istanbul"
    assert zone_at(20700, NOON, NEW_YORK) in ("Asia/Kathmandu", "Asia/Katmandu")
    assert (zone_at(60, NOON, NEW_YORK), offset_text(-12600)) == ("", "UTC-03:30")


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
        assert "calendar" in str(error)
    else:
        assert read.at.tzinfo is UTC and read.at.microsecond == 0


@given(st.text(max_size=40) | st.integers() | st.floats())
def test_any_value_is_read_or_refused(value: Any) -> None:
    with suppress(ValueError):
        assert read_timestamp(value, "local").at.tzinfo is UTC
