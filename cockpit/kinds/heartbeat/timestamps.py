"""Timestamps that programs write: with a zone, without one, or as a number of seconds.

A time without a zone is local wall time or UTC, as the config says. When clocks are set back an
hour of local time happens twice; the reading that agrees with another witness (the file's
modification time) is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Literal

from cockpit.kinds.json_query import Json, number

Naive = Literal["local", "utc"]
_SECONDS = (1e8, 1e11)
_MILLISECONDS = (1e11, 1e14)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as read: aware UTC in whole seconds, and whether it was written without a zone."""

    at: datetime
    naive: bool


def read_timestamp(
    value: Json, naive: Naive, *, near: datetime | None = None, zone: tzinfo | None = None
) -> Moment:
    """The instant that `value` (ISO 8601 text, or seconds or milliseconds since 1970) names.

    `near` decides between the two readings of an hour that happens twice; without it the later one
    is taken, which is the younger beat. `zone` None is this machine's. ValueError says what is
    wrong with `value`.
    """
    amount = number(value)
    if amount is not None:
        return Moment(_from_number(amount), naive=False)
    if not isinstance(value, str) or not value.strip():
        raise ValueError("no time" if value is None else f"not a time: {value!r:.60}")
    text = value.strip()
    if len(text) <= 10 or (":" not in text and "T" not in text.upper()):
        raise ValueError(f"a date without a time: {text!r:.60}")
    try:
        written = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"not an ISO 8601 time: {text!r:.60}") from error
    try:
        if written.tzinfo is not None:
            return Moment(_utc(written), naive=False)
        if naive == "utc":
            return Moment(_utc(written.replace(tzinfo=UTC)), naive=True)
        return Moment(_local(written, near, zone), naive=True)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"outside the calendar: {text!r:.60}") from error


def _from_number(amount: float) -> datetime:
    if _SECONDS[0] <= amount < _SECONDS[1]:
        seconds = amount
    elif _MILLISECONDS[0] <= amount < _MILLISECONDS[1]:
        seconds = amount / 1000
    else:
        raise ValueError(f"not seconds or milliseconds since 1970: {amount}")
    return datetime.fromtimestamp(int(seconds), UTC)


def _local(written: datetime, near: datetime | None, zone: tzinfo | None) -> datetime:
    first = _utc(_placed(written.replace(fold=0), zone))
    second = _utc(_placed(written.replace(fold=1), zone))
    if first == second:
        return first
    if near is None:
        return max(first, second)
    return min((first, second), key=lambda moment: abs(moment - near))


def _placed(written: datetime, zone: tzinfo | None) -> datetime:
    return written.astimezone() if zone is None else written.replace(tzinfo=zone)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
