"""The checkout's name on the top line, from real git checkouts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cockpit.system.git_label import checkout_label

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    env = {
        **os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
    }  # fmt: skip
    return subprocess.run(
        ["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    folder = tmp_path / "lab"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "a.txt").write_text("1")
    return folder


async def test_no_checkout_is_the_folder_alone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert await checkout_label(tmp_path) == tmp_path.name


async def test_before_the_first_commit(lab: Path) -> None:
    assert await checkout_label(lab) == "lab@new"


async def test_clean_then_modified(lab: Path) -> None:
    git(lab, "add", ".")
    git(lab, "commit", "-qm", "one")
    revision = git(lab, "rev-parse", "HEAD")[:7]
    assert await checkout_label(lab) == f"lab@{revision}"
    (lab / "untracked.txt").write_text("x")
    assert await checkout_label(lab) == f"lab@{revision}"
    (lab / "a.txt").write_text("2")
    assert await checkout_label(lab) == f"lab@{revision}*"


async def test_the_checkouts_own_monitor_is_not_run(lab: Path, tmp_path: Path) -> None:
    git(lab, "add", ".")
    git(lab, "commit", "-qm", "one")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    git(lab, "config", "core.fsmonitor", str(trap))
    assert (await checkout_label(lab)).startswith("lab@")
    assert not (tmp_path / "sprung").exists()


async def test_a_missing_folder_is_its_name(tmp_path: Path) -> None:
    assert await checkout_label(tmp_path / "none") == "none"


async def test_without_git_the_folder_alone(lab: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(lab))
    assert await checkout_label(lab) == "lab"
