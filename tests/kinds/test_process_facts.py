"""The facts of listeners, heartbeats and services come back from JSON as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from facts_strategies import fact_classes, facts_of
from hypothesis import given
from hypothesis import strategies as st

from cockpit.facts import FindingFacts, decode, encode
from cockpit.kinds.heartbeat.facts import EngineFacts
from cockpit.kinds.listener.facts import OwnerFacts

CLASSES = fact_classes("listener", "heartbeat", "service")


def test_these_are_all() -> None:
    assert [one.TYPE for one in CLASSES] == [
        *("heartbeat.age", "heartbeat.counter", "heartbeat.engine", "heartbeat.parity"),
        *("listener.output", "listener.owner", "listener.port"),
        *("service.parity", "service.setting", "service.unit"),
    ]


@pytest.mark.parametrize("cls", CLASSES)
@given(st.data())
def test_what_is_written_is_read_back(cls: type[FindingFacts], data: st.DataObject) -> None:
    facts = data.draw(facts_of(cls))
    again = decode(json.loads(json.dumps(encode(facts))))
    assert type(again) is cls
    assert repr(again) == repr(facts)  # not 1 for 1.0, and not True for 1


def test_what_was_not_told_is_left_out_and_instants_are_whole_texts() -> None:
    started = datetime(2026, 1, 5, 12, tzinfo=UTC)
    engine = EngineFacts(pid=7, argv=("engine",), user=None, started_at=started)
    assert dict(engine.items()) == {
        "pid": 7, "argv": ("engine",), "started_at": "2026-01-05T12:00:00Z", "defunct": (),
    }  # fmt: skip


def test_what_may_not_be_read_is_named_where_it_was_asked_for() -> None:
    assert EngineFacts(pid=7).unread == ("user",)
    assert EngineFacts(pid=7, user="ops").unread == ()
    assert OwnerFacts(pid=7, user="ops", executable="/bin/x").unread == ("cwd",)
