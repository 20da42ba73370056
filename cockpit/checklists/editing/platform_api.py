"""The interface of the file writer to the operating system; each platform implements it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Protocol


class Busy(Exception):
    """Another program has the file open in a way that forbids the act now; it may pass."""


class NoGuard(Exception):
    """This file system or this user cannot keep other programs out: the text says why."""


class Collided(Exception):
    """Another program, which could not be kept out, wrote at the very moment we did."""


class Held(Protocol):
    """An open file that no other program can open until it is let go."""

    @property
    def method(self) -> str:
        """How others are kept out: `lease`, `share-mode`; or not: `observed`, `checked`."""

    @property
    def writable(self) -> bool:
        """False when other programs may still be reading: then it may only be exchanged."""

    @property
    def links(self) -> int:
        """Number of names (hard links) of the file."""

    def read(self) -> bytes:
        """The whole file."""

    def write_at(self, offset: int, old: bytes, new: bytes) -> None:
        """Put `new` at `offset` in place of `old` (as long), in one write, on disk.

        When that fails half-way, `old` is put back before the error is raised.
        """

    def is_at(self, path: Path) -> bool:
        """True while `path` names this file: false after somebody replaced it."""

    def wanted(self) -> bool:
        """True when another program is waiting to write to it."""

    def rewrite(self, data: bytes) -> None:
        """Give a file that is nobody's any more another content."""

    @property
    def closed(self) -> bool:
        """Whether it was let go."""

    def close(self) -> None:
        """Let go of it; a second time does nothing."""


class FilePlatform(Protocol):
    """Acts on files that other programs write to at the same time."""

    @property
    def exchange_while_held(self) -> bool:
        """Whether a held file can be exchanged before it is let go."""

    def hold(self, path: Path, *, readers: bool) -> AbstractContextManager[Held]:
        """Keep everybody else out of a regular file.

        Args:
            path: no symbolic link.
            readers: when programs have it open for reading, let them, and keep writers out.

        Raises:
            Busy: somebody has it open.
            NoGuard: nobody can be kept out here.
            OSError: it cannot be opened.
        """

    def make_twin(self, path: Path, data: bytes) -> Path:
        """A file beside `path` with these bytes, on disk, with its owner, mode and attributes."""

    def grow(self, twin: Path, data: bytes) -> None:
        """Put these bytes at the end of a file made by `make_twin`, on disk."""

    def exchange(self, twin: Path, path: Path) -> None:
        """Swap two files: nobody ever sees `path` missing or half written."""

    def settled(self, path: Path) -> bytes:
        """The bytes of a file that nobody can be writing to any more.

        Raises:
            Busy: somebody still may.
        """

    def discard(self, twin: Path) -> None:
        """Remove a file made by `make_twin` or displaced by `exchange`."""


Pause = Callable[[float], None]
"""Waits that many seconds; tests pass one that does not."""


@cache
def this_platform() -> FilePlatform:
    """The platform of this machine: leases on Linux, share modes on Windows, checked writes
    elsewhere."""
    if sys.platform == "linux":
        from cockpit.checklists.editing.platform_linux import LinuxFiles

        return LinuxFiles()
    if sys.platform == "win32":
        from cockpit.checklists.editing.platform_windows import WindowsFiles

        return WindowsFiles()
    from cockpit.checklists.editing.platform_other import OtherFiles

    return OtherFiles()
