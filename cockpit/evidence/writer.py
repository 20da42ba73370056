"""The one thread that writes: batches jobs into transactions, and goes on in memory when it can't.

While the store can't be written, from the start or in between, it is tried again and again, and
the same jobs run against a `MemoryRepository`: subscribers still
hear everything, health says why nothing is recorded. Afterwards the kept events, the newest probe
states and one event about the stretch without a record are written.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from cockpit.clock import Clock
from cockpit.evidence.connection import StoreConnection
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import StoreHealth
from cockpit.evidence.memory_repository import STORE, MemoryRepository
from cockpit.evidence.outage import Outage, replay
from cockpit.evidence.retention import Pruning
from cockpit.evidence.rules import Ack
from cockpit.evidence.sqlite_repository import SqliteRepository
from cockpit.evidence.write_queue import WriteJob, WriteQueue
from cockpit.model import Event, EventKind
from cockpit.probe_state import ProbeState

BATCH = 200
IDLE_SECONDS = 0.25
RETRY_SECONDS = 3.0
MOST_RETRY_SECONDS = SOON_SECONDS = 60.0
RETRY_BUSY_SECONDS = 0.25
GONE_SECONDS = 0.5
CONTENT_SECONDS = 5.0
MOST_EVENTS = 100_000
"""Events that are kept in memory for a store that does not come back."""
MOST_TOLD = 500
"""Events of a store, found after another or after none, that subscribers are told."""
STUCK_SECONDS = 10.0
PRUNE_SECONDS = 3600.0
PRUNE_AGAIN_SECONDS = 60.0
_CROWDED = "events and current state alone are above the cap, and they are never cut"

logger = logging.getLogger(__name__)
# Errors that speak of one job's values, not of the store.
_JOB_ERRORS = (sqlite3.InterfaceError, sqlite3.DataError, sqlite3.ProgrammingError)

Publish: TypeAlias = Callable[[list[Event], list[ProbeState], dict[str, Ack]], None]


class Writer(threading.Thread):
    """The thread that owns the write connection, or keeps everything in memory until it has one.

    `opened` is a connection, or why there is none yet: then `reopen` is asked until there is.
    `resumed` is called in the transaction that ends an outage, before what was kept is written; it
    returns from when on this process watched.
    """

    def __init__(
        self,
        queue: WriteQueue,
        publish: Publish,
        *,
        clock: Clock,
        actor: str,
        opened: StoreConnection | StoreError,
        reopen: Callable[[float], StoreConnection],
        resumed: Callable[[SqliteRepository], datetime | None],
        cap_bytes: int = 0,
        retain_days: float = 0.0,
        upkeep: bool = True,
        most_events: int = MOST_EVENTS,
    ) -> None:
        super().__init__(name="cockpit-evidence", daemon=True)
        self._queue = queue
        self._publish = publish
        self._clock = clock
        self._actor = actor
        self._reopen = reopen
        self._resumed = resumed
        self._cap = cap_bytes
        self._retain_days = retain_days
        self._most_events = most_events
        self._lost = 0
        self._retry_seconds = RETRY_SECONDS
        self._recovered_at: float | None = None
        self._crowded = self._hopeless = False
        self._pruning: Pruning | None = None
        self._upkeep = upkeep
        self._prune_at = clock.monotonic() if upkeep else math.inf
        self._content_at = clock.monotonic() + CONTENT_SECONDS
        self._connection: StoreConnection | None = None
        self._outage: Outage | None = None
        self._busy_since: float | None = None
        self.renumbered = 0
        if isinstance(opened, StoreConnection):
            self._connection = opened
            self._health = StoreHealth(True, "", opened.used(), cap_bytes)
        else:
            retry_at = clock.monotonic() + RETRY_SECONDS
            self._outage = Outage(
                MemoryRepository(), clock.now(), opened.reason, opened.mend, retry_at
            )
            self._tell_outage(self._outage)
            self._health = StoreHealth(False, opened.reason, 0, cap_bytes, mend=opened.mend)

    @property
    def health(self) -> StoreHealth:
        """How recording is doing; a disk that does not answer is not recording either."""
        health, busy_since = self._health, self._busy_since
        if not health.recording or busy_since is None:
            return health
        busy = self._clock.monotonic() - busy_since
        if busy < STUCK_SECONDS:
            return health
        trouble = f"the disk has not answered for {int(busy)} s"
        return replace(health, recording=False, trouble=trouble)

    @property
    def recorded(self) -> bool:
        """Whether what was dealt with last is on disk."""
        return self._health.recording

    @property
    def memory(self) -> MemoryRepository | None:
        """The repository in memory, while there is one."""
        return self._outage.repository if self._outage else None

    @property
    def unwritten(self) -> int:
        """How many records are kept in memory only."""
        outage = self._outage
        return outage.repository.unwritten if outage is not None else 0

    def run(self) -> None:
        if self._outage is not None:
            self._publish_memory(self._outage.repository)
        while True:
            jobs = self._queue.take(BATCH, 0.0 if self._pruning else IDLE_SECONDS)
            if jobs is None:
                break
            self._busy_since = self._clock.monotonic()
            try:
                self._round(jobs)
            except Exception as error:
                logger.exception("the evidence writer stumbled")
                for job in jobs:
                    if job.future is not None and not job.future.done():
                        job.fail(error)
            finally:
                self._busy_since = None
                if jobs:
                    self._queue.done()
        if self._outage is not None:
            self._recover()
            self._tell_health()
        if self._connection is not None:
            self._connection.close()

    def _round(self, jobs: list[WriteJob]) -> None:
        lost_before = self._lost
        changed = self._outage is not None
        self._count_dropped()
        if self._outage is not None and self._clock.monotonic() >= self._outage.retry_at:
            self._recover()
        changed |= bool(jobs or self._outage or self._pruning) or self._lost != lost_before
        if jobs:
            self._do(jobs)
        elif self._connection is not None:
            changed |= self._poll_foreign_writes(self._connection)
        if self._connection is not None:
            changed |= self._check_content(self._connection)
        if self._connection is not None:
            changed |= self._prune(self._connection)
        if changed:
            self._tell_health()

    # -- recording

    def _do(self, jobs: Sequence[WriteJob]) -> None:
        connection = self._connection
        if connection is None:
            self._in_memory(jobs)
            return
        try:
            results, repository, events, probe_states = connection.write(
                lambda repository: [job.run(repository) for job in jobs]
            )
        except Exception as error:
            logger.warning("a write to the evidence store failed", exc_info=error)
            if _is_store_trouble(error):
                self._enter_outage(error)
                self._in_memory(jobs)
            else:
                self._one_by_one(jobs, error)
            return
        for job, result in zip(jobs, results, strict=True):
            job.resolve(result)
        foreign = {state.observation.probe: state for state in probe_states}
        told = list((foreign | repository.fresh).values())
        self._publish([*events, *repository.events], told, connection.memo.acks or {})

    def _one_by_one(self, jobs: Sequence[WriteJob], error: Exception) -> None:
        """One job can't be stored: do the others, and say so in its place."""
        if len(jobs) > 1:
            for job in jobs:
                self._do([job])
            return
        jobs[0].fail(error)
        text = f"something could not be recorded: {type(error).__name__}: {error}"
        event = Event(at=self._clock.now(), kind=EventKind.COLLECTOR, text=text, actor=self._actor)
        self._do([WriteJob(lambda repository: repository.append(event, STORE))])

    def _poll_foreign_writes(self, connection: StoreConnection) -> bool:
        """Tell what others wrote; True when there was anything."""
        try:
            events, probe_states = connection.foreign()
        except (sqlite3.Error, OSError, StoreError) as error:
            self._enter_outage(error)
            return True
        if events or probe_states:
            self._publish(events, probe_states, connection.memo.acks or {})
        return bool(events or probe_states)

    def _check_content(self, connection: StoreConnection) -> bool:
        """See now and then that others can read the store as well; True when they can't."""
        now = self._clock.monotonic()
        if now < self._content_at:
            return False
        self._content_at = now + CONTENT_SECONDS
        try:
            connection.check_content()
        except (sqlite3.Error, OSError, StoreError) as error:
            if connection.explain(error).busy:
                return False
            self._enter_outage(error)
            return True
        return False

    def _count_dropped(self) -> None:
        dropped = self._queue.take_dropped()
        if not dropped:
            return
        self._lost += dropped
        event = Event(
            at=self._clock.now(),
            kind=EventKind.COLLECTOR,
            actor=self._actor,
            text=f"{dropped} observations were not recorded: more came than could be written",
            data={"lost": dropped},
        )
        self._do([WriteJob(lambda repository: repository.append(event, STORE))])

    # -- an outage and its end

    def _enter_outage(self, error: Exception) -> None:
        connection = self._connection
        if connection is None:
            return
        trouble = connection.explain(error)
        memo = connection.memo
        repository = MemoryRepository(
            probe_states={probe: row.probe_state for probe, row in memo.current.items()},
            alerts=memo.alerts,
            acks=memo.acks,
            last_seq=memo.last_seq,
        )
        now, monotonic = self._clock.now(), self._clock.monotonic()
        # A disk that fails again soon after a recovery is asked less and less often.
        soon = self._recovered_at is not None and monotonic - self._recovered_at < SOON_SECONDS
        self._retry_seconds = (
            min(self._retry_seconds * 2, MOST_RETRY_SECONDS) if soon else RETRY_SECONDS
        )
        outage = self._outage = Outage(
            repository,
            now,
            trouble.reason,
            trouble.mend,
            monotonic + (GONE_SECONDS if trouble.gone else self._retry_seconds),
            memo.last_seq,
            memo.last_observation,
            connection.store_id,
        )
        self._connection = None
        self._pruning = None
        connection.close()
        self._tell_outage(outage)
        self._publish_memory(repository)
        self._tell_health()

    def _tell_outage(self, outage: Outage) -> None:
        text = f"not recording: {outage.reason}; {outage.mend}; it is tried again until it works"
        outage.repository.append(
            Event(at=outage.since, kind=EventKind.COLLECTOR, actor=self._actor, text=text), STORE
        )

    def _in_memory(self, jobs: Sequence[WriteJob]) -> None:
        outage = self._outage
        if outage is None:
            return
        for job in jobs:
            try:
                job.resolve(job.run(outage.repository))
            except Exception as error:
                logger.exception("evidence that can't be kept")
                job.fail(error)
        outage.repository.forget(self._most_events)
        self._publish_memory(outage.repository)

    def _publish_memory(self, repository: MemoryRepository) -> None:
        events, probe_states = repository.take_fresh()
        self._publish(events, probe_states, repository.acks())

    def _recover(self) -> None:
        outage = self._outage
        if outage is None:
            return
        connection: StoreConnection | None = None
        try:
            connection = self._reopen(RETRY_BUSY_SECONDS)
            memo = connection.memo
            if connection.store_id == outage.store_id:
                memo.last_seq = min(memo.last_seq, outage.seen_seq)
                memo.last_observation = min(memo.last_observation, outage.seen_observation)
                since_seq = outage.seen_seq
            else:
                since_seq = 0
                memo.last_seq = max(memo.last_seq - MOST_TOLD, 0)
                memo.last_observation = 0
            (closing, mine), repository, events, probe_states = connection.write(
                lambda to: self._make_good(to, outage, since_seq)
            )
        except (sqlite3.Error, OSError, StoreError, ValueError) as error:
            trouble = connection.explain(error) if connection else _trouble(error)
            if connection is not None:
                connection.close()
            outage.reason, outage.mend = trouble.reason, trouble.mend
            wait = GONE_SECONDS if trouble.gone else self._retry_seconds
            outage.retry_at = self._clock.monotonic() + wait
            return
        with suppress(sqlite3.Error):
            connection.be_patient()
        self._connection, self._outage = connection, None
        self._recovered_at = self._clock.monotonic()
        self._content_at = self._recovered_at + CONTENT_SECONDS
        self._lost += int(str(closing.data["lost"]))
        states = {state.observation.probe: state for state in probe_states}
        if outage.store_id != connection.store_id:
            states |= repository.fresh
        kept = outage.repository.events
        gaps = [event for event in mine if event.kind == EventKind.GAP]
        told = [(event.seq, event.text) for event, _ in kept]
        if gaps or told != [(event.seq, event.text) for event in mine]:
            # What subscribers were told has another number now, or was told by others.
            self.renumbered += 1
        self._publish([*events, *gaps, closing], list(states.values()), memo.acks or {})

    def _make_good(
        self, repository: SqliteRepository, outage: Outage, since_seq: int
    ) -> tuple[Event, list[Event]]:
        """Write what was kept; returns the event that closes the outage, and those before it."""
        watched = self._resumed(repository)
        end = self._clock.now()
        closing = replay(
            repository, outage, end, self._actor, since_seq=since_seq, watched_since=watched
        )
        return closing, repository.events[:-1]

    # -- upkeep

    def _prune(self, connection: StoreConnection) -> bool:
        """Do a piece of what is due; True when anything was."""
        now = self._clock.monotonic()
        if self._pruning is None:
            if now < self._prune_at:
                return False
            self._prune_at = now + PRUNE_SECONDS
            self._hopeless = False
            cap = max(0, self._cap - connection.outputs())
            self._pruning = Pruning(self._clock.now(), self._retain_days, cap)
        pruning = self._pruning
        try:
            more = connection.trim(pruning)
        except (sqlite3.Error, OSError, StoreError) as error:
            self._pruning = None
            self._enter_outage(error)
            return True
        if more:
            return True
        self._pruning = None
        self._crowded = pruning.left > pruning.cap_bytes
        self._hopeless = self._crowded and not pruning.deleted
        return True

    def _tell_health(self) -> None:
        outage, connection = self._outage, self._connection
        if outage is not None:
            lost = self._lost + outage.repository.observations
            used = self._health.used
            self._health = StoreHealth(
                False, outage.reason, used, self._cap, lost, mend=outage.mend
            )
            return
        if connection is None:
            return
        try:
            used, live = connection.used(), connection.live_bytes()
        except sqlite3.Error as error:
            self._enter_outage(error)
            return
        if self._upkeep and live > self._cap and not self._hopeless:
            soon = self._clock.monotonic() + PRUNE_AGAIN_SECONDS
            self._prune_at = min(self._prune_at, soon)
        notes = (connection.note, _CROWDED if self._crowded else "")
        self._health = StoreHealth(
            True,
            "",
            used,
            self._cap,
            self._lost,
            "; ".join(note for note in notes if note),
            self._pruning is not None,
        )


def _is_store_trouble(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return not isinstance(error, _JOB_ERRORS)
    return isinstance(error, StoreError | OSError)


def _trouble(error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    return StoreError(Path(), str(error), "see the reason")
