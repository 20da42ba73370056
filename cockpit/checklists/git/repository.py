"""Run git as a subprocess that can neither prompt, nor push, nor hang for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.errors import CommitRefused

_TIMEOUT = 30.0
"""Seconds; hooks get more."""

_DROPPED = (
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GPG_TTY",
    "SSH_ASKPASS",
    "DISPLAY",
)
"""Left by a hook that started us, or a way to ask somebody something."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository a file is in."""

    root: Path
    folder: Path
    """The `.git` folder of this working tree."""

    def run(
        self,
        *words: str,
        data: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = _TIMEOUT,
    ) -> bytes:
        """Output of a git command.

        Raises:
            CommitRefused: it failed, with what git said.
        """
        return run_git(self.root, words, data=data, env=env, timeout=timeout)

    def ask(self, *words: str) -> bytes | None:
        """Output of a git command that only reads; None when it fails."""
        try:
            return run_git(self.root, words, env={"GIT_OPTIONAL_LOCKS": "0"})
        except CommitRefused:
            return None

    def relative(self, path: Path) -> str:
        """A path as git names it."""
        return path.resolve().relative_to(self.root).as_posix()

    def head(self) -> str | None:
        """The commit that is checked out; None before the first."""
        found = self.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return found.decode().strip() if found is not None else None

    def committed(self, path: Path) -> bytes | None:
        """The file as the last commit has it; None when it is not in it."""
        return self.ask("cat-file", "blob", f"HEAD:{self.relative(path)}")


def git_environment(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, without ways to ask somebody something, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return (
        kept
        | {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_EDITOR": "false",
            "GIT_ASKPASS": "false",
            "LC_ALL": "C",
        }
        | dict(more)
    )


def run_git(
    folder: Path,
    words: Sequence[str],
    *,
    data: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = _TIMEOUT,
) -> bytes:
    """See `Repository.run`."""
    try:
        done = subprocess.run(
            ["git", "--no-pager", *words],
            cwd=folder,
            env=git_environment(env or {}),
            input=data if data is not None else b"",
            capture_output=True,
            timeout=timeout,
            # Without a controlling terminal no child can ask for a passphrase on it.
            start_new_session=sys.platform != "win32",
            check=False,
        )
    except FileNotFoundError as error:
        raise CommitRefused("git is not installed, or the folder is gone") from error
    except subprocess.TimeoutExpired as error:
        raise CommitRefused(f"git {words[0]} took longer than {timeout:.0f} s") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise CommitRefused(f"git {words[0]} failed: {said or done.returncode}")
    return done.stdout


def repository_of(path: Path) -> Repository | None:
    """The repository that `path` (a file or folder) is in, or None."""
    folder = path if path.is_dir() else path.resolve().parent
    try:
        out = run_git(folder, ("rev-parse", "--show-toplevel", "--absolute-git-dir"))
    except CommitRefused:
        return None
    root, git, *_ = out.decode("utf-8", "surrogateescape").split("\n")
    return Repository(Path(root).resolve(), Path(git)) if root else None
