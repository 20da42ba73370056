"""A git repository: asked without running anything it names, and changed for a commit.

Neither way can git prompt, push or hang for ever.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit import git
from cockpit.checklists.errors import CommitRefused


@dataclass(frozen=True, slots=True)
class Repository:
    """The git repository a file is in."""

    root: Path
    folder: Path
    """The `.git` folder of this working tree."""

    def run(
        self,
        *words: str,
        data: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """Output of a git command of a commit; the repository's filters and hooks run with it.

        Raises:
            CommitRefused: it failed, with what git said.
        """
        return _done(words[0], git.act(self.root, *words, env=env), data, timeout)

    def look(
        self, *words: str, data: bytes = b"", named: git.NamedPrograms = git.NOTHING_NAMED
    ) -> bytes:
        """Output of a git command that only reads, and runs nothing that the repository names.

        Raises:
            CommitRefused: it failed, with what git said.
        """
        return _done(words[0], git.look(self.root, *words, named=named), data, None)

    def ask(self, *words: str) -> bytes | None:
        """The same; None when it fails."""
        try:
            return self.look(*words)
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

    def hooks_folder(self) -> Path | None:
        """Where its hooks are; None when git can't tell."""
        try:
            words = ("rev-parse", "--git-path", "hooks")
            found = git.run(git.look(self.root, *words, real_hooks_path=True))
        except git.GitError:
            return None
        return self.root / os.fsdecode(found.strip())


def _done(word: str, call: git.GitCall, data: bytes, timeout: float | None) -> bytes:
    try:
        return git.run(call, data=data, timeout=timeout)
    except git.GitError as error:
        raise CommitRefused(f"git {word} {error}") from error


def repository_of(path: Path) -> Repository | None:
    """The repository that `path` (a file or folder) is in, or None."""
    folder = path if path.is_dir() else path.resolve().parent
    try:
        out = git.run(git.look(folder, "rev-parse", "--show-toplevel", "--absolute-git-dir"))
    except git.GitError:
        return None
    root, git_folder, *_ = out.decode("utf-8", "surrogateescape").split("\n")
    top = Path(root).resolve()
    # `core.worktree` can lay the working tree elsewhere: then this is no file of that repository.
    ours = bool(root) and folder.resolve().is_relative_to(top)
    return Repository(top, Path(git_folder)) if ours else None
