"""Plan a commit of the cockpit's own edits. Changes nothing.

The committed version of each file is the last commit's with our changes put in; whatever else
was changed in the file, staged or not, stays as it is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.editing.changes import Hunk, Patch, Skipped, standing_patches
from cockpit.checklists.errors import CommitRefused, NothingToCommit
from cockpit.checklists.git.hook_runs import hook_file
from cockpit.checklists.git.repository import Repository, repository_of
from cockpit.checklists.parsing.file_io import read_regular
from cockpit.text import sanitize

DEFAULT_MESSAGE = "docs: update master batch checklist"

_LONGEST_MESSAGE = 20_000
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


@dataclass(frozen=True, slots=True)
class FileCommit:
    """The part of a planned commit that is one file."""

    path: Path
    relative: str
    mode: str
    base: bytes
    """The file in the last commit."""
    ours: bytes
    """The same with our edits."""
    puts: tuple[Patch, ...]
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
    """A planned commit; show it before it is made."""

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
        """The reasons for what would not be committed, each once."""
        reasons = [one.reason for file in self.files for one in file.skipped]
        return tuple(dict.fromkeys((*self.left_out, *reasons)))

    def diff(self) -> str:
        """Unified diff of all files."""
        return "\n".join(file.diff() for file in self.changed)


def plan_commit(
    edits: Sequence[Hunk], *, message: str = DEFAULT_MESSAGE, folder: Path | None = None
) -> CommitPlan:
    """Plan a commit of recorded edits. Changes nothing.

    Args:
        edits: the recorded edits since the last commit, in order.
        message: the commit message; control characters are left out of it.
        folder: where to look for the repository; by default beside the first file.

    Raises:
        NothingToCommit: the last commit has it all, or nothing can be put into it.
        CommitRefused: the repository is in a state that forbids it, or the message says nothing.
    """
    message = clean_message(message)
    if not message:
        raise CommitRefused("the commit message is blank")
    if not edits:
        raise CommitRefused("there are no edits to commit")
    repository = repository_of(folder or edits[0].path)
    if repository is None:
        raise CommitRefused(f"{edits[0].path} is not in a git repository")
    branch, head = branch_and_head(repository)
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
    hooks = tuple(name for name in _HOOKS if hook_file(repository, name) is not None)
    plan = CommitPlan(repository, branch, head, message, tuple(files), hooks, tuple(left_out))
    if not plan.changed:
        raise NothingToCommit(plan.skipped)
    return plan


def clean_message(message: str) -> str:
    """A commit message without what a terminal would act on and without blank ends; line breaks
    stay."""
    return sanitize(message, limit=_LONGEST_MESSAGE, multiline=True).strip()


def branch_and_head(repository: Repository) -> tuple[str, str]:
    """The branch, as people name it, and its commit.

    Raises:
        CommitRefused: the repository is in a state in which nothing is to be committed.
    """
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
        now = read_regular(path)
    except OSError as error:
        raise CommitRefused(f"{relative} cannot be read: {error.strerror}") from error
    if _CONFLICT.search(now) or _CONFLICT.search(base):
        raise CommitRefused(f"{relative} holds conflict markers; resolve them first")
    ours, done, skipped = _apply(base, now, hunks)
    return FileCommit(path, relative, listed[:6].decode(), base, ours, done, skipped)


def _apply(
    base: bytes, now: bytes, hunks: Sequence[Hunk]
) -> tuple[bytes, tuple[Patch, ...], tuple[Skipped, ...]]:
    """`base` with those changes that still stand in `now`."""
    puts, skipped = standing_patches(hunks, now)
    done: list[Patch] = []
    without: list[Skipped] = []
    for put in puts:
        changed = put.apply(base)
        if changed is None:
            reason = f"there is no certain place for {put.name} in the last commit"
            without.append(Skipped(put.hunk, reason))
            continue
        base = changed
        done.append(put)
    return base, tuple(done), (*skipped, *without)
