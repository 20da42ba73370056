"""The files and patterns a watcher watches: their folders, names and signatures.

Blocking file system calls: on a network drive that hangs they hang, so they run in threads.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

Signature = tuple[int, int, int] | None
"""(mtime in nanoseconds, size in bytes, inode); None: there is no such file."""


@dataclass(frozen=True, slots=True)
class WatchTarget:
    """A watched file in a folder, or every file there whose name fits a pattern."""

    folder: Path
    name: str
    is_pattern: bool

    @classmethod
    def of(cls, path: str | Path) -> WatchTarget:
        """The target of a path or pattern. ValueError for a wildcard in the folder part."""
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links
        if any(sign in str(absolute.parent) for sign in "*?"):
            raise ValueError(
                f"{path}: a wildcard can stand in the file name only, not in the folder"
            )
        pattern = any(sign in absolute.name for sign in "*?[")
        return cls(absolute.parent, absolute.name, pattern)

    def covers(self, path: Path) -> bool:
        """Whether `path` (absolute) is this file or fits this pattern."""
        if path.parent != self.folder:
            return False
        return self._fits(path.name)

    def _fits(self, name: str) -> bool:
        if os.path.normcase(name) == os.path.normcase(self.name):
            return True  # also a file whose real name has brackets
        return self.is_pattern and fnmatch.fnmatch(name, self.name)

    def files(self) -> list[Path]:
        """The present files of the target; the file itself also when it does not exist."""
        if not self.is_pattern:
            return [self.folder / self.name]
        try:
            with os.scandir(self.folder) as found:
                names = [one.name for one in found if self._fits(one.name)]
        except OSError:
            return []
        return [self.folder / name for name in names]


def signature(path: Path) -> Signature:
    """The signature of a file, which differs when the file does; links are followed."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def signatures(paths: Iterable[str | Path]) -> dict[Path, Signature]:
    """The signature of every file that exists; the name of a path may be a pattern."""
    found: dict[Path, Signature] = {}
    for path in paths:
        with contextlib.suppress(ValueError):  # a wildcard in the folder means no file
            for file in WatchTarget.of(path).files():
                if (seen := signature(file)) is not None:
                    found[file] = seen
    return found


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders to watch (real paths, with device and inode) and what an event in them means.

    `owners` maps a real folder to the folders of entries it stands for; `links` maps a real file to
    the entry path that is a link to it.
    """

    watched: frozenset[tuple[str, int, int]]
    owners: dict[str, tuple[Path, ...]]
    links: dict[str, tuple[Path, ...]]

    @property
    def paths(self) -> list[str]:
        return sorted({path for path, _, _ in self.watched})


def folders_to_watch(entries: Iterable[WatchTarget]) -> Folders:
    """The existing folders to watch for `entries`.

    For a folder that does not exist its nearest existing ancestor is watched, so that its creation
    is seen. For a file that is a link, the folder of its target is watched as well.
    """
    watched: set[tuple[str, int, int]] = set()
    owners: dict[str, tuple[Path, ...]] = {}
    links: dict[str, tuple[Path, ...]] = {}

    def add(folder: Path) -> str | None:
        real = os.path.realpath(folder)
        try:
            found = os.stat(real)  # noqa: PTH116
        except OSError:
            return None
        watched.add((real, found.st_dev, found.st_ino))
        return real

    for entry in entries:
        existing = entry.folder
        while not existing.is_dir() and existing != existing.parent:
            existing = existing.parent
        real = add(existing)
        if real is not None and existing == entry.folder:
            owners[real] = tuple(dict.fromkeys((*owners.get(real, ()), entry.folder)))
        path = entry.folder / entry.name
        if not entry.is_pattern and path.is_symlink():
            target = os.path.realpath(path)
            if add(Path(target).parent) is not None:
                links[target] = (*links.get(target, ()), path)
    return Folders(frozenset(watched), owners, links)
