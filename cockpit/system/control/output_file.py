"""The output of what was started here: one private file a service, kept within a size.

The service writes straight into its file, so that it goes on when the cockpit leaves. A file that
grew too long is cut in place: its end is kept behind a line that says so. The service appends, so
what it prints next stands behind that. Lines it prints within the instant of the cut may be lost.
While no cockpit watches nobody cuts; the next one that does cuts at once.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

FOLDER = "output"
"""The folder of these files, beside the evidence store."""
LONGEST = 8_000_000
"""Bytes of a file before it is cut."""
_SHARE = 4
"""All files together take at most this part of what the store may: a fourth."""
_KEPT = 8
"""A cut leaves this part of the limit: an eighth."""
_LOOKS = 3


def open_private(path: Path) -> BinaryIO:
    """Open an output file for appending: mode 0600 in a folder of mode 0700, whatever the umask.

    Raises OSError, also for a link in its place.
    """
    _make_folder(path.parent)
    flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | _EXTRA
    stream = os.fdopen(os.open(path, flags, 0o600), "ab")
    tighten(path)
    return stream


def tighten(path: Path) -> None:
    """Take others' rights off a file that is there, and off its folder; what is not ours stays."""
    if sys.platform == "win32":
        return
    folder = (path.parent,) if path.parent.name == FOLDER else ()
    for one, mode in ((path, 0o600), *((each, 0o700) for each in folder)):
        with suppress(OSError):
            if stat.S_IMODE(one.stat().st_mode) & 0o077:
                one.chmod(mode)


def output_files(store: Path) -> list[Path]:
    """The output files beside the evidence store at `store`."""
    with suppress(OSError):
        return sorted(store.parent.joinpath(FOLDER).glob("*.log"))
    return []


def bytes_of(store: Path) -> int:
    """How many bytes the output files beside the store at `store` take."""
    total = 0
    for path in output_files(store):
        with suppress(OSError):
            total += path.stat().st_size
    return total


def keep_within(files: Sequence[Path], cap: int) -> list[Path]:
    """Cut those of `files` that grew too long for a store of `cap` bytes; returns those cut."""
    limit = min(LONGEST, cap // _SHARE // max(1, len(files)))
    cut = []
    for path in files:
        tighten(path)
        with suppress(OSError):
            if _cut(path, limit):
                cut.append(path)
    return cut


def _cut(path: Path, limit: int) -> bool:
    """Keep the end of a file longer than `limit` bytes; False for one that is not."""
    size = path.stat().st_size
    if size <= limit:
        return False
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | _EXTRA), "r+b", 0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return False
        kept = bytearray()
        for _ in range(_LOOKS):  # what came while the end was read
            begin = max(0, size - limit // _KEPT) if not kept else size
            file.seek(begin)
            kept += file.read(limit)
            size = file.tell()
        tail = bytes(kept[-limit // _KEPT :])
        tail = tail[tail.find(b"\n") + 1 :]
        file.truncate(0)
        note = f"--- cut here at {size} bytes: only the end is kept, a line may be missing\n"
        _write(file.fileno(), note.encode() + tail)
    return True


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)


_EXTRA = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
