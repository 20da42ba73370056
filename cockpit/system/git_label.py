"""The label of a git checkout as it stands in the top line: `lab@4f2c1e9*`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cockpit.system.commands import run_command
from cockpit.text import sanitize

_SHORT = 7


async def checkout_label(folder: str | Path, *, timeout: float = 2.0) -> str:
    """The label of `folder`: its name, `@` and the short revision, `*` when tracked files are
    modified.

    The folder name alone when it is no git checkout, git is not installed or takes longer than
    `timeout` seconds; with `@new` before the first commit. Takes no lock in the checkout and runs
    no program that the checkout's own configuration names as a file system monitor.
    """
    path = Path(os.path.abspath(folder))  # noqa: PTH100, ASYNC240 - asks no file system
    name = sanitize(path.name or str(path), limit=80)
    result = await run_command(
        [
            "git",
            "--no-optional-locks",
            "-c",
            "core.fsmonitor=false",
            "status",
            "--porcelain=v2",
            "--branch",
            "--untracked-files=no",
            "--ignore-submodules=dirty",
        ],
        cwd=path,
        timeout=timeout,
        output_cap=65536,
    )
    if result.exit_code != 0:
        return name
    text = result.stdout.decode("utf-8", "replace")
    revision = re.search(r"^# branch\.oid (\S+)$", text, re.M)
    if revision is None:
        return name
    short = "new" if revision[1].startswith("(") else revision[1][:_SHORT]
    modified = re.search(r"^[12u] ", text, re.M) is not None
    return f"{name}@{sanitize(short)}{'*' if modified else ''}"
