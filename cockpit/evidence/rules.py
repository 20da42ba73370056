"""Rules of recording: what an observation, event or acknowledgement does, in every recorder.

`Repository` is where it is kept: tables inside a write transaction, or plain memory. The functions
here read from it and write to it, so that a recorder without a file does the same as one with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cockpit.alerting.policy import AlertState, PolicySettings, acknowledge, step
from cockpit.board import Acknowledgement, problem_list
from cockpit.feed import Artefact
from cockpit.model import Event, EventKind, Observation
from cockpit.probe_state import Advance, ProbeState, advance
from cockpit.text import sanitize

CHECK = "check"
OVERTAKEN_WITHIN = timedelta(seconds=60)
_NEVER_STALE = datetime.min.replace(tzinfo=UTC)

SettingsOf = Callable[[str], PolicySettings]


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement and the probes that showed the problem when it was given."""

    given: Acknowledgement
    probes: tuple[str, ...]


class Repository(Protocol):
    """Where evidence is kept. Writing methods count only once the surrounding write has."""

    def probe_state(self, probe: str) -> ProbeState | None: ...

    def probe_states(self) -> Mapping[str, ProbeState]: ...

    def alert(self, probe: str) -> AlertState: ...

    def acks(self) -> Mapping[str, Ack]: ...

    def record(self, observation: Observation, source: str) -> None:
        """Keep one observation for the history."""
        ...

    def save_current(self, probe_state: ProbeState, source: str) -> None:
        """Make `probe_state` the current one; its observation was recorded just before."""
        ...

    def set_alert(self, probe: str, state: AlertState) -> None: ...

    def set_ack(self, problem: str, ack: Ack | None) -> None:
        """Keep an acknowledgement, or drop it."""
        ...

    def append(self, event: Event, source: str) -> Event:
        """Add an event to the chain; returns it with its `seq`."""
        ...

    def save_artefact(self, artefact: Artefact, now: datetime) -> None: ...


def observe(
    repository: Repository,
    observation: Observation,
    *,
    source: str,
    advances: bool,
    actor: str,
    settings: SettingsOf,
    advanced: Advance | None = None,
) -> None:
    """Record an observation; when it `advances`, also move state, policy and acks with it.

    `advanced` is the step that was made already; it counts where the state is still the one before.
    """
    repository.record(observation, source)
    probe = observation.probe
    before = repository.probe_state(probe)
    if not advances or (before is not None and _overtaken(before.observation, observation)):
        return
    if advanced is None or advanced.previous is not before:
        advanced = advance(before, observation)
    repository.save_current(advanced.state, source)
    # The policy's memory is kept; its alerts are told nobody while there is no channel.
    alert = repository.alert(probe)
    after, _ = step(alert, observation, settings(probe))
    if after != alert:
        repository.set_alert(probe, after)
    _append(repository, advanced.events, source, actor)
    _clear_acks(repository, observation, source, actor)


def _overtaken(present: Observation, late: Observation) -> bool:
    """Whether `late` was made before the present observation by a probe of another process.

    A larger distance is a wall clock that was set back: what comes in then is the news.
    """
    return timedelta(0) < present.observed_at - late.observed_at <= OVERTAKEN_WITHIN


def log(repository: Repository, event: Event, *, source: str, actor: str) -> None:
    """Append an event; one without an actor is `actor`'s."""
    _append(repository, (event,), source, actor)


def acknowledge_problem(
    repository: Repository,
    problem: str,
    note: str,
    actor: str,
    now: datetime,
    *,
    source: str,
    ticket: str,
) -> bool:
    """Keep that `problem` is known, with an event; False when there is no such problem now."""
    found = next(
        (p for p in problem_list(repository.probe_states(), now, {}) if p.key == problem),
        None,
    )
    if found is None:
        return False
    note = sanitize(note)
    repository.set_ack(problem, Ack(Acknowledgement(sanitize(actor), note, now), found.probes))
    for probe in found.probes:
        repository.set_alert(probe, acknowledge(repository.alert(probe), actor))
    event = Event(
        at=now,
        kind=EventKind.ACK,
        subject=found.subject or problem,
        probe=found.probes[0],
        verdict=found.verdict,
        actor=actor,
        ticket=ticket,
        text=f"acknowledged {found.title}" + (f": {note}" if note else ""),
        data={"problem": problem, "note": note},
    )
    _append(repository, (event,), source, actor)
    return True


def _clear_acks(repository: Repository, observation: Observation, source: str, actor: str) -> None:
    """Drop the acknowledgements whose problem this observation ended.

    Only the probes that showed the problem when it was acknowledged are looked at, which keeps an
    observation cheap. A probe gone stale does not end a problem: silence is no recovery.
    """
    touched = {key: a for key, a in repository.acks().items() if observation.probe in a.probes}
    if not touched:
        return
    names = {probe for ack in touched.values() for probe in ack.probes}
    probe_states = {
        name: state for name in names if (state := repository.probe_state(name)) is not None
    }
    open_keys = {
        problem.key
        for moment in (observation.observed_at, _NEVER_STALE)
        for problem in problem_list(probe_states, moment, {})
    }
    for key, ack in touched.items():
        if key in open_keys:
            continue
        repository.set_ack(key, None)
        event = Event(
            at=observation.observed_at,
            kind=EventKind.ACK,
            subject=key,
            probe=observation.probe,
            text=f"problem gone, acknowledgement by {ack.given.by} ends",
            data={"problem": key},
        )
        _append(repository, (event,), source, actor)


def _append(repository: Repository, events: Iterable[Event], source: str, actor: str) -> None:
    for event in events:
        repository.append(event if event.actor else replace(event, actor=actor), source)
