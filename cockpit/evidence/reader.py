"""The stored past, read without any chance to write, while others write.

Every call is its own short read, so that no reader ever keeps the write-ahead log from being
folded back. A store that does not exist yet, or was emptied, reads as an empty one; a file that was
deleted and made anew is opened anew.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from cockpit.board import Acknowledgement
from cockpit.evidence import lease as leases
from cockpit.evidence import location, schema
from cockpit.evidence.chain import ChainedEvent, Verification, genesis, verify
from cockpit.evidence.errors import StoreError, explain
from cockpit.evidence.lease import LeaseState
from cockpit.evidence.row_mapper import (
    event_columns,
    read_acks,
    read_current,
    read_newest,
)
from cockpit.evidence.serialization import load_metrics, stamp
from cockpit.feed import Artefact, HistoryPoint, Interval
from cockpit.model import Event, EventKind, MonitoringGap, Observation, Verdict
from cockpit.probe_state import ProbeState
from cockpit.text import parse_instant

_Row = tuple[object, ...]

# The first and the last observation of each stretch; the others need not be read any further.
_INTERVALS = """
WITH seen AS (
  SELECT id, at, verdict,
    lag(verdict) OVER moments IS NOT verdict AS begins,
    lead(verdict) OVER moments IS NOT verdict AS ends
  FROM observations WHERE probe = ? AND at >= ? AND at <= ?
  WINDOW moments AS (ORDER BY at, id)
)
SELECT seen.at, seen.verdict, seen.begins, seen.ends, b.headline, o.metrics
FROM seen JOIN observations o ON o.id = seen.id JOIN bodies b ON b.id = o.body
WHERE seen.begins OR seen.ends ORDER BY seen.at, seen.id
"""


class Reader:
    """A read-only view of the store at `path`, for one thread.

    Every method raises StoreError when the file is there and can't be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._probe_states: dict[str, ProbeState] = {}
        self._newest = 0
        self._seen: tuple[tuple[int, int] | None, int] | None = None

    @classmethod
    def open(cls, path: Path) -> Reader:
        """A reader of the store at `path`, which may not exist yet."""
        return cls(path)

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None
        self._identity = None
        self._probe_states = {}
        self._newest = 0

    def _open(self) -> sqlite3.Connection | None:
        """The connection to the file that is there now; None when there is none, or no tables."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self.close()
            return None
        except OSError as error:
            raise explain(self.path, error) from error
        if status.st_size == 0:  # not yet a store, or one that was emptied
            self.close()
            return None
        identity = (status.st_dev, status.st_ino)
        if self._connection is None or identity != self._identity:
            self.close()
            location.inspect(self.path)
            self._connection, self._identity = location.read_only(self.path), identity
        # Asked each time: another process may have made the tables, or changed them, meanwhile.
        version = schema.version(self._connection)
        if version == 0:
            self.close()
            return None
        location.refuse_newer(self.path, version)
        return self._connection

    def _rows(self, sql: str, parameters: Sequence[object] = ()) -> list[_Row]:
        try:
            connection = self._open()
            return [] if connection is None else connection.execute(sql, parameters).fetchall()
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error

    def probe_states(self) -> Mapping[str, ProbeState]:
        """The newest state of each probe; only rows that changed are read again."""
        try:
            connection = self._open()
            if connection is None:
                return {}
            for row in read_current(connection, self._newest):
                self._probe_states[row.probe_state.observation.probe] = row.probe_state
                self._newest = max(self._newest, row.observation)
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error
        return dict(self._probe_states)

    def newest(self, probes: Iterable[str]) -> Mapping[str, Observation]:
        """The newest observation of each of these probes, whoever made it: `check`, too, which
        advances no state. One nobody ever observed is left out."""
        try:
            connection = self._open()
            if connection is None:
                return {}
            seen = ((probe, read_newest(connection, probe)) for probe in probes)
            return {probe: observation for probe, observation in seen if observation is not None}
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error

    def events(
        self,
        since: int = 0,
        limit: int = 500,
        *,
        kinds: Sequence[str] | None = None,
        probe: str | None = None,
    ) -> list[Event]:
        """Events with `seq` above `since`, oldest first; the newest `limit` of them."""
        return [row.event() for row in self.chained(since, limit, kinds=kinds, probe=probe)]

    def chained(
        self,
        since: int = 0,
        limit: int = 500,
        *,
        kinds: Sequence[str] | None = None,
        probe: str | None = None,
        oldest: bool = False,
    ) -> list[ChainedEvent]:
        """Like `events`, as the rows of the chain with their source and hashes.

        With `oldest` the first `limit` of them instead of the newest.
        """
        where, parameters = ["seq > ?"], [since, *(kinds or ())]
        if kinds is not None:
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
        if probe is not None:
            where.append("probe = ?")
            parameters.append(probe)
        order = "ASC" if oldest else "DESC"
        rows = self._events(
            f"{' AND '.join(where)} ORDER BY seq {order} LIMIT ?", *parameters, limit
        )
        return rows if oldest else rows[::-1]

    def event(self, seq: int) -> ChainedEvent | None:
        """The event of that number, as the row of the chain."""
        rows = self._events("seq = ?", seq)
        return rows[0] if rows else None

    def _events(self, where: str, *parameters: object) -> list[ChainedEvent]:
        try:
            connection = self._open()
            if connection is None:
                return []
            with _one_view(connection):
                columns = event_columns(schema.version(connection))
                rows = connection.execute(f"SELECT {columns} FROM events WHERE {where}", parameters)
                return [ChainedEvent(*row) for row in rows]
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error

    def history(self, probe: str, limit: int = 100) -> list[HistoryPoint]:
        """Past observations of a probe, newest first, whoever made them."""
        rows = self._rows(
            "SELECT o.at, o.verdict, b.headline, o.metrics FROM observations o "
            "JOIN bodies b ON b.id = o.body WHERE o.probe = ? "
            "ORDER BY o.at DESC, o.id DESC LIMIT ?",
            (probe, limit),
        )
        try:
            return [
                HistoryPoint(
                    parse_instant(str(at)),
                    Verdict(str(verdict)),
                    str(headline),
                    load_metrics(str(metrics)),
                )
                for at, verdict, headline, metrics in rows
            ]
        except ValueError as error:
            raise self._damaged(f"an observation of {probe}") from error

    def intervals(self, probe: str, since: datetime, until: datetime) -> list[Interval]:
        """The verdicts of a probe as stretches of one verdict each, oldest first.

        Observations from `since` to `until` (aware, both included) count, whoever made them; a
        stretch that reaches over one of these moments is cut there.
        """
        found: list[Interval] = []
        start = since
        rows = self._rows(_INTERVALS, (probe, stamp(since), stamp(until)))
        try:
            for at, verdict, begins, ends, headline, metrics in rows:
                moment = parse_instant(str(at))
                if begins:
                    start = moment
                if ends:
                    numbers = load_metrics(str(metrics))
                    found.append(
                        Interval(Verdict(str(verdict)), start, moment, str(headline), numbers)
                    )
        except ValueError as error:
            raise self._damaged(f"an observation of {probe}") from error
        return found

    def artefact(self, digest: str) -> Artefact | None:
        """Raw evidence by its SHA-256 (hex)."""
        rows = self._rows("SELECT media_type, body FROM artefacts WHERE digest = ?", (digest,))
        if not rows:
            return None
        media_type, body = rows[0]
        try:
            return Artefact(digest, str(media_type), zlib.decompress(body))  # type: ignore[arg-type]
        except zlib.error as error:
            raise self._damaged(f"artefact {digest}") from error

    def newest_artefact(self, probe: str) -> str:
        """The SHA-256 (hex) of the raw evidence that was kept last of a probe; empty without."""
        rows = self._rows(
            "SELECT l.digest FROM observations o JOIN body_artefacts l ON l.body = o.body "
            "JOIN artefacts a ON a.digest = l.digest WHERE o.probe = ? "
            "ORDER BY o.at DESC, o.id DESC, a.first_seen DESC LIMIT 1",
            (probe,),
        )
        return str(rows[0][0]) if rows else ""

    def artefacts_like(self, prefix: str) -> list[str]:
        """The SHA-256 (hex) of up to two pieces of raw evidence that begin so."""
        rows = self._rows(
            "SELECT digest FROM artefacts WHERE substr(digest, 1, ?) = ? LIMIT 2",
            (len(prefix), prefix),
        )
        return [str(row[0]) for row in rows]

    def gaps(self, limit: int = 20) -> tuple[MonitoringGap, ...]:
        """The newest stretches in which nobody watched, oldest first."""
        events = self.events(0, limit, kinds=(EventKind.GAP,))
        gaps = [gap for event in events if (gap := leases.gap_of(event)) is not None]
        if not gaps:
            return ()
        later = self.events(events[0].seq, kinds=(EventKind.COLLECTOR,))
        watched = [seen for event in later if (seen := leases.watched_of(event)) is not None]
        return tuple(leases.unwatched(gaps, watched))

    def acks(self) -> Mapping[str, Acknowledgement]:
        """The acknowledgements in force, by problem."""
        try:
            connection = self._open()
            if connection is None:
                return {}
            return {problem: ack.given for problem, ack in read_acks(connection).items()}
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error

    def lease(self) -> LeaseState | None:
        """Who watches; None when nobody ever did."""
        try:
            connection = self._open()
            return None if connection is None else leases.read(connection)
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error
        except ValueError as error:
            raise self._damaged("the lease") from error

    def store_id(self) -> str:
        """The random id the store was given when it was made; empty when there is none."""
        rows = self._rows("SELECT value FROM meta WHERE key = 'store_id'")
        return str(rows[0][0]) if rows else ""

    def cap(self) -> int:
        """The size in bytes the latest writer keeps the store to; 0 when unknown."""
        rows = self._rows("SELECT value FROM meta WHERE key = 'cap_bytes'")
        return int(str(rows[0][0])) if rows and str(rows[0][0]).isdigit() else 0

    def needs_migration(self) -> bool:
        """Whether an older cockpit wrote the store and none of this version has yet."""
        try:
            connection = self._open()
            return connection is not None and schema.version(connection) < schema.VERSION
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error

    def changed(self) -> bool:
        """Whether anything was committed since the last call; true on the first."""
        rows = self._rows("PRAGMA data_version")
        seen = (self._identity, int(str(rows[0][0])) if rows else 0)
        changed, self._seen = seen != self._seen, seen
        return changed

    def used(self) -> int:
        """Bytes on disk."""
        try:
            connection = self._open()
            return 0 if connection is None else location.used_bytes(connection, self.path)
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error

    def verify(self) -> Verification:
        """Walk the whole chain of events and recompute every hash.

        What the chain begins and ends with stands beside the events; without it nothing can be
        said of them, which counts as broken. Raises StoreError for a file that can't be read.
        """
        try:
            connection = self._open()
            if connection is None:
                return Verification(True, 0, 0, "")
            with _one_view(connection):
                meta = dict(connection.execute("SELECT key, value FROM meta"))
                columns = event_columns(schema.version(connection))
                rows = connection.execute(f"SELECT {columns} FROM events ORDER BY seq")
                try:
                    first_seq, id_ = int(meta["chain_first"]), str(meta["store_id"])
                    head = (int(meta["chain_seq"]), str(meta["chain_hash"]))
                except (KeyError, ValueError, TypeError):
                    reason = "the store does not say any more where its chain begins and ends"
                    return Verification(False, 0, 0, "", 1, reason)
                return verify(
                    (ChainedEvent(*row) for row in rows),
                    first_seq=first_seq,
                    genesis_hash=genesis(id_),
                    head=head,
                )
        except (sqlite3.Error, OSError) as error:
            raise explain(self.path, error) from error

    def _damaged(self, what: str) -> StoreError:
        return StoreError(
            self.path,
            f"{what} can't be read: it is damaged",
            "keep a copy of the file, then name another path in the config",
        )


@contextmanager
def _one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """Have several statements see the same moment: another process may migrate between two."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")
