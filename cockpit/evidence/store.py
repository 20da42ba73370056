"""The evidence store as everybody else sees it: hand over from any thread, hear what was stored.

`Store` keeps everything in one SQLite file; `MemoryRecorder` has the same doors and no file, for
when a store can't be opened at all. Neither ever makes a caller wait for the disk.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cockpit.board import Acknowledgement
from cockpit.clock import Clock
from cockpit.evidence import lease, ledger
from cockpit.evidence.disk import Disk
from cockpit.evidence.errors import StoreError
from cockpit.evidence.inbox import Inbox
from cockpit.evidence.job import Job
from cockpit.evidence.lease import Acquired, Alive, HeldBy, Holder, LeaseWatch
from cockpit.evidence.ledger import CHECK, Ack, SettingsOf
from cockpit.evidence.memory import MemoryLedger, MemoryReader
from cockpit.evidence.reader import Reader
from cockpit.evidence.recorder import EvidenceReader, StoreHealth, Subscriber
from cockpit.evidence.tables import Tables
from cockpit.evidence.writer import Writer
from cockpit.feed import Artefact
from cockpit.model import Event, Gap, Observation
from cockpit.policy import PolicySettings
from cockpit.standing import Standing

CAP_BYTES = 512 * 1024 * 1024
RETAIN_DAYS = 90.0
MOST_WAITING = 5000
MOST_EVENTS_IN_MEMORY = 10_000
GAPS_TOLD = 20

logger = logging.getLogger(__name__)


def _default_settings(_probe: str) -> PolicySettings:
    return PolicySettings()


class _Desk:
    """What both recorders share: the inbox, the writer, the subscribers and what they were told."""

    def __init__(self, clock: Clock, actor: str, settings: SettingsOf) -> None:
        self._clock = clock
        self._actor = actor
        self._settings = settings
        self._inbox: Inbox[Job] = Inbox(MOST_WAITING)
        self._lock = threading.Lock()
        self._subscribers: list[Subscriber] = []
        self._standings: Mapping[str, Standing] = {}
        self._acks: Mapping[str, Acknowledgement] = {}
        self._gaps: deque[Gap] = deque(maxlen=GAPS_TOLD)
        self._last_seq = 0
        self._writer: Writer

    # -- what is known

    @property
    def health(self) -> StoreHealth:
        """How recording is doing, as of the latest write."""
        return self._writer.health

    @property
    def standings(self) -> Mapping[str, Standing]:
        """The newest standing of each probe."""
        return MappingProxyType(self._standings)

    @property
    def acks(self) -> Mapping[str, Acknowledgement]:
        """The acknowledgements in force, by problem."""
        return MappingProxyType(self._acks)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The newest gaps in the watching, oldest first."""
        with self._lock:
            return tuple(self._gaps)

    @property
    def last_seq(self) -> int:
        """The number of the newest event told to subscribers."""
        return self._last_seq

    # -- what is handed over

    def observe(
        self, observation: Observation, *, source: str = "collector", advance: bool = True
    ) -> None:
        """Record what a probe saw. `advance` False, or source "check": for the history only."""
        advances = advance and source != CHECK
        actor, settings = self._actor, self._settings
        self._inbox.put(
            Job(
                lambda to: ledger.observe(
                    to,
                    observation,
                    source=source,
                    advances=advances,
                    actor=actor,
                    settings=settings,
                )
            ),
            droppable=True,
        )

    def log(self, event: Event, *, source: str = "collector") -> None:
        """Record an event; it is never dropped."""
        self._inbox.put(Job(lambda to: ledger.log(to, event, source=source, actor=self._actor)))

    def keep(self, artefact: Artefact) -> None:
        """Keep raw evidence, once by its digest. Dropped like observations when too much waits."""
        now = self._clock.now()
        self._inbox.put(Job(lambda to: to.keep(artefact, now)), droppable=True)

    def acknowledge(self, problem: str, note: str, actor: str, *, ticket: str = "") -> Future[bool]:
        """Say that a problem is known; the future is False when there is no such problem.

        The acknowledgement ends by itself when the problem does.
        """
        now = self._clock.now()
        return self._ask(
            Job(
                lambda to: ledger.acknowledge_problem(
                    to, problem, note, actor, now, source="operator", ticket=ticket
                )
            )
        )

    def _ask(self, job: Job) -> Future[Any]:
        future: Future[Any] = Future()
        job.future = future
        if not self._inbox.put(job):
            future.set_exception(RuntimeError("the recorder is closed"))
        return future

    # -- who listens

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback(events, standings)` from the writer's thread after each commit."""
        with self._lock:
            self._subscribers.append(callback)

        def stop() -> None:
            with self._lock:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return stop

    def _publish(
        self, events: list[Event], standings: list[Standing], acks: dict[str, Ack]
    ) -> None:
        if standings:
            self._standings = {
                **self._standings,
                **{standing.observation.probe: standing for standing in standings},
            }
        self._acks = {problem: ack.given for problem, ack in acks.items()}
        if not events and not standings:
            return
        with self._lock:
            self._gaps.extend(gap for event in events if (gap := lease.gap_of(event)))
            subscribers = tuple(self._subscribers)
        if events:
            self._last_seq = max(self._last_seq, events[-1].seq)
        for callback in subscribers:
            try:
                callback(list(events), list(standings))
            except Exception:
                logger.exception("a subscriber of the evidence failed")

    # -- the end

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when everything given before is on disk."""
        return self._inbox.wait_handled(timeout) and self.health.recording

    def close(self, timeout: float = 0.5) -> None:
        """Take nothing more and write what is left, waiting up to `timeout` seconds."""
        self._inbox.close()
        if threading.current_thread() is not self._writer:
            self._writer.join(timeout)


class Store(_Desk):
    """A recorder with a file. Made by `Store.open`."""

    def __init__(
        self, disk: Disk, clock: Clock, actor: str, settings: SettingsOf, alive: Alive
    ) -> None:
        super().__init__(clock, actor, settings)
        self.path = disk.path
        self._watch = LeaseWatch(clock, alive)
        self._standings = {probe: held.standing for probe, held in disk.memo.held.items()}
        self._acks = {problem: ack.given for problem, ack in (disk.memo.acks or {}).items()}
        self._last_seq = disk.memo.last_seq

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        actor: str,
        alive: Alive,
        cap_bytes: int = CAP_BYTES,
        retain_days: float = RETAIN_DAYS,
        settings: SettingsOf = _default_settings,
        upkeep: bool = True,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> Store:
        """Open the store at `path`, making file and folder when they are missing.

        `actor` signs events that name none; `alive(pid, started_at)` tells whether a process of
        this host lives; `cap_bytes` and `retain_days` bound what is kept; `settings` gives each
        probe its alert policy; `upkeep` False leaves the pruning to others, as a short visit
        should; `factory` makes the write connection. Raises StoreError, having
        changed nothing, when the place can't hold a store.
        """

        def reopen(busy_seconds: float) -> Disk:
            return Disk.open(
                path, clock.now(), cap_bytes=cap_bytes, factory=factory, busy_seconds=busy_seconds
            )

        disk = Disk.open(path, clock.now(), cap_bytes=cap_bytes, factory=factory)
        store = cls(disk, clock, actor, settings, alive)
        with Reader(disk.path) as reader:
            store._gaps.extend(reader.gaps(GAPS_TOLD))
        store._writer = Writer(
            store._inbox,
            store._publish,
            clock=clock,
            actor=actor,
            disk=disk,
            reopen=reopen,
            cap_bytes=cap_bytes,
            retain_days=retain_days,
            upkeep=upkeep,
        )
        store._writer.start()
        return store

    def reader(self) -> EvidenceReader:
        """A new read-only view of the file, for one thread."""
        return Reader(self.path)

    def acquire(self, holder: Holder) -> Future[Acquired | HeldBy]:
        """Ask for the lease; the future raises StoreError while the store can't be written."""
        now = self._clock.now()

        def on_tables(tables: Tables) -> Acquired | HeldBy:
            return lease.acquire(tables.connection, tables, holder, now, self._watch)

        def otherwise() -> Acquired | HeldBy:
            raise StoreError(
                self.path, self.health.trouble, "watching goes on without a lease or a record"
            )

        return self._ask(Job(on_tables=on_tables, otherwise=otherwise))

    def beat(self, holder: Holder) -> Future[bool]:
        """Say that `holder` still watches; False: the lease is lost, step down.

        True while the store can't be written, since nobody else can take the lease then either.
        """
        now = self._clock.now()
        return self._ask(
            Job(
                on_tables=lambda tables: lease.beat(tables.connection, holder, now),
                otherwise=lambda: True,
            )
        )

    def release(self, holder: Holder) -> Future[bool]:
        """Give the lease back; False when it was not the holder's or could not be written."""
        now = self._clock.now()
        return self._ask(
            Job(
                on_tables=lambda tables: lease.release(tables.connection, holder, now),
                otherwise=lambda: False,
            )
        )


class MemoryRecorder(_Desk):
    """A recorder without a file: everything is told, nothing is kept beyond this process."""

    def __init__(
        self,
        *,
        clock: Clock,
        actor: str,
        trouble: str = "no store",
        settings: SettingsOf = _default_settings,
    ) -> None:
        super().__init__(clock, actor, settings)
        self._writer = Writer(
            self._inbox,
            self._publish,
            clock=clock,
            actor=actor,
            disk=None,
            reopen=None,
            trouble=trouble,
            most_events=MOST_EVENTS_IN_MEMORY,
        )
        memory = self._writer.memory
        self._memory: MemoryLedger = memory if memory is not None else MemoryLedger()
        self._writer.start()

    def reader(self) -> EvidenceReader:
        """A view of what this recorder remembers."""
        return MemoryReader(self._memory)

    def acquire(self, holder: Holder) -> Future[Acquired | HeldBy]:
        """There is nobody to share with: always acquired."""
        return self._ask(Job(otherwise=Acquired))

    def beat(self, holder: Holder) -> Future[bool]:
        """Always True."""
        return self._ask(Job(otherwise=lambda: True))

    def release(self, holder: Holder) -> Future[bool]:
        """Always True."""
        return self._ask(Job(otherwise=lambda: True))
