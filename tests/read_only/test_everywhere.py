"""`--read-only` through verbs, collector and screen: nothing changes, and why is said."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checklist_findings import item_facts
from checklist_shell import run
from sessions import reply_of, started
from support import cockpit, environment, until

from cockpit.cli import run as whole
from cockpit.commands import (
    Acknowledge,
    Arm,
    Command,
    Confirm,
    NoteItem,
    PlanCommit,
    PlanEnd,
    PlanReset,
    PlanStart,
    RecordProgress,
    Reprobe,
    SetItem,
    UndoEdit,
)
from cockpit.evidence.reader import Reader
from cockpit.feed import FeedMode
from cockpit.model import Verdict
from cockpit.permissions import Permissions
from cockpit.session.session import Session

ONLY_LOOKS = Permissions(read_only=True)

ITEM = ("LIST.md", "--line", "3")
ACTS = {
    "set": ("checklist", "set", *ITEM, "done"),
    "set to what it is": ("checklist", "set", "LIST.md", "--line", "5", "done"),
    "note": ("checklist", "note", *ITEM, "text"),
    "owner": ("checklist", "owner", *ITEM, "ann"),
    "progress": (
        "checklist", "progress", *ITEM, "--done", "a", "--against-target", "b", "--next", "c",
        "--estimate", "d",
    ),
    "progress below": (
        "checklist", "progress", *ITEM, "--done", "a", "--against-target", "b", "--next", "c",
        "--estimate", "d", "--below",
    ),
    "undo": ("checklist", "undo"),
    "parents": ("checklist", "parents", "LIST.md", "--write"),
    "block": ("checklist", "block", "LIST.md", "results", "--from", "gate.py"),
    "commit": ("checklist", "commit"),
}  # fmt: skip


@pytest.mark.parametrize("place", ["after", "before"])
@pytest.mark.parametrize("act", ACTS)
def test_a_verb_that_changes_something_is_refused(watched, act: str, place: str, capsys) -> None:
    before = watched.state()
    with Reader(watched.folder / ".cockpit" / "evidence.db") as reader:
        events = len(reader.events(0, 1000))
    words = list(ACTS[act])
    words = [*words, "--read-only"] if place == "after" else ["--read-only", *words]
    assert whole(words) == 77
    assert "refused: this cockpit was started with --read-only" in capsys.readouterr().err
    assert watched.state() == before
    with Reader(watched.folder / ".cockpit" / "evidence.db") as reader:
        assert len(reader.events(0, 1000)) == events, "nothing was intended, nothing refused"


@pytest.mark.parametrize("act", ACTS)
def test_without_it_each_of_them_does_something(watched, act: str) -> None:
    assert whole(list(ACTS[act])) in (0, 1)


@pytest.mark.parametrize(
    "words",
    [
        ("list",), ("show", "LIST.md", "--line", "3"), ("next",), ("metrics",),
        ("parents", "LIST.md"), ("commit", "--dry-run"),
    ],
)  # fmt: skip
def test_a_verb_that_looks_works(watched, words: tuple[str, ...]) -> None:
    before = watched.state()
    assert run(*words, "--read-only").exit_code == 0
    assert whole(["--read-only", "checklist", *words]) == 0
    assert watched.state() == before


@pytest.mark.parametrize("verb", [("init",), ("trust", "--yes")])
def test_verbs_that_do_nothing_but_write_are_refused(tmp_path: Path, verb: tuple[str, ...]) -> None:
    (tmp_path / "list.md").write_text("- [ ] one\n", encoding="utf-8")
    done = cockpit("--read-only", *verb, cwd=tmp_path)
    assert (done.returncode, "refused by --read-only" in done.stderr) == (77, True)
    assert [path.name for path in tmp_path.iterdir()] == ["list.md"]


def trusted(watched) -> None:
    assert whole(["trust", "--yes"]) == 0


def test_check_runs_no_gate_and_sends_no_post_but_records(watched, capsys) -> None:
    trusted(watched)
    before = watched.state()
    capsys.readouterr()
    whole(["check", "--read-only", "--format", "json"])
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)["probes"]}
    assert told["gate"]["verdict"] == "UNKNOWN"
    assert told["gate"]["headline"].startswith("read-only: not run:")
    assert watched.state() == before and not watched.gate_ran
    assert "GET /read" in watched.asked
    with Reader(watched.folder / ".cockpit" / "evidence.db") as reader:
        assert set(reader.newest(["gate", "list", "api"])) == {"gate", "list", "api"}
    whole(["check"])
    assert watched.gate_ran


@pytest.mark.skipif(sys.platform == "win32", reason="ended by SIGTERM")
def test_collect_watches_and_acts_on_nothing(watched) -> None:
    trusted(watched)
    before = watched.state()
    home = watched.folder.parent
    env = environment(home)
    import os

    env |= {name: os.environ[name] for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "--read-only", "collect"],
        cwd=watched.folder,
        env=env,
        stderr=subprocess.PIPE,
    )
    try:

        def seen() -> set[str]:
            with Reader(watched.folder / ".cockpit" / "evidence.db") as reader:
                return {*reader.probe_states()}

        until(lambda: seen() == {"backend", "list", "gate", "api"})
        with Reader(watched.folder / ".cockpit" / "evidence.db") as reader:
            gate = reader.probe_states()["gate"].observation
        assert gate.verdict is Verdict.UNKNOWN
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert watched.state() == before and not watched.gate_ran


def commands(made: Session, watched) -> dict[str, Command]:
    items = made.feed.snapshot().observations["list"].findings
    one = next(f for f in items if f.text.startswith("P1 ") or f.subject.startswith("P1 "))
    seen, anchor = item_facts(one).status, item_facts(one).anchor
    (problem, *_) = made.feed.snapshot().problems
    return {
        "set": SetItem("list", one.key, seen, anchor, "done"),
        "set with a reason": SetItem("list", one.key, seen, anchor, "done", "because"),
        "note": NoteItem("list", one.key, anchor, "text"),
        "owner": NoteItem("list", one.key, anchor, "ann", owner=True),
        "progress": RecordProgress("list", one.key, anchor, "a", "b", "c", "d", "e"),
        "progress below": RecordProgress("list", one.key, anchor, "a", "b", "c", "d", "e", True),
        "acknowledge": Acknowledge(problem.key, "known"),
        "commit": PlanCommit(),
        "arm": Arm(),
        "end": PlanEnd(watched.listening.process.pid, "", "backend"),
        "free": PlanReset((watched.listening.port,)),
        "start": PlanStart("backend"),
        "confirm": Confirm("nothing", "1"),
    }


def test_a_screens_session_refuses_every_command_and_says_why(watched) -> None:
    trusted(watched)
    before = watched.state()
    with started(watched.config, ONLY_LOOKS) as made:
        assert made.feed.snapshot().identity.read_only
        for name, command in commands(made, watched).items():
            reply = reply_of(made, command)
            assert not reply.ok and "--read-only" in reply.text, (name, reply)
        assert not reply_of(made, UndoEdit()).ok
        assert not any(one.acked_by for one in made.feed.snapshot().problems)
        # What can be looked at is; a pending mirror and a POST on demand stay undone.
        for name in ("list", "api", "gate"):
            assert reply_of(made, Reprobe(name)).ok
        assert made.feed.snapshot().observations["gate"].headline.startswith("read-only: not run")
    assert watched.state() == before and not watched.gate_ran


def test_an_attached_screen_that_only_looks_spoils_nobodys_board(watched) -> None:
    trusted(watched)
    with started(watched.config) as collecting:
        until(lambda: collecting.feed.snapshot().observations["gate"].verdict is Verdict.OK)
        with started(watched.config, ONLY_LOOKS, who="bob@there") as looking:
            assert looking.feed.mode is FeedMode.ATTACHED
            assert "not run" in reply_of(looking, Reprobe("gate")).text
            assert looking.feed.snapshot().observations["gate"].verdict is Verdict.OK
        assert collecting.feed.snapshot().observations["gate"].verdict is Verdict.OK


def test_what_was_pending_is_written_by_one_that_may(watched) -> None:
    with started(watched.config, ONLY_LOOKS) as made:
        reply_of(made, Reprobe("list"))
    mirror = watched.folder / "READY.md"
    assert mirror.read_text(encoding="utf-8") == "* [ ] P2 two\n"
    with started(watched.config) as made:
        assert "READY.md too" in reply_of(made, Reprobe("list")).text
    assert mirror.read_text(encoding="utf-8") == "* [x] P2 two\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_the_screen_says_so_and_its_keys_change_nothing(watched) -> None:
    from terminals import Terminal

    before = watched.state()
    argv = [sys.executable, "-m", "cockpit", "--read-only"]
    env = environment(watched.folder.parent)
    with Terminal(argv, cwd=watched.folder, env=env, columns=120) as terminal:
        terminal.until_drawn("READ-ONLY", "P1 one")
        terminal.press(b"c")
        terminal.press(b"x")
        terminal.until_drawn("changing LIST.md refused: this cockpit was started with --read-only")
        terminal.press(b"N")
        terminal.press(b"A")
        terminal.until_drawn("nothing can be ended or started")
        terminal.press(b"q")
        assert terminal.end() == 0
    assert watched.state() == before
