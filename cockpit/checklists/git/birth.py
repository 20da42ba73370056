"""When a file came into being, where the system knows."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.platform == "linux":
    import ctypes
    import os
    import struct

    _BIRTH = 0x800
    """`STATX_BTIME`, as mask asked for and mask of what was found (statx(2))."""
    _HERE = -100
    _SIZE = 256
    _AT = 0x50
    """Offset of `stx_btime`: seconds as int64, nanoseconds as uint32."""

    def born_ns(path: Path) -> int | None:
        """Nanoseconds since the epoch at which the file was made; None where nobody knows."""
        statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
        if statx is None:
            return None
        found = ctypes.create_string_buffer(_SIZE)
        if statx(_HERE, os.fsencode(path), 0, _BIRTH, found) != 0:
            return None
        (mask,) = struct.unpack_from("=I", found, 0)
        if not mask & _BIRTH:
            return None
        seconds, nanoseconds = struct.unpack_from("=qI", found, _AT)
        return int(seconds) * 1_000_000_000 + int(nanoseconds)

elif sys.platform == "darwin":

    def born_ns(path: Path) -> int | None:
        """Nanoseconds since the epoch at which the file was made; None where nobody knows."""
        try:
            return int(path.stat().st_birthtime * 1_000_000_000)
        except OSError:
            return None

else:

    def born_ns(path: Path) -> int | None:
        """None: on NTFS a file inherits the birth of the one that had its name before."""
        return None
