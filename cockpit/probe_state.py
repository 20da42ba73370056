"""How one probe stands: its latest observation, since when, and what changed on the way.

Pure. The engine advances a state once, over what it saw, and hands the step to the recorder. Where
somebody else wrote in between, the recorder makes the step anew over what is stored, inside the
transaction that writes, and the engine takes that. A recorder without a store does the same, so
that both tell the same story.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cockpit.model import Event, EventKind, Finding, Observation, Verdict

MOST_CHANGES = 12


@dataclass(frozen=True, slots=True)
class ProbeState:
    """The latest observation, when its verdict began, and when each finding got its verdict."""

    observation: Observation
    since: datetime
    finding_since: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advance:
    """One step: from `previous` over an observation to `state`, and the events that tell of it."""

    previous: ProbeState | None
    state: ProbeState
    events: tuple[Event, ...]


def advance(previous: ProbeState | None, observation: Observation) -> Advance:
    """The step from `previous` over `observation`; see `apply`."""
    return Advance(previous, *apply(previous, observation))


def apply(
    previous: ProbeState | None, observation: Observation
) -> tuple[ProbeState, tuple[Event, ...]]:
    """The state after `observation` and the events that tell the difference, oldest first.

    A first observation is an event only when it is FAIL or UNKNOWN. One observation tells at most
    `MOST_CHANGES` finding changes by name, the rest as a number. A change that a finding with the
    probe's own name tells is not told for the probe as well.
    """
    at = observation.observed_at
    before = previous.observation if previous else None
    same_verdict = before is not None and before.verdict is observation.verdict
    since = previous.since if previous and same_verdict else at
    old = {finding.key: finding for finding in before.findings} if before else {}
    finding_since = {
        f.key: (
            previous.finding_since.get(f.key, at)
            if previous and f.key in old and old[f.key].verdict is f.verdict
            else at
        )
        for f in observation.findings
    }
    probe_state = ProbeState(observation, since, finding_since)
    events: list[Event] = []
    if before is None:
        if observation.verdict in (Verdict.FAIL, Verdict.UNKNOWN):
            events.append(_event(observation, f"first seen {observation.verdict}"))
        return probe_state, tuple(events)
    if before.findings and observation.findings:
        events.extend(_finding_events(old, observation))
    change = f"{before.verdict} → {observation.verdict}"
    if not same_verdict and not any(_tells(event, observation, change) for event in events):
        events.insert(0, _event(observation, change))
    return probe_state, tuple(events)


def _tells(event: Event, observation: Observation, change: str) -> bool:
    """Whether `event`, of a finding that has the probe's own name, tells this change already."""
    return (
        event.kind == EventKind.TRANSITION
        and event.subject == observation.probe
        and event.text.split(":", 1)[0] == change
    )


def _event(observation: Observation, change: str) -> Event:
    return Event(
        at=observation.observed_at,
        kind=EventKind.TRANSITION,
        probe=observation.probe,
        subject=observation.probe,
        verdict=observation.verdict,
        text=f"{change}: {observation.headline}",
    )


def _finding_events(old: Mapping[str, Finding], observation: Observation) -> list[Event]:
    changes: list[tuple[Finding, str, str]] = []
    new = {finding.key: finding for finding in observation.findings}
    known = {pid for finding in old.values() for pid in _pids(finding)}
    present = {pid for finding in new.values() for pid in _pids(finding)}
    for key, finding in new.items():
        before = old.get(key)
        is_process = finding.is_process
        if before is None:
            # The worker whose root has gone, and which now stands for itself, is nobody new.
            if is_process and known.isdisjoint(_pids(finding)):
                changes.append((finding, EventKind.PROCESS, f"+{finding.subject} {finding.text}"))
            elif finding.verdict is Verdict.FAIL and not is_process:
                changes.append((finding, EventKind.TRANSITION, f"new, {finding.text}"))
        elif (change := _change(before, finding)) is not None:
            changes.append((finding, EventKind.TRANSITION, change))
    changes.extend(
        (finding, EventKind.PROCESS, f"-{finding.subject} {finding.text}")
        for key, finding in old.items()
        if key not in new and finding.is_process and present.isdisjoint(finding.pids[:1])
    )
    events = [
        Event(
            at=observation.observed_at,
            kind=kind,
            probe=observation.probe,
            subject=finding.subject,
            verdict=finding.verdict,
            text=text.rstrip(" :"),
        )
        for finding, kind, text in changes[:MOST_CHANGES]
    ]
    if len(changes) > MOST_CHANGES:
        rest = len(changes) - MOST_CHANGES
        events.append(_event(observation, f"and {rest} more changes"))
    return events


def _pids(finding: Finding) -> tuple[int, ...]:
    return finding.pids if finding.is_process else ()


def _change(before: Finding, after: Finding) -> str | None:
    if after.quiet:
        return None
    if before.state and after.state:
        return f"{before.state} → {after.state}" if before.state != after.state else None
    if before.verdict is not after.verdict:
        return f"{before.verdict} → {after.verdict}: {after.text}"
    return None
