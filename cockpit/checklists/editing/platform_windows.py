"""Windows: a file opened with share mode 0 is nobody else's until it is closed.

The write in place happens through such a handle. A change that moves bytes goes through
ReplaceFileW, which keeps the old file under a backup name: that is the displaced file the writer
then looks at. An exclusive handle would keep ReplaceFileW out as well, so it is closed before.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from cockpit.checklists.editing import windows_api as win
from cockpit.checklists.editing.platform_api import Busy, Held
from cockpit.checklists.editing.twins import unfinished, unknown
from cockpit.checklists.editing.windows_api import ApiFailure, FileIdentity, WindowsApi

_BUSY = (win.SHARING_VIOLATION, win.LOCK_VIOLATION, win.USER_MAPPED_FILE)
_ERRNO = {
    win.ACCESS_DENIED: errno.EACCES,
    win.FILE_NOT_FOUND: errno.ENOENT,
    win.PATH_NOT_FOUND: errno.ENOENT,
    win.WRITE_PROTECT: errno.EROFS,
    win.DISK_FULL: errno.ENOSPC,
}
_CHUNK = 1 << 20


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Windows error codes as `Busy` or OSError."""
    try:
        yield
    except ApiFailure as failure:
        if failure.code in _BUSY:
            raise Busy("another program has it open") from failure
        code = _ERRNO.get(failure.code, errno.EIO)
        raise OSError(code, f"Windows error {failure.code} in {failure.call}", str(path)) from (
            failure
        )


class _ExclusiveFile:
    """A file behind a handle with share mode 0."""

    method = "share-mode"
    writable = True

    def __init__(self, api: WindowsApi, handle: int, path: Path) -> None:
        self._api = api
        self._handle = handle
        self._path = path
        self.closed = False
        with _translated(path):
            self._identity: FileIdentity = api.identity(handle)

    @property
    def links(self) -> int:
        return self._identity.links

    def read(self) -> bytes:
        with _translated(self._path):
            return _read_all(self._api, self._handle)

    def write_at(self, offset: int, old: bytes, new: bytes) -> None:
        with _translated(self._path):
            try:
                self._put(offset, new)
            except ApiFailure:
                with contextlib.suppress(ApiFailure):
                    self._put(offset, old)
                raise

    def _put(self, offset: int, data: bytes) -> None:
        self._api.seek(self._handle, offset)
        if self._api.write(self._handle, data) != len(data):
            raise ApiFailure(win.DISK_FULL, "WriteFile")
        self._api.flush(self._handle)

    def is_at(self, path: Path) -> bool:
        with _translated(path):
            now = self._api.identity_of(path)
        return now is not None and now[:2] == self._identity[:2]

    def wanted(self) -> bool:
        return False

    def rewrite(self, data: bytes) -> None:
        raise NotImplementedError("Windows does not exchange a file that is held")

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._api.close(self._handle)


class WindowsFiles:
    """`FilePlatform` for Windows."""

    exchange_while_held = False

    def __init__(self, api: WindowsApi | None = None) -> None:
        self._api = api or _real_api()

    @contextlib.contextmanager
    def hold(self, path: Path, *, readers: bool) -> Iterator[Held]:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        with _translated(path):
            handle = self._api.open_exclusive(path, write=True)
        try:
            held = _ExclusiveFile(self._api, handle, path)
        except BaseException:
            self._api.close(handle)
            raise
        try:
            yield held
        finally:
            held.close()

    def make_twin(self, path: Path, data: bytes) -> Path:
        # ReplaceFileW gives the new file the old one's attributes and access control list.
        twin = unfinished(path)
        try:
            with twin.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
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
        backup = unknown(path)
        with _translated(path):
            try:
                self._api.replace(path, twin, backup)
            except ApiFailure as failure:
                if failure.code == win.UNABLE_TO_MOVE_REPLACEMENT_2:
                    # The old file already has its backup name and nothing has taken its place.
                    backup.rename(path)
                if failure.code in (
                    win.UNABLE_TO_REMOVE_REPLACED,
                    win.UNABLE_TO_MOVE_REPLACEMENT,
                    win.UNABLE_TO_MOVE_REPLACEMENT_2,
                ):
                    raise Busy("another program has it open") from failure
                raise
        backup.replace(twin)

    def settled(self, path: Path) -> bytes:
        with _translated(path):
            handle = self._api.open_exclusive(path, write=False)
            try:
                return _read_all(self._api, handle)
            finally:
                self._api.close(handle)

    def discard(self, twin: Path) -> None:
        twin.unlink()


def _read_all(api: WindowsApi, handle: int) -> bytes:
    api.seek(handle, 0)
    parts: list[bytes] = []
    while part := api.read(handle, _CHUNK):
        parts.append(part)
    return b"".join(parts)


def _real_api() -> WindowsApi:
    if sys.platform == "win32":
        return win.Kernel32()
    raise OSError(errno.ENOSYS, "this is not Windows")
