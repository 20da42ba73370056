"""When the disk fails: everything is still told, health says so, and it is made good afterwards."""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from support import DEADLINE, until

from cockpit.evidence.errors import StoreError
from cockpit.feed import Artefact
from cockpit.model import ArtefactRef, Verdict

OK, FAIL = Verdict.OK, Verdict.FAIL
RETRY = 4.0


class Flaky(sqlite3.Connection):
    """A connection whose statements fail when the test says so."""

    before: Callable[[str], None] | None = None

    def execute(self, sql: str, *parameters):  # type: ignore[no-untyped-def]
        if type(self).before is not None:
            type(self).before(sql)
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, *parameters):  # type: ignore[no-untyped-def]
        if type(self).before is not None:
            type(self).before(sql)
        return super().executemany(sql, *parameters)


@pytest.fixture
def flaky():
    yield Flaky
    Flaky.before = None


def burst(world, store) -> None:
    """One of everything, ending at FAIL; alone in its batch as far as the writer allows."""
    store.save_artefact(Artefact("ab" * 32, "text/plain", b"abc"))
    store.observe(world.seen(FAIL))
    store.observe(world.seen(FAIL))
    store.log(world.event("said"))


def fail_at(numbers: set[int], error: Callable[[], Exception]) -> Callable[[str], None]:
    count = itertools.count(1)

    def before(sql: str) -> None:
        if "PRAGMA" not in sql and next(count) in numbers:
            raise error()

    return before


def full() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("database or disk is full")


def test_whichever_statement_fails_nothing_is_lost_or_doubled(world, flaky, heard) -> None:
    statements: list[str] = []
    store = world.store(world.folder / "count.db", factory=flaky)
    store.observe(world.seen(OK))
    assert store.flush(DEADLINE)
    flaky.before = lambda sql: statements.append(sql) if "PRAGMA" not in sql else None
    burst(world, store)
    assert store.flush(DEADLINE)
    flaky.before = None
    written = [sql for sql in statements if not sql.startswith("SELECT")]
    assert any(sql == "COMMIT" for sql in written)
    assert any("INTO current" in sql for sql in written)
    for number in range(1, len(statements) + 1):
        path = world.folder / f"fail{number}.db"
        store = world.store(path, factory=flaky)
        told = type(heard)()
        store.observe(world.seen(OK))
        assert store.flush(DEADLINE)
        store.subscribe(told)
        flaky.before = fail_at({number}, full)
        burst(world, store)
        store.flush(DEADLINE)
        flaky.before = None
        world.pass_time(RETRY)
        store.log(world.event("after"))
        assert store.flush(DEADLINE), store.health
        texts = [event.text for event in store.reader().events()]
        for wanted in ("said", "after", "OK → FAIL: 8001 FAIL"):
            assert texts.count(wanted) == 1, (number, wanted, texts)
            assert told.texts().count(wanted) == 1, (number, wanted, told.texts())
        assert store.reader().probe_states()["ports"].observation.verdict is FAIL
        assert store.reader().verify().ok
        assert store.reader().events() == told.events, number
        store.close(5)


def test_not_recording_is_said_with_its_reason_and_ends_with_one_event(world, flaky, heard) -> None:
    store = world.store(factory=flaky)
    store.subscribe(heard)
    store.observe(world.seen(OK))
    assert store.flush(DEADLINE)
    start = world.clock.now()
    flaky.before = fail_at(set(range(1, 10_000)), full)
    for _ in range(10):
        store.observe(world.seen(FAIL))
        store.log(world.event("kept"))
        assert not store.flush(DEADLINE)
        world.pass_time(5)
    assert not store.health.recording
    assert "full" in store.health.trouble
    assert heard.texts().count("kept") == 10, "subscribers hear events while nothing is recorded"
    assert heard.probe_states[-1].observation.verdict is FAIL
    assert store.probe_states["ports"].since == start
    assert store.acknowledge("port:8001", "seen", "bob").result(5)
    assert store.beat(world.holder()).result(5) is True
    with pytest.raises(StoreError, match="full"):
        store.acquire(world.holder()).result(5)
    flaky.before = None
    world.pass_time(RETRY)
    store.log(world.event("after"))
    assert store.flush(DEADLINE)
    assert store.health.recording
    assert store.health.trouble == ""
    reader = store.reader()
    events = reader.events()
    assert [event.text for event in events].count("kept") == 10
    closing_event = next(e for e in events if e.text.startswith("recording again"))
    assert closing_event.data["start"] == start.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert closing_event.data["lost"] == 9
    assert [event.seq for event in heard.events] == [event.seq for event in events]
    assert reader.probe_states()["ports"].since == start
    assert reader.acks()["port:8001"].by == "bob"
    assert reader.verify().ok


def test_a_full_disk_and_its_end(world, program: Callable[..., subprocess.Popen[str]]) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no file size limit to set")
    process = program("small_disk.py", world.path)
    out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    before, full_, still, again = (json.loads(line) for line in out.splitlines())
    assert before["flushed"]
    assert not full_["flushed"]
    assert not full_["recording"]
    assert full_["trouble"]
    assert full_["heard"] == 50
    assert full_["probe_state"] == "49"
    assert not still["recording"]
    assert again["flushed"]
    assert again["recording"]
    assert again["during"] == 50
    assert again["unique"]
    assert again["intact"]
    assert again["probe_state"] == "100"
    assert len(again["closing"]) == 1
    assert again["lost"] == 50, "51 were seen, the newest was recorded afterwards"


def test_a_disk_that_keeps_failing_is_asked_less_and_less_often(world, flaky, heard) -> None:
    store = world.store(factory=flaky)
    store.subscribe(heard)
    assert store.flush(DEADLINE)
    for _ in range(100):
        flaky.before = fail_at(set(range(1, 10_000)), full)
        store.log(world.event("fails"))
        store.flush(DEADLINE)
        flaky.before = None
        world.pass_time(3)
        store.log(world.event("works when it is tried"))
        store.flush(DEADLINE)
    assert 2 < sum(text.startswith("not recording") for text in heard.texts()) < 20


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be deleted there")
@pytest.mark.parametrize("what", ["main file", "files", "folder"])
def test_a_deleted_store_is_noticed_and_begun_anew(world, heard, what: str) -> None:
    path = world.folder / "state" / "evidence.db"
    store = world.store(path)
    store.subscribe(heard)
    store.observe(world.seen(FAIL))
    store.log(world.event("old"))
    assert store.flush(DEADLINE)
    told = len(heard.events)
    path.unlink()
    if what != "main file":
        path.with_name("evidence.db-wal").unlink()
        path.with_name("evidence.db-shm").unlink()
    if what == "folder":
        path.parent.rmdir()
    store.log(world.event("meanwhile"))
    assert not store.flush(DEADLINE)
    assert "deleted" in store.health.trouble
    world.pass_time(RETRY)
    store.log(world.event("after"))
    assert store.flush(DEADLINE)
    reader = store.reader()
    texts = [event.text for event in reader.events()]
    assert "meanwhile" in texts
    assert "after" in texts
    assert reader.probe_states()["ports"].observation.verdict is FAIL
    assert reader.verify().ok
    assert min(event.seq for event in reader.events()) == told + 1, "numbers go on, none twice"


def test_an_idle_store_notices_that_its_file_is_gone(world) -> None:
    if sys.platform == "win32":
        pytest.skip("an open file can't be deleted there")
    store = world.store()
    assert store.flush(DEADLINE)
    world.path.unlink()
    until(lambda: not store.health.recording)


def test_a_store_locked_for_too_long_goes_on_in_memory(world, heard) -> None:
    class Impatient(sqlite3.Connection):
        def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
            super().__init__(*arguments, **{**options, "timeout": 0.05})

    store = world.store(factory=Impatient)
    store.subscribe(heard)
    assert store.flush(DEADLINE)
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.log(world.event("meanwhile"))
        assert not store.flush(DEADLINE)
        assert "locked" in store.health.trouble
        assert "meanwhile" in heard.texts()
        other.execute("ROLLBACK")
    world.pass_time(RETRY)
    store.log(world.event("after"))
    assert store.flush(DEADLINE)
    assert store.reader().events() == heard.events


def test_what_another_process_wrote_meanwhile_is_heard_after_the_outage(
    world, flaky, heard
) -> None:
    store, other = world.store(factory=flaky), world.store(actor="bob")
    store.subscribe(heard)
    store.observe(world.seen(FAIL))
    assert store.flush(DEADLINE)
    flaky.before = fail_at(set(range(1, 10_000)), full)
    store.log(world.event("mine"))
    assert not store.flush(DEADLINE)
    world.pass_time(1)
    other.observe(world.seen(OK))
    other.log(world.event("bob's"))
    assert other.flush(DEADLINE)
    flaky.before = None
    world.pass_time(RETRY)
    store.log(world.event("after"))
    assert store.flush(DEADLINE)
    assert heard.texts().count("bob's") == 1
    assert heard.texts().count("mine") == 1
    reader = store.reader()
    assert sorted(e.text for e in reader.events()) == sorted(heard.texts())
    assert reader.probe_states()["ports"].observation.verdict is OK, "the newer one counts"
    assert reader.verify().ok


def test_what_is_kept_is_written_when_closing_in_an_outage(world, flaky) -> None:
    store = world.store(factory=flaky)
    assert store.flush(DEADLINE)
    flaky.before = fail_at(set(range(1, 10_000)), full)
    store.log(world.event("kept"))
    assert not store.flush(DEADLINE)
    flaky.before = None
    store.close(5)
    assert "kept" in [event.text for event in world.reader().events()]


def test_an_unexpected_error_does_not_end_the_writer(world, flaky, heard) -> None:
    store = world.store(factory=flaky)
    store.subscribe(heard)
    assert store.flush(DEADLINE)
    flaky.before = fail_at({3}, lambda: MemoryError("no more"))
    store.log(world.event("one"))
    store.flush(DEADLINE)
    flaky.before = None
    store.log(world.event("two"))
    assert store.flush(DEADLINE)
    assert "two" in heard.texts()
    assert heard.texts().count("one") <= 1


def test_a_disk_that_does_not_answer_is_said(world, flaky) -> None:
    store = world.store(factory=flaky)
    assert store.flush(DEADLINE)
    stuck, go = threading.Event(), threading.Event()

    def hang(sql: str) -> None:
        if sql == "COMMIT":
            stuck.set()
            assert go.wait(DEADLINE)

    flaky.before = hang
    store.log(world.event("slow"))
    assert stuck.wait(DEADLINE)
    assert store.health.recording
    world.pass_time(11)
    assert not store.health.recording
    assert "not answered for 11 s" in store.health.trouble
    go.set()
    assert store.flush(DEADLINE)
    assert store.health.recording


def test_the_raw_evidence_of_the_newest_state_survives_an_outage(world, flaky) -> None:
    store = world.store(factory=flaky)
    assert store.flush(DEADLINE)
    flaky.before = fail_at(set(range(1, 10_000)), full)
    reference = ArtefactRef("reply", "ab" * 32, "text/plain", 3)
    store.save_artefact(Artefact(reference.digest, "text/plain", b"abc"))
    store.observe(world.seen(FAIL, artefacts=(reference,)))
    assert not store.flush(DEADLINE)
    flaky.before = None
    world.pass_time(RETRY)
    store.log(world.event("after"))
    assert store.flush(DEADLINE)
    assert store.reader().artefact(reference.digest).body == b"abc"
