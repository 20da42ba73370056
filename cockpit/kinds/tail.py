"""The last lines of a file that others append to, whatever its size. Blocking."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path

from cockpit.kinds.file_io import reason_of, whole_second

_BLOCK = 262_144
_MOST_BYTES = 64_000_000
"""Bytes looked at from the end at most: lines that are longer on average are no decisions."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The last whole lines, oldest first; `cut` says that the file's last line has no end yet.

    `trouble` says why nothing could be read; `missing` that the file is not there.
    """

    lines: tuple[bytes, ...] = ()
    modified_at: datetime | None = None
    cut: bool = False
    trouble: str = ""
    missing: bool = False


def read_last_lines(path: Path, count: int) -> Tail:
    """The last `count` whole lines that are not blank, read from the end.

    Where the file has fewer, it may just have been rotated: those of `NAME.1` come before them.
    """
    tail = _last_lines(path, count)
    if tail.trouble or len(tail.lines) >= count:
        return tail
    earlier = _last_lines(path.with_name(path.name + ".1"), count - len(tail.lines))
    return Tail((*earlier.lines, *tail.lines), tail.modified_at, tail.cut)


def _last_lines(path: Path, count: int) -> Tail:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return Tail(trouble="no such file", missing=True)
    except (OSError, ValueError) as error:
        return Tail(trouble=reason_of(error))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return Tail(trouble="not a regular file")
        with FileIO(descriptor, "rb", closefd=False) as file:
            body, whole = _from_end(file, status.st_size, count)
    except OSError as error:
        return Tail(trouble=reason_of(error))
    finally:
        os.close(descriptor)
    lines = body.split(b"\n")
    last = lines.pop()
    if not whole and lines:
        lines = lines[1:]
    kept = tuple(line for line in lines if line.strip())[-count:]
    return Tail(kept, whole_second(status.st_mtime), cut=bool(last.strip()))


def _from_end(file: FileIO, size: int, count: int) -> tuple[bytes, bool]:
    """The end of the file with `count` lines in it, and whether it is all of the file."""
    blocks: list[bytes] = []
    ends = 0
    at = size
    while at > 0 and ends <= count and size - at < _MOST_BYTES:
        length = min(_BLOCK, at)
        at -= length
        file.seek(at)
        block = file.read(length)
        blocks.append(block)
        ends += block.count(b"\n")
    return b"".join(reversed(blocks)), at == 0
