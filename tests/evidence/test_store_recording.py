"""What an observation, an event, an artefact and an acknowledgement become in the store."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest
from support import DEADLINE

from cockpit.alerting.policy import AlertState, PolicySettings
from cockpit.evidence.serialization import load_alert
from cockpit.feed import Artefact
from cockpit.model import ArtefactRef, EventKind, Verdict
from cockpit.probe_state import advance, apply

OK, FAIL, UNKNOWN = Verdict.OK, Verdict.FAIL, Verdict.UNKNOWN


@pytest.fixture(params=["store", "memory"])
def recorder(request, world):
    """Both recorders tell the same story."""
    return world.store() if request.param == "store" else world.memory()


def settle(recorder) -> None:
    recorder.flush(DEADLINE)


def feed(world, recorder, *verdicts: Verdict, probe: str = "ports", **more) -> None:
    for verdict in verdicts:
        recorder.observe(world.seen(verdict, probe, **more))
        settle(recorder)
        world.pass_time(10)


def test_state_and_events_are_those_of_the_pure_functions(world, recorder, heard) -> None:
    recorder.subscribe(heard)
    before = recorder.last_seq
    probe_state, expected = None, []
    for verdict in (OK, FAIL, FAIL, UNKNOWN, OK):
        observation = world.seen(verdict)
        probe_state, events = apply(probe_state, observation)
        expected += [event.text for event in events]
        recorder.observe(observation)
        world.pass_time(10)
    settle(recorder)
    reader = recorder.reader()
    assert reader.probe_states() == {"ports": probe_state}
    assert recorder.probe_states == {"ports": probe_state}
    transitions = reader.events(kinds=(EventKind.TRANSITION,))
    assert [event.text for event in transitions] == expected
    numbers = [event.seq - before for event in reader.events(before)]
    assert numbers == list(range(1, len(heard.events) + 1))
    assert reader.events(before) == heard.events
    assert {event.actor for event in heard.events} == {"ops@spark"}
    assert heard.probe_states[-1] == probe_state


def policy(world, probe: str) -> AlertState:
    """What is kept of the alert policy of a probe."""
    with closing(sqlite3.connect(world.path)) as connection:
        row = connection.execute("SELECT state FROM policy WHERE probe = ?", (probe,)).fetchone()
    return load_alert(row[0])


def test_the_policy_follows_the_settings_of_the_probe_and_is_no_event(world, heard) -> None:
    store = world.store(settings=lambda probe: PolicySettings(after=3 if probe == "slow" else 1))
    store.subscribe(heard)
    feed(world, store, FAIL, FAIL, probe="slow")
    feed(world, store, FAIL, probe="fast")
    assert (policy(world, "slow").phase, policy(world, "fast").phase) == ("soft", "hard")
    # There is no channel to tell anybody: the transition says it, once.
    assert [(event.kind, event.probe) for event in heard.events] == [
        (EventKind.TRANSITION, "slow"),
        (EventKind.TRANSITION, "fast"),
    ]


def test_state_policy_and_acks_survive_a_restart(world) -> None:
    first = world.store(settings=lambda probe: PolicySettings(after=3))
    since = world.clock.now()
    feed(world, first, FAIL, FAIL)
    assert first.acknowledge("port:8001", "known since Monday", "bob").result(5)
    first.close(5)
    again = world.store(settings=lambda probe: PolicySettings(after=3))
    assert again.probe_states["ports"].since == since
    assert again.acks["port:8001"].note == "known since Monday"
    feed(world, again, FAIL)
    assert again.probe_states["ports"].since == since
    # The third bad one makes it hard, but it was acknowledged before the restart.
    state = policy(world, "ports")
    assert (state.hard, state.acked_by, state.told) == (True, "bob", None)


def test_a_step_that_was_made_already_is_taken_unless_somebody_wrote_in_between(world) -> None:
    ours, theirs = world.store(), world.store(actor="ann@spark")
    first = advance(None, world.seen(OK))
    ours.observe(first.state.observation, advanced=first)
    settle(ours)
    assert ours.probe_states["ports"] is first.state
    world.pass_time(10)
    ours_next = advance(first.state, world.seen(FAIL))
    world.pass_time(1)
    foreign = world.seen(FAIL)
    theirs.observe(foreign)
    settle(theirs)
    world.pass_time(1)
    late = advance(ours_next.state, world.seen(FAIL))
    ours.observe(late.state.observation, advanced=late)
    settle(ours)
    stored = ours.probe_states["ports"]
    assert stored.observation == late.state.observation
    assert stored.since == foreign.observed_at, "counted from what is stored"
    assert stored.since != late.state.since


def test_check_leaves_a_row_of_history_and_nothing_else(world, recorder, heard) -> None:
    recorder.subscribe(heard)
    before = recorder.last_seq
    recorder.observe(world.seen(FAIL), source="check")
    settle(recorder)
    reader = recorder.reader()
    assert [point.verdict for point in reader.history("ports")] == [FAIL]
    assert reader.probe_states() == {}
    assert reader.events(before) == []
    assert heard.events == []
    recorder.observe(world.seen(OK))
    recorder.observe(world.seen(FAIL), source="check")
    settle(recorder)
    assert reader.probe_states()["ports"].observation.verdict is OK


def test_history_is_newest_first_with_its_numbers(world, recorder) -> None:
    for number in range(5):
        recorder.observe(world.seen(OK, headline=f"run {number}", metrics={"ms": number / 2}))
        recorder.observe(world.seen(OK, "other"))
        world.pass_time(1)
    settle(recorder)
    points = recorder.reader().history("ports", 3)
    assert [point.headline for point in points] == ["run 4", "run 3", "run 2"]
    assert [point.metrics for point in points] == [{"ms": 2.0}, {"ms": 1.5}, {"ms": 1.0}]
    assert points[0].at > points[1].at


def test_artefacts_come_back_as_given(world, recorder) -> None:
    artefact = Artefact("ab" * 32, "application/json", b'{"a": 1}' * 100)
    recorder.save_artefact(artefact)
    recorder.save_artefact(artefact)
    settle(recorder)
    assert recorder.reader().artefact(artefact.digest) == artefact
    assert recorder.reader().artefact("cd" * 32) is None


def test_an_unchanged_body_is_stored_once(world) -> None:
    store = world.store()
    for number in range(20):
        store.observe(world.seen(OK, metrics={"ms": float(number)}, duration=number / 10))
        world.pass_time(5)
    store.observe(world.seen(FAIL))
    store.observe(world.seen(OK))
    store.observe(world.seen(OK, "other"))
    assert store.flush(DEADLINE)
    with closing(sqlite3.connect(world.path)) as db:
        assert db.execute("SELECT count(*) FROM observations").fetchone() == (23,)
        assert db.execute("SELECT count(*) FROM bodies").fetchone() == (3,)
    assert store.reader().probe_states()["ports"].observation.verdict is OK


def test_facts_that_only_look_equal_are_different_bodies(world) -> None:
    store = world.store()
    for value in (1, True, 1.0):
        store.observe(world.seen(OK, basis={"count": value}))
        assert store.flush(DEADLINE)
        basis = store.reader().probe_states()["ports"].observation.basis
        assert type(basis["count"]) is type(value)


def test_acknowledgement_stays_through_flicker_and_ends_with_the_problem(
    world, recorder, heard
) -> None:
    recorder.subscribe(heard)
    feed(world, recorder, FAIL)
    feed(world, recorder, FAIL, probe="smoke")
    assert recorder.acknowledge("port:8001", "mine", "bob", ticket="t1").result(5) is True
    said = heard.events[-1]
    assert (said.kind, said.actor, said.ticket) == (EventKind.ACK, "bob", "t1")
    assert recorder.reader().acks()["port:8001"].by == "bob"
    feed(world, recorder, OK)
    assert "port:8001" in recorder.acks, "the other probe still shows the problem"
    feed(world, recorder, OK, probe="smoke")
    assert recorder.acks == {}
    assert recorder.reader().acks() == {}
    assert any("acknowledgement by bob ends" in text for text in heard.texts())


def test_silence_of_another_probe_does_not_end_an_acknowledgement(world, recorder) -> None:
    feed(world, recorder, FAIL)
    feed(world, recorder, FAIL, probe="smoke")
    assert recorder.acknowledge("port:8001", "", "bob").result(5)
    world.pass_time(3600)
    feed(world, recorder, OK)
    assert "port:8001" in recorder.acks, "smoke was last seen red and says nothing since"


def test_a_problem_that_is_not_there_can_not_be_acknowledged(world, recorder, heard) -> None:
    recorder.subscribe(heard)
    feed(world, recorder, OK)
    assert recorder.acknowledge("port:8001", "", "bob").result(5) is False
    assert recorder.acks == {}
    assert heard.events == []


def test_what_can_not_be_stored_is_said_and_stops_nothing_else(world, heard) -> None:
    store = world.store()
    store.subscribe(heard)
    store.log(world.event("before"))
    store.observe(world.seen(OK, basis={"what": object()}))
    store.log(world.event("after"))
    assert store.flush(DEADLINE)
    texts = heard.texts()
    assert "before" in texts
    assert "after" in texts
    assert any(text.startswith("something could not be recorded") for text in texts)
    assert store.health.recording
    assert store.reader().verify().ok


def test_a_failing_subscriber_does_not_disturb_the_others(world, heard) -> None:
    store = world.store()

    def broken(events, probe_states) -> None:
        raise RuntimeError("broken subscriber")

    store.subscribe(broken)
    stop = store.subscribe(heard)
    store.log(world.event("one"))
    assert store.flush(DEADLINE)
    stop()
    store.log(world.event("two"))
    assert store.flush(DEADLINE)
    assert heard.texts() == ["one"]
    assert store.health.recording


def test_an_overflow_drops_observations_counts_them_and_keeps_every_event(
    world, heard, monkeypatch
) -> None:
    monkeypatch.setattr("cockpit.evidence.base_recorder.MOST_WAITING", 10)
    store = world.store()
    entered, go = threading.Event(), threading.Event()

    def slow(events, probe_states) -> None:
        entered.set()
        assert go.wait(DEADLINE)

    stop = store.subscribe(slow)
    store.log(world.event("hold the writer here"))
    assert entered.wait(DEADLINE)
    store.subscribe(heard)
    for number in range(50):
        store.observe(world.seen(OK, headline=f"run {number}"))
        store.log(world.event(f"event {number}"))
    stop()
    go.set()
    assert store.flush(DEADLINE)
    world.pass_time(1)
    store.log(world.event("last"))
    assert store.flush(DEADLINE)
    assert store.health.lost == 40
    texts = heard.texts()
    assert [text for text in texts if text.startswith("event")] == [
        f"event {number}" for number in range(50)
    ]
    assert any(text.startswith("40 observations were not recorded") for text in texts)
    points = store.reader().history("ports", 100)
    assert [point.headline for point in points] == [f"run {n}" for n in range(49, 39, -1)]


def test_after_close_nothing_is_taken_and_nothing_breaks(world) -> None:
    store = world.store()
    store.log(world.event("one"))
    store.close(5)
    store.log(world.event("two"))
    store.observe(world.seen(OK))
    with pytest.raises(RuntimeError, match="closed"):
        store.beat(world.holder()).result(1)
    store.close(5)
    assert [event.text for event in world.reader().events()] == ["one"]


def test_a_second_process_is_heard_by_the_first(world, heard) -> None:
    here, there = world.store(), world.store(actor="bob@spark")
    here.subscribe(heard)
    there.log(world.event("bob is ending 18800", kind="process"))
    there.observe(world.seen(FAIL))
    assert there.flush(DEADLINE)
    heard.wait(lambda h: bool(h.probe_states) and "bob is ending 18800" in h.texts())
    assert heard.events[0].actor == "bob@spark"
    here.log(world.event("mine"))
    assert here.flush(DEADLINE)
    assert [event.seq for event in heard.events] == list(range(1, len(heard.events) + 1))
    assert here.probe_states["ports"].observation.verdict is FAIL


def test_two_processes_advance_the_same_state(world) -> None:
    here, there = world.store(), world.store(actor="bob@spark")
    for store, verdict in ((here, OK), (there, FAIL), (here, FAIL), (there, OK), (here, FAIL)):
        store.observe(world.seen(verdict))
        assert store.flush(DEADLINE)
        world.pass_time(1)
    texts = [
        event.text
        for event in here.reader().events(kinds=(EventKind.TRANSITION,))
        if event.subject == "ports"
    ]
    assert texts == ["OK → FAIL: 8001 FAIL", "FAIL → OK: 8001 OK", "OK → FAIL: 8001 FAIL"]


def test_a_body_names_the_artefacts_it_needs(world) -> None:
    store = world.store()
    reference = ArtefactRef("reply", "ab" * 32, "text/plain", 3)
    store.save_artefact(Artefact(reference.digest, "text/plain", b"abc"))
    store.observe(world.seen(OK, artefacts=(reference,)))
    assert store.flush(DEADLINE)
    assert store.reader().probe_states()["ports"].observation.artefacts == (reference,)
