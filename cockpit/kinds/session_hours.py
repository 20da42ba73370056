"""`session = {…}`: the hours in which something is expected to happen, in a zone of its own."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from cockpit.kinds.types import Strict, Text

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORKDAYS: tuple[Day, ...] = _DAYS[:5]


class SessionTable(Strict):
    """`session = {…}`: the days and hours of a session. One that ends before it begins ends on the
    next day; without hours it lasts all day."""

    days: list[Day] = Field(
        default_factory=lambda: list(_WORKDAYS), description='days it begins on, such as "mon"'
    )
    opens: Text = Field("00:00", description='"HH:MM" at which it begins')
    closes: Text = Field("00:00", description='"HH:MM" at which it ends')
    zone: Text = Field("UTC", description='zone of the hours, such as "America/New_York"')

    @field_validator("opens", "closes")
    @classmethod
    def _time(cls, value: str) -> str:
        try:
            time.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f'"{value}" is no time such as "09:30"') from error
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f'"{value}" is no zone such as "America/New_York"') from error
        return value

    def opened_at(self, now: datetime) -> datetime | None:
        """When the session that is on at `now` (aware) began, in UTC of `now`'s kind; None: none
        is on."""
        local = now.astimezone(ZoneInfo(self.zone))
        for back in (0, 1):
            day = local.date() - timedelta(days=back)
            if _DAYS[day.weekday()] not in self.days:
                continue
            opens = datetime.combine(day, time.fromisoformat(self.opens), local.tzinfo)
            closes = datetime.combine(day, time.fromisoformat(self.closes), local.tzinfo)
            if closes <= opens:
                closes += timedelta(days=1)
            if opens <= local < closes:
                return opens.astimezone(now.tzinfo)
        return None
