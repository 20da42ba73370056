"""Linux: file leases keep other programs out, `renameat2(RENAME_EXCHANGE)` swaps files.

A write lease (fcntl(2), F_SETLEASE) is granted only while nobody else has the file open, and
any open() by another process waits until it is given back, so read, compare and write under it
cannot be interleaved with a foreign edit. A read lease is granted while nobody has the file open
for writing: readers (`tail -f`, a pager) may stay. Only a file's owner (or CAP_LEASE) gets one.

Somebody else's file, shared in a group, stays what it is: its inode, its owner, its links. A change
that moves no byte is written in place once the file has been quiet for a quarter of a second: the
whole of it is compared right before and right after, which leaves a few microseconds in which a
foreign writer could come in between; the comparison after it would tell (`observed` promises no
more). A change that moves bytes would take a new file, which would belong to us: that is refused.

When somebody knocks, the kernel signals the holder. The default, SIGIO, ends a process; SIGURG
is asked for instead, whose default is to be ignored: no handler has to be installed, so this
works in any thread and changes nothing for the rest of the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cockpit.checklists.editing.platform_api import Busy, Collided, Held, NoGuard, Pause
from cockpit.checklists.editing.twins import unfinished

if sys.platform == "linux":
    import fcntl
    import pwd

    _RENAME_EXCHANGE = 2
    _AT_FDCWD = -100
    _SHARED_ATTRIBUTES = ("system.posix_acl_access", "security.selinux")

    class Calls:
        """The system calls in use, one method each, so that a test can make any of them fail."""

        def open(self, path: Path, flags: int, mode: int = 0) -> int:
            return os.open(path, flags | os.O_CLOEXEC, mode)

        def close(self, fd: int) -> None:
            os.close(fd)

        def fstat(self, fd: int) -> os.stat_result:
            return os.fstat(fd)

        def stat(self, path: Path) -> os.stat_result:
            return path.stat()

        def lstat(self, path: Path) -> os.stat_result:
            return path.lstat()

        def lease(self, fd: int, kind: int) -> None:
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, kind)

        def leased(self, fd: int) -> int:
            return fcntl.fcntl(fd, fcntl.F_GETLEASE)

        def pread(self, fd: int, size: int, offset: int) -> bytes:
            return os.pread(fd, size, offset)

        def pwrite(self, fd: int, data: bytes, offset: int) -> int:
            return os.pwrite(fd, data, offset)

        def write(self, fd: int, data: memoryview) -> int:
            return os.write(fd, data)

        def truncate(self, fd: int) -> None:
            os.ftruncate(fd, 0)

        def fsync(self, fd: int) -> None:
            os.fsync(fd)

        def fchown(self, fd: int, uid: int, gid: int) -> None:
            os.fchown(fd, uid, gid)

        def fchmod(self, fd: int, mode: int) -> None:
            os.fchmod(fd, mode)

        def copy_attribute(self, source: Path, fd: int, name: str) -> None:
            os.setxattr(fd, name, os.getxattr(source, name))

        def exchange(self, one: Path, other: Path) -> None:
            names = (os.fsencode(one), os.fsencode(other))
            if _renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) != 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), str(other))

        def unlink(self, path: Path) -> None:
            path.unlink()

    def _load_renameat2() -> ctypes._NamedFuncPointer:
        function = ctypes.CDLL(None, use_errno=True).renameat2
        function.argtypes = (
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_uint,
        )
        function.restype = ctypes.c_int
        return function

    _renameat2 = _load_renameat2()

    _QUIET = 0.25
    """Seconds for which somebody else's file must not have changed before it is written."""

    class _NotOwner(Exception):
        """A lease is refused because the file belongs to somebody else."""

    class _HeldFile:
        """A regular file, under a lease or (for somebody else's file) merely open."""

        def __init__(self, calls: Calls, fd: int, kind: int | None) -> None:
            self._calls = calls
            self._fd = fd
            self._kind = kind
            self.writable = kind != fcntl.F_RDLCK
            self.method = "observed" if kind is None else "lease"
            self._stat = calls.fstat(fd)
            self._seen = b""
            self.closed = False

        @property
        def links(self) -> int:
            return self._stat.st_nlink

        def read(self) -> bytes:
            self._seen = _read_all(self._calls, self._fd)
            return self._seen

        def write_at(self, offset: int, old: bytes, new: bytes) -> None:
            if self._kind is None:
                self._write_observed(offset, old, new)
                return
            try:
                self._put(offset, new)
                self._calls.fsync(self._fd)
            except OSError:
                with contextlib.suppress(OSError):
                    self._put(offset, old)
                raise

        def _write_observed(self, offset: int, old: bytes, new: bytes) -> None:
            seen, end = self._seen, offset + len(new)
            if self.read() != seen:
                raise Busy("another program changed it in this moment")
            try:
                self._put(offset, new)
            except OSError:
                with contextlib.suppress(OSError):
                    self._put(offset, old)
                raise
            now = self.read()
            # Lines that were appended meanwhile are where they belong.
            if not now.startswith(seen[:offset] + new + seen[end:]):
                if now[offset:end] == new:
                    raise Collided
                raise Busy("another program wrote over it in this moment")
            self._calls.fsync(self._fd)

        def _put(self, offset: int, data: bytes) -> None:
            if self._calls.pwrite(self._fd, data, offset) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def is_at(self, path: Path) -> bool:
            try:
                now = self._calls.lstat(path)
            except FileNotFoundError:
                return False
            return (now.st_dev, now.st_ino) == (self._stat.st_dev, self._stat.st_ino)

        def wanted(self) -> bool:
            return self._kind is not None and self._calls.leased(self._fd) == fcntl.F_UNLCK

        def rewrite(self, data: bytes) -> None:
            self._calls.truncate(self._fd)
            self._put(0, data)

        def close(self) -> None:
            if not self.closed:
                self.closed = True
                self._calls.close(self._fd)  # closing gives the lease back

    class LinuxFiles:
        """`FilePlatform` for Linux."""

        exchange_while_held = True

        def __init__(self, calls: Calls | None = None, pause: Pause = time.sleep) -> None:
            self._calls = calls or Calls()
            self._pause = pause

        @contextlib.contextmanager
        def hold(self, path: Path, *, readers: bool) -> Iterator[Held]:
            """Write lease, or a read lease when only readers have the file open."""
            held = self._take(path, os.O_RDWR, fcntl.F_WRLCK)
            if held is None and readers:
                held = self._take(path, os.O_RDONLY, fcntl.F_RDLCK)
            if held is None:
                raise Busy("another program has it open")
            try:
                yield held
            finally:
                held.close()

        def _take(self, path: Path, flags: int, kind: int) -> _HeldFile | None:
            fd = self._open(path, flags)
            try:
                try:
                    if self._lease(fd, kind):
                        return _HeldFile(self._calls, fd, kind)
                except _NotOwner:
                    self._observe(fd, _QUIET)
                    return _HeldFile(self._calls, fd, None)
            except BaseException:
                self._calls.close(fd)
                raise
            self._calls.close(fd)
            return None

        def make_twin(self, path: Path, data: bytes) -> Path:
            old = self._calls.stat(path)
            twin = unfinished(path)
            fd = self._calls.open(twin, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            try:
                try:
                    view = memoryview(data)
                    while view:
                        view = view[self._calls.write(fd, view) :]
                    mine = self._calls.fstat(fd)
                    if (mine.st_uid, mine.st_gid) != (old.st_uid, old.st_gid):
                        self._give(fd, mine, old)
                    _copy_attributes(self._calls, path, fd)
                    self._calls.fchmod(fd, stat.S_IMODE(old.st_mode))
                    self._calls.fsync(fd)
                finally:
                    self._calls.close(fd)
            except BaseException:
                with contextlib.suppress(OSError):
                    twin.unlink()
                raise
            return twin

        def grow(self, twin: Path, data: bytes) -> None:
            fd = self._calls.open(twin, os.O_WRONLY | os.O_APPEND)
            try:
                view = memoryview(data)
                while view:
                    view = view[self._calls.write(fd, view) :]
                self._calls.fsync(fd)
            finally:
                self._calls.close(fd)

        def _give(self, fd: int, mine: os.stat_result, like: os.stat_result) -> None:
            """Owner and group of another file: both must be had."""
            try:
                self._calls.fchown(fd, like.st_uid, like.st_gid)
            except PermissionError:
                if mine.st_uid == like.st_uid:
                    raise
                raise NoGuard(
                    f"the file belongs to {_user_name(like.st_uid)}, and a change that moves bytes"
                    " in it would make it yours; edit it by hand, or let its owner do it"
                ) from None

        def exchange(self, twin: Path, path: Path) -> None:
            try:
                self._calls.exchange(twin, path)
            except OSError as error:
                if error.errno in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
                    raise NoGuard("this file system cannot exchange two files") from error
                raise
            # The swap is done. Should the folder not reach the disk before a power cut, the old
            # file is there again, whole: no reason to report a failure.
            with contextlib.suppress(OSError):
                folder = self._calls.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    self._calls.fsync(folder)
                finally:
                    self._calls.close(folder)

        def settled(self, path: Path) -> bytes:
            fd = self._open(path, os.O_RDONLY)
            try:
                try:
                    if not self._lease(fd, fcntl.F_RDLCK):
                        raise Busy("another program is writing to it")
                except _NotOwner:
                    raise Busy("it has become somebody else's") from None
                data = _read_all(self._calls, fd)
                if self._calls.leased(fd) != fcntl.F_RDLCK:
                    raise Busy("another program is about to write to it")
                return data
            finally:
                self._calls.close(fd)

        def _observe(self, fd: int, seconds: float) -> None:
            before = self._calls.fstat(fd)
            data = _read_all(self._calls, fd)
            self._pause(seconds)
            after = self._calls.fstat(fd)
            same = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
            if not same or _read_all(self._calls, fd) != data:
                raise Busy("another program is writing to it")

        def discard(self, twin: Path) -> None:
            self._calls.unlink(twin)

        def _open(self, path: Path, flags: int) -> int:
            try:
                # O_NONBLOCK: a lease of another cockpit answers at once instead of waiting.
                fd = self._calls.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
            except BlockingIOError as error:
                raise Busy("another program is editing it") from error
            try:
                mode = self._calls.fstat(fd).st_mode
                if not stat.S_ISREG(mode):
                    code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
                    raise OSError(code, os.strerror(code), str(path))
            except BaseException:
                self._calls.close(fd)
                raise
            return fd

        def _lease(self, fd: int, kind: int) -> bool:
            try:
                self._calls.lease(fd, kind)
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno == errno.EACCES:
                    raise _NotOwner from error
                if error.errno in (errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP):
                    raise NoGuard("this file system has no leases") from error
                raise
            return True

    def _user_name(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"user {uid}"

    def _read_all(calls: Calls, fd: int) -> bytes:
        parts: list[bytes] = []
        offset = 0
        while part := calls.pread(fd, 1 << 20, offset):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _copy_attributes(calls: Calls, source: Path, fd: int) -> None:
        """Access control list and label must stay; others are copied where that is allowed."""
        try:
            names = os.listxattr(source)
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                return
            raise
        for name in names:
            try:
                calls.copy_attribute(source, fd, name)
            except OSError:
                if name in _SHARED_ATTRIBUTES or name.startswith("user."):
                    raise
