"""The facts of gates and smoke requests come back from JSON and from the store as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.evidence.serialization import body_json, load_observation, stamp
from cockpit.facts import FindingFacts, decode, encode
from cockpit.kinds.gate.facts import PartFacts, ScoreFacts
from cockpit.kinds.smoke.facts import RequestFacts
from cockpit.model import Concern, Finding, Observation, Verdict

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)
COUNTS = st.integers(0, 10**9)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
COPIES = {
    "kept_at": st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),
    "bytes": st.none() | COUNTS,
}
FACTS = st.one_of(
    st.builds(ScoreFacts, COUNTS, COUNTS, COUNTS, **COPIES),
    st.builds(PartFacts, SCALARS, SCALARS, st.none() | st.booleans()),
    st.builds(
        RequestFacts,
        check=TEXT,
        symbol=TEXT,
        method=st.sampled_from(["GET", "HEAD", "POST"]),
        path=TEXT,
        status=st.none() | st.integers(100, 599),
        limit_ms=COUNTS,
        content_type=st.none() | TEXT,
        **COPIES,
    ),
)


@given(FACTS)
def test_facts_come_back_as_they_were(facts: FindingFacts) -> None:
    again = decode(json.loads(json.dumps(encode(facts))))
    assert repr(again) == repr(facts)  # not 1 for 1.0, and not True for 1


@given(FACTS)
def test_facts_come_back_from_the_store(facts: FindingFacts) -> None:
    finding = Finding("x", Verdict.OK, "x", facts=facts)
    until = NOW + timedelta(minutes=1)
    seen = Observation("p", "gate", Concern.RUN, Verdict.OK, "", NOW, until, findings=(finding,))
    stored = load_observation(body_json(seen), stamp(NOW), stamp(until), 0.0, "{}")
    assert stored == seen
    assert repr(stored.findings) == repr(seen.findings)


def test_a_method_that_is_none_is_damage() -> None:
    facts = RequestFacts("a", "", "GET", "/a", 200, limit_ms=3000)
    with pytest.raises(ValueError, match="PUT"):
        decode({**encode(facts), "method": "PUT"})
