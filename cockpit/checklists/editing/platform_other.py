"""macOS and other systems: no way to keep other programs out, so every act is checked.

A write is preceded by a comparison of the whole file and followed by another. That narrows the
window for a foreign edit to microseconds but does not close it; the method is called `checked`,
so that a record of an edit says how much it promises.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from cockpit.checklists.editing.platform_api import Busy, Held, NoGuard
from cockpit.checklists.editing.twins import unfinished

_RENAME_SWAP = 2


class _CheckedFile:
    """An open file whose content is compared before and after a write."""

    method = "checked"
    writable = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("r+b", buffering=0)
        self._stat = os.fstat(self._file.fileno())
        self._seen: bytes | None = None

    @property
    def links(self) -> int:
        return self._stat.st_nlink

    def read(self) -> bytes:
        self._file.seek(0)
        self._seen = self._file.readall()
        return self._seen

    def write_at(self, offset: int, old: bytes, new: bytes) -> None:
        seen = self._seen
        if seen is None or self.read() != seen:
            raise Busy("another program changed it in this moment")
        try:
            self._put(offset, new)
        except OSError:
            with contextlib.suppress(OSError):
                self._put(offset, old)
            raise
        if self.read() != seen[:offset] + new + seen[offset + len(new) :]:
            raise Busy("another program changed it in this moment")

    def _put(self, offset: int, data: bytes) -> None:
        self._file.seek(offset)
        self._file.write(data)
        os.fsync(self._file.fileno())

    def is_at(self, path: Path) -> bool:
        try:
            now = path.lstat()
        except FileNotFoundError:
            return False
        return (now.st_dev, now.st_ino) == (self._stat.st_dev, self._stat.st_ino)

    def wanted(self) -> bool:
        return False

    def rewrite(self, data: bytes) -> None:
        self._file.truncate(0)
        self._put(0, data)

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        self._file.close()


class OtherFiles:
    """`FilePlatform` where nothing better is known."""

    exchange_while_held = True

    @contextlib.contextmanager
    def hold(self, path: Path, *, readers: bool) -> Iterator[Held]:
        if stat.S_ISDIR(path.stat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        held = _CheckedFile(path)
        try:
            yield held
        finally:
            held.close()

    def make_twin(self, path: Path, data: bytes) -> Path:
        twin = unfinished(path)
        try:
            with twin.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(path, twin)
        except BaseException:
            twin.unlink(missing_ok=True)
            raise
        return twin

    def grow(self, twin: Path, data: bytes) -> None:
        with twin.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def exchange(self, twin: Path, path: Path) -> None:
        if sys.platform == "darwin":
            # renamex_np(2) of macOS swaps two names in one step.
            library = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
            if library.renamex_np(os.fsencode(twin), os.fsencode(path), _RENAME_SWAP) == 0:
                return
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
        raise NoGuard("this system cannot exchange two files")

    def settled(self, path: Path) -> bytes:
        return path.read_bytes()

    def discard(self, twin: Path) -> None:
        twin.unlink()
