"""A store whose file is emptied, deleted, replaced or damaged while processes have it open."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support import DEADLINE, until

from cockpit.evidence.errors import StoreError
from cockpit.evidence.lease import Acquired, HeldBy
from cockpit.evidence.location import is_empty
from cockpit.model import Verdict

if sys.platform == "win32":
    pytest.skip("an open file can't be taken away there", allow_module_level=True)

FAIL = Verdict.FAIL
RETRY = 4.0


def empty(path: Path) -> None:
    os.truncate(path, 0)


def delete(path: Path) -> None:
    """The file alone: its log stays."""
    path.unlink()


def delete_all(path: Path) -> None:
    for file in path.parent.glob("evidence.db*"):
        file.unlink()


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def replace(path: Path) -> None:
    """By another store, as somebody who restores a copy does."""
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    copy.replace(path)


def resumed(world, store) -> None:
    """Let time go by until it records again."""

    def records() -> bool:
        world.pass_time(0.1)
        return store.health.recording

    until(records)
    assert store.flush(DEADLINE)


def fold_log_back(path: Path) -> None:
    """Everything is in the main file, nothing in the log."""
    with closing(sqlite3.connect(path)) as by_hand:
        by_hand.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


WAYS = [empty, delete, delete_all, move_folder, replace]


@pytest.mark.parametrize("way", WAYS)
def test_everybody_goes_on_in_the_one_store_that_is_there(world, heard, way) -> None:
    path = world.folder / "state" / "evidence.db"
    collector, screen = world.store(path), world.store(path, actor="ann@here")
    assert collector.acquire(world.holder(1)).result(DEADLINE) == Acquired()
    collector.subscribe(heard)
    collector.observe(world.seen(FAIL))
    assert collector.flush(DEADLINE)
    way(path)
    # A verb comes by before anybody noticed.
    verb = world.store(path, actor="bob@here")
    verb.log(world.event("of the verb"))
    assert verb.flush(DEADLINE), verb.health
    for store, text in ((collector, "of the collector"), (screen, "of the screen")):
        store.log(world.event(text))
        until(lambda store=store: not store.health.recording)
        assert "file" in store.health.trouble
    for store in (collector, screen):
        resumed(world, store)
    reader = world.reader(path)
    texts = [event.text for event in reader.events()]
    for text in ("of the verb", "of the collector", "of the screen"):
        assert texts.count(text) == 1, texts
    assert sum(text.startswith("recording again") for text in texts) == 2
    assert reader.probe_states()["ports"].observation.verdict is FAIL
    assert reader.verify().ok
    until(lambda: "of the verb" in heard.texts())
    assert collector.beat(world.holder(1)).result(DEADLINE), "it watched all the time"
    assert isinstance(screen.acquire(world.holder(2)).result(DEADLINE), HeldBy)
    assert reader.gaps() == ()


def test_an_emptied_store_reads_as_an_empty_one(world) -> None:
    store, reader = world.store(upkeep=False), world.reader()
    store.log(world.event("old"))
    assert store.flush(DEADLINE)
    assert [event.text for event in reader.events()] == ["old"]
    store.close(5)
    empty(world.path)
    assert reader.events() == []
    assert reader.probe_states() == {}
    assert reader.store_id() == ""


def test_closing_an_emptied_store_leaves_no_parts_of_it_behind(world) -> None:
    store = world.store(upkeep=False)
    store.log(world.event("old"))
    assert store.flush(DEADLINE)
    empty(world.path)
    store.close(5)
    again = world.store(upkeep=False)
    assert again.flush(DEADLINE)
    texts = [event.text for event in again.reader().events()]
    assert "old" not in texts
    assert again.reader().verify().ok


def test_many_processes_begin_a_store_anew_where_one_was_emptied(
    world, program: Callable[..., subprocess.Popen[str]]
) -> None:
    stale = world.store(upkeep=False)
    stale.log(world.event("old"))
    assert stale.flush(DEADLINE)
    empty(world.path)
    writers = [program("write_events.py", world.path, f"w{n}", 1) for n in range(4)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        out, _ = writer.communicate("go\n", timeout=DEADLINE)
        assert out == "lost=0 trouble=''\n"
    texts = sorted(event.text for event in world.reader().events(kinds=("config",)))
    assert texts == ["w0 0", "w1 0", "w2 0", "w3 0"]
    assert not list(world.folder.glob("*.new"))


def damage_header(path: Path) -> None:
    fold_log_back(path)
    with path.open("r+b") as file:
        file.write(bytes(100))


def cut_short(path: Path) -> None:
    fold_log_back(path)
    os.truncate(path, path.stat().st_size // 2)


def cut_short_below_the_log(path: Path) -> None:
    """The log still says how long the file should be, and has some of what is missing."""
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (damage_header, "not a database"),
        (cut_short, "damaged"),
        (cut_short_below_the_log, "damaged"),
    ],
)
def test_a_damaged_store_is_said_by_who_has_it_open_until_it_is_moved_away(
    world, way, said: str
) -> None:
    path = world.folder / "state" / "evidence.db"
    first = world.store(path, upkeep=False)
    for number in range(50):
        first.log(world.event(f"old {number}"))
    assert first.flush(DEADLINE)
    first.close(5)
    store = world.store(path, upkeep=False)
    store.log(world.event("old"))
    assert store.flush(DEADLINE)
    way(path)
    world.pass_time(6)
    until(lambda: not store.health.recording)
    assert said in store.health.trouble
    store.log(world.event("meanwhile"))
    world.pass_time(RETRY)
    assert not store.flush(DEADLINE), "nobody writes into what is damaged"
    path.parent.rename(world.folder / "kept")
    resumed(world, store)
    assert "meanwhile" in [event.text for event in store.reader().events()]
    assert store.reader().verify().ok


def test_a_header_that_is_restored_is_recorded_into_again(world) -> None:
    store = world.store(upkeep=False)
    store.log(world.event("old"))
    assert store.flush(DEADLINE)
    store.close(5)
    store = world.store(upkeep=False)
    fold_log_back(world.path)
    header = world.path.read_bytes()[:100]
    damage_header(world.path)
    world.pass_time(6)
    until(lambda: not store.health.recording)
    store.log(world.event("meanwhile"))
    with world.path.open("r+b") as file:
        file.write(header)
    resumed(world, store)
    texts = [event.text for event in store.reader().events()]
    assert [text for text in texts if "record" not in text] == ["old", "meanwhile"]
    assert store.reader().verify().ok


def test_a_store_that_shrank_because_pages_were_given_back_is_sound(world) -> None:
    store, other = world.store(upkeep=False), world.store(upkeep=False)
    for number in range(2000):
        store.log(world.event(f"{number} " + "x" * 500))
    assert store.flush(DEADLINE)
    world.pass_time(6)
    until(lambda: store.flush(DEADLINE))
    with closing(sqlite3.connect(world.path, isolation_level=None)) as by_hand:
        by_hand.execute("DROP INDEX events_by_kind")
        by_hand.execute("PRAGMA incremental_vacuum").fetchall()
        by_hand.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    other.log(world.event("y" * 5000))
    assert other.flush(DEADLINE)
    world.pass_time(6)
    store.log(world.event("after"))
    assert store.flush(DEADLINE), store.health


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_permission_that_is_taken_away_and_given_back(world) -> None:
    path = world.folder / "state" / "evidence.db"
    store = world.store(path, upkeep=False)
    assert store.flush(DEADLINE)
    path.parent.chmod(0)
    try:
        store.log(world.event("meanwhile"))
        assert not store.flush(DEADLINE)
        assert "denied" in store.health.trouble
    finally:
        path.parent.chmod(0o700)
    resumed(world, store)
    assert "meanwhile" in [event.text for event in store.reader().events()]


def test_a_place_that_is_wrong_is_named_as_the_cause(world) -> None:
    store = world.store(upkeep=False)
    assert store.flush(DEADLINE)
    shutil.rmtree(world.folder)
    (world.folder).write_text("a file now", encoding="utf-8")
    store.log(world.event("meanwhile"))
    assert not store.flush(DEADLINE)
    assert "deleted or moved away" in store.health.trouble
    with pytest.raises(StoreError):
        world.store(upkeep=False)
    world.folder.unlink()
    world.folder.mkdir()
    assert is_empty(world.path)
    resumed(world, store)
    assert "meanwhile" in [event.text for event in store.reader().events()]
