"""What goes wrong with a store, in words an operator can act on."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class StoreError(Exception):
    """A store that can't be used: where it is, why, and how to mend it. Nothing was changed."""

    def __init__(self, path: Path, reason: str, mend: str) -> None:
        super().__init__(f"evidence store {path}: {reason}; {mend}")
        self.path = path
        self.reason = reason
        self.mend = mend


_MENDS = {
    sqlite3.SQLITE_NOTADB: (
        "the file is not a database",
        "name another path in the config, or move that file away yourself",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "keep a copy of it, then name another path in the config",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it can't be opened",
        "see that its folder exists and that this user may write there",
    ),
    sqlite3.SQLITE_READONLY: (
        "it can't be written",
        "see that this user may write the file and its folder",
    ),
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space; recording resumes by itself"),
    sqlite3.SQLITE_BUSY: (
        "another program keeps it locked",
        "end the program that holds it; recording resumes by itself",
    ),
    sqlite3.SQLITE_PERM: (
        "access is denied",
        "see that this user may read and write the file",
    ),
    sqlite3.SQLITE_IOERR: (
        "reading or writing it failed",
        "see whether the disk is full, over a quota, or failing",
    ),
}


def explain(path: Path, error: BaseException) -> StoreError:
    """The StoreError that tells what `error` means for the store at `path`."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, sqlite3.Error):
        # The low byte is the primary code, the rest says more (SQLite, "Result and Error Codes").
        # An error raised by the module itself carries no code.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        reason, mend = _MENDS.get(code, ("it can't be used", "see the reason in brackets"))
        return StoreError(path, f"{reason} ({error})", mend)
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return StoreError(path, reason, "see that this user may create and write files there")
    return StoreError(
        path, f"unexpected {type(error).__name__}: {error}", "please report this with the text"
    )
