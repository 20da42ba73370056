"""What goes wrong with a store, in words an operator can act on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from pathlib import Path

LEAST_FREE = 64 * 1024
"""Bytes; a file system with less left is full, whatever SQLite makes of the failed write."""


_LOCKED = "another program keeps it locked"


class StoreError(Exception):
    """A store that can't be used: where it is, why, and how to mend it. Nothing was changed.

    `passing` trouble may end without anybody's doing, so that trying again is worth it. `gone` says
    that the file that was written is not there any more: what goes on is another store.
    """

    def __init__(
        self, path: Path, reason: str, mend: str, *, passing: bool = False, gone: bool = False
    ) -> None:
        super().__init__(f"evidence store {path}: {reason}; {mend}")
        self.path = path
        self.reason = reason
        self.mend = mend
        self.passing = passing
        self.gone = gone

    @property
    def busy(self) -> bool:
        """Whether another program keeps it locked, and nothing else is wrong."""
        return self.reason.startswith(_LOCKED)


_MENDS = {
    sqlite3.SQLITE_NOTADB: (
        "the file is not a database",
        "name another path in the config, or move that file away yourself",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "move the file away, with -wal and -shm beside it: a new store is begun then",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it can't be opened",
        "see that its folder exists and that this user may write there",
    ),
    sqlite3.SQLITE_READONLY: (
        "it can't be written",
        "see that this user may write the file and its folder",
    ),
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space"),
    sqlite3.SQLITE_BUSY: (
        _LOCKED,
        "end the program that holds it",
    ),
    sqlite3.SQLITE_PERM: (
        "access is denied",
        "see that this user may read and write the file",
    ),
    sqlite3.SQLITE_IOERR: (
        "reading or writing it failed",
        "see whether the disk is over a quota, or failing",
    ),
}
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
# Codes behind which the place itself may be: it is asked before they are believed.
_OF_THE_PLACE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
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
        found = _trouble_of_place(path) if code in _OF_THE_PLACE else None
        if found is not None:
            reason, mend = found
        return StoreError(path, f"{reason} ({error})", mend, passing=code in _PASSING)
    if isinstance(error, OSError):
        found = _trouble_of_place(path)
        if found is not None:
            return StoreError(path, f"{found[0]} ({error.strerror or error})", found[1])
        reason = error.strerror or str(error)
        return StoreError(path, reason, "see that this user may create and write files there")
    return StoreError(
        path, f"unexpected {type(error).__name__}: {error}", "please report this with the text"
    )


def _trouble_of_place(path: Path) -> tuple[str, str] | None:
    """What is wrong with the folder or the file, and how to mend it; None when nothing is seen."""
    folder = path.parent
    try:
        if not folder.is_dir():
            return None
        if shutil.disk_usage(folder).free < LEAST_FREE:
            return _MENDS[sqlite3.SQLITE_FULL]
        if sys.platform != "win32" and os.statvfs(folder).f_flag & os.ST_RDONLY:
            return "it lies on a file system that is read-only", "have it mounted for writing"
        if not os.access(folder, os.W_OK | os.X_OK):
            return "its folder can't be written", f"see that this user may write in {folder}"
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            return _MENDS[sqlite3.SQLITE_PERM]
    except OSError:
        return None
    return None
