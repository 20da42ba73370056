"""Whether git, and not an editor, restored the old state of an item.

That another commit is checked out proves nothing, and neither does that git's index knows the file:
`git status` and `git add` note whatever lies on disk. Git wrote the file when

- it was made while git held the lock of the index as it is now, and the index knows it (checkout,
  restore, reset, stash, a branch switch), or
- the file is the one of the present commit, and git had checked out another version of it since the
  edit, or put one with the edit on the stash.

The item's state came through git as well when a commit since the edit had the new one and the
present commit has the old one, whatever else is in the file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cockpit import git
from cockpit.checklists.editing.anchor import locate
from cockpit.checklists.editing.writer import EditResult
from cockpit.checklists.errors import AnchorAmbiguous, AnchorLost, CommitRefused
from cockpit.checklists.git.repository import Repository, repository_of
from cockpit.checklists.parsing.cache import CACHE
from cockpit.checklists.parsing.items import Status

_SOON = 1_000_000_000
"""Nanoseconds between a file and the index within which, where births are not known, one git
command has written both."""
_MOST = 200
"""Entries of a reflog that are looked at."""


def restored(
    path: Path, edit: EditResult, *, head_before: str | None, since: datetime
) -> bool | None:
    """Whether git restored the state before `edit`; None where only a filter that the repository
    names could tell. Asks git; changes nothing and runs nothing that the repository names.

    Args:
        path: the file that was edited.
        edit: whose item has its old state again.
        head_before: the commit that was checked out at the edit; None: not known.
        since: when the edit was made, aware UTC.
    """
    repository = repository_of(path)
    if repository is None:
        return False
    try:
        name = repository.relative(path)
        head, staged = _blobs(repository, [f"HEAD:{name}", f":{name}"])
        disk = _blob_of(repository, path, name, staged)
    except (OSError, ValueError, CommitRefused):
        return False
    if disk is None:
        return None
    if disk in (head, staged) and _written_by_git(repository, path, name):
        return True
    commits = _commits(repository, "HEAD", head_before, since)
    former = set(_blobs(repository, [f"{commit}:{name}" for commit in commits])) - {head, None}
    if former and disk == head:
        return True
    stashed = set()
    if disk == head:
        stashes = _commits(repository, "refs/stash", None, since)
        stashed = set(_blobs(repository, [f"{commit}:{name}" for commit in stashes])) - {None}
    after = (_state(repository, blob, edit) for blob in (former or stashed))
    return edit.status_after in after and _state(repository, head, edit) is edit.status_before


def _written_by_git(repository: Repository, path: Path, name: str) -> bool:
    """Whether the file was made under the lock that the present index came from."""
    try:
        made = path.stat().st_mtime_ns
        index = repository.folder / "index"
        written = index.stat().st_mtime_ns
    except OSError:
        return False
    noted = repository.ask("ls-files", "--debug", "--", f":(literal){name}") or b""
    seconds, nanoseconds = divmod(made, 1_000_000_000)
    if f"mtime: {seconds}:{nanoseconds}\n".encode() not in noted:
        return False
    locked, born = born_ns(index), born_ns(path)
    if locked is None or born is None:
        return abs(written - made) <= _SOON
    # Git makes a file anew; what was made before the lock is an editor's, noted afterwards.
    return locked <= born


def _commits(
    repository: Repository, ref: str, head_before: str | None, since: datetime
) -> list[str]:
    """What `ref` stood at since the edit, by its reflog, whose times are whole seconds."""
    shown = ("--no-patch", "--no-ext-diff", "--no-textconv", "--date=unix", "--format=%H %gd")
    words = ("log", "-g", f"-{_MOST}", *shown, ref, "--")
    listed = (repository.ask(*words) or b"").decode("utf-8", "replace")
    at_edit = int(since.timestamp())
    entries: list[tuple[str, int]] = []
    for line in listed.splitlines():
        commit, _, selector = line.partition(" ")
        moment = selector.rpartition("{")[2].rstrip("}")
        entries.append((commit, int(moment) if moment.isdigit() else 0))
    later = [number for number, (_, moment) in enumerate(entries) if moment >= at_edit]
    end = later[-1] + 1 if later else 0
    # Within the second of the edit: all that came after the first time its commit was out.
    cuts = [
        number
        for number, (commit, moment) in enumerate(entries[: end + 1])
        if commit == head_before and moment <= at_edit
    ]
    found = [commit for commit, _ in entries[: min([end, *cuts[-1:]])]]
    return list(dict.fromkeys([head_before, *found] if head_before is not None else found))


def _blob_of(repository: Repository, path: Path, name: str, staged: str | None) -> str | None:
    """The blob git would make of the file, line ends considered.

    A filter would make another one of it, and is not run: then it is what the index notes of the
    very file that lies there, and None where the index notes another one.
    """
    try:
        named = git.ask_names(repository.root)
        told = git.run(git.filter_question(repository.root, (name,))) if named.filters else b""
    except git.GitError:
        return staged if staged is not None and _noted(repository, path, name) else None
    if git.filtered_by(told, named):
        return staged if staged is not None and _noted(repository, path, name) else None
    words = ("hash-object", "--stdin", "--path", name)
    return repository.look(*words, data=path.read_bytes(), named=named).decode().strip()


def _noted(repository: Repository, path: Path, name: str) -> bool:
    """Whether the index notes this file, by its time and size: so git left it, or looked at it."""
    try:
        facts = path.stat()
    except OSError:
        return False
    told = repository.ask("ls-files", "--debug", "--", f":(literal){name}") or b""
    seconds, nanoseconds = divmod(facts.st_mtime_ns, 1_000_000_000)
    size = re.search(rb"\bsize: (\d+)", told)
    same_time = f"mtime: {seconds}:{nanoseconds}\n".encode() in told
    return same_time and size is not None and int(size[1]) == facts.st_size


def _blobs(repository: Repository, names: Iterable[str]) -> list[str | None]:
    """The blobs of `COMMIT:path`s; None for what is not there."""
    asked = list(names)
    if not asked:
        return []
    told = repository.look(
        "cat-file", "--batch-check", data="".join(f"{name}\n" for name in asked).encode()
    )
    fields = [line.split(b" ") for line in told.splitlines()]
    return [each[0].decode() if each[1:2] == [b"blob"] else None for each in fields]


def _state(repository: Repository, blob: str | None, edit: EditResult) -> Status | None:
    """The item's state in a version of the file; None when it is not there for certain."""
    data = repository.ask("cat-file", "blob", blob) if blob is not None else None
    if data is None:
        return None
    try:
        return locate(CACHE.parse(data), edit.anchor).status
    except (AnchorLost, AnchorAmbiguous):
        return None


if sys.platform == "linux":
    import ctypes
    import os
    import struct

    _BIRTH = 0x800
    """`STATX_BTIME`, as mask asked for and mask of what was found (statx(2))."""
    _HERE = -100
    _SIZE = 256
    _AT = 0x50
    """Offset of `stx_btime`: seconds as int64, nanoseconds as uint32."""

    def born_ns(path: Path) -> int | None:
        """Nanoseconds since the epoch at which the file was made; None where nobody knows."""
        statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
        if statx is None:
            return None
        found = ctypes.create_string_buffer(_SIZE)
        if statx(_HERE, os.fsencode(path), 0, _BIRTH, found) != 0:
            return None
        (mask,) = struct.unpack_from("=I", found, 0)
        if not mask & _BIRTH:
            return None
        seconds, nanoseconds = struct.unpack_from("=qI", found, _AT)
        return int(seconds) * 1_000_000_000 + int(nanoseconds)

elif sys.platform == "darwin":

    def born_ns(path: Path) -> int | None:
        """Nanoseconds since the epoch at which the file was made; None where nobody knows."""
        try:
            return int(path.stat().st_birthtime * 1_000_000_000)
        except OSError:
            return None

else:

    def born_ns(path: Path) -> int | None:
        """None: on NTFS a file inherits the birth of the one that had its name before."""
        return None
