"""Reading a file that others write at any moment. Blocking: call through `ctx.blocking`."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias


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
        with path.open("rb") as file:
            body = file.read(cap + 1)
    except (FileNotFoundError, NotADirectoryError):
        return FileRead(trouble="no such file", missing=True)
    except (OSError, ValueError) as error:
        return FileRead(trouble=reason_of(error))
    if len(body) > cap:
        return FileRead(None, modified, f"larger than {cap:,} bytes")
    return FileRead(body, modified)


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


Signature: TypeAlias = tuple[int, int, int]
"""Modification time in nanoseconds, size in bytes, inode."""


def signatures(paths: Iterable[Path]) -> dict[Path, Signature]:
    """The signatures of the files that exist; the last part of a path may be a pattern."""
    found: dict[Path, Signature] = {}
    for path in paths:
        plain = not any(sign in path.name for sign in "*?[")
        try:
            matches = [path] if plain else list(path.parent.glob(path.name))
        except (OSError, ValueError):
            continue
        for match in matches:
            try:
                status = match.stat()
            except (OSError, ValueError):
                continue
            found[match] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
