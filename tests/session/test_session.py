"""A session: collecting, attaching, taking over, and what the evidence says of it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest
from checklist_findings import item_facts
from sessions import reply_of
from support import Listening, environment, save_over, until, write_config

from cockpit.clock import Clock, SystemClock
from cockpit.commands import Reprobe, SetItem, UndoEdit
from cockpit.config.load import load
from cockpit.evidence.errors import StoreError
from cockpit.evidence.reader import Reader
from cockpit.feed import FeedMode
from cockpit.model import EventKind, Verdict
from cockpit.session.session import Session
from cockpit.system.host import host_name


@contextmanager
def session(config: Path, clock: Clock | None = None, who: str = "ann@here") -> Iterator[Session]:
    made = Session(load(config), kind="screen", user="ann", host=host_name(), who=who, clock=clock)
    made.start()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def collector(config: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cockpit", "collect", "--config", str(config), "--as", "bob"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(config.parent),
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("collecting")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def full(made: Session) -> bool:
    return not made.feed.snapshot().waiting


def status(made: Session, number: int) -> str:
    return item_facts(made.feed.snapshot().observations["list"].findings[number]).status


def tick(made: Session, number: int) -> SetItem:
    observation = made.feed.snapshot().observations["list"]
    finding = observation.findings[number]
    return SetItem("list", finding.key, item_facts(finding).status, item_facts(finding).anchor)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[tuple[Path, Listening]]:
    with Listening() as listening:
        yield write_config(tmp_path, listening.port), listening


def test_a_lone_session_collects_and_sees_a_process_die(stack: tuple[Path, Listening]) -> None:
    config, listening = stack
    with session(config) as made:
        until(lambda: full(made))
        assert made.feed.mode is FeedMode.LIVE
        assert made.feed.snapshot().run.verdict is Verdict.OK
        listening.end()
        until(lambda: made.feed.snapshot().run.verdict is Verdict.FAIL)
        board = made.feed.snapshot()
        until(lambda: any(e.text == "RUN OK → FAIL" for e in made.feed.events()))
    assert [p.title for p in board.problems] == ["NOT LISTENING"]
    assert board.watch.recording


def test_a_tick_changes_one_byte_and_is_told_undone_and_refused(
    stack: tuple[Path, Listening],
) -> None:
    config, _ = stack
    file = config.parent / "LIST.md"
    before = file.read_bytes()
    with session(config) as made:
        until(lambda: full(made))
        old = tick(made, 0)
        ticked = reply_of(made, old)
        assert ticked.ok and ticked.changed
        after = file.read_bytes()
        assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [11]
        until(
            lambda: (
                item_facts(made.feed.snapshot().observations["list"].findings[0]).status == "done"
            )
        )
        refused = reply_of(made, old)
        assert refused.ok and "already" in refused.text and not refused.changed
        assert reply_of(made, UndoEdit()).ok
        assert file.read_bytes() == before
        save_over(file, "# List\n\n- [ ] another\n- [ ] two\n")
        lost = reply_of(made, old)
        assert not lost.ok
        assert file.read_text(encoding="utf-8") == "# List\n\n- [ ] another\n- [ ] two\n"
    with Reader(config.parent / ".cockpit" / "evidence.db") as reader:
        edits = reader.events(0, 100, kinds=[EventKind.EDIT, EventKind.EDIT_REFUSED])
    assert [e.kind for e in edits] == ["edit", "edit", "edit-refused"]
    assert edits[0].actor == "ann@here"
    assert (edits[0].data["before"], edits[0].data["after"]) == ("- [ ] one", "- [x] one")


def test_a_screen_attaches_to_a_live_collector_acts_through_the_store_and_takes_over(
    stack: tuple[Path, Listening],
) -> None:
    config, listening = stack
    with collector(config) as process, session(config) as made:
        assert made.feed.mode is FeedMode.ATTACHED
        until(lambda: full(made))
        board = made.feed.snapshot()
        assert board.watch.collector.startswith("collect bob")
        assert reply_of(made, Reprobe("backend")).text.startswith("backend OK")
        assert reply_of(made, tick(made, 1)).ok
        until(
            lambda: (
                item_facts(made.feed.snapshot().observations["list"].findings[1]).status == "done"
            )
        )
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        until(lambda: made.feed.mode is FeedMode.LIVE)
        listening.end()
        until(lambda: made.feed.snapshot().run.verdict is Verdict.FAIL)
        until(lambda: any(e.text == "RUN OK → FAIL" for e in made.feed.events()))
        told = [e.text for e in made.feed.events()]
    assert sum(text.startswith("collecting as") for text in told) == 2
    assert sum(text == "RUN OK → FAIL" for text in told) == 1


class Later(SystemClock):
    """The same clock, an hour ahead on the wall."""

    def now(self) -> datetime:
        return super().now() + timedelta(hours=1)


def test_time_in_which_nobody_watched_is_a_gap(stack: tuple[Path, Listening]) -> None:
    config, _ = stack
    with session(config) as made:
        until(lambda: full(made))
        assert made.feed.snapshot().watch.gaps == ()
    with session(config, Later()) as made:
        until(lambda: full(made))
        until(lambda: made.feed.snapshot().watch.gaps)
        board = made.feed.snapshot()
        events = made.feed.events()
    (gap,) = board.watch.gaps
    assert timedelta(minutes=59) < gap.end - gap.start < timedelta(minutes=61)
    assert sum(e.kind == EventKind.GAP for e in events) == 1


def test_an_edit_of_the_config_is_a_new_plan_and_a_bad_one_keeps_the_old(
    stack: tuple[Path, Listening],
) -> None:
    config, listening = stack
    good = config.read_text(encoding="utf-8")
    with session(config) as made:
        until(lambda: full(made))
        config.write_text(good.replace("port =", "prot ="), encoding="utf-8")
        until(lambda: made.feed.snapshot().watch.config_error)
        board = made.feed.snapshot()
        assert 'did you mean "port"' in board.watch.config_error
        assert set(board.observations) == {"backend", "list"}
        config.write_text(
            good + f'\n[[listener]]\nname = "twin"\nport = {listening.port}\nexpect = "some"\n',
            encoding="utf-8",
        )
        until(lambda: "twin" in made.feed.snapshot().observations)
        board = made.feed.snapshot()
        assert board.watch.config_error == ""
        told = [e.text for e in made.feed.events() if e.kind == EventKind.CONFIG]
    assert any("1 added (twin)" in text for text in told)


def test_a_store_that_is_no_database_is_left_alone_and_said(
    stack: tuple[Path, Listening],
) -> None:
    config, _ = stack
    store = config.parent / ".cockpit" / "evidence.db"
    store.parent.mkdir()
    store.write_bytes(b"these are somebody's notes, not a database\n" * 100)
    before = store.read_bytes()
    with session(config) as made:
        until(lambda: full(made))
        board = made.feed.snapshot()
        assert board.run.verdict is Verdict.OK
        assert not board.watch.recording
        assert "not a database" in board.watch.trouble
        assert reply_of(made, tick(made, 0)).ok
        until(lambda: any(e.kind == EventKind.EDIT for e in made.feed.events()))
    assert store.read_bytes() == before
    made = Session(load(config), kind="collect", user="a", host="h", who="a@h")
    with pytest.raises(StoreError, match="not a database"):
        made.start(need_store=True)


def test_a_session_that_loses_its_lease_steps_down_and_is_quiet(
    stack: tuple[Path, Listening],
) -> None:
    config, listening = stack
    with session(config) as made:
        until(lambda: full(made))
        with closing(sqlite3.connect(config.parent / ".cockpit" / "evidence.db")) as rival, rival:
            rival.execute(
                "UPDATE lease SET kind = 'collect', actor = 'bob', released_at = NULL, pid = ?, "
                "started_at = ?",
                (listening.process.pid, psutil.Process(listening.process.pid).create_time()),
            )
        until(lambda: made.feed.mode is FeedMode.ATTACHED)
        assert any("stepping down" in event.text for event in made.feed.events())


def test_what_could_not_be_written_is_said_when_leaving(stack: tuple[Path, Listening]) -> None:
    config, _ = stack
    store = config.parent / ".cockpit" / "evidence.db"
    with session(config) as made:
        until(lambda: full(made))
        with closing(sqlite3.connect(store, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            made.feed.submit(tick(made, 0))
            until(lambda: b"[x] one" in (config.parent / "LIST.md").read_bytes())
            assert "not written to the evidence store" in made.close()


def test_a_screen_started_on_a_locked_store_records_once_it_is_free(
    stack: tuple[Path, Listening],
) -> None:
    config, _ = stack
    with session(config) as made:
        until(lambda: full(made))
    store = config.parent / ".cockpit" / "evidence.db"
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with session(config) as made:
            until(lambda: full(made))
            watch = made.feed.snapshot().watch
            assert not watch.recording
            assert "another program keeps it locked" in watch.trouble
            assert reply_of(made, tick(made, 0)).ok
            until(lambda: any(e.kind == EventKind.EDIT for e in made.feed.events()))
            other.execute("ROLLBACK")
            until(lambda: made.feed.snapshot().watch.recording)
            with Reader(store) as reader:
                stored = reader.events(0, 1000)
            assert sum(e.kind == EventKind.EDIT for e in stored) == 1
            until(lambda: made.feed.snapshot().watch.numbering.endswith(" 1"))
            shown = made.feed.events()
            known = {(e.seq, e.text) for e in stored}
            assert {(e.seq, e.text) for e in shown} >= known, "each with the number it has now"
            assert len({e.seq for e in shown}) == len(shown)
            assert made.feed.mode is FeedMode.LIVE
            assert not any("stepping down" in e.text for e in shown)
    with Reader(store) as reader:
        assert reader.verify().ok


def test_every_session_follows_the_config_and_one_tells_of_it(
    stack: tuple[Path, Listening],
) -> None:
    config, listening = stack
    good = config.read_text(encoding="utf-8")
    with collector(config), session(config) as second:
        until(lambda: full(second))
        config.write_text(
            good + f'\n[[listener]]\nname = "twin"\nport = {listening.port}\nexpect = "some"\n',
            encoding="utf-8",
        )
        until(lambda: "twin" in second.feed.snapshot().observations)
        until(lambda: any(e.kind == EventKind.CONFIG for e in second.feed.events()))
        told = [e.text for e in second.feed.events() if e.kind == EventKind.CONFIG]
    assert len(told) == 1
