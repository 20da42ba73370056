"""Typed facts: what is written is read back, and what is not known is kept as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.facts import FindingFacts, UnknownFacts, decode, encode


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Place:
    file: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class SampleFacts(FindingFacts, type="sample.all", version=3):
    name: str
    count: int = 0
    share: float | None = None
    sure: bool = False
    seen_at: datetime | None = None
    colour: Colour | None = None
    words: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    mode: Literal["a", "b"] = "a"
    either: int | float | str | None = None
    more: tuple[int, ...] = field(default_factory=tuple)


safe_text = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))
samples = st.builds(
    SampleFacts,
    name=safe_text,
    count=st.integers(),
    share=st.none() | st.floats(allow_nan=False),
    sure=st.booleans(),
    seen_at=st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),
    colour=st.none() | st.sampled_from(Colour),
    words=st.lists(safe_text).map(tuple),
    places=st.lists(st.builds(Place, safe_text, st.none() | st.integers())).map(tuple),
    mode=st.sampled_from(["a", "b"]),
    either=st.none() | st.integers() | st.floats(allow_nan=False) | safe_text,
    more=st.lists(st.integers()).map(tuple),
)


@given(samples)
def test_what_is_written_is_read_back(facts: SampleFacts) -> None:
    again = decode(json.loads(json.dumps(encode(facts))))
    assert repr(again) == repr(facts)  # not 1 for 1.0, and not True for 1


@pytest.mark.parametrize(
    "damage",
    [
        {"name": 3},
        {"count": "3"},
        {"count": True},
        {"share": "much"},
        {"words": "abc"},
        {"places": [{"line": 3}]},
        {"places": ["PLAN.md"]},
        {"mode": "c"},
        {"colour": "green"},
        {"seen_at": "2026-01-05T12:00:00"},
    ],
)
def test_damaged_facts_are_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode({"type": "sample.all", "v": 3, "name": "x", **damage})


def test_a_missing_field_without_a_default_is_damage() -> None:
    with pytest.raises(ValueError, match="name"):
        decode({"type": "sample.all", "v": 3})


@pytest.mark.parametrize("known", [("sample.other", 3), ("sample.all", 4)])
def test_what_is_not_known_is_kept_as_it_was(known: tuple[str, int]) -> None:
    stored = {"type": known[0], "v": known[1], "name": "x", "list": [1, 2], "deep": {"a": 1}}
    facts = decode(stored)
    assert isinstance(facts, UnknownFacts)
    assert encode(facts) == stored
    assert dict(facts.items()) == {"name": "x", "list": (1, 2)}


def test_facts_of_a_cockpit_that_had_no_types_are_kept_as_they_were() -> None:
    stored = {"port": 8001, "owners": [4412], "title": "x"}
    facts = decode(stored)
    assert isinstance(facts, UnknownFacts)
    assert encode(facts) == stored
    assert dict(facts.items()) == {"port": 8001, "owners": (4412,), "title": "x"}


@pytest.mark.parametrize("damage", [[], "text", 3, {"type": 3, "v": 1}, {"type": "a.b"}])
def test_what_is_no_table_of_facts_is_damage(damage: Any) -> None:
    with pytest.raises(ValueError, match="facts"):
        decode(damage)


def test_texts_from_outside_are_safe_to_draw_however_deep() -> None:
    facts = SampleFacts("a\x1b[31mb", words=("c\u202e",), places=(Place("d\x07"),))
    assert (facts.name, facts.words, facts.places) == ("ab", ("c",), (Place("d"),))
    stored = decode(
        {"type": "else.where", "v": 1, "text": "a\x1b]0;x\x07b", "in": {"k": ["\x9b1m"]}}
    )
    assert encode(stored) == {"type": "else.where", "v": 1, "text": "ab", "in": {"k": [""]}}


def test_people_see_what_is_set_in_order() -> None:
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    facts = SampleFacts("x", seen_at=at, colour=Colour.RED, places=(Place("PLAN.md", 3),))
    shown = dict(facts.items())
    assert shown["seen_at"] == "2026-01-05T12:00:00Z"
    assert shown["colour"] == "red"
    assert shown["places"] == ("file=PLAN.md line=3",)
    assert "share" not in shown
