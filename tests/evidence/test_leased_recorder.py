"""What counts as the present: not what a late or a deposed watcher believes to know."""

from __future__ import annotations

import pytest
from support import DEADLINE

from cockpit.evidence.base_recorder import LeasedRecorder
from cockpit.model import Verdict


@pytest.fixture
def deposed(world):
    """A collector that was frozen, and the store of the one that took over."""
    store, other = world.store(), world.store(actor="bob@spark")
    first, second = world.holder(1), world.holder(2)
    store.acquire(first).result(DEADLINE)
    world.alive = lambda pid, started_at: pid != 1
    other.acquire(second).result(DEADLINE)
    return LeasedRecorder(store, first), store, LeasedRecorder(other, second), other


def test_a_deposed_collector_changes_no_state_and_logs_nothing(world, deposed) -> None:
    old, old_store, new, new_store = deposed
    new.observe(world.seen(Verdict.FAIL))
    assert new_store.flush(DEADLINE)
    world.pass_time(2)
    old.observe(world.seen(Verdict.OK))
    old.log(world.event("RUN FAIL → UNKNOWN", kind="rollup"))
    assert old_store.flush(DEADLINE)
    reader = world.reader()
    assert reader.probe_states()["ports"].observation.verdict is Verdict.FAIL
    assert [event.text for event in reader.events()] == ["first seen FAIL: 8001 FAIL"]
    assert len(reader.history("ports")) == 2, "it stays in the history"


def test_the_one_that_holds_the_lease_is_heard(world, deposed) -> None:
    _, _, new, new_store = deposed
    new.log(world.event("RUN is OK", kind="rollup"))
    assert new_store.flush(DEADLINE)
    assert [event.text for event in world.reader().events()] == ["RUN is OK"]


def test_an_operators_word_needs_no_lease(world, deposed) -> None:
    old, _old_store, new, new_store = deposed
    new.observe(world.seen(Verdict.FAIL))
    assert new_store.flush(DEADLINE)
    assert old.acknowledge("port:8001", "known", "ann@spark").result(DEADLINE)


def test_a_late_observation_does_not_undo_a_newer_one(world) -> None:
    """A screen beside the collector probes by itself; its slow probe may end after the news."""
    store = world.store()
    slow = world.seen(Verdict.OK)
    world.pass_time(5)
    store.observe(world.seen(Verdict.FAIL))
    store.observe(slow, source="screen")
    assert store.flush(DEADLINE)
    reader = world.reader()
    assert reader.probe_states()["ports"].observation.verdict is Verdict.FAIL
    assert [event.text for event in reader.events()] == ["first seen FAIL: 8001 FAIL"]
    assert len(reader.history("ports")) == 2


def test_a_clock_set_back_by_much_does_not_silence_the_news(world) -> None:
    store = world.store()
    store.observe(world.seen(Verdict.OK))
    world.clock.step_wall(-3600)
    store.observe(world.seen(Verdict.FAIL))
    assert store.flush(DEADLINE)
    assert world.reader().probe_states()["ports"].observation.verdict is Verdict.FAIL
