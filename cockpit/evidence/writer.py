"""The one thread that writes: batches jobs into transactions, and goes on in memory when it can't.

While the disk fails the same jobs run against a `MemoryLedger`: subscribers still hear everything,
health says why nothing is recorded. As soon as the disk works again the kept events, the newest
probe_states and one event about the stretch without a record are written.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from cockpit.clock import Clock
from cockpit.evidence.connection import StoreConnection
from cockpit.evidence.errors import StoreError, explain
from cockpit.evidence.interfaces import StoreHealth
from cockpit.evidence.memory_repository import MemoryRepository
from cockpit.evidence.outage import Outage, replay
from cockpit.evidence.retention import Pruning
from cockpit.evidence.rules import Ack
from cockpit.evidence.write_queue import WriteJob, WriteQueue
from cockpit.model import Event, EventKind
from cockpit.probe_state import ProbeState

BATCH = 200
IDLE_SECONDS = 0.25
RETRY_SECONDS = 3.0
MOST_RETRY_SECONDS = SOON_SECONDS = 60.0
RETRY_BUSY_SECONDS = 0.25
STUCK_SECONDS = 10.0
PRUNE_SECONDS = 3600.0
PRUNE_AGAIN_SECONDS = 60.0
_CROWDED = "events and current state alone are above the cap, and they are never cut"

logger = logging.getLogger(__name__)
# Errors that speak of one job's values, not of the store.
_JOB_ERRORS = (sqlite3.InterfaceError, sqlite3.DataError, sqlite3.ProgrammingError)

Publish: TypeAlias = Callable[[list[Event], list[ProbeState], dict[str, Ack]], None]


class Writer(threading.Thread):
    """Owns the disk. `disk` None (with `reopen` None) is a recorder that never has a file."""

    def __init__(
        self,
        inbox: WriteQueue[WriteJob],
        publish: Publish,
        *,
        clock: Clock,
        actor: str,
        disk: StoreConnection | None,
        reopen: Callable[[float], StoreConnection] | None,
        cap_bytes: int = 0,
        retain_days: float = 0.0,
        upkeep: bool = True,
        trouble: str = "",
        most_events: int | None = None,
    ) -> None:
        super().__init__(name="cockpit-evidence", daemon=True)
        self._inbox = inbox
        self._publish = publish
        self._clock = clock
        self._actor = actor
        self._disk = disk
        self._reopen = reopen
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
        self._outage: Outage | None = None
        if disk is None:
            self._outage = Outage(MemoryRepository(), clock.now(), trouble, 0.0, 0, 0)
        self._health = StoreHealth(disk is not None, trouble, disk.used() if disk else 0, cap_bytes)
        self._busy_since: float | None = None

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
        """The ledger in memory, while there is one."""
        return self._outage.ledger if self._outage else None

    def run(self) -> None:
        while True:
            jobs = self._inbox.take(BATCH, 0.0 if self._pruning else IDLE_SECONDS)
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
                    self._inbox.done()
        if self._outage is not None and self._reopen is not None:
            self._recover()
        if self._disk is not None:
            self._disk.close()

    def _round(self, jobs: list[WriteJob]) -> None:
        lost_before = self._lost
        self._count_dropped()
        if self._outage is not None and self._clock.monotonic() >= self._outage.retry_at:
            self._recover()
        stirred = bool(jobs or self._outage or self._pruning) or self._lost != lost_before
        if jobs:
            self._do(jobs)
        elif self._disk is not None:
            stirred |= self._poll_foreign_writes(self._disk)
        if self._disk is not None:
            stirred |= self._prune(self._disk)
        if stirred:
            self._tell_health()

    # -- recording

    def _do(self, jobs: Sequence[WriteJob]) -> None:
        disk = self._disk
        if disk is None:
            self._in_memory(jobs)
            return
        try:
            results, tables, events, probe_states = disk.write(
                lambda tables: [job.on(tables) for job in jobs]
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
        told = {
            probe_state.observation.probe: probe_state for probe_state in probe_states
        } | tables.fresh
        self._publish([*events, *tables.events], list(told.values()), disk.memo.acks or {})

    def _one_by_one(self, jobs: Sequence[WriteJob], error: Exception) -> None:
        """One job can't be stored: do the others, and say so in its place."""
        if len(jobs) > 1:
            for job in jobs:
                self._do([job])
            return
        jobs[0].fail(error)
        text = f"something could not be recorded: {type(error).__name__}: {error}"
        event = Event(at=self._clock.now(), kind=EventKind.COLLECTOR, text=text, actor=self._actor)
        self._do([WriteJob(run=lambda ledger: ledger.append(event, "store"))])

    def _poll_foreign_writes(self, disk: StoreConnection) -> bool:
        """Tell what others wrote; True when there was anything."""
        try:
            events, probe_states = disk.foreign()
        except (sqlite3.Error, OSError, StoreError) as error:
            self._enter_outage(error)
            return True
        if events or probe_states:
            self._publish(events, probe_states, disk.memo.acks or {})
        return bool(events or probe_states)

    def _count_dropped(self) -> None:
        dropped = self._inbox.take_dropped()
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
        self._do([WriteJob(run=lambda ledger: ledger.append(event, "store"))])

    # -- an outage and its end

    def _enter_outage(self, error: Exception) -> None:
        disk = self._disk
        if disk is None:
            return
        trouble = explain(disk.path, error)
        memo = disk.memo
        ledger = MemoryRepository(
            probe_states={probe: held.probe_state for probe, held in memo.held.items()},
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
        self._outage = Outage(
            ledger,
            now,
            trouble.reason,
            monotonic + self._retry_seconds,
            memo.last_seq,
            memo.last_observation,
        )
        self._disk = None
        self._pruning = None
        disk.close()
        ledger.append(
            Event(
                at=now,
                kind=EventKind.COLLECTOR,
                actor=self._actor,
                text=f"not recording: {trouble.reason}; {trouble.mend}",
            ),
            "store",
        )
        self._publish_memory(ledger)
        self._tell_health()

    def _in_memory(self, jobs: Sequence[WriteJob]) -> None:
        outage = self._outage
        if outage is None:
            return
        for job in jobs:
            try:
                job.resolve(job.on(outage.ledger))
            except Exception as error:
                logger.exception("evidence that can't be kept")
                job.fail(error)
        if self._most_events is not None:
            outage.ledger.forget(self._most_events)
        self._publish_memory(outage.ledger)

    def _publish_memory(self, ledger: MemoryRepository) -> None:
        events, probe_states = ledger.take_fresh()
        self._publish(events, probe_states, ledger.acks())

    def _recover(self) -> None:
        outage = self._outage
        if outage is None or self._reopen is None:
            return
        disk: StoreConnection | None = None
        try:
            disk = self._reopen(RETRY_BUSY_SECONDS)
            disk.memo.last_seq = min(disk.memo.last_seq, outage.seen_seq)
            disk.memo.last_observation = min(disk.memo.last_observation, outage.seen_observation)
            end = self._clock.now()
            closing, _, events, probe_states = disk.write(
                lambda tables: replay(tables, outage, end, self._actor)
            )
        except (sqlite3.Error, OSError, StoreError, ValueError) as error:
            if disk is not None:
                disk.close()
            outage.reason = explain(disk.path, error).reason if disk else _reason(error)
            outage.retry_at = self._clock.monotonic() + self._retry_seconds
            return
        with suppress(sqlite3.Error):
            disk.be_patient()
        self._disk, self._outage = disk, None
        self._recovered_at = self._clock.monotonic()
        self._lost += int(str(closing.data["lost"]))
        self._publish([*events, closing], probe_states, disk.memo.acks or {})

    # -- upkeep

    def _prune(self, disk: StoreConnection) -> bool:
        """Do a piece of what is due; True when anything was."""
        now = self._clock.monotonic()
        if self._pruning is None:
            if now < self._prune_at:
                return False
            self._prune_at = now + PRUNE_SECONDS
            self._hopeless = False
            self._pruning = Pruning(self._clock.now(), self._retain_days, self._cap)
        pruning = self._pruning
        try:
            more = disk.trim(pruning)
        except (sqlite3.Error, OSError, StoreError) as error:
            self._pruning = None
            self._enter_outage(error)
            return True
        if more:
            return True
        self._pruning = None
        self._crowded = pruning.left > self._cap
        self._hopeless = self._crowded and not pruning.deleted
        return True

    def _tell_health(self) -> None:
        outage, disk = self._outage, self._disk
        if outage is not None:
            lost = self._lost + (outage.ledger.observations if self._reopen else 0)
            self._health = StoreHealth(False, outage.reason, self._health.used, self._cap, lost)
            return
        if disk is None:
            return
        try:
            used, live = disk.used(), disk.live_bytes()
        except sqlite3.Error as error:
            self._enter_outage(error)
            return
        if self._upkeep and live > self._cap and not self._hopeless:
            soon = self._clock.monotonic() + PRUNE_AGAIN_SECONDS
            self._prune_at = min(self._prune_at, soon)
        notes = (disk.note, _CROWDED if self._crowded else "")
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


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, StoreError) else str(error)
