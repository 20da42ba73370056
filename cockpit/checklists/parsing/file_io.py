"""Open a file that must be a regular one: a pipe or a device would block, or never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        OSError: it can't be opened, or it is a pipe, a device, a socket or a folder.
    """
    _refuse_others(path.stat().st_mode, path)
    try:
        # It may have become a pipe since: opening one waits for a writer.
        handle = os.open(path, _FLAGS | _AT_ONCE)
    except BlockingIOError:  # an editing cockpit holds a lease, which is given back soon
        handle = os.open(path, _FLAGS)
    file = os.fdopen(handle, "rb")
    try:
        _refuse_others(os.fstat(handle).st_mode, path)
    except OSError:
        file.close()
        raise
    return file


def _refuse_others(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))


def read_regular(path: Path) -> bytes:
    """Read the whole of a file. Raises OSError as `open_regular` does."""
    with open_regular(path) as file:
        return file.read()
