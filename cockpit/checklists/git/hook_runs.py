"""Run the hooks of a commit, each to its end or ended with all it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from cockpit import git
from cockpit.checklists.errors import CommitRefused
from cockpit.checklists.git.repository import Repository

LONGEST = 300.0
"""Seconds one hook may take."""
_TERM_GRACE = 0.3
"""Seconds a hook that is being ended may take to do so by itself."""
_GONE = 2.0
"""Seconds after which a killed hook is not waited for any more."""


class HookRuns:
    """The hook runs of commits made in one go. `end`, from any thread, leaves none of them running.

    Attributes:
        over: for whoever makes the commits to set when all is done, made or not.
    """

    def __init__(self) -> None:
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._ended = False

    def end(self) -> None:
        """End the hook that runs, with what it started; none that comes after it begins."""
        with self._lock:
            self._ended = True
            running = self._running
        if running is not None:
            _end(running)

    def wanted(self) -> None:
        """Raise CommitRefused when the commit was called off."""
        with self._lock:
            if self._ended:
                raise CommitRefused("the commit was broken off")

    def run(self, repository: Repository, name: str, *words: str, env: Mapping[str, str]) -> str:
        """Run a hook; its output, empty where there is none of that name.

        Its output goes to a file: a pipe would be held open by what it leaves in the background.

        Args:
            env: `GIT_INDEX_FILE` and whatever else the hook needs.

        Raises:
            CommitRefused: it refused, took longer than `LONGEST`, or was ended.
        """
        words_of_git = ("hook", "run", "--ignore-missing", name, "--", *words)
        try:
            argv = git.act(repository.root, *words_of_git).argv
        except git.GitError as error:
            raise CommitRefused(f"the hook {name} can't be run: {error}") from error
        code, said = self._to_its_end(repository, argv, env)
        if code and "is not a git command" in said:
            hook = hook_file(repository, name)
            if hook is None:
                return ""
            if sys.platform == "win32":
                raise CommitRefused(f"git 2.36 or newer is needed to run the hook {name}")
            code, said = self._to_its_end(repository, (str(hook), *words), env)
        self.wanted()
        if code:
            raise CommitRefused(f"the hook {name} refused: {said or code}")
        return said

    def _to_its_end(
        self, repository: Repository, argv: Sequence[str], env: Mapping[str, str]
    ) -> tuple[int, str]:
        said = Path(env["GIT_INDEX_FILE"]).with_name("said")
        with said.open("wb") as out:
            with self._lock:
                if self._ended:
                    raise CommitRefused("the commit was broken off")
                process = self._running = subprocess.Popen(
                    argv,
                    cwd=repository.root,
                    env=git.environment({"GIT_EDITOR": ":", **env}),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    # Its group can be ended as a whole, and there is no terminal to ask on.
                    start_new_session=sys.platform != "win32",
                )
            try:
                code = process.wait(LONGEST)
            except subprocess.TimeoutExpired as error:
                what = f"{Path(argv[0]).name} {' '.join(argv[1:])}"
                raise CommitRefused(f"{what} took longer than {LONGEST:.0f} s") from error
            finally:
                if process.poll() is None:
                    _end(process)
                with self._lock:
                    self._running = None
        return code, said.read_bytes().decode("utf-8", "replace").strip()


def hook_file(repository: Repository, name: str) -> Path | None:
    """The file of a hook that would run; None when there is none."""
    folder = repository.hooks_folder()
    if folder is None:
        return None
    hook = folder / name
    return hook if os.access(hook, os.X_OK) else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git, the hook and what that started."""
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False
        )
    else:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_TERM_GRACE)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GONE)
