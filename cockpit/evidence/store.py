"""The evidence store as everybody else sees it: hand over from any thread, hear what was stored.

`Store` keeps everything in one SQLite file; `MemoryRecorder` has the same methods and no file, for
when a store can't be opened at all. Neither ever makes a caller wait for the connection.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future
from pathlib import Path

from cockpit.alerting.policy import PolicySettings
from cockpit.clock import Clock
from cockpit.evidence import lease
from cockpit.evidence.base_recorder import GAPS_TOLD, BaseRecorder
from cockpit.evidence.connection import StoreConnection
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import EvidenceReader
from cockpit.evidence.lease import Acquired, Alive, HeldBy, Holder, LeaseWatch
from cockpit.evidence.memory_repository import MemoryReader, MemoryRepository
from cockpit.evidence.reader import Reader
from cockpit.evidence.rules import Repository, SettingsOf
from cockpit.evidence.sqlite_repository import SqliteRepository
from cockpit.evidence.writer import Writer
from cockpit.permissions import ALL_ALLOWED, Permissions

CAP_BYTES = 512 * 1024 * 1024
RETAIN_DAYS = 90.0
MOST_EVENTS_IN_MEMORY = 10_000


def _default_settings(_probe: str) -> PolicySettings:
    return PolicySettings()


class Store(BaseRecorder):
    """A recorder with a file. Made by `Store.open`."""

    def __init__(
        self,
        connection: StoreConnection,
        clock: Clock,
        actor: str,
        settings: SettingsOf,
        alive: Alive,
        permissions: Permissions,
    ) -> None:
        super().__init__(clock, actor, settings, permissions)
        self.path = connection.path
        self._watch = LeaseWatch(clock, alive)
        memo = connection.memo
        self._probe_states = {probe: row.probe_state for probe, row in memo.current.items()}
        self._acks = {problem: ack.given for problem, ack in (memo.acks or {}).items()}
        self._last_seq = memo.last_seq

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
        permissions: Permissions = ALL_ALLOWED,
    ) -> Store:
        """Open the store at `path`, making file and folder when they are missing.

        `actor` signs events that name none; `alive(pid, started_at)` tells whether a process of
        this host lives; `cap_bytes` and `retain_days` bound what is kept; `settings` gives each
        probe its alert policy; `upkeep` False leaves the pruning to others, as a short visit
        should; `factory` makes the write connection; `permissions` are asked before somebody
        acknowledges. Raises StoreError, having
        changed nothing, when the place can't hold a store.
        """

        def reopen(busy_seconds: float) -> StoreConnection:
            return StoreConnection.open(
                path,
                clock.now(),
                actor=actor,
                cap_bytes=cap_bytes,
                factory=factory,
                busy_seconds=busy_seconds,
            )

        connection = StoreConnection.open(
            path, clock.now(), actor=actor, cap_bytes=cap_bytes, factory=factory
        )
        store = cls(connection, clock, actor, settings, alive, permissions)
        with Reader(connection.path) as reader:
            store._gaps.extend(reader.gaps(GAPS_TOLD))
        store._writer = Writer(
            store._queue,
            store._publish,
            clock=clock,
            actor=actor,
            connection=connection,
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

        def run(repository: Repository) -> Acquired | HeldBy:
            if isinstance(repository, SqliteRepository):
                return lease.acquire(repository.connection, repository, holder, now, self._watch)
            raise StoreError(
                self.path, self.health.trouble, "watching goes on without a lease or a record"
            )

        return self._ask(run)

    def beat(self, holder: Holder) -> Future[bool]:
        """Say that the holder still watches; False: the lease is lost, step down.

        True while the store can't be written, since nobody else can take the lease then either.
        """
        now = self._clock.now()

        def run(repository: Repository) -> bool:
            if isinstance(repository, SqliteRepository):
                return lease.beat(repository.connection, holder, now)
            return True

        return self._ask(run)

    def release(self, holder: Holder) -> Future[bool]:
        """Give the lease back; False when it was not the holder's or could not be written."""
        now = self._clock.now()

        def run(repository: Repository) -> bool:
            if isinstance(repository, SqliteRepository):
                return lease.release(repository.connection, holder, now)
            return False

        return self._ask(run)


class MemoryRecorder(BaseRecorder):
    """A recorder without a file: everything is told, nothing is kept beyond this process."""

    def __init__(
        self,
        *,
        clock: Clock,
        actor: str,
        trouble: str = "no store",
        settings: SettingsOf = _default_settings,
        permissions: Permissions = ALL_ALLOWED,
    ) -> None:
        super().__init__(clock, actor, settings, permissions)
        self._writer = Writer(
            self._queue,
            self._publish,
            clock=clock,
            actor=actor,
            connection=None,
            reopen=None,
            trouble=trouble,
            most_events=MOST_EVENTS_IN_MEMORY,
        )
        memory = self._writer.memory
        self._memory: MemoryRepository = memory if memory is not None else MemoryRepository()
        self._writer.start()

    def reader(self) -> EvidenceReader:
        """A view of what this recorder remembers."""
        return MemoryReader(self._memory)

    def acquire(self, holder: Holder) -> Future[Acquired | HeldBy]:
        """There is nobody to share with: always acquired."""
        return self._ask(lambda _: Acquired())

    def beat(self, holder: Holder) -> Future[bool]:
        """Always True."""
        return self._ask(lambda _: True)

    def release(self, holder: Holder) -> Future[bool]:
        """Always True."""
        return self._ask(lambda _: True)
