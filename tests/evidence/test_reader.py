"""Reading while others write: no file yet, filters, a file made anew, damage."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

import pytest
from support import DEADLINE

from cockpit.evidence.chain import genesis
from cockpit.evidence.errors import StoreError
from cockpit.evidence.lease import Acquired
from cockpit.evidence.queries import log_page, show
from cockpit.feed import Artefact
from cockpit.model import Verdict


def test_a_store_that_does_not_exist_reads_as_an_empty_one(world) -> None:
    reader = world.reader(world.folder / "nowhere" / "evidence.db")
    assert reader.probe_states() == {}
    assert reader.events() == []
    assert reader.history("ports") == []
    assert reader.artefact("ab") is None
    assert reader.gaps() == ()
    assert reader.acks() == {}
    assert reader.lease() is None
    assert reader.used() == 0
    assert reader.cap() == 0
    assert reader.store_id() == ""
    assert reader.verify().events == 0
    assert reader.changed()
    assert not reader.changed()
    assert not (world.folder / "nowhere").exists(), "a reader makes nothing"


def test_it_appears_as_soon_as_somebody_makes_it(world) -> None:
    reader = world.reader()
    assert reader.events() == []
    reader.changed()
    store = world.store(cap_bytes=7_000_000)
    store.observe(world.seen(Verdict.FAIL))
    assert store.flush(DEADLINE)
    assert reader.changed()
    assert not reader.changed()
    assert reader.probe_states() == store.probe_states
    assert reader.cap() == 7_000_000
    assert reader.used() > 0
    store.log(world.event("more"))
    assert store.flush(DEADLINE)
    assert reader.changed()


def test_a_reader_can_not_write(world) -> None:
    world.store()
    reader = world.reader()
    reader.probe_states()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM events")


def test_events_since_limit_kind_and_probe(world) -> None:
    store = world.store()
    for number in range(10):
        store.log(
            world.event(f"e{number}", "file" if number % 2 else "edit", probe=f"p{number % 3}")
        )
    assert store.flush(DEADLINE)
    reader = store.reader()

    def texts(*arguments, **options) -> str:
        return " ".join(event.text for event in reader.events(*arguments, **options))

    assert texts(7) == "e7 e8 e9"
    assert texts(0, 2) == "e8 e9"
    assert texts(kinds=("edit",)) == "e0 e2 e4 e6 e8"
    assert texts(2, 2, kinds=("edit", "file"), probe="p0") == "e6 e9"
    assert texts(kinds=()) == ""
    assert texts(99) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be deleted there")
def test_a_file_made_anew_is_read_anew(world) -> None:
    first = world.store()
    first.observe(world.seen(Verdict.FAIL))
    assert first.flush(DEADLINE)
    reader = world.reader()
    assert len(reader.probe_states()) == 1
    reader.changed()
    first.close(5)
    world.path.unlink()
    assert reader.changed()
    assert reader.probe_states() == {}
    second = world.store()
    second.observe(world.seen(Verdict.OK, "other"))
    assert second.flush(DEADLINE)
    assert reader.changed()
    assert set(reader.probe_states()) == {"other"}


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be replaced there")
def test_a_file_put_in_its_place_is_read_instead(world) -> None:
    other = world.store(world.folder / "other.db")
    other.observe(world.seen(Verdict.OK, "other"))
    assert other.flush(DEADLINE)
    other.close(5)
    first = world.store()
    first.observe(world.seen(Verdict.FAIL))
    assert first.flush(DEADLINE)
    reader = world.reader()
    assert set(reader.probe_states()) == {"ports"}
    first.close(5)
    # A log left beside a foreign file would be taken for its own by SQLite.
    for name in ("evidence.db-wal", "evidence.db-shm"):
        (world.folder / name).unlink(missing_ok=True)
    (world.folder / "other.db").replace(world.path)
    assert set(reader.probe_states()) == {"other"}


def test_what_is_no_store_is_said(world) -> None:
    world.path.write_text("not a database" * 100, encoding="utf-8")
    reader = world.reader()
    for question in (
        reader.probe_states,
        reader.events,
        reader.changed,
        reader.lease,
        reader.verify,
    ):
        with pytest.raises(StoreError, match="not a database"):
            question()


def test_damage_is_said_and_does_not_spread(world) -> None:
    store = world.store()
    store.observe(world.seen(Verdict.OK))
    store.observe(world.seen(Verdict.OK, "torn"))
    store.save_artefact(Artefact("ab" * 32, "text/plain", b"abc"))
    store.acquire(world.holder()).result(5)
    assert store.flush(DEADLINE)
    store.close(5)
    with closing(sqlite3.connect(world.path, isolation_level=None)) as db:
        db.execute("UPDATE artefacts SET body = x'00'")
        db.execute("UPDATE observations SET metrics = '[' WHERE probe = 'torn'")
        db.execute("UPDATE current SET since = 'long ago' WHERE probe = 'torn'")
        db.execute("UPDATE lease SET beat_at = 'never'")
    reader = world.reader()
    assert set(reader.probe_states()) == {"ports"}
    assert len(reader.history("ports")) == 1
    for question in (
        lambda: reader.artefact("ab" * 32),
        lambda: reader.history("torn"),
        reader.lease,
    ):
        with pytest.raises(StoreError, match="damaged"):
            question()
    again = world.store()
    assert isinstance(again.acquire(world.holder(2)).result(DEADLINE), Acquired)
    again.observe(world.seen(Verdict.FAIL, "torn"))
    assert again.flush(DEADLINE)
    assert again.probe_states["torn"].observation.verdict is Verdict.FAIL


def test_a_page_of_the_log_and_one_event_in_full(world) -> None:
    store = world.store()
    payload = {"lines": ["a\u202eb"]}
    store.log(
        world.event(
            "edited", "edit", subject="MASTER.md", data={"from": "todo", "n": 2}, payload=payload
        )
    )
    store.observe(world.seen(Verdict.FAIL), source="screen")
    assert store.flush(DEADLINE)
    reader = store.reader()
    page = log_page(reader)
    first, second = page.events()
    assert (first["seq"], first["kind"], first["subject"], first["verdict"]) == (
        1,
        "edit",
        "MASTER.md",
        None,
    )
    assert (second["verdict"], second["source"], second["actor"]) == ("FAIL", "screen", "ops@spark")
    assert (second["probe"], second["prev_hash"]) == ("ports", first["hash"])
    assert first["at"] == "2026-01-05T12:00:00.000000Z"
    assert first["store"] == second["store"] == page.store == reader.store_id() != ""
    assert first["prev_hash"] == genesis(page.store)
    assert (first["data"], first["payload"]) == ({"from": "todo", "n": 2}, payload)
    assert log_page(reader, kinds=("edit",), limit=5).events() == [first]
    shown = show(reader, 1)
    assert shown is not None
    assert shown.intact
    assert shown.as_dict() == {**first, "intact": True}
    lines = dict(shown.lines())
    assert (lines["text"], lines["data.n"], lines["intact"]) == ("edited", "2", "True")
    assert lines["payload"] == '{"lines": ["a\\u202eb"]}'
    assert show(reader, 99) is None
    with closing(sqlite3.connect(world.path, isolation_level=None)) as db:
        db.execute("UPDATE events SET text = 'edited\u200b' WHERE seq = 1")
    shown = show(reader, 1)
    assert shown is not None
    assert not shown.intact


def test_who_follows_the_log_sees_every_event_once(world) -> None:
    store = world.store()
    for number in range(34):
        store.log(world.event(f"e{number}", "file" if number % 2 else "edit"))
    assert store.flush(DEADLINE)
    reader = store.reader()

    def followed(**options: object) -> list[int]:
        seen, since, more = [], 0, True
        while more:
            page = log_page(reader, since=since, **options)
            assert len(page.rows) <= options["limit"]
            seen += [row.seq for row in page.rows]
            since, more = page.next, page.more
        return seen

    assert followed(limit=3) == list(range(1, 35))
    assert followed(limit=34) == list(range(1, 35))
    assert followed(limit=5, kinds=("file",)) == list(range(2, 35, 2))
    assert [row.seq for row in log_page(reader, limit=3).rows] == [32, 33, 34]
    end = log_page(reader, since=34, limit=3)
    assert (end.rows, end.more, end.next) == ((), False, 34)
