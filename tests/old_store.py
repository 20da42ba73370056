"""A store of schema 1 as the cockpit of then made it, and events as it wrote them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

DUMP = Path(__file__).parent / "evidence" / "version_1.sql"
"""`sqlite3.Connection.iterdump` of a store that the last cockpit with schema 1 wrote."""
APPLICATION_ID = 0x434B5054
PIECE = 20_000


def make(path: Path) -> None:
    """Make that store at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(DUMP.read_text(encoding="utf-8"))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")


def in_pieces(name: str, value: object) -> dict[str, str]:
    """`value` as facts of an event held it: JSON text, cut where a fact ended."""
    text = json.dumps(value, separators=(",", ":"))
    cut = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    return {name if n == 1 else f"{name}.{n}": piece for n, piece in enumerate(cut, 1)}


def append(path: Path, kind: str, text: str, data: dict[str, object], *, probe: str = "") -> None:
    """Add an event as a process with schema 1 does, also one that has the store open still."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        meta = dict(db.execute("SELECT key, value FROM meta"))
        seq, before = int(meta["chain_seq"]) + 1, meta["chain_hash"]
        facts = json.dumps(data, sort_keys=True, separators=(",", ":"))
        at = "2026-01-05T12:02:00.000000Z"
        columns = [seq, at, kind, probe, probe, text, None, "ops@spark", "", facts, "collector"]
        hashed = json.dumps([before, *columns], separators=(",", ":"))
        after = hashlib.sha256(hashed.encode("ascii")).hexdigest()
        db.execute(
            "INSERT INTO events (seq, at, kind, probe, subject, text, verdict, actor, ticket, "
            "data, source, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*columns, before, after],
        )
        db.executemany(
            "UPDATE meta SET value = ? WHERE key = ?",
            [(str(seq), "chain_seq"), (after, "chain_hash")],
        )
        db.execute("COMMIT")
