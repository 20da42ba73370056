"""Outages: a stretch in which the store could not be written, and its replay afterwards.

Who could not write went on watching, and so may others have done. What one of them wrote of the
stretch is not written again by the next: a change that both saw is one event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cockpit.evidence.lease import WATCHED
from cockpit.evidence.memory_repository import STORE, MemoryRepository
from cockpit.evidence.sqlite_repository import SqliteRepository
from cockpit.model import Event, EventKind
from cockpit.probe_state import apply
from cockpit.text import format_utc

SEEN_BEFORE = timedelta(seconds=60)
"""How long before an outage another may have seen what its watcher saw in it first."""
MOST_PAIRS = 1_000_000


@dataclass(slots=True)
class Outage:
    """A stretch without a record: what was known and what was kept in memory meanwhile.

    `retry_at` is on the monotonic clock; `seen_seq` and `seen_observation` are the newest numbers
    told to subscribers before it, of the store `store_id`; that is empty where none was open yet.
    """

    repository: MemoryRepository
    since: datetime
    reason: str
    mend: str
    retry_at: float
    seen_seq: int = 0
    seen_observation: int = 0
    store_id: str = ""


def replay(
    repository: SqliteRepository,
    outage: Outage,
    end: datetime,
    actor: str,
    *,
    since_seq: int,
    watched_since: datetime | None,
) -> Event:
    """Write what was kept in memory to `repository`; returns the event that closes the stretch.

    `watched_since` says from when on this process watched, None that it did not. Of what was seen
    in watching, that is left out which others wrote after event `since_seq`.
    """
    kept = outage.repository
    repository.number_from(outage.seen_seq)
    written = repository.events_after(since_seq, outage.since - SEEN_BEFORE)
    standing = {probe: each.observation for probe, each in repository.probe_states().items()}
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
            if not outage.store_id and theirs is not None:
                # Who began without a store could not know since when it stands so.
                mine, _ = apply(theirs, mine.observation)
            repository.save_current(mine, kept.sources.get(probe, STORE))
            repository.set_alert(probe, kept.alert(probe))
            recorded += moved
    acks = kept.acks()
    for problem in kept.changed_acks:
        repository.set_ack(problem, acks.get(problem))
    known = told_already([event for event, _ in kept.events], written)
    for event, source in kept.events:
        seen = standing.get(event.probe)
        nothing_new = _is_first(event) and seen is not None and seen.verdict is event.verdict
        if event.seq not in known and not nothing_new:
            repository.append(event, source)
    lost = kept.observations - recorded
    watched = {WATCHED: format_utc(watched_since)} if watched_since is not None else {}
    forgotten = f", {kept.forgotten} events forgotten" if kept.forgotten else ""
    return repository.append(
        Event(
            at=end,
            kind=EventKind.COLLECTOR,
            actor=actor,
            text=(
                f"recording again; nothing was recorded {format_utc(outage.since)} – "
                f"{format_utc(end)} ({outage.reason}), {lost} observations lost{forgotten}"
            ),
            data={
                "start": format_utc(outage.since),
                "end": format_utc(end),
                "reason": outage.reason,
                "lost": lost,
                **watched,
            },
        ),
        STORE,
    )


def told_already(mine: Iterable[Event], theirs: Iterable[Event]) -> set[int]:
    """The numbers of those of `mine` that tell a change which one of `theirs` tells as well.

    Only of what is seen in watching; acts of operators are never the same. Both are oldest first.
    """
    groups: dict[tuple[str, ...], tuple[list[Event], list[Event]]] = defaultdict(lambda: ([], []))
    for side, events in ((0, mine), (1, theirs)):
        for event in events:
            if (key := _watched(event)) is not None:
                groups[key][side].append(event)
    found: set[int] = set()
    for ours, others in groups.values():
        if ours and others:
            found.update(event.seq for event in _matches(ours, others))
    return found


def _watched(event: Event) -> tuple[str, ...] | None:
    """What an event is about, if whoever watches would see it; None for anything else."""
    if event.kind == EventKind.PROCESS:
        # An act says of itself which one it is. Of processes the text says whether one came.
        acted = "act" in event.data
        return None if acted else (event.kind, event.probe, event.subject, event.text)
    if event.kind in (EventKind.TRANSITION, EventKind.ROLLUP, EventKind.ALERT):
        return (event.kind, event.probe, event.subject)
    return (event.kind,) if event.kind == EventKind.CLOCK_STEP else None


def _is_first(event: Event) -> bool:
    return event.kind == EventKind.TRANSITION and event.text.startswith("first seen ")


def _matches(mine: Sequence[Event], theirs: Sequence[Event]) -> list[Event]:
    """Those of `mine` that `theirs` has too, both in their order.

    The most that match, and of those the nearest in time: watchers look at moments of their own,
    and one may miss what came and went between two looks.
    """
    while len(mine) * len(theirs) > MOST_PAIRS:
        # Flapping for days: what is compared is the newest.
        mine, theirs = mine[-1000:], theirs[-1000:]
    # best[i][j]: matches, and how far apart, of mine[i:] and theirs[j:].
    best = [[(0, 0.0)] * (len(theirs) + 1) for _ in range(len(mine) + 1)]
    for i in reversed(range(len(mine))):
        for j in reversed(range(len(theirs))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            if mine[i].verdict is theirs[j].verdict:
                count, closeness = best[i + 1][j + 1]
                best[i][j] = max(best[i][j], (count + 1, closeness - _apart(mine[i], theirs[j])))
    found: list[Event] = []
    i = j = 0
    while i < len(mine) and j < len(theirs):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            found.append(mine[i])
            i, j = i + 1, j + 1
    return found


def _apart(one: Event, other: Event) -> float:
    return abs((one.at - other.at).total_seconds())
