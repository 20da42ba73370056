"""How often a service or an engine was started anew within the last hour, as it was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cockpit.model import Observation
from cockpit.text import format_utc, parse_instant

WITHIN = timedelta(hours=1)
MANY = 3
"""So many restarts within the hour are worth a warning."""


@dataclass(frozen=True, slots=True)
class Restarts:
    """Starts that replaced an earlier process, and the newest start ever seen (RFC 3339, UTC).

    `asked` are those an operator is behind, `by` the operators.
    """

    times: tuple[str, ...] = ()
    last_start: str | None = None
    asked: tuple[str, ...] = ()
    by: tuple[str, ...] = ()

    @property
    def too_many(self) -> str:
        """In words, when it was started anew too often by itself; empty otherwise."""
        alone = [one for one in self.times if one not in self.asked]
        if len(alone) < MANY:
            return ""
        beside = f"; {len(self.asked)} more by {' '.join(self.by)}" if self.asked else ""
        return f"{len(alone)} restarts, the last at {alone[-1]}{beside}"

    @property
    def on_purpose(self) -> str:
        """In words, when operators started it anew; empty otherwise."""
        if not self.asked:
            return ""
        times = f" {len(self.asked)} times" if len(self.asked) > 1 else ""
        last = "the last " if times else ""
        return f"restarted{times} by {' '.join(self.by)}, {last}at {self.asked[-1]}"


def restarts_seen(
    previous: Observation | None,
    key: str,
    starts: Iterable[datetime],
    now: datetime,
    who_asked: Callable[[datetime], str] = lambda started_at: "",
) -> Restarts:
    """The restarts as of `now`, from the facts of the finding `key` and the present `starts`.

    A newcomer counts when one of those seen before is gone; a second owner beside the first is a
    duplicate, not a restart. `who_asked` names the operator who is behind a start.
    """
    present = sorted({format_utc(one) for one in starts})
    before = previous.finding(key) if previous else None
    facts = before.facts if before else {}
    last = facts.get("last_start")
    known = _texts(facts.get("starts"))
    times = [one for one in _texts(facts.get("restarts")) if _recent(one, now)]
    if isinstance(last, str) and (not known or set(known) - set(present)):
        times += [one for one in present if one > last]
    newest = max([*present, *([last] if isinstance(last, str) else [])], default=None)
    times = list(dict.fromkeys(times))
    asked = {one: who for one in times if (who := who_asked(parse_instant(one)))}
    return Restarts(tuple(times), newest, tuple(asked), tuple(dict.fromkeys(asked.values())))


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, tuple) else []


def _recent(text: str, now: datetime) -> bool:
    try:
        return now - parse_instant(text) < WITHIN
    except ValueError:
        return False
