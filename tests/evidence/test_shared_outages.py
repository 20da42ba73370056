"""Several who watch through one outage: its stretch is written once, and is a gap for nobody."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from support import DEADLINE, until

from cockpit.evidence.errors import StoreError
from cockpit.evidence.lease import Acquired, HeldBy
from cockpit.evidence.outage import told_already
from cockpit.evidence.store import Store
from cockpit.model import Event, EventKind, Verdict

OK, FAIL = Verdict.OK, Verdict.FAIL
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
RETRY = 4.0


class Breakable(sqlite3.Connection):
    """A connection to a disk that is full while `full` is set."""

    full = False

    def execute(self, sql: str, *parameters):  # type: ignore[no-untyped-def]
        if type(self).full and not sql.startswith(("SELECT", "PRAGMA", "ROLLBACK")):
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *parameters)


@pytest.fixture
def disk():
    yield Breakable
    Breakable.full = False


def watched(world, store: Store, verdict: Verdict, *pids: int) -> None:
    """What one of the watchers sees: a verdict, and processes that came."""
    store.observe(world.seen(verdict))
    store.log(
        Event(at=world.clock.now(), kind=EventKind.ROLLUP, subject="RUN", text="", verdict=verdict)
    )
    for pid in pids:
        text = f"{pid} was ended by signal 9"
        store.log(world.event(text, kind="process", probe="ports", subject=str(pid)))
    store.flush(DEADLINE)


def resume(world, store: Store) -> None:
    def records() -> bool:
        world.pass_time(0.5)
        return store.health.recording

    until(records)
    assert store.flush(DEADLINE)


@pytest.mark.parametrize("first", ["holder", "other"])
def test_two_watchers_write_their_stretch_once(world, disk, first: str) -> None:
    collector = world.store(factory=disk, actor="bob")
    screen = world.store(factory=disk, actor="ann")
    holder, other = world.holder(1), world.holder(2, kind="screen")
    assert collector.acquire(holder).result(DEADLINE) == Acquired()
    watched(world, collector, OK)
    assert isinstance(screen.acquire(other).result(DEADLINE), HeldBy)
    disk.full = True
    world.pass_time(1)
    watched(world, collector, FAIL, 71)
    world.pass_time(4)
    with pytest.raises(StoreError, match="full"):
        # Its beat is late: the screen finds out that nobody can write, and watches in memory.
        screen.acquire(other).result(DEADLINE)
    assert not screen.health.recording
    watched(world, screen, FAIL)
    screen.log(world.event("ticked by ann", kind="edit", probe="list"))
    for verdict in (OK, FAIL):
        world.pass_time(10)
        watched(world, collector, verdict, 72)
        world.pass_time(0.3)
        watched(world, screen, verdict)
    disk.full = False
    order = (collector, screen) if first == "holder" else (screen, collector)
    for store in order:
        resume(world, store)
    reader = world.reader()
    events = reader.events(0, 1000)
    told = Counter((e.kind, e.subject, e.verdict) for e in events if e.kind != EventKind.COLLECTOR)
    assert told["transition", "ports", FAIL] == 2
    assert told["transition", "ports", OK] == 1
    assert told["transition", ":8001", FAIL] == 2
    assert told["rollup", "RUN", FAIL] == 2
    assert told["process", "71", None] == 1
    assert told["process", "72", None] == 2
    assert told["edit", "", None] == 1
    assert reader.gaps() == ()
    assert reader.verify().ok
    assert collector.beat(holder).result(DEADLINE), "it never stopped watching"
    assert not screen.beat(other).result(DEADLINE)
    assert reader.probe_states()["ports"].observation.verdict is FAIL


def test_who_watched_alone_through_an_outage_left_no_gap(world, disk) -> None:
    """Also where the holder of the lease ended in it."""
    collector, screen = world.store(factory=disk), world.store(factory=disk)
    assert collector.acquire(world.holder(1)).result(DEADLINE) == Acquired()
    screen.acquire(world.holder(2)).result(DEADLINE)
    disk.full = True
    world.pass_time(4)
    with pytest.raises(StoreError):
        screen.acquire(world.holder(2)).result(DEADLINE)
    collector.close(5)
    world.alive = lambda pid, started_at: pid != 1
    world.pass_time(3600)
    disk.full = False
    resume(world, screen)
    assert screen.beat(world.holder(2)).result(DEADLINE), "the lease came with the record"
    assert world.reader().gaps() == ()


def test_a_gap_before_the_watching_began_is_one(world, disk) -> None:
    before = world.store()
    assert before.acquire(world.holder(1)).result(DEADLINE) == Acquired()
    began = world.clock.now()
    before.close(5)
    world.alive = lambda pid, started_at: pid != 1
    world.pass_time(600)
    disk.full = True
    screen = world.store(factory=disk, wait=lambda error: True)
    with pytest.raises(StoreError):
        screen.acquire(world.holder(2)).result(DEADLINE)
    world.pass_time(600)
    disk.full = False
    resume(world, screen)
    (gap,) = world.reader().gaps()
    assert (gap.start, gap.end - gap.start) == (began, timedelta(seconds=600))
    assert screen.gaps == (gap,)


def test_a_collector_that_alone_could_not_write_takes_a_gap_back(world, disk) -> None:
    collector, screen = world.store(factory=disk), world.store()
    assert collector.acquire(world.holder(1)).result(DEADLINE) == Acquired()
    screen.acquire(world.holder(2)).result(DEADLINE)
    disk.full = True
    watched(world, collector, FAIL)
    world.pass_time(20)
    assert screen.acquire(world.holder(2)).result(DEADLINE) == Acquired()
    assert len(screen.gaps) == 1, "as far as the screen can know"
    world.pass_time(10)
    disk.full = False
    resume(world, collector)
    assert not collector.beat(world.holder(1)).result(DEADLINE)
    until(lambda: screen.gaps == ())
    assert collector.gaps == ()
    assert world.reader().gaps() == ()
    assert screen.beat(world.holder(2)).result(DEADLINE)


def test_a_store_locked_at_the_start_is_recorded_into_once_it_is_free(world, heard) -> None:
    first = world.store()
    watched(world, first, FAIL)
    since = world.clock.now()
    first.close(5)
    world.pass_time(60)
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        class Impatient(sqlite3.Connection):
            def __init__(self, *arguments, **options) -> None:  # type: ignore[no-untyped-def]
                super().__init__(*arguments, **{**options, "timeout": 0.05})

        with pytest.raises(StoreError, match="another program keeps it locked"):
            world.store(factory=Impatient)
        store = world.store(factory=Impatient, wait=lambda error: error.passing)
        store.subscribe(heard)
        assert not store.health.recording
        watched(world, store, FAIL)
        store.log(world.event("kept"))
        store.flush(DEADLINE)
        assert [e.text for e in store.reader().events()][-1] == "kept", "it can be read back"
        other.execute("ROLLBACK")
    resume(world, store)
    events = world.reader().events(0, 100)
    texts = [event.text for event in events]
    assert texts.count("kept") == 1
    assert sum(text.startswith("not recording: another program") for text in texts) == 1
    assert sum(text.startswith("first seen FAIL") for text in texts) == 1, "it was known before"
    assert world.reader().probe_states()["ports"].since == since
    assert store.probe_states["ports"].since == since
    assert store.numbering == 1, "what was told had numbers of its own"


def test_what_never_reached_the_disk_is_counted_at_the_end(world, disk) -> None:
    store = world.store(factory=disk)
    assert store.flush(DEADLINE)
    disk.full = True
    store.log(world.event("one"))
    store.observe(world.seen(FAIL))
    store.beat(world.holder(1))
    store.flush(DEADLINE)
    # The event, the observation, and what it changed.
    assert store.close(5) == 3


def test_nothing_is_counted_where_nothing_was_to_be_written(world, disk) -> None:
    store = world.store(factory=disk)
    assert store.flush(DEADLINE)
    disk.full = True
    store.acquire(world.holder(1))
    store.release(world.holder(1))
    store.flush(DEADLINE)
    assert store.close(5) == 0


def changes(*steps: tuple[float, Verdict]) -> list[Event]:
    return [
        Event(
            at=NOW + timedelta(seconds=at),
            kind=EventKind.TRANSITION,
            probe="api",
            subject="api",
            text="",
            verdict=verdict,
            seq=number,
        )
        for number, (at, verdict) in enumerate(steps, 1)
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "told"),
    [
        ([(10, FAIL), (20, OK)], [(10.4, FAIL), (19.8, OK)], {1, 2}),
        # The other began later, or looks less often: what it missed is told.
        ([(10, FAIL), (12, OK), (30, FAIL)], [(31, FAIL)], {3}),
        ([(10, FAIL)], [(10.4, FAIL), (12, OK), (14, FAIL)], {1}),
        ([(10, FAIL), (20, OK)], [], set()),
        ([], [(10, FAIL)], set()),
        ([(10, FAIL), (20, OK), (30, FAIL), (40, OK)], [(21, OK), (29, FAIL)], {2, 3}),
    ],
)
def test_the_changes_that_both_saw(
    mine: list[tuple[float, Verdict]], theirs: list[tuple[float, Verdict]], told: set[int]
) -> None:
    assert told_already(changes(*mine), changes(*theirs)) == told


@pytest.mark.parametrize(
    ("kind", "data"),
    [("edit", {}), ("ack", {}), ("process", {"act": "ab12", "phase": "intent"}), ("collector", {})],
)
def test_what_somebody_did_is_never_taken_for_what_another_did(
    kind: str, data: dict[str, str]
) -> None:
    event = Event(at=NOW, kind=kind, text="done", probe="list", data=data, seq=1)
    assert told_already([event], [event]) == set()


def test_flapping_without_an_end_is_compared_in_a_moment() -> None:
    flaps = changes(*((n, OK if n % 2 else FAIL) for n in range(3000)))
    found = told_already(flaps, flaps)
    assert 1000 <= len(found) <= 3000
