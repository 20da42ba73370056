"""Whoever only looks at a folder runs no program that the folder names."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checklist_shell import run
from sessions import started
from support import cockpit, save_over, until
from trapped import LIST, Trapped, plain_git, trapped

from cockpit.cli import run as whole
from cockpit.discovery.adhoc_config import look_around
from cockpit.discovery.discover import discover
from cockpit.session.session import Session
from cockpit.system.git_label import checkout_label

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None or sys.platform == "win32", reason="needs git and sh"
)

CONFIG = '[[checklist]]\nfile = "PLAN.md"\nname = "plan"\n\n[[checklist]]\nfile = "NEXT.md"\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trapped:
    made = trapped(tmp_path)
    (made.folder / "cockpit.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(made.folder)
    return made


def ticked_and_reverted(place: Trapped) -> None:
    """A tick is recorded, and an older copy of the file is saved over it."""
    assert run("set", "PLAN.md", "--line", "3", "done").exit_code == 0
    save_over(place.folder / "PLAN.md", LIST)
    place.touch()
    place.clear()


def test_the_traps_work(place: Trapped) -> None:
    for words in (
        ("status",),
        ("log", "-1"),
        ("cat-file", "-e", "HEAD:LOST.md"),
    ):
        place.touch()
        place.git(*words, check=False)
    place.git("-c", "filter.trap.process=", "-c", "filter.trap.required=false", "status")
    wanted = {
        "fsmonitor", "process", "gpg", "remote", "plain-clean", "nameless-clean",
        "hook-post-index-change", "submodule-fsmonitor",
    }  # fmt: skip
    assert wanted <= set(place.marks)


async def test_the_label_of_the_top_line(place: Trapped) -> None:
    revision = place.git("rev-parse", "HEAD")[:7]
    place.clear()
    place.touch()
    assert await checkout_label(place.folder) == f"looked-at@{revision}"
    save_over(place.folder / "PLAN.md", LIST.replace("gather", "collect"))
    assert await checkout_label(place.folder) == f"looked-at@{revision}?"
    assert place.marks == []


def test_the_screens_session_on_a_config_and_without_one(place: Trapped) -> None:
    with started(place.folder / "cockpit.toml") as made:
        until(lambda: "@" in made.feed.snapshot().identity.checkout)
    place.touch()
    around = Session(look_around(place.folder), kind="screen", user="a", host="h", who="a@h")
    around.start()
    try:
        until(lambda: "@" in around.feed.snapshot().identity.checkout)
        until(lambda: not around.feed.snapshot().waiting)
    finally:
        around.close()
    assert discover(place.folder).checklists
    assert place.marks == []


def test_verbs_that_look(place: Trapped) -> None:
    for words in (
        ("check",),
        ("checklist", "list"),
        ("checklist", "show", "PLAN.md", "--line", "3"),
        ("checklist", "next"),
        ("checklist", "metrics"),
        ("doctor",),
    ):
        place.touch()
        done = cockpit(*words, cwd=place.folder)
        assert "Traceback" not in done.stderr, done.stderr
        assert place.marks == [], words


def test_a_tick_that_was_reverted(place: Trapped) -> None:
    ticked_and_reverted(place)
    told = cockpit("check", "--format", "json", cwd=place.folder, home=place.folder.parent)
    assert place.marks == []
    assert told.returncode in (0, 1, 2, 3), told.stderr


def test_a_commit_that_is_only_shown(place: Trapped) -> None:
    assert run("set", "PLAN.md", "--line", "3", "done").exit_code == 0
    place.touch()
    assert place.marks == []
    shown = run("commit", "--dry-run")
    assert "hooks that run: pre-commit" in shown.output, shown.output
    assert "+- [x] T1 gather" in shown.output
    assert place.marks == []


def test_every_git_process_of_a_look_went_through_the_door(
    place: Trapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    assert real is not None
    bin_, told = place.folder.parent / "bin", place.folder.parent / "told"
    bin_.mkdir()
    wrapper = bin_ / "git"
    wrapper.write_text(
        "#!/bin/sh\n"
        f'echo "$GIT_NO_LAZY_FETCH$GIT_OPTIONAL_LOCKS $*" >> {shlex.quote(str(told))}\n'
        f'exec {shlex.quote(real)} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    ticked_and_reverted(place)
    assert whole(["check"]) in (0, 1, 2, 3)
    run("commit", "--dry-run")
    discover(place.folder)
    with started(place.folder / "cockpit.toml") as made:
        until(lambda: "@" in made.feed.snapshot().identity.checkout)
    calls = told.read_text().splitlines()
    assert len(calls) > 10
    for call in calls:
        assert call.startswith("10 "), call
        assert "core.fsmonitor=false" in call and "protocol.allow=never" in call, call
        converts = " status " in call or "hash-object" in call
        assert not converts or "filter.trap.process=" in call, call


# What a filter would have to tell


def with_filter(folder: Path, *, configured: bool) -> Path:
    """A repository whose LIST.md has a filter that turns it into capitals."""
    folder.mkdir()
    plain_git(folder, "init", "-q", "-b", "main")
    plain_git(folder, "config", "user.name", "t")
    plain_git(folder, "config", "user.email", "t@example.org")
    if configured:
        plain_git(folder, "config", "filter.shout.clean", "tr a-z A-Z")
        plain_git(folder, "config", "filter.shout.required", "true")
    (folder / ".gitattributes").write_text("LIST.md filter=shout\n", encoding="utf-8")
    (folder / "LIST.md").write_text("- [ ] one\n", encoding="utf-8")
    (folder / "plain.txt").write_text("one\n", encoding="utf-8")
    for name in ("LIST.md", "plain.txt"):
        # Older than the index, or git itself would have to look into them again.
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    plain_git(folder, "add", ".")
    plain_git(folder, "commit", "-qm", "first")
    return folder


async def test_a_mark_that_takes_a_filter_is_not_known(tmp_path: Path) -> None:
    repo = with_filter(tmp_path / "lab", configured=True)
    assert (await checkout_label(repo))[-1] not in "*?"
    (repo / "LIST.md").write_text("- [x] one\n", encoding="utf-8")
    assert (await checkout_label(repo)).endswith("?")
    (repo / "plain.txt").write_text("two\n", encoding="utf-8")
    assert (await checkout_label(repo)).endswith("*"), "one file without a filter is enough"


@pytest.mark.parametrize("act", ["staged", "removed", "mode"])
async def test_what_needs_no_filter_is_known_all_the_same(tmp_path: Path, act: str) -> None:
    repo = with_filter(tmp_path / "lab", configured=True)
    if act == "staged":
        (repo / "LIST.md").write_text("- [x] one\n", encoding="utf-8")
        plain_git(repo, "add", "LIST.md")
    elif act == "removed":
        (repo / "LIST.md").unlink()
    else:
        (repo / "LIST.md").chmod(0o755)
    assert (await checkout_label(repo)).endswith("*")


async def test_a_filter_nobody_configured_does_nothing(tmp_path: Path) -> None:
    repo = with_filter(tmp_path / "lab", configured=False)
    (repo / "LIST.md").write_text("- [x] one\n", encoding="utf-8")
    assert (await checkout_label(repo)).endswith("*")


async def test_below_the_topmost_folder_too(tmp_path: Path) -> None:
    repo = with_filter(tmp_path / "lab", configured=True)
    (repo / "below").mkdir()
    (repo / "LIST.md").write_text("- [x] one\n", encoding="utf-8")
    assert (await checkout_label(repo / "below")).endswith("?")


async def test_a_filter_whose_name_cannot_be_switched_off(place: Trapped) -> None:
    place.git("config", "filter.a=b.clean", place.trap("named-oddly", "cat"))
    (place.folder / ".gitattributes").write_text("*.md filter=a=b\n", encoding="utf-8")
    place.clear()
    place.touch()
    assert (await checkout_label(place.folder)).endswith("?")
    ticked_and_reverted(place)
    cockpit("check", cwd=place.folder, home=place.folder.parent)
    assert place.marks == []


async def test_a_pipe_in_the_configuration_holds_nobody_for_long(place: Trapped) -> None:
    pipe = place.traps / "pipe"
    os.mkfifo(pipe)
    place.git("config", "include.path", str(pipe), check=False)
    assert await checkout_label(place.folder, timeout=0.5) == "looked-at"
    assert place.marks == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root gives away")
async def test_a_repository_of_somebody_else_stays_refused(
    place: Trapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for path in (place.folder, *place.folder.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    place.clear()
    assert await checkout_label(place.folder) == "looked-at"
    assert discover(place.folder).checklists
    assert place.marks == []


# The environment


STRAY = {
    "GIT_DIR": "/no/such/repository",
    "GIT_WORK_TREE": "/no/such/tree",
    "GIT_COMMON_DIR": "/no/such",
    "GIT_INDEX_FILE": "/no/such/index",
    "GIT_OBJECT_DIRECTORY": "/no/such/objects",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/no/such/objects",
    "GIT_NAMESPACE": "else",
    "GIT_PREFIX": "else/",
    "GIT_CEILING_DIRECTORIES": "",
    "GIT_CONFIG": "/no/such/config",
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "core.worktree",
    "GIT_CONFIG_VALUE_0": "/no/such/tree",
    "GIT_CONFIG_KEY_1": "core.bare",
    "GIT_CONFIG_VALUE_1": "true",
    "GIT_CONFIG_PARAMETERS": "'core.bare'='true'",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_TRACE": "1",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_REFLOG_ACTION": "else",
    "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z",
    "GIT_QUARANTINE_PATH": "/no/such",
}


async def test_the_environments_own_words_mislead_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = with_filter(tmp_path / "lab", configured=False)
    monkeypatch.chdir(repo)
    for name, value in STRAY.items():
        monkeypatch.setenv(name, value)
    assert (await checkout_label(repo)).startswith("lab@")
    assert run("set", "LIST.md", "--line", "1", "done").exit_code == 0
    made = run("commit", "LIST.md", "-m", "ticked")
    assert made.exit_code == 0, made.output
    told = subprocess.run(
        ["git", "log", "-1", "--format=%s %ad %cd", "--date=format:%Y"],
        cwd=repo,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert told[0] == "ticked" and "2001" not in told[1:]


async def test_a_git_that_lies_in_the_folder_is_not_run(
    place: Trapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(place.trap("planted"), place.folder / "git")
    for path in (f".{os.pathsep}{os.environ['PATH']}", f"{os.pathsep}{os.environ['PATH']}"):
        monkeypatch.setenv("PATH", path)
        assert "@" in await checkout_label(place.folder)
        discover(place.folder)
        assert place.marks == []


async def test_a_working_tree_that_lies_elsewhere_is_not_this_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    other = with_filter(tmp_path / "other", configured=False)
    here = with_filter(tmp_path / "here", configured=False)
    plain_git(here, "config", "core.worktree", str(other))
    monkeypatch.chdir(here)
    assert run("set", "LIST.md", "--line", "1", "done").exit_code == 0
    assert "not in a git repository" in run("commit", "LIST.md", "--dry-run").output
