"""Who is told, and when: the alert policy as one pure function over observations.

Rows, roll-ups and exit codes always use raw verdicts; the policy only decides which changes are
worth calling somebody for. A bad stretch is *soft* until it has lasted `after` observations and
`hold` seconds, then *hard*; a hard one ends after `recover_after` good observations and
`recover_hold` seconds. A probe that keeps changing sides is *flapping* and told once instead of
every time (the two-threshold idea of Nagios' flap detection, counted in a window of time).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cockpit.facts import Facts
from cockpit.model import Event, EventKind, Observation, Verdict
from cockpit.text import duration_text, format_utc


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """How patient the policy is. Spans are in seconds, counts in observations.

    `tell` are the verdicts that count as bad. With `hold` 0 only the count decides, with `after` 1
    only the time. Flapping begins at `flap_changes` changes of side within `flap_window` and ends
    at `flap_calm` or fewer. Raises ValueError for a count below 1 or a negative span.
    """

    after: int = 2
    hold: float = 0.0
    recover_after: int = 2
    recover_hold: float = 0.0
    tell: frozenset[Verdict] = frozenset({Verdict.FAIL, Verdict.UNKNOWN})
    flap_changes: int = 6
    flap_calm: int = 1
    flap_window: float = 600.0

    def __post_init__(self) -> None:
        if min(self.after, self.recover_after) < 1:
            raise ValueError("after and recover_after count observations: 1 or more")
        if min(self.hold, self.recover_hold, self.flap_window) < 0:
            raise ValueError("hold, recover_hold and flap_window are seconds: 0 or more")
        if not 0 <= self.flap_calm < self.flap_changes:
            raise ValueError("flap_calm must be 0 or more and below flap_changes")


@dataclass(frozen=True, slots=True)
class AlertState:
    """What the policy remembers of one probe; survives a restart as JSON.

    `bad` is the side of the latest observation (None before the first), `streak` how many in a row
    were on it (counted only as far as a threshold needs), `since` when the streak began. `hard` is
    a confirmed problem, `told` the worst verdict somebody was told of in it. `changes` are the
    moments of the latest changes of side. All moments are aware UTC.
    """

    bad: bool | None = None
    streak: int = 0
    since: datetime | None = None
    hard: bool = False
    told: Verdict | None = None
    changes: tuple[datetime, ...] = field(default_factory=tuple)
    flapping: bool = False
    acked_by: str = ""
    silent_until: datetime | None = None
    silenced_by: str = ""

    @property
    def phase(self) -> str:
        """`calm`, `soft` (bad, not confirmed), `hard`, or `easing` (good, not confirmed)."""
        if self.hard:
            return "hard" if self.bad else "easing"
        return "soft" if self.bad else "calm"


def acknowledge(state: AlertState, by: str) -> AlertState:
    """Somebody knows: nothing more is told about this problem until it has recovered."""
    return replace(state, acked_by=by)


def silence(state: AlertState, until: datetime, by: str) -> AlertState:
    """Tell nobody before `until` (aware UTC); a problem still there afterwards is told then."""
    if until.tzinfo is None:
        raise ValueError(f"silence needs an aware datetime, got {until!r}")
    return replace(state, silent_until=until, silenced_by=by)


def step(
    state: AlertState, observation: Observation, settings: PolicySettings
) -> tuple[AlertState, tuple[Event, ...]]:
    """The state after `observation` and the alert events to tell, oldest first.

    Time is `observation.observed_at`. A wall clock that steps back restarts the running span
    instead of making it negative.
    """
    at = observation.observed_at
    state = _count(state, observation.verdict in settings.tell, at, settings)
    if state.silent_until is not None and at >= state.silent_until:
        state = replace(state, silent_until=None, silenced_by="")
    events: list[Event] = []
    state = _flap(state, observation, settings, events)
    if state.bad:
        state = _worsen(state, observation, settings, events)
    else:
        state = _recover(state, observation, settings, events)
    return state, tuple(events)


def _count(state: AlertState, bad: bool, at: datetime, settings: PolicySettings) -> AlertState:
    if state.bad is bad and state.since is not None:
        most = max(settings.after, settings.recover_after)
        return replace(
            state,
            streak=min(state.streak + 1, most),
            since=min(state.since, at),
            changes=_recent(state.changes, at, settings),
        )
    changes = state.changes if state.bad is None else (*state.changes, at)
    return replace(state, bad=bad, streak=1, since=at, changes=_recent(changes, at, settings))


def _recent(
    changes: Iterable[datetime], at: datetime, settings: PolicySettings
) -> tuple[datetime, ...]:
    start = at - timedelta(seconds=settings.flap_window)
    return tuple(moment for moment in changes if start < moment <= at)


def _flap(
    state: AlertState, observation: Observation, settings: PolicySettings, events: list[Event]
) -> AlertState:
    count = len(state.changes)
    if not state.flapping and count >= settings.flap_changes:
        if not _quiet(state):
            window = duration_text(settings.flap_window)
            events.append(
                _alert(observation, state, "flapping", f"flapping, {count} changes in {window}")
            )
        return replace(state, flapping=True)
    if state.flapping and count <= settings.flap_calm:
        state = replace(state, flapping=False)
        if not _quiet(state):
            events.append(_alert(observation, state, "calm", f"steady again, {_said(observation)}"))
    return state


def _worsen(
    state: AlertState, observation: Observation, settings: PolicySettings, events: list[Event]
) -> AlertState:
    if not state.hard and not _lasted(
        state, observation.observed_at, settings.after, settings.hold
    ):
        return state
    state = replace(state, hard=True)
    verdict = observation.verdict
    news = state.told is None or verdict.severity > state.told.severity
    if not news or _quiet(state) or state.flapping:
        return state
    events.append(_alert(observation, state, "hard", _said(observation)))
    return replace(state, told=verdict)


def _recover(
    state: AlertState, observation: Observation, settings: PolicySettings, events: list[Event]
) -> AlertState:
    at = observation.observed_at
    if not _lasted(state, at, settings.recover_after, settings.recover_hold):
        return state
    if state.hard and state.told is not None and state.silent_until is None and not state.flapping:
        events.append(_alert(observation, state, "recovered", f"recovered, {_said(observation)}"))
    return replace(state, hard=False, told=None, acked_by="")


def _lasted(state: AlertState, at: datetime, count: int, span: float) -> bool:
    if state.since is None or state.streak < count:
        return False
    return (at - state.since).total_seconds() >= span


def _quiet(state: AlertState) -> bool:
    return state.silent_until is not None or bool(state.acked_by)


def _said(observation: Observation) -> str:
    return f"{observation.verdict}: {observation.headline}"


def _alert(observation: Observation, state: AlertState, phase: str, text: str) -> Event:
    data: Facts = {
        "phase": phase,
        "since": format_utc(state.since or observation.observed_at),
    }
    return Event(
        at=observation.observed_at,
        kind=EventKind.ALERT,
        probe=observation.probe,
        subject=observation.probe,
        verdict=observation.verdict,
        text=text,
        data=data,
    )
