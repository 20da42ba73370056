"""`cockpit checklist …` run in this process on a folder of its own, with git beside it."""

from __future__ import annotations

import io
import os
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from cockpit.cli import run as whole


@dataclass
class Ran:
    """What a command line printed and how it ended."""

    exit_code: int
    stdout: str
    output: str


def run(*words: str | Path) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = whole(["checklist", *map(str, words)])
    return Ran(code, out.getvalue(), out.getvalue() + err.getvalue())


def git(folder: Path, *words: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


def repository(folder: Path) -> None:
    """Everything that is there now, as the first commit of a repository."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "t")
    git(folder, "config", "user.email", "t@example.org")
    git(folder, "config", "core.autocrlf", "false")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
