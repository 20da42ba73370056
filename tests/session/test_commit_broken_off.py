"""A screen that closes while a commit's hook runs takes the hook with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from checklist_findings import item_facts
from checklist_shell import git, repository
from support import until

from cockpit.commands import Confirm, PlanCommit, Reply, SetItem
from cockpit.config.load import load
from cockpit.session.session import Session

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hooks need a shell")


def runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.startswith(b"Z")


def test_closing_ends_the_hook_and_commits_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "repo"
    root.mkdir()
    (root / "LIST.md").write_text("- [ ] one\n")
    (root / "cockpit.toml").write_text('[[checklist]]\nfile = "LIST.md"\nname = "list"\n')
    repository(root)
    hook = root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nsleep 300 & echo $! > ../c.part; mv ../c.part ../child\nwait\n")
    hook.chmod(0o755)
    path = root / "cockpit.toml"
    made = Session(load(path), kind="screen", user="ann", host="here", who="ann@here")
    made.start()
    try:
        until(lambda: not made.feed.snapshot().waiting)
        found = made.feed.snapshot().observations["list"].findings[0]
        made.feed.submit(SetItem("list", found.key, "todo", item_facts(found).anchor, "done"))
        replies: list[Reply] = []
        until(lambda: replies.extend(made.feed.replies()) or replies)
        made.feed.submit(PlanCommit())
        until(lambda: replies.extend(made.feed.replies()) or any(one.question for one in replies))
        (question,) = [one.question for one in replies if one.question is not None]
        made.feed.submit(Confirm(question.plan, "commit"))
        until((tmp_path / "child").exists)
    finally:
        made.close()
    child = int((tmp_path / "child").read_text())
    until(lambda: not runs(child))
    assert git(root, "log", "--format=%s") == "first\n"
    assert git(root, "diff", "--cached") == ""
    until(lambda: not list((root / ".git").glob("cockpit-*")))
