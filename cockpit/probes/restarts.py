"""How often a service or an engine was started anew within the last hour, as it was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cockpit.model import Observation
from cockpit.text import instant, parse_instant

WITHIN = timedelta(hours=1)
MANY = 3
"""So many restarts within the hour are worth a warning."""


@dataclass(frozen=True, slots=True)
class Restarts:
    """Starts that replaced an earlier process, and the newest start ever seen (RFC 3339, UTC)."""

    times: tuple[str, ...] = ()
    last_start: str | None = None


def restarts_seen(
    previous: Observation | None, key: str, starts: Iterable[datetime], now: datetime
) -> Restarts:
    """The restarts as of `now`, from the facts of the finding `key` and the present `starts`.

    A newcomer counts when one of those seen before is gone; a second owner beside the first is a
    duplicate, not a restart.
    """
    present = sorted({instant(one) for one in starts})
    before = previous.finding(key) if previous else None
    facts = before.facts if before else {}
    last = facts.get("last_start")
    known = _texts(facts.get("starts"))
    times = [one for one in _texts(facts.get("restarts")) if _recent(one, now)]
    if isinstance(last, str) and (not known or set(known) - set(present)):
        times += [one for one in present if one > last]
    newest = max([*present, *([last] if isinstance(last, str) else [])], default=None)
    return Restarts(tuple(dict.fromkeys(times)), newest)


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, tuple) else []


def _recent(text: str, now: datetime) -> bool:
    try:
        return now - parse_instant(text) < WITHIN
    except ValueError:
        return False
