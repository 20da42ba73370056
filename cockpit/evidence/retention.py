"""Keeping the store within its bounds, a small piece at a time.

What goes: the oldest observations, then bodies and artefacts nothing points to any more. What never
goes: the current probe states, the events of the chain, the policy's memory. When those alone are
above the cap, that is said instead of cut.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cockpit.evidence.serialization import stamp

ROWS_A_PIECE = 500
BODIES_A_PIECE = 2000
PAGES_A_PIECE = 500
ORPHAN_AGE = timedelta(days=1)
_LOW_WATER = 0.9


@dataclass(slots=True)
class Pruning:
    """One pass over the store, done piece by piece with `piece`.

    `deleted` counts observations, `left` is what remains in bytes when the pass is over.
    """

    now: datetime
    retain_days: float
    cap_bytes: int
    deleted: int = 0
    left: int = 0
    over_cap: bool = False
    _bodies_after: int = field(default=0)
    _stage: int = 0

    def piece(self, connection: sqlite3.Connection) -> bool:
        """Do one piece inside a write transaction; True while there is more to do."""
        if self._stage == 0:
            if self._observations(connection):
                return True
        elif self._stage == 1:
            if self._bodies(connection):
                return True
        else:
            self._artefacts(connection)
            self.left = live_bytes(connection)
            return False
        self._stage += 1
        return True

    def _observations(self, connection: sqlite3.Connection) -> bool:
        size = live_bytes(connection)
        if size > self.cap_bytes:
            self.over_cap = True
        if self.over_cap and size > self.cap_bytes * _LOW_WATER:
            before = "~"  # sorts after every moment: age does not matter
        else:
            before = stamp(self.now - timedelta(days=self.retain_days))
        rows = connection.execute(
            f"SELECT id, body FROM observations WHERE at < ? ORDER BY at LIMIT {ROWS_A_PIECE}",
            (before,),
        ).fetchall()
        connection.executemany("DELETE FROM observations WHERE id = ?", [(row[0],) for row in rows])
        _drop_bodies(connection, {row[1] for row in rows})
        self.deleted += len(rows)
        return bool(rows)

    def _bodies(self, connection: sqlite3.Connection) -> bool:
        # A body whose last observation went while it was still current is found only here.
        rows = connection.execute(
            f"SELECT id FROM bodies WHERE id > ? ORDER BY id LIMIT {BODIES_A_PIECE}",
            (self._bodies_after,),
        ).fetchall()
        if not rows:
            return False
        _drop_bodies(connection, {row[0] for row in rows})
        self._bodies_after = rows[-1][0]
        return True

    def _artefacts(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "DELETE FROM artefacts WHERE first_seen < ? AND NOT EXISTS "
            "(SELECT 1 FROM body_artefacts l WHERE l.digest = artefacts.digest)",
            (stamp(self.now - ORPHAN_AGE),),
        )


def _drop_bodies(connection: sqlite3.Connection, candidates: set[int]) -> None:
    for body in candidates:
        used = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM observations WHERE body = ?) "
            "OR EXISTS (SELECT 1 FROM current WHERE body = ?)",
            (body, body),
        ).fetchone()[0]
        if used:
            continue
        digests = connection.execute(
            "SELECT digest FROM body_artefacts WHERE body = ?", (body,)
        ).fetchall()
        connection.execute("DELETE FROM body_artefacts WHERE body = ?", (body,))
        connection.execute("DELETE FROM bodies WHERE id = ?", (body,))
        connection.executemany(
            "DELETE FROM artefacts WHERE digest = ? AND NOT EXISTS "
            "(SELECT 1 FROM body_artefacts l WHERE l.digest = artefacts.digest)",
            digests,
        )


def live_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the pages in use, free ones not counted."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return (int(pages) - int(free)) * int(size)
