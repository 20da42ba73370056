"""The index of a repository: stage a commit's paths beforehand, and take them back if none is made.

A commit whose paths are staged first is harmless at every moment: cut short before the branch
moves it leaves a change staged that the file on disk has, cut short afterwards it leaves nothing.
The other way round the index would hold the reverse of the commit, for anybody's next one.
"""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cockpit import git
from cockpit.checklists.errors import CommitRefused
from cockpit.checklists.git.repository import Repository

Merge = Callable[[str, bytes], bytes | None]
"""A staged version of a path with the commit's change put in; None when there is no place."""
_NONE = "0" * 40


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A path as a tree or an index has it; `mode` "0": it has it not."""

    mode: str
    blob: str

    @property
    def there(self) -> bool:
        """Whether the tree or index has such a file."""
        return self.mode != "0"


ABSENT = IndexEntry("0", _NONE)


@dataclass(frozen=True, slots=True)
class IndexChange:
    """A path that differs between two trees."""

    path: str
    before: IndexEntry
    after: IndexEntry


@dataclass(frozen=True, slots=True)
class Staged:
    """Entries that were staged, with what had stood there before."""

    repository: Repository
    before: Mapping[str, IndexEntry]
    after: Mapping[str, IndexEntry]
    notes: tuple[str, ...]

    def take_back(self) -> None:
        """Restore what had stood there, wherever nobody has staged anything else since."""
        now = _entries(self.repository, self.after)
        back = {
            path: self.before[path]
            for path, entry in self.after.items()
            if now.get(path, ABSENT) == entry
        }
        _write(self.repository, back)


def changes(repository: Repository, old: str, new: str) -> tuple[IndexChange, ...]:
    """The paths in which two trees or commits differ."""
    words = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", old, new)
    fields = repository.run(*words).split(b"\0")
    found = []
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        mode, new_mode, blob, new_blob, _ = about.decode().removeprefix(":").split(" ")
        name = os.fsdecode(path)
        found.append(IndexChange(name, _entry(mode, blob), _entry(new_mode, new_blob)))
    return tuple(found)


def stage(repository: Repository, wanted: Iterable[IndexChange], merge: Merge) -> Staged:
    """Bring changes into the index, all in one go, and keep whatever else is staged there.

    Raises:
        CommitRefused: the index can't be written; nothing was staged.
    """
    wanted = tuple(wanted)
    now = _entries(repository, [change.path for change in wanted])
    after: dict[str, IndexEntry] = {}
    notes: list[str] = []
    for change in wanted:
        staged = now.get(change.path, ABSENT)
        if staged in (change.before, change.after):
            after[change.path] = change.after
        elif not staged.there:
            notes.append(f"{change.path} is staged for removal; that stays so")
        else:
            held = repository.run("cat-file", "blob", staged.blob)
            merged = merge(change.path, held)
            if merged is None and change.before.there and change.after.there:
                merged = _merged(repository, held, change)
                merged = None if merged == held else merged
            if merged is None:
                notes.append(f"{change.path}: a staged version without this change was kept")
            else:
                after[change.path] = replace(staged, blob=store(repository, merged))
    before = {path: now.get(path, ABSENT) for path in after}
    _write(repository, {path: entry for path, entry in after.items() if before[path] != entry})
    return Staged(repository, before, after, tuple(notes))


def store(repository: Repository, data: bytes) -> str:
    """Store bytes as a blob; its name."""
    return repository.run("hash-object", "-w", "--stdin", data=data).decode().strip()


def carried_in(planned: bytes, around: bytes, made: bytes) -> bool:
    """Whether `made`, the committed version, holds changes that only the file on disk had. Pure.

    Args:
        planned: what was to be committed.
        around: the file on disk at that time, with everybody's changes.
        made: what a hook made of `planned`.
    """
    foreign, own = _hunks(planned, around), _hunks(planned, made)
    return any(
        own_start <= start <= own_end if start == end else max(start, own_start) < min(end, own_end)
        for start, end in foreign
        for own_start, own_end in own
    )


def _hunks(old: bytes, new: bytes) -> list[tuple[int, int]]:
    """The lines of `old`, as half-open ranges, that `new` has otherwise."""
    matcher = difflib.SequenceMatcher(
        None, old.splitlines(keepends=True), new.splitlines(keepends=True), autojunk=False
    )
    return [(start, end) for tag, start, end, _, _ in matcher.get_opcodes() if tag != "equal"]


def _entry(mode: str, blob: str) -> IndexEntry:
    return IndexEntry(mode, blob) if mode.strip("0") else ABSENT


def _entries(repository: Repository, paths: Iterable[str]) -> dict[str, IndexEntry]:
    """The paths as the index has them; those it has not are left out."""
    literal = [f":(literal){path}" for path in paths]
    found: dict[str, IndexEntry] = {}
    if not literal:
        return found
    for line in repository.run("ls-files", "--stage", "-z", "--", *literal).split(b"\0"):
        about, _, path = line.partition(b"\t")
        if path:
            mode, blob, _ = about.decode().split(" ")
            found[os.fsdecode(path)] = _entry(mode, blob)
    return found


def _write(repository: Repository, entries: Mapping[str, IndexEntry]) -> None:
    """Put entries into the index. Raises CommitRefused; then it is as it was."""
    if not entries:
        return
    none = "0" * len(repository.head() or _NONE)
    lines = [
        f"{entry.mode} {entry.blob if entry.there else none}\t".encode() + os.fsencode(path)
        for path, entry in entries.items()
    ]
    repository.run("update-index", "-z", "--index-info", data=b"\0".join([*lines, b""]))


def _merged(repository: Repository, staged: bytes, change: IndexChange) -> bytes | None:
    """Three versions made one; where two changed the same lines, the staged ones stay."""
    texts = {
        "staged": staged,
        "before": repository.run("cat-file", "blob", change.before.blob),
        "after": repository.run("cat-file", "blob", change.after.blob),
    }
    with tempfile.TemporaryDirectory(prefix="cockpit-merge-", dir=repository.folder) as folder:
        for name, data in texts.items():
            (Path(folder) / name).write_bytes(data)
        try:
            call = git.act(Path(folder), "merge-file", "-p", "-q", "--ours", *texts)
            done = git.completed(call)
        except git.GitError:
            return None
    return done.stdout if done.returncode == 0 else None


def unstaged(repository: Repository, index: Path) -> frozenset[str]:
    """Paths that the files on disk have otherwise than this index, or besides it."""
    env = {"GIT_INDEX_FILE": str(index), "GIT_OPTIONAL_LOCKS": "0"}
    words = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    listed = repository.run(*words, env=env).split(b"\0")
    # "XY PATH": X tells of the index, Y of the file on disk; untracked ones are "??".
    return frozenset(os.fsdecode(line[3:]) for line in listed if line and line[1:2] != b" ")


def index_of_last_commit(repository: Repository, index: Path) -> None:
    """Make `index` hold the last commit, with what the real index knows of the files on disk."""
    real = repository.run("rev-parse", "--git-path", "index").strip()
    try:
        index.write_bytes((repository.root / os.fsdecode(real)).read_bytes())
    except FileNotFoundError:
        index.unlink(missing_ok=True)
    except OSError as error:
        raise CommitRefused(f"the index cannot be read: {error.strerror}") from error
    repository.run("read-tree", "--reset", "HEAD", env={"GIT_INDEX_FILE": str(index)})
