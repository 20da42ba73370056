"""A bounded look at the files below a folder: what is worth opening, and no more."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from cockpit import git
from cockpit.checklists.parsing.file_io import open_regular
from cockpit.text import drawable, sanitize

MOST_FILES = 20_000
DEEPEST = 6
_SKIPPED = frozenset(
    {"node_modules", "__pycache__", "site-packages", "dist", "build", "target", "vendor", "htmlcov"}
)
_PECULIAR = frozenset('*?[]"\\$')
_GIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One regular file: `name` is its path below the folder with slashes, size in bytes, mtime in
    seconds since 1970."""

    path: Path
    name: str
    size: int
    modified: float

    @property
    def depth(self) -> int:
        return self.name.count("/")

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem


@dataclass(slots=True)
class Walk:
    """The files found, nearest first; `stopped` says why the look ended early, or is empty.

    `unfit` are the names of files and folders that were passed over because no config could hold
    them, made fit to be drawn.
    """

    entries: list[Entry] = field(default_factory=list)
    stopped: str = ""
    unfit: list[str] = field(default_factory=list)


def walk(folder: Path, suffixes: Iterable[str], over: Callable[[], bool]) -> Walk:
    """Files below `folder` with one of these suffixes (lower case), folder by folder.

    Passed over: hidden folders, virtual environments, what package managers and builds make,
    symbolic links to folders, and names that a config could not hold or a terminal not show
    (these are told of).
    Ends when `over()` says so or after MOST_FILES files of any kind.
    """
    wanted = tuple(suffixes)
    found = Walk()
    waiting: deque[tuple[Path, str]] = deque([(folder, "")])
    seen = 0
    while waiting:
        here, prefix = waiting.popleft()
        for entry in _listed(here):
            if seen >= MOST_FILES:
                found.stopped = f"more than {MOST_FILES} files: the rest was not looked at"
                return found
            if over():
                found.stopped = "time was up: the rest was not looked at"
                return found
            seen += 1
            if _unfit(entry.name):
                if entry.name.lower().endswith(wanted) or _is_folder(entry):
                    found.unfit.append(sanitize(prefix + entry.name, limit=60))
                continue
            name = prefix + entry.name
            if _is_folder(entry):
                if prefix.count("/") < DEEPEST and not _skipped(entry):
                    waiting.append((Path(entry.path), f"{name}/"))
            elif entry.name.lower().endswith(wanted):
                found.entries += _entry(entry, name)
    return found


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    entries: list[os.DirEntry[str]] = []
    try:
        with os.scandir(folder) as listing:
            for entry in listing:
                entries.append(entry)
                if len(entries) > MOST_FILES:
                    break
    except OSError:
        return []
    return sorted(entries, key=lambda entry: entry.name)


def _unfit(name: str) -> bool:
    return bool(_PECULIAR & set(name)) or drawable(name) != name or not name.isprintable()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _skipped(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name in _SKIPPED:
        return True
    try:
        return (Path(entry.path) / "pyvenv.cfg").is_file()
    except OSError:
        return True


def _entry(entry: os.DirEntry[str], name: str) -> list[Entry]:
    try:
        facts = entry.stat()
    except OSError:
        return []
    if not stat.S_ISREG(facts.st_mode):
        return []
    return [Entry(Path(entry.path), name, facts.st_size, facts.st_mtime)]


def read(entry: Entry, limit: int) -> bytes | None:
    """The file's bytes; None when it is larger than `limit` or can't be read."""
    if entry.size > limit:
        return None
    try:
        with open_regular(entry.path) as file:
            body = file.read(limit + 1)
    except OSError:
        return None
    return body if len(body) <= limit else None


def ignored_by_git(folder: Path, names: list[str]) -> set[str]:
    """Those of `names` (below `folder`) that git ignores; none where git can't tell."""
    if not names:
        return set()
    data = "\0".join(names).encode("utf-8", "surrogateescape")
    try:
        call = git.look(folder, "check-ignore", "-z", "--stdin")
        done = git.completed(call, data=data, timeout=_GIT_SECONDS)
    except git.GitError:
        return set()
    return set(done.stdout.decode("utf-8", "replace").split("\0")) - {""}
