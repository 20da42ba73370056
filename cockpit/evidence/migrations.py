"""The tables of the store and the steps that lead to them, each applied once and in order.

An older store is copied before it is changed; all steps are one transaction, so that a crash leaves
the store as it was or as it shall be. Kept apart from `schema`, so that a store that is up to date
opens without loading sqlite-utils.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from cockpit.evidence import location, schema
from cockpit.evidence.chain import genesis
from cockpit.evidence.serialization import stamp

_steps = Migrations("cockpit-evidence")

_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE lease (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        pid INTEGER NOT NULL, started_at REAL NOT NULL, host TEXT NOT NULL,
        actor TEXT NOT NULL, kind TEXT NOT NULL,
        taken_at TEXT NOT NULL, beat_at TEXT NOT NULL, beats INTEGER NOT NULL, released_at TEXT
    )""",
    """CREATE TABLE bodies (
        id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, headline TEXT NOT NULL,
        body BLOB NOT NULL
    )""",
    """CREATE TABLE observations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        probe TEXT NOT NULL, at TEXT NOT NULL, valid_until TEXT NOT NULL, verdict TEXT NOT NULL,
        body INTEGER NOT NULL REFERENCES bodies (id), duration REAL NOT NULL,
        metrics TEXT NOT NULL, source TEXT NOT NULL
    )""",
    "CREATE INDEX observations_by_probe ON observations (probe, at)",
    "CREATE INDEX observations_by_at ON observations (at)",
    "CREATE INDEX observations_by_body ON observations (body)",
    """CREATE TABLE current (
        probe TEXT PRIMARY KEY, observation INTEGER NOT NULL,
        body INTEGER NOT NULL REFERENCES bodies (id),
        observed_at TEXT NOT NULL, valid_until TEXT NOT NULL, duration REAL NOT NULL,
        metrics TEXT NOT NULL, since TEXT NOT NULL, finding_since TEXT NOT NULL,
        source TEXT NOT NULL
    )""",
    "CREATE INDEX current_by_body ON current (body)",
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, probe TEXT NOT NULL,
        subject TEXT NOT NULL, text TEXT NOT NULL, verdict TEXT, actor TEXT NOT NULL,
        ticket TEXT NOT NULL, data TEXT NOT NULL, source TEXT NOT NULL,
        prev_hash TEXT NOT NULL, hash TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_kind ON events (kind, seq)",
    "CREATE INDEX events_by_probe ON events (probe, seq)",
    """CREATE TABLE artefacts (
        digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL,
        body BLOB NOT NULL, first_seen TEXT NOT NULL
    )""",
    """CREATE TABLE body_artefacts (
        body INTEGER NOT NULL REFERENCES bodies (id), digest TEXT NOT NULL,
        PRIMARY KEY (body, digest)
    ) WITHOUT ROWID""",
    "CREATE INDEX body_artefacts_by_digest ON body_artefacts (digest)",
    "CREATE TABLE policy (probe TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE acks (
        problem TEXT PRIMARY KEY, actor TEXT NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL,
        probes TEXT NOT NULL
    ) WITHOUT ROWID""",
)


@_steps(name="0001-tables")
def _tables(db: Database) -> None:
    for statement in _TABLES:
        db.execute(statement)


@_steps(name="0002-event-payload")
def _event_payload(db: Database) -> None:
    # The defaults make an event of schema 1, also one that an older process, which had the store
    # open before, still adds.
    db.execute("ALTER TABLE events ADD COLUMN payload TEXT NOT NULL DEFAULT 'null'")
    db.execute("ALTER TABLE events ADD COLUMN hash_version INTEGER NOT NULL DEFAULT 1")


def back_up(path: Path, version: int, now: datetime) -> Path:
    """Copy the store at `path`, of that schema version, beside it; returns the path of the copy.

    Call it while a BEGIN IMMEDIATE transaction that has changed nothing yet keeps other writers
    out. The copy is private and complete, or not there. Raises sqlite3.Error or OSError.
    """
    backup = location.backup_path(path, version, now.astimezone(UTC))
    part = path.with_name(f"{path.name}.v{version}.bak.part")
    part.unlink(missing_ok=True)  # of a crash: the lock is ours, nobody is writing it
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(location.read_only(path)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
            # One file, without a log beside it, can be moved back by anybody.
            target.execute("PRAGMA journal_mode = DELETE").fetchall()
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        part.replace(backup)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return backup


def migrate(connection: sqlite3.Connection, now: datetime) -> None:
    """Apply the steps that are missing. Call it inside a BEGIN IMMEDIATE transaction."""
    before = schema.version(connection)
    # Each step opens its own transaction, which nests in ours as a savepoint.
    _steps.apply(Database(connection, execute_plugins=False))
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    if before == 0:
        store_id = secrets.token_hex(16)
        values = {
            "store_id": store_id,
            "created_at": stamp(now),
            "chain_first": "1",
            "chain_seq": "0",
            "chain_hash": genesis(store_id),
        }
        connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", values.items())
