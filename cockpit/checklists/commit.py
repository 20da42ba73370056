"""Commit the cockpit's own edits of checklists, and nothing else.

The committed version of each file is the last commit's with our changes put in; whatever else
was changed in the file, staged or not, stays as it is. The commit is built in an index of its
own, so that the real one is touched only at the lines we committed.
"""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import CommitRefused
from .git import Repository, repository_of
from .hunks import Hunk, Put, Skipped, standing

DEFAULT_MESSAGE = "docs: update master batch checklist"

_UNDER_WAY = {
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisection",
}
_HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
_CONFLICT = re.compile(rb"^(?:<{7} |>{7} )", re.MULTILINE)
_HOOK_TIMEOUT = 300.0
"""Seconds a commit may take with its hooks."""


@dataclass(frozen=True, slots=True)
class FileCommit:
    """What would be committed of one file."""

    path: Path
    relative: str
    mode: str
    base: bytes
    """The file in the last commit."""
    ours: bytes
    """The same with our edits."""
    puts: tuple[Put, ...]
    skipped: tuple[Skipped, ...]

    def diff(self) -> str:
        """Unified diff, for people."""
        old, new = (data.decode("utf-8", "replace").split("\n") for data in (self.base, self.ours))
        lines = difflib.unified_diff(
            old, new, f"a/{self.relative}", f"b/{self.relative}", lineterm=""
        )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class CommitPlan:
    """What `commit` would do; show it first."""

    repository: Repository
    branch: str
    head: str
    message: str
    files: tuple[FileCommit, ...]
    hooks: tuple[str, ...]
    """Hooks that will run."""
    left_out: tuple[str, ...] = ()
    """Files that can't be part of it, with the reason."""

    @property
    def changed(self) -> tuple[FileCommit, ...]:
        """The files that would be committed."""
        return tuple(file for file in self.files if file.base != file.ours)

    @property
    def skipped(self) -> tuple[str, ...]:
        """What would not be committed, and why; each reason once."""
        reasons = [one.reason for file in self.files for one in file.skipped]
        return tuple(dict.fromkeys((*self.left_out, *reasons)))

    def diff(self) -> str:
        """Unified diff of all files."""
        return "\n".join(file.diff() for file in self.changed)


@dataclass(frozen=True, slots=True)
class Committed:
    """What was done."""

    commit: str
    branch: str
    files: tuple[str, ...]
    hooks: tuple[str, ...]
    output: str
    """What git and the hooks printed."""
    notes: tuple[str, ...]
    """What could not be done beside the commit itself."""


def plan_commit(
    edits: Sequence[Hunk], *, message: str = DEFAULT_MESSAGE, folder: Path | None = None
) -> CommitPlan:
    """Work out what to commit. Changes nothing.

    Args:
        edits: the recorded edits since the last commit, in order.
        message: the commit message.
        folder: where to look for the repository; by default beside the first file.

    Raises:
        CommitRefused: nothing to commit, or the repository is in a state that forbids it.
    """
    if not edits:
        raise CommitRefused("there are no edits to commit")
    repository = repository_of(folder or edits[0].path)
    if repository is None:
        raise CommitRefused(f"{edits[0].path} is not in a git repository")
    branch, head = _check(repository)
    by_path: dict[Path, list[Hunk]] = {}
    for edit in edits:
        by_path.setdefault(edit.path.resolve(), []).append(edit)
    files: list[FileCommit] = []
    left_out: list[str] = []
    for path, of_file in by_path.items():
        found = _file(repository, path, of_file)
        if isinstance(found, str):
            left_out.append(found)
        else:
            files.append(found)
    hooks = _hooks(repository)
    plan = CommitPlan(repository, branch, head, message, tuple(files), hooks, tuple(left_out))
    if not plan.changed:
        reasons = "; ".join(plan.skipped)
        raise CommitRefused(f"nothing to commit: {reasons or 'all edits are committed already'}")
    return plan


def commit(plan: CommitPlan) -> Committed:
    """Do what the plan says. Never pushes, never asks.

    Raises:
        CommitRefused: the repository changed since the plan, a hook refused, or git failed;
            nothing was committed.
    """
    repository = plan.repository
    branch, head = _check(repository)
    if (branch, head) != (plan.branch, plan.head):
        raise CommitRefused(f"{branch} has moved on since the diff was shown; look at it again")
    changed = plan.changed
    with tempfile.TemporaryDirectory(prefix="cockpit-commit-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        repository.run("read-tree", "HEAD", env=env)
        blobs = {file.relative: _blob(repository, file.ours) for file in changed}
        for file in changed:
            entry = f"{file.mode},{blobs[file.relative]},{file.relative}"
            repository.run("update-index", "--cacheinfo", entry, env=env)
        output = repository.run("commit", "--message", plan.message, env=env, timeout=_HOOK_TIMEOUT)
    new = repository.head() or ""
    notes = [note for file in changed if (note := _stage(repository, file, blobs)) is not None]
    return Committed(
        commit=new,
        branch=branch,
        files=tuple(file.relative for file in changed),
        hooks=plan.hooks,
        output=output.decode("utf-8", "replace").strip(),
        notes=tuple(notes),
    )


def _check(repository: Repository) -> tuple[str, str]:
    """Branch and commit, or a refusal."""
    for name, what in _UNDER_WAY.items():
        if (repository.folder / name).exists():
            raise CommitRefused(f"{what} is under way in {repository.root}; finish it first")
    branch = repository.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    if branch is None:
        raise CommitRefused("no branch is checked out (detached HEAD); a commit would get lost")
    if (repository.folder / "index.lock").exists():
        raise CommitRefused("another git is at work (index.lock); try again when it is done")
    head = repository.head()
    if head is None:
        raise CommitRefused("there is no commit yet; make the first one by hand")
    if repository.ask("ls-files", "--unmerged"):
        raise CommitRefused("there are unresolved conflicts; resolve them first")
    return branch.decode().strip(), head


def _file(repository: Repository, path: Path, hunks: Sequence[Hunk]) -> FileCommit | str:
    """What to commit of a file, or why it can't be a part of it."""
    try:
        relative = repository.relative(path)
    except ValueError as error:
        raise CommitRefused(f"{path} is not in {repository.root}") from error
    listed = repository.ask("ls-tree", "HEAD", "--", relative)
    base = repository.committed(path)
    if not listed or base is None:
        return f"{relative} is not in the last commit; add it by hand once"
    try:
        now = path.read_bytes()
    except OSError as error:
        raise CommitRefused(f"{relative} cannot be read: {error.strerror}") from error
    if _CONFLICT.search(now) or _CONFLICT.search(base):
        raise CommitRefused(f"{relative} holds conflict markers; resolve them first")
    ours, done, skipped = _apply(base, now, hunks)
    return FileCommit(path, relative, listed[:6].decode(), base, ours, done, skipped)


def _apply(
    base: bytes, now: bytes, hunks: Sequence[Hunk]
) -> tuple[bytes, tuple[Put, ...], tuple[Skipped, ...]]:
    """`base` with those changes that still stand in `now`."""
    puts, skipped = standing(hunks, now)
    done: list[Put] = []
    without: list[Skipped] = []
    for put in puts:
        changed = put.into(base)
        if changed is None:
            reason = f"there is no certain place for {put.name} in the last commit"
            without.append(Skipped(put.hunk, reason))
            continue
        base = changed
        done.append(put)
    return base, tuple(done), (*skipped, *without)


def _blob(repository: Repository, data: bytes) -> str:
    return repository.run("hash-object", "-w", "--stdin", data=data).decode().strip()


def _stage(repository: Repository, file: FileCommit, blobs: dict[str, str]) -> str | None:
    """Bring our lines into the real index, and keep whatever else is staged there."""
    entry = repository.ask("ls-files", "--stage", "--", file.relative)
    if not entry:
        return f"{file.relative} is staged for removal; that stays so"
    staged = repository.ask("cat-file", "blob", entry.split()[1].decode())
    if staged is None:
        return f"the staged version of {file.relative} cannot be read"
    mode = entry[:6].decode()
    blob = blobs[file.relative]
    if staged != file.base:
        for put in file.puts:
            changed = put.into(staged)
            if changed is None:
                return f"{file.relative}: a staged version without {put.name} was kept"
            staged = changed
        blob = _blob(repository, staged)
    try:
        repository.run("update-index", "--cacheinfo", f"{mode},{blob},{file.relative}")
    except CommitRefused as error:
        return f"the index could not be updated for {file.relative}: {error.message}"
    return None


def _hooks(repository: Repository) -> tuple[str, ...]:
    found = repository.ask("rev-parse", "--git-path", "hooks")
    if found is None:
        return ()
    folder = repository.root / os.fsdecode(found.strip())
    return tuple(name for name in _HOOKS if os.access(folder / name, os.X_OK))
