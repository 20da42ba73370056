"""The files of the lab's workspace: launchers, data as an engine leaves it, checklists, git."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cockpit import git
from cockpit.lab.child import MARKER, remove_tree
from cockpit.lab.engine import DECISIONS
from cockpit.lab.records import block, write_report
from cockpit.resources import shipped_checklist

ENGINE_SCRIPT = "cockpit_lab_beats.py"
API_SCRIPT = "cockpit_lab_quotes.py"
"""Names that no real engine or server has: a guard that looks for its own kind by a part of the
command line must not find the demo and refuse to start."""

CHECKLISTS = ("master_batch", "paper_live_daily", "phase_plan", "launch_readiness")
_PAST_BLOCKS = 60
_BLOCK_EVERY = timedelta(seconds=10)
_GIT_LIMIT = 10.0

# Launched by name from here, so that a row shows a script and not a module of this package.
_LAUNCHER = '''"""{about}"""

from cockpit.lab.{module} import main

if __name__ == "__main__":
    main()
'''


def write_workspace(
    folder: Path, now: datetime, checklist: Callable[[str], Path] = shipped_checklist
) -> None:
    """Fill an empty folder with everything but `cockpit.toml`; `now` is an aware datetime."""
    for name in (MARKER, "checklists", "data/rl", "data/unified_trading", "logs"):
        (folder / name).mkdir(parents=True)
    _write(
        folder / ENGINE_SCRIPT, _LAUNCHER.format(about="The paper-live engine.", module="engine")
    )
    _write(folder / API_SCRIPT, _LAUNCHER.format(about="The options API.", module="options_api"))
    _write(folder / ".gitignore", "".join(f"/{name}/\n" for name in _UNTRACKED))
    # Bytes are bytes: git must not turn line ends in a folder where single bytes are counted.
    _write(folder / ".gitattributes", "* -text\n")
    for name in CHECKLISTS:
        shutil.copyfile(checklist(name), folder / "checklists" / f"{name}.md")
    write_report(folder, now, now, worse=False)
    _write(folder / DECISIONS, _past_decisions(now))


def commit(folder: Path, now: datetime) -> bool:
    """Make the folder a git repository with one commit; False when git is missing or refuses.

    The user's own git configuration, hooks and signing keys are left out of it.
    """
    settings = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": now.isoformat(),
        "GIT_COMMITTER_DATE": now.isoformat(),
    }
    for role in ("AUTHOR", "COMMITTER"):
        settings |= {f"GIT_{role}_NAME": "Cockpit lab", f"GIT_{role}_EMAIL": "lab@localhost"}
    for words in (
        ["-c", "init.defaultBranch=main", "init", "--quiet", "--template="],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "The lab as it starts"],
    ):
        try:
            git.run(git.act(folder, *words, env=settings), timeout=_GIT_LIMIT)
        except git.GitError:
            remove_tree(folder / ".git", attempts=1)
            return False
    return True


_UNTRACKED = (MARKER, ".cockpit", "data", "logs", "__pycache__")


def _past_decisions(now: datetime) -> str:
    """Blocks of an earlier run, the last one a block's time before `now`."""
    first = now - _PAST_BLOCKS * _BLOCK_EVERY
    rows = (
        row
        for number in range(_PAST_BLOCKS)
        for row in block(number, (first + number * _BLOCK_EVERY).astimezone().replace(tzinfo=None))
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
