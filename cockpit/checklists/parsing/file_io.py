"""Read a file that must be a regular one: a pipe or a device would block, or never end."""

from __future__ import annotations

import errno
import stat
from pathlib import Path


def read_regular(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it can't be read, or it is a pipe, a device, a socket or a folder.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return path.read_bytes()
