"""What is new in a file that grows, is rotated and is truncated. Blocking.

A first look reads the last bytes alone, so that the size of the file does not matter. After that
inode and offset are remembered; the bytes before the offset are compared, since a file that was
emptied and filled again between two looks may be as long as before.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from cockpit.checklists.parsing.file_io import open_regular
from cockpit.kinds.file_io import reason_of, whole_second

_REMEMBERED = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Piece:
    """New whole lines of one file, oldest first, and when its last one was written (aware UTC).

    `first` says that nothing is known of what stands before them; `whole` that nothing does.
    """

    lines: tuple[bytes, ...]
    written: datetime
    first: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Growth:
    """What came since the last look: a piece a file, the rotated one first.

    `size` in bytes. `skipped` are bytes that came too fast to be read. `trouble` says why nothing
    could be read; `missing` that the file is not there.
    """

    pieces: tuple[Piece, ...] = ()
    size: int = 0
    written: datetime | None = None
    skipped: int = 0
    trouble: str = ""
    missing: bool = False


@dataclass(slots=True)
class _Place:
    """Up to where a file has been read."""

    device: int
    inode: int
    offset: int
    before: bytes


class Follower:
    """Follows one file; each look reads at most `window` bytes of it, and of the one it replaced.

    `taken` are files that somebody else follows: a first look does not go on in those.
    """

    def __init__(self, path: Path, window: int) -> None:
        self._path = path
        self._window = window
        self._place: _Place | None = None

    def look(self, taken: frozenset[Path] = frozenset()) -> Growth:
        """Read what came since the last look; a first one reads the end."""
        try:
            with open_regular(self._path) as file:
                return self._read(file, taken)
        except (FileNotFoundError, NotADirectoryError):
            return Growth(trouble="no such file", missing=True)
        except (OSError, ValueError) as error:
            return Growth(trouble=reason_of(error))

    def _read(self, file: BinaryIO, taken: frozenset[Path]) -> Growth:
        status = os.fstat(file.fileno())
        written = whole_second(status.st_mtime) or _EPOCH
        place, pieces, skipped = self._place, [], 0
        start, first = 0, False
        if place is None:
            start, first = max(0, status.st_size - self._window), True
            if start == 0 and (rest := self._window - status.st_size) > 0:
                pieces += _end_of(self._earlier(taken), rest)
        elif (status.st_dev, status.st_ino) != (place.device, place.inode):
            rotated, skipped = self._rest_of_rotated(place)
            pieces += rotated
        elif status.st_size >= place.offset and _stands(file, place):
            start = place.offset
        if (over := status.st_size - start - self._window) > 0:
            start, first = start + over, True
            skipped += over
        lines, end = _whole_lines(file, start, status.st_size, cut=first and start > 0)
        whole = first and start == 0 and not pieces
        pieces.append(Piece(lines, written, first, whole))
        before = max(0, end - _REMEMBERED)
        file.seek(before)
        self._place = _Place(status.st_dev, status.st_ino, end, file.read(end - before))
        return Growth(tuple(pieces), status.st_size, written, skipped)

    def _earlier(self, taken: frozenset[Path]) -> Path | None:
        path = self._path.with_name(f"{self._path.name}.1")
        return None if path in taken else path

    def _rest_of_rotated(self, place: _Place) -> tuple[list[Piece], int]:
        """What was still written to the file that stood here, wherever it is called now."""
        for path in _siblings(self._path):
            try:
                status = path.stat()
                if (status.st_dev, status.st_ino) != (place.device, place.inode):
                    continue
                with open_regular(path) as file:
                    if status.st_size < place.offset or not _stands(file, place):
                        return [], 0
                    over = max(0, status.st_size - place.offset - self._window)
                    start = place.offset + over
                    lines, _ = _whole_lines(file, start, status.st_size, cut=over > 0, ended=True)
            except (OSError, ValueError):
                continue
            return [Piece(lines, whole_second(status.st_mtime) or _EPOCH)], over
        return [], 0


def _siblings(path: Path) -> list[Path]:
    """Files beside `path` that it may have been renamed to."""
    try:
        names = sorted(entry.name for entry in os.scandir(path.parent))
    except OSError:
        return []
    stem = path.stem
    return [path.with_name(name) for name in names if name.startswith(stem) and name != path.name]


def _end_of(path: Path | None, length: int) -> list[Piece]:
    """The last `length` bytes of the file that was rotated away, for a first look."""
    if path is None:
        return []
    try:
        with open_regular(path) as file:
            status = os.fstat(file.fileno())
            start = max(0, status.st_size - length)
            lines, _ = _whole_lines(file, start, status.st_size, cut=start > 0, ended=True)
    except (OSError, ValueError):
        return []
    return [Piece(lines, whole_second(status.st_mtime) or _EPOCH, first=True)] if lines else []


def _stands(file: BinaryIO, place: _Place) -> bool:
    """Whether what was read last still stands where it stood."""
    file.seek(place.offset - len(place.before))
    return file.read(len(place.before)) == place.before


def _whole_lines(
    file: BinaryIO, start: int, end: int, *, cut: bool, ended: bool = False
) -> tuple[tuple[bytes, ...], int]:
    """The lines from `start` to the last that is whole, and where they end.

    `cut`: the first one may begin before `start`. `ended`: the last one needs no end.
    """
    start -= cut  # the byte before tells whether a line begins here
    file.seek(start)
    body = file.read(max(0, end - start))
    lines = body.split(b"\n")
    last = lines.pop()
    at = start + len(body) - len(last)
    if ended and last:
        lines.append(last)
        at = start + len(body)
    if cut and lines:
        del lines[0]
    return tuple(lines), at
