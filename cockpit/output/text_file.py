"""A text file that is replaced in one step."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_text_file(path: Path, text: str) -> None:
    """Write `text` and a line end to `path`; a reader sees the old file or the whole new one.

    The mode of a file that is there stays; a new one gets 0644, since its readers are other
    programs. Raises OSError.
    """
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        mode = 0o644
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
