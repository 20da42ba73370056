"""What was: the past of a probe as stretches of one verdict, the same of a file and of memory."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import DEADLINE

from cockpit.clock import ManualClock
from cockpit.evidence.errors import StoreError
from cockpit.evidence.store import Store
from cockpit.feed import Interval
from cockpit.model import Concern, Observation, Verdict

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL


@pytest.fixture(params=["store", "memory"])
def recorder(request, world):
    return world.store() if request.param == "store" else world.memory()


def test_observations_of_one_verdict_are_one_stretch(world, recorder) -> None:
    start = world.clock.now()
    for number, verdict in enumerate([OK, OK, FAIL, FAIL, FAIL, OK]):
        headline = f"run {number}"
        source = "check" if number == 3 else "collector"
        seen = world.seen(verdict, headline=headline, metrics={"n": float(number)})
        recorder.observe(seen, source=source)
        recorder.observe(world.seen(WARN, "other"))
        world.pass_time(10)
    assert recorder.flush(DEADLINE) or not recorder.health.recording
    reader = recorder.reader()

    def at(seconds: int):
        return start + timedelta(seconds=seconds)

    whole = reader.intervals("ports", start, world.clock.now())
    assert whole == [
        Interval(OK, at(0), at(10), "run 1", {"n": 1.0}),
        Interval(FAIL, at(20), at(40), "run 4", {"n": 4.0}),
        Interval(OK, at(50), at(50), "run 5", {"n": 5.0}),
    ]
    assert reader.intervals("ports", at(10), at(30)) == [
        Interval(OK, at(10), at(10), "run 1", {"n": 1.0}),
        Interval(FAIL, at(20), at(30), "run 3", {"n": 3.0}),
    ]
    assert reader.intervals("ports", at(31), at(39)) == []
    assert reader.intervals("nobody", start, world.clock.now()) == []
    reader.close()


def test_a_silence_ends_no_stretch(world, recorder) -> None:
    start = world.clock.now()
    recorder.observe(world.seen(OK))
    world.pass_time(3600)
    recorder.observe(world.seen(OK))
    recorder.flush(DEADLINE)
    (only,) = recorder.reader().intervals("ports", start, world.clock.now())
    assert (only.start, only.seen_until) == (start, world.clock.now())


def test_what_is_damaged_is_said(world) -> None:
    store = world.store()
    start = world.clock.now()
    store.observe(world.seen(OK))
    assert store.flush(DEADLINE)
    store.close(5)
    with closing(sqlite3.connect(world.path, isolation_level=None)) as db:
        db.execute("UPDATE observations SET metrics = '['")
    with pytest.raises(StoreError, match="damaged"):
        world.reader().intervals("ports", start, start)


def test_a_store_that_is_not_there_has_no_past(world) -> None:
    now = world.clock.now()
    assert world.reader().intervals("ports", now, now) == []


@given(
    st.lists(st.tuples(st.sampled_from([OK, WARN, FAIL]), st.integers(-2, 5)), max_size=12),
    st.integers(-5, 40),
    st.integers(0, 40),
)
@settings(max_examples=30)
def test_a_file_and_memory_tell_the_same(
    run: list[tuple[Verdict, int]], since: int, length: int
) -> None:
    """Also where observations come late, and several of one moment."""
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock()
        store = Store.open(
            Path(folder) / "e.db", clock=clock, actor="ops", alive=lambda pid, started_at: True
        )
        nowhere = Path(folder) / "e.db" / "e.db"
        memory = Store.open(
            nowhere,
            clock=clock,
            actor="ops",
            alive=lambda pid, started_at: True,
            wait=lambda error: True,
        )
        start = at = clock.now()
        for number, (verdict, step) in enumerate(run):
            at += timedelta(seconds=step)
            seen = Observation(
                "p", "smoke", Concern.RUN, verdict, f"{number}", at, at + timedelta(minutes=1)
            )
            store.observe(seen)
            memory.observe(seen)
        assert store.flush(DEADLINE)
        memory.flush(DEADLINE)
        low = start + timedelta(seconds=since)
        high = low + timedelta(seconds=length)
        reader = store.reader()
        told = reader.intervals("p", low, high)
        assert told == memory.reader().intervals("p", low, high)
        assert all(one.verdict is not two.verdict for one, two in itertools.pairwise(told))
        points = [p for p in reader.history("p", 100) if low <= p.at <= high]
        assert (points == []) == (told == [])
        if told:
            assert (told[0].start, told[-1].seen_until) == (points[-1].at, points[0].at)
        reader.close()
        store.close(5)
        memory.close(5)
