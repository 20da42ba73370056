"""Reading a file that others write at any moment. Blocking: call through `ctx.blocking`."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cockpit.checklists.parsing.file_io import open_regular


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file as it was read once.

    `body` is None when there was nothing to read, and `trouble` says why; `missing` tells a file
    that is not there from one that can't be read. `modified_at` is aware UTC in whole seconds.
    """

    body: bytes | None = None
    modified_at: datetime | None = None
    trouble: str = ""
    missing: bool = False


def read_file(path: Path, cap: int) -> FileRead:
    """Read `path` whole, unless it is larger than `cap` bytes or not a regular file."""
    try:
        status = path.stat()
        modified = whole_second(status.st_mtime)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            return FileRead(None, modified, what)
        with open_regular(path) as file:
            body = file.read(cap + 1)
    except (FileNotFoundError, NotADirectoryError):
        return FileRead(trouble="no such file", missing=True)
    except (OSError, ValueError) as error:
        return FileRead(trouble=reason_of(error))
    if len(body) > cap:
        return FileRead(None, modified, f"larger than {cap:,} bytes")
    return FileRead(body, modified)


def read_tail(path: Path, limit: int) -> bytes:
    """The last `limit` bytes of a regular file; empty when there is nothing to read."""
    try:
        with open_regular(path) as file:
            file.seek(max(0, file.seek(0, 2) - limit))
            return file.read(limit)
    except (OSError, ValueError):
        return b""


def whole_second(epoch: float) -> datetime | None:
    """Epoch seconds as an aware UTC datetime without a fraction; None when out of range."""
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def reason_of(error: OSError | ValueError) -> str:
    """What went wrong in a few words, without the path."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return words[:1].lower() + words[1:]
