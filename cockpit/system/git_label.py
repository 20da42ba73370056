"""The label of a git checkout as it stands in the top line: `lab@4f2c1e9*`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit import git
from cockpit.system.commands import CommandResult, run_command
from cockpit.text import sanitize

MODIFIED = "*"
NOT_KNOWN = "?"
"""Whether tracked files are modified is not known."""
_SHORT = 7
_CAP = 1_000_000
_MOST_ASKED = 200
"""Files whose filters are asked for; with more that differ one without a filter is among them."""


@dataclass(frozen=True, slots=True)
class _Status:
    """What `git status` says without any filter: the commit (None before the first), whether a
    tracked file is modified for certain, and those that differ in their content only."""

    commit: str | None
    modified: bool
    by_content: tuple[str, ...]


async def checkout_label(folder: str | Path, *, timeout: float = 2.0) -> str:
    """The label of `folder`: its name, `@` and the short revision, `*` when tracked files are
    modified, `?` when only one of the checkout's own filters could tell.

    The folder name alone when it is no git checkout, git is not installed or takes longer than
    `timeout` seconds; with `@new` before the first commit. Takes no lock in the checkout and runs
    nothing that it names (see `cockpit.git`).
    """
    path = Path(os.path.abspath(folder))  # noqa: PTH100, ASYNC240 - asks no file system
    name = sanitize(path.name or str(path), limit=80)
    try:
        async with asyncio.timeout(timeout):
            told = await _revision_and_mark(path)
    except (git.GitError, TimeoutError):
        told = ""
    return f"{name}@{sanitize(told)}" if told else name


async def _revision_and_mark(path: Path) -> str:
    """`4f2c1e9*`; empty where there is no checkout. Raises GitError."""
    named = await _named(path)
    status = await _status(path, named)
    if status is None:
        return ""
    mark = MODIFIED if status.modified else ""
    if status.by_content and not mark:
        mark = await _mark(path, status.by_content, named)
    revision = "new" if status.commit is None else status.commit[:_SHORT]
    return f"{revision}{mark}"


async def _named(path: Path) -> git.NamedPrograms | None:
    """The filters to be switched off; None when they can't be."""
    asked = await _run(git.question_for_names(path))
    if asked.exit_code not in (0, 1) or asked.truncated:
        return None
    try:
        return git.named_programs(asked.stdout)
    except git.GitError:
        return None


async def _status(path: Path, named: git.NamedPrograms | None) -> _Status | None:
    if named is None:
        # The files can't be compared; the revision can be told all the same.
        told = await _run(git.look(path, "rev-parse", "--verify", "HEAD^{commit}"))
        commit = told.stdout.decode("utf-8", "replace").strip()
        return _Status(commit, False, ("",)) if told.exit_code == 0 else None
    call = git.look(
        path,
        "status",
        "--porcelain=v2",
        "-z",
        "--branch",
        "--untracked-files=no",
        "--ignore-submodules=dirty",
        "--no-renames",
        named=named,
    )
    told = await _run(call)
    return _parsed(told.stdout) if told.exit_code == 0 else None


def _parsed(output: bytes) -> _Status:
    commit: str | None = None
    modified = False
    by_content: list[str] = []
    for entry in output.split(b"\0"):
        fields = entry.split(b" ", 8)
        if entry.startswith(b"# branch.oid ") and not fields[2].startswith(b"("):
            commit = fields[2].decode("ascii", "replace")
        elif fields[0] == b"1" and len(fields) == 9:
            # "1 XY sub mH mI mW hH hI path": X tells of the index, Y of the file on disk.
            _, states, _, _, in_index, on_disk, _, _, name = fields
            if states == b".M" and in_index == on_disk:
                by_content.append(os.fsdecode(name))
            else:
                modified = True
        elif fields[0] in (b"2", b"u"):
            modified = True
    return _Status(commit, modified, tuple(by_content))


async def _mark(path: Path, differing: Sequence[str], named: git.NamedPrograms | None) -> str:
    """The mark where files differ in their content, as they lie on disk. What has a filter would
    be compared by what the filter makes of it, and that is not run."""
    if named is None:
        return NOT_KNOWN
    if not named.filters:
        return MODIFIED
    up = await _run(git.look(path, "rev-parse", "--show-cdup"))
    top = path / os.fsdecode(up.stdout.strip())
    asked = tuple(differing[:_MOST_ASKED])
    told = await _run(git.filter_question(top, asked))
    if told.exit_code != 0:
        return NOT_KNOWN
    filtered = git.filtered_by(told.stdout, named)
    return NOT_KNOWN if all(name in filtered for name in asked) else MODIFIED


async def _run(call: git.GitCall) -> CommandResult:
    return await run_command(call.argv, cwd=call.folder, env=call.env, output_cap=_CAP)
