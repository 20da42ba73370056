"""How often a service or an engine was started anew within the last hour, as it was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cockpit.text import format_utc, whole_second

WITHIN = timedelta(hours=1)
MANY = 3
"""So many restarts within the hour are worth a warning."""


@dataclass(frozen=True, slots=True)
class Restarts:
    """Starts that replaced an earlier process, and the newest start ever seen.

    Instants are UTC in whole seconds. `asked` are those an operator is behind, `by` the operators.
    """

    times: tuple[datetime, ...] = ()
    last_start: datetime | None = None
    asked: tuple[datetime, ...] = ()
    by: tuple[str, ...] = ()

    @property
    def too_many(self) -> str:
        """In words, when it was started anew too often by itself; empty otherwise."""
        alone = [one for one in self.times if one not in self.asked]
        if len(alone) < MANY:
            return ""
        beside = f"; {len(self.asked)} more by {' '.join(self.by)}" if self.asked else ""
        return f"{len(alone)} restarts, the last at {format_utc(alone[-1])}{beside}"

    @property
    def on_purpose(self) -> str:
        """In words, when operators started it anew; empty otherwise."""
        if not self.asked:
            return ""
        times = f" {len(self.asked)} times" if len(self.asked) > 1 else ""
        last = "the last " if times else ""
        return f"restarted{times} by {' '.join(self.by)}, {last}at {format_utc(self.asked[-1])}"


class SeenStarts(Protocol):
    """Facts that remember the starts seen so far, as those of a port and of an engine do."""

    @property
    def starts(self) -> tuple[datetime, ...]:
        """When the processes that were there last time had started."""
        ...

    @property
    def last_start(self) -> datetime | None:
        """The newest start ever seen."""
        ...

    @property
    def restarts(self) -> tuple[datetime, ...]:
        """The starts that counted as restarts."""
        ...


def restarts_seen(
    before: SeenStarts | None,
    starts: Iterable[datetime],
    now: datetime,
    who_asked: Callable[[datetime], str] = lambda started_at: "",
) -> Restarts:
    """The restarts as of `now`, from what is remembered and the present `starts`.

    A newcomer counts when one of those seen before is gone; a second owner beside the first is a
    duplicate, not a restart. `who_asked` names the operator who is behind a start.
    """
    present = sorted({whole_second(one) for one in starts})
    last = before.last_start if before else None
    known = before.starts if before else ()
    times = [one for one in before.restarts if now - one < WITHIN] if before else []
    if last is not None and (not known or set(known) - set(present)):
        times += [one for one in present if one > last]
    newest = max([*present, *([last] if last is not None else [])], default=None)
    times = list(dict.fromkeys(times))
    asked = {one: who for one in times if (who := who_asked(one))}
    return Restarts(tuple(times), newest, tuple(asked), tuple(dict.fromkeys(asked.values())))
