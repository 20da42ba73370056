"""Outages: a stretch in which the store could not be written, and its replay afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cockpit.evidence.memory_repository import MemoryRepository
from cockpit.evidence.sqlite_repository import SqliteRepository
from cockpit.model import Event, EventKind
from cockpit.text import format_utc


@dataclass(slots=True)
class Outage:
    """A stretch without a record: what was known and what was kept in memory meanwhile.

    `retry_at` is on the monotonic clock; `seen_seq` and `seen_observation` are the newest numbers
    told to subscribers before it.
    """

    repository: MemoryRepository
    since: datetime
    reason: str
    retry_at: float
    seen_seq: int
    seen_observation: int


def replay(repository: SqliteRepository, outage: Outage, end: datetime, actor: str) -> Event:
    """Write what was kept in memory to `repository`; returns the event that closes the stretch."""
    kept = outage.repository
    repository.number_from(outage.seen_seq)
    recorded = 0
    for probe, mine in kept.probe_states().items():
        theirs = repository.probe_state(probe)
        moved = probe in kept.sources
        newer = theirs is None or (
            moved and theirs.observation.observed_at <= mine.observation.observed_at
        )
        if newer:
            for reference in mine.observation.artefacts:
                artefact = kept.artefact(reference.digest)
                if artefact is not None:
                    repository.save_artefact(artefact, end)
            repository.save_current(mine, kept.sources.get(probe, "store"))
            repository.set_alert(probe, kept.alert(probe))
            recorded += moved
    acks = kept.acks()
    for problem in kept.changed_acks:
        repository.set_ack(problem, acks.get(problem))
    for event, source in kept.events:
        repository.append(event, source)
    lost = kept.observations - recorded
    return repository.append(
        Event(
            at=end,
            kind=EventKind.COLLECTOR,
            actor=actor,
            text=(
                f"recording again; nothing was recorded {format_utc(outage.since)} – "
                f"{format_utc(end)} ({outage.reason}), {lost} observations lost"
            ),
            data={
                "start": format_utc(outage.since),
                "end": format_utc(end),
                "reason": outage.reason,
                "lost": lost,
            },
        ),
        "store",
    )
