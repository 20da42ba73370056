"""A lock file for each target: of two operators, only one at a time starts or ends it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from types import TracebackType

from cockpit.text import sanitize

_LONGEST_NOTE = 2000
_LOCK_BYTE = 1 << 20
"""Far behind the text, so that others can read on Windows who holds the lock."""


class TargetBusy(RuntimeError):
    """The lock is held by somebody else; `holder` is what they wrote, such as `bob is starting
    api`."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder or "somebody else holds the lock of this target")
        self.holder = holder


class TargetLock:
    """A lock file that the system releases when its holder ends, however it ends.

    `with TargetLock(path, "bob is starting api"):` raises `TargetBusy` when it is taken, OSError
    when the file can't be made.
    """

    def __init__(self, path: Path, holder: str) -> None:
        self._path = path
        self._holder = sanitize(holder, limit=200)
        self._fd: int | None = None

    def __enter__(self) -> TargetLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(fd)
        except OSError:
            text = os.read(fd, 1000).decode("utf-8", "replace")
            os.close(fd)
            raise TargetBusy(sanitize(text.partition("\n")[0])) from None
        os.ftruncate(fd, 0)
        os.write(fd, self._holder.encode())
        self._fd = fd
        return self

    def note(self, text: str) -> None:
        """Add a line to the lock file while the lock is held.

        What a holder that was killed noted stays there until the next one (see `notes_left_in`).
        """
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.write(self._fd, f"\n{sanitize(text, limit=_LONGEST_NOTE)}".encode())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._fd is not None:
            # The file stays: removing it could take the name from under the next holder's lock.
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, 0)
            _unlock(self._fd)
            os.close(self._fd)
            self._fd = None


def notes_left_in(path: Path) -> tuple[str, ...]:
    """The notes of a holder that ended without releasing the lock; none while somebody holds it."""
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return ()
    try:
        _lock(fd)
        text = os.read(fd, _LOCK_BYTE).decode("utf-8", "replace")
        _unlock(fd)
    except OSError:
        return ()
    finally:
        os.close(fd)
    return tuple(sanitize(line) for line in text.splitlines()[1:])


def _lock(fd: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(fd, _LOCK_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(fd, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unlock(fd: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(fd, _LOCK_BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_UN)
