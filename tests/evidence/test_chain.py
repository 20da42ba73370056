"""The chain of events: whole when untouched, broken by any change."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing

import pytest
from support import DEADLINE

from cockpit.evidence.chain import genesis, link


@pytest.fixture
def chained(world):
    store = world.store()
    for number in range(5):
        store.log(
            world.event(f"event {number}", actor="bob", data={"n": number, "words": ("a", "b")})
        )
        world.pass_time(1)
    assert store.flush(DEADLINE)
    store.close(5)
    return world


def tamper(world, sql: str, *parameters: object) -> None:
    with closing(sqlite3.connect(world.path, isolation_level=None)) as db:
        assert db.execute(sql, parameters).rowcount > 0


def test_an_untouched_chain_holds(chained) -> None:
    found = chained.reader().verify()
    assert (found.ok, found.events, found.head_seq, found.broken_at) == (True, 5, 5, None)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-01-05T12:00:02.000001Z"),
        ("kind", "confi"),
        ("probe", "x"),
        ("subject", "x"),
        ("text", "event 3"),
        ("verdict", "OK"),
        ("actor", "eve"),
        ("ticket", "t"),
        ("data", '{"n":3,"words":["a","b"]}'),
        ("payload", '{"n":3}'),
        ("source", "check"),
        ("prev_hash", "0" * 64),
        ("hash", "0" * 64),
    ],
)
def test_any_change_of_a_stored_event_shows(chained, column: str, value: str) -> None:
    tamper(chained, f"UPDATE events SET {column} = ? WHERE seq = 3", value)
    found = chained.reader().verify()
    assert not found.ok
    assert found.broken_at == 3


def test_one_changed_byte_in_the_file_shows(chained) -> None:
    # The last connection to close folds the log back into the file.
    content = chained.path.read_bytes()
    assert content.count(b"event 2") == 1
    chained.path.write_bytes(content.replace(b"event 2", b"event 7"))
    found = chained.reader().verify()
    assert (found.ok, found.broken_at) == (False, 3)


def test_a_removed_event_a_cut_tail_and_a_cut_head_show(chained) -> None:
    tamper(chained, "DELETE FROM events WHERE seq = 5")
    found = chained.reader().verify()
    assert (found.ok, found.broken_at) == (False, 5)
    tamper(chained, "DELETE FROM events WHERE seq = 2")
    assert chained.reader().verify().broken_at == 2
    tamper(chained, "DELETE FROM events WHERE seq = 1")
    assert chained.reader().verify().broken_at == 1


def test_a_swapped_pair_shows(chained) -> None:
    tamper(chained, "UPDATE events SET seq = 99 WHERE seq = 2")
    tamper(chained, "UPDATE events SET seq = 2 WHERE seq = 3")
    tamper(chained, "UPDATE events SET seq = 3 WHERE seq = 99")
    assert chained.reader().verify().broken_at == 2


def test_the_hash_can_be_repeated_from_its_description(world) -> None:
    payload = {"lines": ["größer", "two"], "n": 1.5}
    event = world.event("größer ✖", data={"n": 1, "a": ("b",)}, payload=payload)
    start = genesis("id")
    assert start == hashlib.sha256(b"cockpit-evidence:id").hexdigest()
    row = link(event, 1, "collector", start)
    columns = {
        "prev_hash": start,
        "hash_version": 2,
        "seq": 1,
        "at": "2026-01-05T12:00:00.000000Z",
        "kind": "config",
        "probe": "",
        "subject": "",
        "text": "größer ✖",
        "verdict": None,
        "actor": "",
        "ticket": "",
        "data": {"n": 1, "a": ["b"]},
        "payload": payload,
        "source": "collector",
    }
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"))
    assert row.hash == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_a_damaged_row_is_shown_as_damaged_and_stops_no_writer(chained) -> None:
    tamper(chained, "UPDATE events SET data = '{' WHERE seq = 3")
    tamper(chained, "UPDATE events SET at = 'never' WHERE seq = 4")
    texts = [event.text for event in chained.reader().events()]
    assert [("damaged" in text) for text in texts] == [False, False, True, True, False]
    store = chained.store()
    store.log(chained.event("goes on"))
    assert store.flush(DEADLINE)
    assert store.health.recording
