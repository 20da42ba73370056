"""Everything the model can hold goes into the store and comes back the same."""

from __future__ import annotations

import json
import math
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from support import DEADLINE

from cockpit.clock import ManualClock
from cockpit.evidence.serialization import (
    body_json,
    canonical,
    load_observation,
    same_body,
    sha256,
    stamp,
)
from cockpit.evidence.store import Store
from cockpit.facts import NO_FACTS, UnknownFacts
from cockpit.model import (
    ArtefactRef,
    Concern,
    Doubt,
    DoubtKind,
    Event,
    Finding,
    Observation,
    Verdict,
)
from cockpit.probe_state import ProbeState
from cockpit.text import parse_instant

TEXT = st.text(max_size=40)
MOMENTS = st.datetimes(
    datetime(1990, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(timedelta(hours=-5))]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False), TEXT
)
VALUES = st.one_of(
    SCALARS,
    st.lists(TEXT, max_size=3).map(tuple),
    st.lists(st.integers(-(10**12), 10**12), max_size=3).map(tuple),
)
FACTS = st.dictionaries(TEXT, VALUES, max_size=4)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(), max_size=10),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMED = st.dictionaries(TEXT.filter(lambda name: name not in ("type", "v")), JSON, max_size=4)
FINDINGS = st.builds(
    Finding,
    key=TEXT,
    verdict=st.sampled_from(Verdict),
    subject=TEXT,
    text=TEXT,
    title=TEXT,
    cause=TEXT,
    next_act=TEXT,
    facts=st.one_of(
        st.just(NO_FACTS),
        st.builds(UnknownFacts, st.just("nobody.knows"), st.just(3), NAMED),
        st.builds(UnknownFacts, st.just(""), st.just(0), NAMED),
    ),
)
OBSERVATIONS = st.builds(
    Observation,
    probe=TEXT,
    kind=st.sampled_from(["listener", "gate", "a kind of tomorrow"]),
    affects=st.sampled_from(Concern),
    verdict=st.sampled_from(Verdict),
    headline=TEXT,
    observed_at=MOMENTS,
    valid_until=MOMENTS,
    duration=st.floats(0, 1e6),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    basis=FACTS,
    doubts=st.lists(st.builds(Doubt, st.sampled_from(DoubtKind), TEXT), max_size=2).map(tuple),
    metrics=st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=3),
    artefacts=st.lists(
        st.builds(ArtefactRef, TEXT, st.just("ab" * 32), TEXT, st.integers(0, 2**40)), max_size=2
    ).map(tuple),
    runbook=TEXT,
)

CHANGES = {
    "basis": FACTS,
    "findings": st.lists(FINDINGS, max_size=2).map(tuple),
    "headline": TEXT,
    "verdict": st.sampled_from(Verdict),
    "affects": st.sampled_from(Concern),
    "runbook": TEXT,
    "doubts": st.just((Doubt(DoubtKind.CLOCK, "x"),)),
    "artefacts": st.just((ArtefactRef("x", "cd" * 32, "text/plain", 1),)),
    "kind": st.just("other"),
}


def exact(value: object) -> object:
    """A value with its types, so that 1, 1.0 and True differ."""
    return repr(value)


def ordered(value: object) -> object:
    """A JSON value as the store gives it back: it keeps no order of keys."""
    return json.loads(json.dumps(value, sort_keys=True))


@given(OBSERVATIONS)
@settings(max_examples=60)
def test_an_observation_comes_back_with_every_type(observation: Observation) -> None:
    again = load_observation(
        body_json(observation),
        stamp(observation.observed_at),
        stamp(observation.valid_until),
        observation.duration,
        canonical(dict(observation.metrics)),
    )
    assert again == observation
    assert [exact(f.facts) for f in again.findings] == [
        exact(f.facts) for f in observation.findings
    ]
    assert exact(again.basis) == exact(observation.basis)


@given(OBSERVATIONS, st.data())
@settings(max_examples=60)
def test_the_quick_comparison_of_bodies_never_says_yes_wrongly(
    one: Observation, data: st.DataObject
) -> None:
    name, values = data.draw(st.sampled_from(list(CHANGES.items())))
    other = replace(one, **{name: data.draw(values)})
    if same_body(one, other):
        assert body_json(one) == body_json(other)
    assert same_body(one, replace(one, duration=9.0, metrics={"other": 1.0}))


@given(MOMENTS, MOMENTS)
def test_stamps_sort_as_moments_do(one: datetime, other: datetime) -> None:
    assert parse_instant(stamp(one)) == one
    assert (stamp(one) < stamp(other)) == (one < other)


@given(
    st.lists(OBSERVATIONS, min_size=1, max_size=4),
    st.lists(
        st.builds(
            Event,
            at=MOMENTS,
            kind=TEXT,
            text=TEXT,
            subject=TEXT,
            ticket=TEXT,
            data=FACTS,
            payload=JSON,
        ),
        max_size=3,
    ),
)
@settings(max_examples=25)
def test_the_store_gives_back_what_it_was_given(
    observations: list[Observation], events: list[Event]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = ManualClock()
        store = Store.open(
            Path(folder) / "e.db", clock=clock, actor="ops", alive=lambda pid, started_at: True
        )
        for observation in observations:
            store.observe(observation)
        for event in events:
            store.log(event)
        assert store.flush(DEADLINE)
        assert store.health.recording
        reader = store.reader()
        latest = {o.probe: o for o in observations}
        read = reader.probe_states()
        assert {name: probe_state.observation for name, probe_state in read.items()} == latest
        assert read == dict(store.probe_states)
        assert all(isinstance(probe_state, ProbeState) for probe_state in read.values())
        logged = reader.events(0, 1000)[-len(events) :] if events else []
        assert [(e.at, e.kind, e.text, e.data, exact(e.payload)) for e in logged] == [
            (e.at, e.kind, e.text, e.data, exact(ordered(e.payload))) for e in events
        ]
        assert reader.verify().ok
        reader.close()
        store.close(5)


def test_numbers_that_are_none_survive_too() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    observation = Observation(
        "p", "k", Concern.RUN, Verdict.OK, "h", now, now, basis={"a": math.nan, "b": math.inf}
    )
    again = load_observation(body_json(observation), stamp(now), stamp(now), 0.0, '{"m":NaN}')
    assert math.isnan(again.basis["a"])  # type: ignore[arg-type]
    assert again.basis["b"] == math.inf
    assert math.isnan(again.metrics["m"])


def seen_in_order(*names: str) -> Observation:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    facts = dict.fromkeys(names, 1)
    finding = Finding("k", Verdict.OK, "s", facts=UnknownFacts("", 0, facts))
    numbers = dict.fromkeys(names, 1.0)
    return Observation(
        "p", "k", Concern.RUN, Verdict.OK, "h", now, now, 0.0, (finding,), facts, (), numbers
    )


def opened(folder: Path) -> Store:
    return Store.open(
        folder / "e.db", clock=ManualClock(), actor="ops", alive=lambda pid, started_at: True
    )


def test_facts_and_numbers_keep_their_order_through_the_store(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.observe(seen_in_order("port", "expect", "addresses"))
    assert store.flush(DEADLINE)
    reader = store.reader()
    again = reader.probe_states()["p"].observation
    for facts in (again.basis, again.findings[0].facts, again.metrics):
        assert list(facts) == ["port", "expect", "addresses"]
    reader.close()
    store.close(5)


def test_a_body_of_an_older_version_is_read_and_then_written_in_order(tmp_path: Path) -> None:
    observation = seen_in_order("port", "expect", "addresses")
    store = opened(tmp_path)
    store.observe(observation)
    assert store.flush(DEADLINE)
    store.close(5)
    text = canonical(json.loads(body_json(observation)))  # keys sorted, as it used to be
    with closing(sqlite3.connect(tmp_path / "e.db")) as connection, connection:
        connection.execute(
            "UPDATE bodies SET hash = ?, body = ?", (sha256(text), zlib.compress(text.encode()))
        )
    store = opened(tmp_path)
    reader = store.reader()
    old = reader.probe_states()["p"].observation
    assert old == observation and list(old.basis) == ["addresses", "expect", "port"]
    store.observe(observation)
    store.log(Event(at=observation.observed_at, kind="note", text="x"))
    assert store.flush(DEADLINE)
    assert list(reader.probe_states()["p"].observation.basis) == ["port", "expect", "addresses"]
    assert reader.verify().ok
    reader.close()
    store.close(5)


def test_facts_of_a_kind_are_read_as_what_they_are_whoever_reads_them() -> None:
    """A process that has not met the kind yet, such as an attached screen, loads its facts."""
    code = """
import sys
from datetime import UTC, datetime
from cockpit.evidence.serialization import body_json, load_observation, stamp
from cockpit.facts import UnknownFacts
from cockpit.model import Concern, Finding, Observation, Verdict
assert "cockpit.kinds.gate.facts" not in sys.modules
now = datetime(2026, 1, 5, tzinfo=UTC)
known = UnknownFacts("gate.score", 1, {"met": 1, "proven": 1, "total": 3})
other = UnknownFacts("nobody.knows", 1, {"a": 1})
findings = (Finding("k", Verdict.OK, "s", facts=known), Finding("m", Verdict.OK, "s", facts=other))
body = body_json(Observation("p", "k", Concern.RUN, Verdict.OK, "h", now, now, 0.0, findings))
first, second = load_observation(body, stamp(now), stamp(now), 0.0, "{}").findings
assert second.facts == other
print(type(first.facts).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    assert done.stdout.strip() == "ScoreFacts"
