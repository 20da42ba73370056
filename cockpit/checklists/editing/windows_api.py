"""The Win32 calls the checklist writer needs, thin enough to be replaced by a fake in a test.

Sources: CreateFileW, ReadFile, WriteFile, SetFilePointerEx, FlushFileBuffers, ReplaceFileW and
GetFileInformationByHandle in Microsoft's Win32 reference.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple, Protocol

SHARING_VIOLATION = 32
LOCK_VIOLATION = 33
ACCESS_DENIED = 5
FILE_NOT_FOUND = 2
PATH_NOT_FOUND = 3
WRITE_PROTECT = 19
DISK_FULL = 112
USER_MAPPED_FILE = 1224
UNABLE_TO_REMOVE_REPLACED = 1175
UNABLE_TO_MOVE_REPLACEMENT = 1176
UNABLE_TO_MOVE_REPLACEMENT_2 = 1177


class ApiFailure(Exception):
    """A call failed with a Windows error code."""

    def __init__(self, code: int, call: str) -> None:
        self.code = code
        self.call = call
        super().__init__(f"{call} failed with Windows error {code}")


class FileIdentity(NamedTuple):
    """Volume serial number and file number name a file; `links` counts its names."""

    volume: int
    number: int
    links: int


class WindowsApi(Protocol):
    """See the Win32 reference for each; every failure is an `ApiFailure`."""

    def open_exclusive(self, path: Path, *, write: bool) -> int:
        """CreateFileW with share mode 0: fails while anybody else has the file open."""

    def identity(self, handle: int) -> FileIdentity:
        """GetFileInformationByHandle."""

    def identity_of(self, path: Path) -> FileIdentity | None:
        """The same for a path, opened with no access rights; None when it does not exist."""

    def read(self, handle: int, size: int) -> bytes:
        """ReadFile from the current position."""

    def seek(self, handle: int, offset: int) -> None:
        """SetFilePointerEx from the start."""

    def write(self, handle: int, data: bytes) -> int:
        """WriteFile at the current position; bytes written."""

    def flush(self, handle: int) -> None:
        """FlushFileBuffers."""

    def close(self, handle: int) -> None:
        """CloseHandle."""

    def replace(self, path: Path, replacement: Path, backup: Path) -> None:
        """ReplaceFileW: `path` becomes `replacement`, and what it was becomes `backup`."""


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _GENERIC_READ = 0x80000000
    _GENERIC_WRITE = 0x40000000
    _SHARE_ALL = 0x7
    _OPEN_EXISTING = 3
    _ATTRIBUTE_NORMAL = 0x80
    _BACKUP_SEMANTICS = 0x02000000
    _INVALID_HANDLE = wintypes.HANDLE(-1).value
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)

    class _Information(ctypes.Structure):
        """BY_HANDLE_FILE_INFORMATION."""

        _fields_ = (
            ("attributes", wintypes.DWORD),
            ("created", wintypes.FILETIME),
            ("accessed", wintypes.FILETIME),
            ("written", wintypes.FILETIME),
            ("volume", wintypes.DWORD),
            ("size_high", wintypes.DWORD),
            ("size_low", wintypes.DWORD),
            ("links", wintypes.DWORD),
            ("index_high", wintypes.DWORD),
            ("index_low", wintypes.DWORD),
        )

    _kernel.CreateFileW.argtypes = (
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.HANDLE,
    )
    _kernel.CreateFileW.restype = wintypes.HANDLE
    _kernel.ReadFile.argtypes = (
        wintypes.HANDLE,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.LPDWORD,
        wintypes.LPVOID,
    )
    _kernel.WriteFile.argtypes = (
        wintypes.HANDLE,
        wintypes.LPCVOID,
        wintypes.DWORD,
        wintypes.LPDWORD,
        wintypes.LPVOID,
    )
    _kernel.SetFilePointerEx.argtypes = (
        wintypes.HANDLE,
        wintypes.LARGE_INTEGER,
        wintypes.LPVOID,
        wintypes.DWORD,
    )
    _kernel.FlushFileBuffers.argtypes = (wintypes.HANDLE,)
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel.GetFileInformationByHandle.argtypes = (wintypes.HANDLE, wintypes.LPVOID)
    _kernel.ReplaceFileW.argtypes = (
        wintypes.LPCWSTR,
        wintypes.LPCWSTR,
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.LPVOID,
    )

    def _check(succeeded: object, call: str) -> None:
        if not succeeded:
            raise ApiFailure(ctypes.get_last_error(), call)

    class Kernel32:
        """`WindowsApi` on the real system."""

        def open_exclusive(self, path: Path, *, write: bool) -> int:
            access = _GENERIC_READ | (_GENERIC_WRITE if write else 0)
            return self._open(path, access, 0, _ATTRIBUTE_NORMAL)

        def _open(self, path: Path, access: int, share: int, flags: int) -> int:
            handle = _kernel.CreateFileW(
                str(path), access, share, None, _OPEN_EXISTING, flags, None
            )
            _check(handle not in (None, _INVALID_HANDLE), "CreateFileW")
            return int(handle)

        def identity(self, handle: int) -> FileIdentity:
            found = _Information()
            _check(
                _kernel.GetFileInformationByHandle(handle, ctypes.byref(found)),
                "GetFileInformationByHandle",
            )
            number = (int(found.index_high) << 32) | int(found.index_low)
            return FileIdentity(int(found.volume), number, int(found.links))

        def identity_of(self, path: Path) -> FileIdentity | None:
            try:
                handle = self._open(path, 0, _SHARE_ALL, _BACKUP_SEMANTICS)
            except ApiFailure as failure:
                if failure.code in (FILE_NOT_FOUND, PATH_NOT_FOUND):
                    return None
                raise
            try:
                return self.identity(handle)
            finally:
                self.close(handle)

        def read(self, handle: int, size: int) -> bytes:
            buffer = ctypes.create_string_buffer(size)
            count = wintypes.DWORD()
            _check(_kernel.ReadFile(handle, buffer, size, ctypes.byref(count), None), "ReadFile")
            return buffer.raw[: count.value]

        def seek(self, handle: int, offset: int) -> None:
            _check(_kernel.SetFilePointerEx(handle, offset, None, 0), "SetFilePointerEx")

        def write(self, handle: int, data: bytes) -> int:
            count = wintypes.DWORD()
            _check(
                _kernel.WriteFile(handle, data, len(data), ctypes.byref(count), None), "WriteFile"
            )
            return int(count.value)

        def flush(self, handle: int) -> None:
            _check(_kernel.FlushFileBuffers(handle), "FlushFileBuffers")

        def close(self, handle: int) -> None:
            _check(_kernel.CloseHandle(handle), "CloseHandle")

        def replace(self, path: Path, replacement: Path, backup: Path) -> None:
            done = _kernel.ReplaceFileW(str(path), str(replacement), str(backup), 0, None, None)
            _check(done, "ReplaceFileW")
