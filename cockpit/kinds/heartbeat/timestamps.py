"""Timestamps that programs write: with a zone, without one, or as a number since 1970.

A time without a zone is local wall time, UTC, or that of a named zone, as the config says. When
clocks are set back an hour of local time happens twice; the reading that agrees with another
witness (the file's modification time) is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from cockpit.kinds.json_query import Json, kind_of, number
from cockpit.suggestions import did_you_mean

_UNITS = ((1e8, 1e11, 1), (1e11, 1e14, 10**3), (1e14, 1e17, 10**6), (1e17, 1e20, 10**9))
"""Numbers from, below: so many of them make a second (seconds, milli-, micro-, nanoseconds)."""
_NUMBER = re.compile(r"\d{9,20}(?:\.\d{1,12})?")
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{4}-?W\d{2}(?:-?\d)?")
_COMPACT = re.compile(r"(?:19|20)\d{12}")
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_DAY_FIRST = re.compile(
    rf"(?:[a-z]{{3,9}},?\s+)?(?P<day>\d{{1,2}})[\s/-](?P<month>[a-z]{{3}})[a-z]*[\s/-]"
    rf"(?P<year>\d{{4}})[\s:]\s*(?P<clock>{_CLOCK})\s*(?P<zone>.*)",
    re.IGNORECASE,
)
"""`Fri, 27 Nov 2026 10:00:00 +0000` (RFC 2822, HTTP, web server logs)."""
_YEAR_LAST = re.compile(
    rf"[a-z]{{3,9}}\s+(?P<month>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+(?P<clock>{_CLOCK})"
    r"\s+(?P<zone>.*?)\s*(?P<year>\d{4})",
    re.IGNORECASE,
)
"""`Fri Nov 27 10:00:00 UTC 2026` (asctime, date)."""
_MONTH_FIRST = re.compile(
    rf"[a-z]{{3,9}}\s+(?P<month>[a-z]{{3}})\s+(?P<day>\d{{1,2}})\s+(?P<year>\d{{4}})\s+"
    rf"(?P<clock>{_CLOCK})\s*(?P<zone>.*)",
    re.IGNORECASE,
)
"""`Fri Nov 27 2026 10:00:00 GMT+0300` (JavaScript)."""
_ISO_AND_ZONE = re.compile(
    r"(?P<iso>\d{4}[-/]\d{2}[-/]\d{2}[T ]+[\d:.,]+(?:Z|[+-]\d{2}:?\d{2})?)"
    r"(?P<zone>\s+\S.*|[A-Z[].*)",
    re.IGNORECASE,
)
"""`2026-11-27 10:00:00 UTC`, `… +0000 UTC`, `…+01:00[Europe/Berlin]`."""
_COMMENT = re.compile(r"\s*(?:\([^()]*\)|\bm=[+-][\d.]+)$")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?(?:\s+\S+)?", re.IGNORECASE)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ZONE_HOURS = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7,
    "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
"""The zone words of RFC 2822; any other one means several zones or none."""
_OFFSETS = {
    *(60 * hour for hour in range(-12, 15)),
    -570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765, 825,
}  # fmt: skip
"""Minutes east of UTC at which there is a zone, in summer or winter (tz database)."""
_QUARTER = 900
_LONGEST = 120
_LIKELY = (
    "Europe/London", "Europe/Berlin", "Europe/Istanbul", "America/New_York", "America/Chicago",
    "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Dubai",
    "Asia/Tokyo", "Asia/Shanghai", "Asia/Bangkok", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
"""Zones to name first for an offset that many zones share."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as read: aware UTC in whole seconds, and whether it was written without a zone.

    `offset` are the seconds east of UTC that it was read with.
    """

    at: datetime
    naive: bool
    offset: int = 0


def check_zone(value: str) -> str:
    """`value` if it is `local`, `utc` or the name of a zone; ValueError names the closest one."""
    if value in ("local", "utc"):
        return value
    try:
        _named(value)
    except ValueError:
        from zoneinfo import available_timezones

        names = available_timezones()
        if not names:
            raise ValueError(
                f'"{value:.60}" can\'t be looked up: this machine has no zone database; install '
                "tzdata, or use local or utc"
            ) from None
        close = did_you_mean(value, ["local", "utc", *sorted(names)])
        what = close or 'use local, utc or a name such as "Europe/Berlin"'
        raise ValueError(f'no zone is called "{value:.60}"; {what}') from None
    return value


def read_timestamp(
    value: Json, naive: str, *, near: datetime | None = None, zone: tzinfo | None = None
) -> Moment:
    """The instant that `value` names: ISO 8601, RFC 2822 or what `date` prints, or seconds, milli-,
    micro- or nanoseconds since 1970 as a number or as text.

    `naive` says what a time without a zone means: `local`, `utc` or a zone's name. `near` decides
    between the two readings of an hour that happens twice; without it the later one is taken, which
    is the younger beat. `zone` None is this machine's. ValueError says what is wrong with `value`.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        digits = value.strip()
        value = float(digits) if "." in digits else int(digits)
    amount = number(value)
    if amount is not None and not _COMPACT.fullmatch(str(amount)):
        return Moment(_from_number(amount), naive=False)
    text = value.strip() if isinstance(value, str) else str(amount) if amount is not None else ""
    if not text:
        raise ValueError("no time" if value is None else f"not a time: {_told(value)}")
    if len(text) > _LONGEST:
        raise ValueError(f"not a time: {len(text):,} characters, {text!r:.60}")
    written, named = _written(text)
    try:
        aware = written.tzinfo or named
        if aware is not None:
            at = _utc(written if written.tzinfo else written.replace(tzinfo=named))
        elif naive == "utc":
            at = _utc(written.replace(tzinfo=UTC))
        else:
            at = _local(written, near, zone if naive == "local" else _named(naive))
        wall = written.replace(tzinfo=None, microsecond=0)
        offset = round((wall - at.replace(tzinfo=None)).total_seconds())
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"outside the calendar: {text!r:.60}") from error
    return Moment(at, aware is None, offset)


def zone_skew(moment: Moment, written: datetime | None, apart: float) -> int:
    """Seconds by which `moment` is ahead of the time it was really `written`, if that is what a
    wrong zone does to it: within `apart` seconds the difference of two zones that exist. Else 0."""
    if written is None:
        return 0
    ahead = (moment.at - written).total_seconds()
    skew = round(ahead / _QUARTER) * _QUARTER
    if abs(ahead - skew) > apart or (moment.offset + skew) % 60:
        return 0
    return skew if (moment.offset + skew) // 60 in _OFFSETS else 0


def zone_at(offset: int, at: datetime, zone: tzinfo | None = None) -> str:
    """What `naive_timestamps` is for times that are `offset` seconds east of UTC `at` that instant:
    `local`, `utc`, or a zone of that offset; empty when none is known. `zone` as above."""
    if offset == 0:
        return "utc"
    if _offset(at.astimezone(zone)) == offset:
        return "local"
    from zoneinfo import available_timezones

    others = (name for name in sorted(available_timezones()) if name[:3] not in ("Etc", "pos"))
    for names in (_LIKELY, others):
        for name in names:
            try:
                if _offset(at.astimezone(_named(name))) == offset:
                    return name
            except ValueError:
                continue
    return ""


def offset_text(offset: int) -> str:
    """`offset` seconds as people write it.

    >>> offset_text(-12600)
    'UTC-03:30'
    """
    minutes = abs(offset) // 60
    return f"UTC{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _from_number(amount: float) -> datetime:
    for least, most, a_second in _UNITS:
        if least <= amount < most:
            seconds = amount // a_second if isinstance(amount, int) else amount / a_second
            return datetime.fromtimestamp(int(seconds), UTC)
    raise ValueError(f"not seconds, ms, µs or ns since 1970: {amount!r:.60}")


def _written(text: str) -> tuple[datetime, tzinfo | None]:
    """The time in `text`, with its zone when it has an offset; and the zone that stands behind."""
    text = _COMMENT.sub("", text)
    zone = ""
    for form in (_DAY_FIRST, _MONTH_FIRST, _YEAR_LAST):
        if match := form.fullmatch(text):
            month = match["month"].lower()
            if month not in _MONTHS:
                raise ValueError(f"no month is called {match['month']!r}: {text!r:.60}")
            number_of = _MONTHS.index(month) + 1
            clock = match["clock"].zfill(5) if match["clock"].count(":") == 1 else match["clock"]
            clock = clock if clock[1] != ":" else f"0{clock}"
            iso = f"{match['year']}-{number_of:02}-{int(match['day']):02}T{clock}"
            zone = match["zone"].strip()
            break
    else:
        iso = text
        if match := _ISO_AND_ZONE.fullmatch(text):
            iso, zone = match["iso"], match["zone"].strip()
        if re.match(r"\d{4}/\d{2}/\d{2}\D", iso):
            iso = iso.replace("/", "-", 2)
        if _COMPACT.fullmatch(iso):
            iso = f"{iso[:8]}T{iso[8:]}"
    if _DATE.fullmatch(iso):
        raise ValueError(f"a date without a time: {text!r:.60}")
    try:
        written = datetime.fromisoformat(iso[:-1] + "Z" if iso.endswith("z") else iso)
    except ValueError as error:
        raise ValueError(f"not a time that can be read: {text!r:.60}") from error
    return written, _zone_behind(zone) if zone and written.tzinfo is None else None


def _zone_behind(word: str) -> tzinfo:
    """The zone that stands behind a time: `UTC`, `+0000 UTC`, `EST`, `Europe/Berlin`."""
    if word.upper() in _ZONE_HOURS:
        return timezone(timedelta(hours=_ZONE_HOURS[word.upper()]))
    if match := _OFFSET.fullmatch(word):
        minutes = 60 * int(match[2]) + int(match[3] or 0)
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
    name = word.strip("[]")
    if "/" in name:
        return _named(name)
    raise ValueError(f"{word!r:.40} names no zone for sure")


def _named(name: str) -> tzinfo:
    """The zone of that name; ValueError when there is none here."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"no zone is called {name!r:.60}") from error


def _offset(moment: datetime) -> int:
    return round((moment.utcoffset() or timedelta()).total_seconds())


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


def _told(value: Json) -> str:
    """What stands there instead, in a few words."""
    kind = kind_of(value)
    return f"{kind} {value!r:.60}" if kind in ("string", "number", "boolean") else f"an {kind}"
