"""Commit the cockpit's own edits of checklists, and nothing else.

The commit is built in an index of its own. Only when its hooks have run, and what they made of it
is known, its paths are staged in the real index and the branch is moved, in this order: whenever
it is cut short, nothing is committed, or the commit is whole and the index agrees with it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.errors import CommitRefused
from cockpit.checklists.git.commit_plan import CommitPlan, FileCommit, branch_and_head
from cockpit.checklists.git.hook_runs import LONGEST, HookRuns
from cockpit.checklists.git.index import (
    IndexChange,
    Staged,
    carried_in,
    changes,
    index_of_last_commit,
    stage,
    store,
    unstaged,
)
from cockpit.checklists.git.repository import Repository
from cockpit.checklists.parsing.file_io import read_regular
from cockpit.permissions import ALL_ALLOWED, Permissions, ReadOnlyError

_FOLDER = "cockpit-commit-"
_ABANDONED = 3600.0
"""Seconds after which the folder of a commit that was killed is removed; none takes that long."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that was made."""

    commit: str
    branch: str
    files: tuple[str, ...]
    hooks: tuple[str, ...]
    output: str
    """What the hooks printed."""
    notes: tuple[str, ...]
    """What could not be done beside the commit itself, and what hooks did to it."""


@dataclass(frozen=True, slots=True)
class _CommitBuild:
    """A commit while it is built."""

    plan: CommitPlan
    index: Path
    around: dict[str, bytes]
    """The files on disk, by path, as a commit of all their lines would hold them."""
    unstaged: frozenset[str]
    """All paths that differ on disk from what is to be committed."""

    @property
    def env(self) -> dict[str, str]:
        """Makes git work in the index of this commit."""
        return {"GIT_INDEX_FILE": str(self.index)}


def commit(
    plan: CommitPlan, hooks: HookRuns | None = None, *, permissions: Permissions = ALL_ALLOWED
) -> Committed:
    """Make the commit of a plan. Never pushes, never asks.

    Args:
        plan: what was shown.
        hooks: to end the commit from another thread.
        permissions: what this cockpit may change.

    Raises:
        CommitRefused: this cockpit only looks, the repository changed since the plan, a hook
            refused or would carry other people's changes in, or git failed; nothing was committed.
    """
    try:
        permissions.demand(f"a commit on {plan.branch}")
    except ReadOnlyError as error:
        raise CommitRefused(str(error)) from error
    hooks = hooks or HookRuns()
    repository = plan.repository
    branch, head = branch_and_head(repository)
    if (branch, head) != (plan.branch, plan.head):
        raise CommitRefused(f"{branch} has moved on since the diff was shown; look at it again")
    with _folder(repository) as folder:
        return _made(plan, folder / "index", hooks)


def _made(plan: CommitPlan, index: Path, hooks: HookRuns) -> Committed:
    repository = plan.repository
    shop = _workshop(plan, index)
    planned = repository.run("write-tree", env=shop.env).decode().strip()
    message = _message_file(repository)
    message.write_text(f"{plan.message}\n", encoding="utf-8", newline="\n")
    shown = _shown(repository, message)
    said = [hooks.run(repository, "pre-commit", env=shop.env)]
    said.append(hooks.run(repository, "prepare-commit-msg", shown, "message", env=shop.env))
    said.append(hooks.run(repository, "commit-msg", shown, env=shop.env))
    if not index.exists():
        # Git takes an index that is not there for an empty one.
        raise CommitRefused("the index of this commit is gone; a hook may have removed it")
    tree = repository.run("write-tree", env=shop.env).decode().strip()
    by_hooks = changes(repository, planned, tree)
    _refuse_foreign(shop, by_hooks)
    new = _object(plan, tree, message)
    hooks.wanted()
    notes = _move(plan, tree, new, by_hooks)
    said.append(_afterwards(repository, hooks, shop, notes))
    return Committed(
        commit=new,
        branch=plan.branch,
        files=tuple(file.relative for file in plan.changed),
        hooks=plan.hooks,
        output="\n".join(filter(None, said)),
        notes=tuple(notes),
    )


def _workshop(plan: CommitPlan, index: Path) -> _CommitBuild:
    """The index with our changes in it, and what else there is on disk before hooks touch it."""
    repository = plan.repository
    index_of_last_commit(repository, index)
    env = {"GIT_INDEX_FILE": str(index)}
    for file in plan.changed:
        entry = f"{file.mode},{store(repository, file.ours)},{file.relative}"
        repository.run("update-index", "--cacheinfo", entry, env=env)
    if not plan.hooks:
        return _CommitBuild(plan, index, {}, frozenset())
    around = {file.relative: _on_disk(repository, file) for file in plan.changed}
    return _CommitBuild(plan, index, around, unstaged(repository, index))


def _on_disk(repository: Repository, file: FileCommit) -> bytes:
    """The file as git would take it in, line ends and all."""
    try:
        data = read_regular(file.path)
    except OSError as error:
        raise CommitRefused(f"{file.relative} cannot be read: {error.strerror}") from error
    words = ("hash-object", "-w", "--stdin", "--path", file.relative)
    blob = repository.run(*words, data=data).decode().strip()
    return repository.run("cat-file", "blob", blob)


def _refuse_foreign(shop: _CommitBuild, by_hooks: Sequence[IndexChange]) -> None:
    """Raise CommitRefused when hooks put changes into the commit that others have on disk."""
    repository = shop.plan.repository
    foreign = []
    for change in by_hooks:
        if change.path not in shop.unstaged:
            continue
        around = shop.around.get(change.path)
        versions = [
            repository.run("cat-file", "blob", entry.blob)
            for entry in (change.before, change.after)
            if entry.there
        ]
        if around is None or len(versions) < 2 or carried_in(versions[0], around, versions[1]):
            foreign.append(change.path)
    if foreign:
        raise CommitRefused(
            "a hook put changes into it that are not the cockpit's:"
            f" {', '.join(foreign)}; commit or stash those first, then try again"
        )


def _object(plan: CommitPlan, tree: str, message: Path) -> str:
    """The new commit, which no branch holds yet."""
    repository = plan.repository
    if tree == repository.run("rev-parse", "HEAD^{tree}").decode().strip():
        raise CommitRefused("the hooks left nothing of it to commit")
    text = repository.run("stripspace", data=message.read_bytes())
    if not text.strip():
        raise CommitRefused("the hooks left no commit message")
    signed = repository.ask("config", "--type=bool", "--get", "commit.gpgsign") or b""
    sign = ("-S",) if signed.strip() == b"true" else ()
    words = ("commit-tree", tree, "-p", plan.head, *sign)
    # Signing may wait for an agent.
    return repository.run(*words, data=text, timeout=LONGEST).decode().strip()


def _move(plan: CommitPlan, tree: str, new: str, by_hooks: Sequence[IndexChange]) -> list[str]:
    """Stage what is committed, then move the branch; both or none. Notes for people."""
    repository = plan.repository
    if branch_and_head(repository) != (plan.branch, plan.head):
        raise CommitRefused(f"{plan.branch} has moved on while the hooks ran; try again")
    theirs = {change.path for change in by_hooks}
    puts = {file.relative: file.puts for file in plan.changed if file.relative not in theirs}

    def merge(path: str, staged: bytes) -> bytes | None:
        for put in puts.get(path, ()):
            changed = put.apply(staged)
            if changed is None:
                return None
            staged = changed
        return staged if path in puts else None

    staged: Staged | None = None
    try:
        staged = stage(repository, changes(repository, plan.head, tree), merge)
        subject = plan.message.partition("\n")[0]
        branch = repository.run("symbolic-ref", "HEAD").decode().strip()
        repository.run("update-ref", "-m", f"commit: {subject}", branch, new, plan.head)
    finally:
        # A signal may come right when the branch has moved: then the commit stands.
        if staged is not None and repository.head() != new:
            staged.take_back()
    notes = list(staged.notes)
    if theirs:
        names = ", ".join(change.path for change in by_hooks)
        notes.append(f"a hook changed what was shown; committed as the hook left it: {names}")
    return notes


def _afterwards(
    repository: Repository, hooks: HookRuns, shop: _CommitBuild, notes: list[str]
) -> str:
    """Run post-commit; the commit stands whatever becomes of it."""
    try:
        return hooks.run(repository, "post-commit", env={"GIT_INDEX_FILE": str(shop.index)})
    except CommitRefused as error:
        notes.append(f"it is committed all the same: {error.message}")
    except BaseException:  # noqa: BLE001 - a signal ends this hook; what was done is still told
        notes.append("the hook post-commit was ended")
    return ""


def _message_file(repository: Repository) -> Path:
    """Where git itself has the message for its hooks."""
    return repository.folder / "COMMIT_EDITMSG"


def _shown(repository: Repository, path: Path) -> str:
    """A path as git names it to hooks, which run in the topmost folder."""
    try:
        return path.relative_to(repository.root).as_posix()
    except ValueError:
        return str(path)


@contextmanager
def _folder(repository: Repository) -> Iterator[Path]:
    """A folder beside the index, gone afterwards; those of killed commits are cleared away."""
    for left in repository.folder.glob(f"{_FOLDER}*"):
        if _abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    try:
        folder = tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=repository.folder)
    except OSError as error:
        raise CommitRefused(f"{repository.folder} cannot be written: {error.strerror}") from error
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    """Whether the process that made this folder was killed before it could clear it away."""
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime > _ABANDONED:
            return True
    pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
    if sys.platform == "win32" or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
