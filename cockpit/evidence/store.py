"""The evidence store as everybody else sees it: hand over from any thread, hear what was stored.

`Store` keeps everything in one SQLite file. While that can't be written, from the start or in
between, it keeps everything in memory and tries again. It never makes a caller wait for the
connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path

from cockpit.alerting.policy import PolicySettings
from cockpit.clock import Clock
from cockpit.evidence import lease
from cockpit.evidence.base_recorder import GAPS_TOLD, BaseRecorder
from cockpit.evidence.connection import StoreConnection
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import StoreHealth
from cockpit.evidence.lease import Acquired, Alive, HeldBy, Holder, LeaseWatch
from cockpit.evidence.outage_reader import OutageReader
from cockpit.evidence.reader import Reader
from cockpit.evidence.rules import Repository, SettingsOf
from cockpit.evidence.sqlite_repository import SqliteRepository
from cockpit.evidence.writer import Writer
from cockpit.permissions import ALL_ALLOWED, Permissions

CAP_BYTES = 512 * 1024 * 1024
RETAIN_DAYS = 90.0


def _default_settings(_probe: str) -> PolicySettings:
    return PolicySettings()


def not_written(records: int, health: StoreHealth) -> str:
    """What is said when a store is closed with that many records unwritten; empty for none."""
    if not records:
        return ""
    what = "1 record was" if records == 1 else f"{records} records were"
    why = health.trouble or "another program keeps it busy"
    return f"{what} not written to the evidence store: {why}"


class Store(BaseRecorder):
    """A recorder with a file. Made by `Store.open`."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        actor: str,
        settings: SettingsOf,
        alive: Alive,
        permissions: Permissions,
    ) -> None:
        super().__init__(clock, actor, settings, permissions)
        self.path = path
        self._watch = LeaseWatch(clock, alive)
        # Who watches here and since when, with the lease or, in an outage, without it.
        self._watching: tuple[Holder, datetime] | None = None

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
        wait: Callable[[StoreError], bool] = lambda error: False,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
        permissions: Permissions = ALL_ALLOWED,
    ) -> Store:
        """Open the store at `path`, making file and folder when they are missing.

        `actor` signs events that name none; `alive(pid, started_at)` tells whether a process of
        this host lives; `cap_bytes` and `retain_days` bound what is kept; `settings` gives each
        probe its alert policy; `upkeep` False leaves the pruning to others, as a short visit
        should; `factory` makes the write connection; `permissions` are asked before somebody
        acknowledges.

        Raises StoreError, having changed nothing, when the place can't hold a store now, unless
        `wait` says of it that it shall be tried again: everything is kept in memory until then.
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

        opened: StoreConnection | StoreError
        try:
            opened = StoreConnection.open(
                path, clock.now(), actor=actor, cap_bytes=cap_bytes, factory=factory
            )
        except StoreError as error:
            if not wait(error):
                raise
            opened = error
        store = cls(opened.path, clock, actor, settings, alive, permissions)
        if isinstance(opened, StoreConnection):
            store._remember(opened)
        store._writer = Writer(
            store._queue,
            store._publish,
            clock=clock,
            actor=actor,
            opened=opened,
            reopen=reopen,
            resumed=store._resumed,
            cap_bytes=cap_bytes,
            retain_days=retain_days,
            upkeep=upkeep,
        )
        store._writer.start()
        return store

    def _remember(self, connection: StoreConnection) -> None:
        memo = connection.memo
        self._probe_states = {probe: row.probe_state for probe, row in memo.current.items()}
        self._acks = {problem: ack.given for problem, ack in (memo.acks or {}).items()}
        self._last_seq = memo.last_seq
        with Reader(connection.path) as reader:
            self._gaps.extend(reader.gaps(GAPS_TOLD))

    def reader(self) -> OutageReader:
        """A new view of the file, and of what is kept in memory while it can't be written; for one
        thread."""
        return OutageReader(self.path, lambda: self._writer.memory)

    def acquire(self, holder: Holder) -> Future[Acquired | HeldBy]:
        """Ask for the lease; the future raises StoreError while the store can't be written.

        Who watches all the same gets it as soon as the store can be written, unless another has it:
        `beat` tells.
        """
        now = self._clock.now()

        def run(repository: Repository) -> Acquired | HeldBy:
            if not isinstance(repository, SqliteRepository):
                self._watching = (holder, now)
                raise StoreError(
                    self.path, self.health.trouble, "watching goes on without a lease or a record"
                )
            taken = lease.acquire(repository.connection, repository, holder, now, self._watch)
            self._watching = (holder, now) if isinstance(taken, Acquired) else None
            if isinstance(taken, HeldBy) and self._watch.late():
                repository.try_to_write(now)
            return taken

        return self._ask(run, record=False)

    def _resumed(self, repository: SqliteRepository) -> datetime | None:
        """Take the lease for who watches here, now that the store can be written again.

        Returns from when on that one watched; None when nobody does.
        """
        self._watch.pardon()
        if self._watching is None:
            return None
        holder, since = self._watching
        now = self._clock.now()
        if lease.holds(repository.connection, holder):
            return since
        taken = lease.acquire(
            repository.connection, repository, holder, now, self._watch, watched_since=since
        )
        if isinstance(taken, HeldBy):
            self._watching = None
        return since

    def beat(self, holder: Holder) -> Future[bool]:
        """Say that the holder still watches; False: the lease is lost, step down.

        True while the store can't be written, since nobody else can take the lease then either.
        """
        now = self._clock.now()

        def run(repository: Repository) -> bool:
            if not isinstance(repository, SqliteRepository):
                return True
            mine = lease.beat(repository.connection, holder, now)
            if not mine:
                self._watching = None
            return mine

        return self._ask(run, record=False)

    def release(self, holder: Holder) -> Future[bool]:
        """Give the lease back; False when it was not the holder's or could not be written."""
        now = self._clock.now()

        def run(repository: Repository) -> bool:
            self._watching = None
            if isinstance(repository, SqliteRepository):
                return lease.release(repository.connection, holder, now)
            return False

        return self._ask(run, record=False)
