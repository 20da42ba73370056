"""The store's one write connection: opened, migrated, written in transactions, watched.

Every write transaction is BEGIN IMMEDIATE: two writers wait for each other instead of failing
half-way with "database is locked".
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cockpit.evidence import location, schema
from cockpit.evidence.chain import ChainedEvent
from cockpit.evidence.errors import StoreError, explain
from cockpit.evidence.retention import PAGES_A_PIECE, Pruning, live_bytes
from cockpit.evidence.row_mapper import (
    EVENT_COLUMNS,
    chain_head,
    read_acks,
    read_alerts,
    read_current,
)
from cockpit.evidence.sqlite_repository import Memo, SqliteRepository
from cockpit.model import Event, EventKind
from cockpit.probe_state import ProbeState
from cockpit.system.control.output_file import bytes_of

BUSY_SECONDS = 5.0
_WAL_TRIES = 100
_T = TypeVar("_T")


class StoreConnection:
    """An open store. Made by `StoreConnection.open`; used by one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, note: str) -> None:
        self.path = path
        self.note = note
        self.memo = Memo()
        self.store_id = ""
        self._connection = connection
        self._identity = _identity(path)
        self._size = 0
        self._data_version = self._read_data_version()

    @classmethod
    def open(
        cls,
        path: Path,
        now: datetime,
        *,
        actor: str,
        cap_bytes: int,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
        busy_seconds: float = BUSY_SECONDS,
    ) -> StoreConnection:
        """Open the store at `path`, making it when there is none, migrating an older one.

        `actor` signs the event that tells of a migration. Raises StoreError, with the store as it
        was.
        """
        path = location.prepare(path)
        try:
            with location.begun(path, busy_seconds):
                return cls._open(path, now, actor, cap_bytes, factory, busy_seconds)
        except OSError as error:
            raise explain(path, error) from error

    @classmethod
    def _open(
        cls,
        path: Path,
        now: datetime,
        actor: str,
        cap_bytes: int,
        factory: type[sqlite3.Connection],
        busy_seconds: float,
    ) -> StoreConnection:
        location.inspect(path)
        connection: sqlite3.Connection | None = None
        try:
            place = _identity(path)
            connection = sqlite3.connect(
                f"{path.as_uri()}?mode=rw",
                uri=True,
                timeout=busy_seconds,
                isolation_level=None,
                check_same_thread=False,
                factory=factory,
            )
            network = location.network_filesystem(path)
            _set_up(connection, wal=not network)
            opened = cls(
                path,
                connection,
                f"on a network file system ({network}): no WAL, slower" if network else "",
            )
            # Replaced while it was opened: what was found first is what was opened, or nothing is.
            opened._identity = place
            opened._bring_up_to_date(now, actor)
            opened.check_place()
            with opened._transaction():
                connection.execute(
                    "INSERT OR REPLACE INTO meta (key, value) VALUES ('cap_bytes', ?)",
                    (str(cap_bytes),),
                )
            opened._remember()
            opened._size = path.stat().st_size
        except (sqlite3.Error, OSError, StoreError) as error:
            if connection is not None:
                with suppress(sqlite3.Error):
                    connection.close()
            raise explain(path, error) from error
        return opened

    def _bring_up_to_date(self, now: datetime, actor: str) -> None:
        connection = self._connection
        if schema.version(connection) >= schema.VERSION:
            return
        from cockpit.evidence import migrations

        backup: Path | None = None
        try:
            with self._transaction():
                before = schema.version(connection)  # another process may have been quicker
                if before >= schema.VERSION:
                    return
                if before > 0:
                    backup = migrations.back_up(self.path, before, now)
                migrations.migrate(connection, now)
                if backup is not None:
                    repository = SqliteRepository(connection, self.memo)
                    repository.append(_migrated(before, backup, now, actor), "store")
                    repository.seal()
        except BaseException:
            # The store is as it was; a copy left at each try would fill the disk.
            if backup is not None:
                with suppress(sqlite3.Error, OSError):
                    if schema.version(connection) < schema.VERSION:
                        backup.unlink(missing_ok=True)
            raise

    def _remember(self) -> None:
        memo = self.memo
        for row in read_current(self._connection):
            memo.current[row.probe_state.observation.probe] = row
            memo.last_observation = max(memo.last_observation, row.observation)
        memo.alerts = read_alerts(self._connection)
        memo.acks = read_acks(self._connection)
        memo.last_seq, _ = chain_head(self._connection)
        found = self._connection.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()
        self.store_id = str(found[0]) if found else ""

    def check_place(self) -> None:
        """Raise StoreError when the file is not what was opened: writing would go nowhere."""
        try:
            status = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise self._gone("the file was deleted or moved away") from None
        except OSError as error:
            raise explain(self.path, error) from error
        if (status.st_dev, status.st_ino) != self._identity:
            raise self._gone("another file took its place", "recording goes on in that one")
        if status.st_size == 0:
            raise self._gone("the file was emptied, what it held is gone")

    def _gone(self, reason: str, mend: str = "a new store is begun in its place") -> StoreError:
        return StoreError(self.path, reason, mend, passing=True, gone=True)

    def explain(self, error: BaseException) -> StoreError:
        """What `error` means: where the file is not there any more, that is the cause."""
        try:
            self.check_place()
        except StoreError as trouble:
            return trouble
        return explain(self.path, error)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise

    def write(
        self, work: Callable[[SqliteRepository], _T]
    ) -> tuple[_T, SqliteRepository, list[Event], list[ProbeState]]:
        """Run `work` in one transaction and commit it.

        Returns its result, the repository it used, and what others wrote since the last time.
        Raises what `work` raises, or sqlite3.Error; then nothing of it is kept.
        """
        self.check_place()
        seen = (self.memo.last_seq, self.memo.last_observation)
        try:
            with self._transaction():
                events, probe_states = self._foreign()
                repository = SqliteRepository(self._connection, self.memo)
                result = work(repository)
                repository.seal()
        except BaseException:
            self.memo.last_seq, self.memo.last_observation = seen
            raise
        repository.committed()
        return result, repository, events, probe_states

    def check_content(self) -> None:
        """Raise StoreError or sqlite3.Error when nobody else could read the store any more.

        This connection may not notice for long: what it needs is in its cache, or in the log.
        """
        self.check_place()
        pages = int(self._connection.execute("PRAGMA page_count").fetchone()[0])
        page_bytes = int(self._connection.execute("PRAGMA page_size").fetchone()[0])
        before, self._size = self._size, self.path.stat().st_size
        location.inspect(self.path)
        # A file also shrinks when freed pages are given back. It has all its pages then, or grew
        # again in the log, which is told from a file that was cut off by reading everything.
        if self._size < min(before, pages * page_bytes):
            location.check_pages(self.path)

    def foreign(self) -> tuple[list[Event], list[ProbeState]]:
        """What other processes wrote since the last time; next to free when they wrote nothing."""
        self.check_place()
        data_version = self._read_data_version()
        if data_version == self._data_version:
            return [], []
        self._data_version = data_version
        return self._foreign()

    def _foreign(self) -> tuple[list[Event], list[ProbeState]]:
        memo = self.memo
        location.refuse_newer(self.path, schema.version(self._connection))
        rows = self._connection.execute(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? ORDER BY seq",
            (memo.last_seq,),
        ).fetchall()
        events = [ChainedEvent(*row).event() for row in rows]
        current = read_current(self._connection, memo.last_observation)
        if events:
            memo.last_seq = events[-1].seq
        for row in current:
            memo.current[row.probe_state.observation.probe] = row
            memo.last_observation = max(memo.last_observation, row.observation)
        if any(event.kind == "ack" for event in events):
            memo.acks = read_acks(self._connection)
        return events, [row.probe_state for row in current]

    def trim(self, pruning: Pruning) -> bool:
        """Do one piece of a pruning and give the freed pages back; True while there is more."""
        self.check_place()
        with self._transaction():
            more = pruning.piece(self._connection)
        # Each step of this statement frees one page: it has to be fetched to its end.
        self._connection.execute(f"PRAGMA incremental_vacuum({PAGES_A_PIECE})").fetchall()
        if not more:
            # The file shrinks only when the log is folded back; passive waits for nobody.
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return more

    def be_patient(self) -> None:
        """Wait for locks as long as an open store does."""
        self._connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def used(self) -> int:
        """Bytes on disk: the database, its write-ahead log and the output files beside it."""
        return location.used_bytes(self._connection, self.path)

    def live_bytes(self) -> int:
        """Bytes of the pages in use, without free ones and the log, and of the output files: what
        the cap is held to."""
        return live_bytes(self._connection) + self.outputs()

    def outputs(self) -> int:
        """Bytes of the output files beside the store."""
        return bytes_of(self.path)

    def close(self) -> None:
        """Close the connection; trouble on the way is of no further interest."""
        with suppress(OSError, StoreError):
            # The last to close folds the log back, into an emptied file too: parts of a store that
            # is gone would be there then. Into a file that was replaced SQLite folds nothing.
            if self.path.stat().st_size == 0:
                location.begin_anew(self.path, 1.0)
        with suppress(sqlite3.Error):
            self._connection.close()

    def _read_data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


def _migrated(before: int, backup: Path, now: datetime, actor: str) -> Event:
    return Event(
        at=now,
        kind=EventKind.COLLECTOR,
        subject="store",
        text=(
            f"the store was migrated from schema {before} to {schema.VERSION}; as it was before: "
            f"{backup.name} beside it"
        ),
        actor=actor,
        data={"from": before, "to": schema.VERSION, "backup": str(backup)},
    )


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _set_up(connection: sqlite3.Connection, *, wal: bool) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if wal:
        _enable_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 4194304")


def _enable_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. Two processes that make a store at once can collide here without waiting."""
    for attempt in range(_WAL_TRIES):
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or attempt == _WAL_TRIES - 1:
                raise
        time.sleep(0.05)
