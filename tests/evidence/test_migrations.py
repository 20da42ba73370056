"""A store of an older cockpit: copied, then migrated whole or not at all; its chain still holds."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import old_store
import pytest
from support import DEADLINE

from cockpit.evidence import schema
from cockpit.evidence.errors import StoreError
from cockpit.evidence.location import backups
from cockpit.kinds.checklist.edit_history import edit_of
from cockpit.kinds.checklist.event_payload import hunk_of
from cockpit.model import Verdict

OLD_EVENTS = 11


@pytest.fixture
def old(world):
    old_store.make(world.path)
    return world


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return schema.version(db)


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(
            "SELECT seq, at, kind, probe, subject, text, verdict, actor, ticket, data, source, "
            f"prev_hash, hash FROM events WHERE seq <= {OLD_EVENTS} ORDER BY seq"
        ).fetchall()


def test_an_old_store_is_migrated_and_holds_all_that_it_held(old) -> None:
    before = rows(old.path)
    store = old.store()
    store.log(old.event("new", payload={"edit": {"lines": ["a", "b"]}}))
    assert store.flush(DEADLINE)
    assert rows(old.path) == before
    assert version(old.path) == schema.VERSION == 2
    reader = old.reader()
    assert store.probe_states == reader.probe_states()
    assert reader.probe_states()["ports"].observation.verdict is Verdict.OK
    assert [point.verdict for point in reader.history("ports")] == ["OK", "FAIL", "OK"]
    artefact = reader.artefact("ab" * 32)
    assert artefact is not None
    assert artefact.body == b"abc"
    lease = reader.lease()
    assert lease is not None
    assert lease.holder.pid == 4413
    assert len(reader.gaps()) == 1
    events = reader.events(0, 100)
    assert [event.seq for event in events] == list(range(1, OLD_EVENTS + 3))
    assert events[6].data == {"half": 0.5, "n": 1, "none": None, "words": ("a", "b")}
    assert events[-1].payload == {"edit": {"lines": ["a", "b"]}}


def test_a_chain_of_old_and_new_events_verifies(old) -> None:
    store = old.store()
    store.log(old.event("new", payload=[1, 2.5, None]))
    assert store.flush(DEADLINE)
    # A process of the older cockpit has had the store open all the time.
    old_store.append(old.path, "config", "of the older one", {"n": 1})
    store.log(old.event("newer"))
    assert store.flush(DEADLINE)
    found = old.reader().verify()
    assert (found.ok, found.events) == (True, OLD_EVENTS + 4)
    with closing(sqlite3.connect(old.path, isolation_level=None)) as db:
        versions = [row[0] for row in db.execute("SELECT hash_version FROM events ORDER BY seq")]
        assert versions == [1] * OLD_EVENTS + [2, 2, 1, 2]


@pytest.mark.parametrize(
    ("change", "seq"),
    [
        ("text = 'another'", 7),
        ("payload = '1'", 7),
        ("hash_version = 2", 7),
        ("hash_version = 1", 13),
        ("hash_version = 3", 13),
        ("payload = 'null'", 13),
        ("payload = '[1,2.5, null]'", 13),
        ("data = '{ }'", 13),
        ("payload = '['", 13),
    ],
)
def test_a_change_shows_in_events_of_both_versions(old, change: str, seq: int) -> None:
    store = old.store()
    store.log(old.event("new", payload=[1, 2.5, None]))
    assert store.flush(DEADLINE)
    store.close(5)
    with closing(sqlite3.connect(old.path, isolation_level=None)) as db:
        db.execute(f"UPDATE events SET {change} WHERE seq = ?", (seq,))
    found = old.reader().verify()
    assert (found.ok, found.broken_at) == (False, seq)


def test_the_copy_is_the_old_store_and_is_told_of(old) -> None:
    before = rows(old.path)
    old.store().close(5)
    (copy,) = backups(old.path)
    assert copy.name == "evidence.db.v1-20260105T120000Z.bak"
    if os.name != "nt":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(path.name for path in old.folder.iterdir()) == ["evidence.db", copy.name]
    assert (version(copy), rows(copy)) == (1, before)
    told = old.reader().events(OLD_EVENTS)
    assert [event.kind for event in told] == ["collector"]
    assert told[0].actor == "ops@spark"
    assert "from schema 1 to 2" in told[0].text
    assert copy.name in told[0].text
    assert told[0].data["backup"] == str(copy)
    old.store()
    assert backups(old.path) == [copy], "once"


def test_a_new_store_has_nothing_to_copy(world) -> None:
    world.store()
    assert backups(world.path) == []
    assert world.reader().events() == []


def test_an_old_store_can_be_read_before_it_is_migrated(old) -> None:
    before = old.path.read_bytes()
    reader = old.reader()
    events = reader.events(0, 100)
    assert [event.seq for event in events] == list(range(1, OLD_EVENTS + 1))
    assert reader.verify().ok
    assert old.path.read_bytes() == before
    old.store()
    assert reader.events(OLD_EVENTS)[0].kind == "collector", "the same reader, afterwards"
    assert reader.verify().events == OLD_EVENTS + 1


def test_what_old_events_held_as_text_is_read(old) -> None:
    edit, note, mirror = old.reader().events(8)
    made = edit_of(edit)
    assert made is not None
    assert (made.path, made.line_after) == (
        Path("/srv/paper/MASTER.md"),
        "- [x] P1.1 one ⚠️ and\ttabs",
    )
    hunk = hunk_of(note)
    assert hunk is not None
    assert hunk.to_json()["lines"] == ["  - waiting for ⚠️ data"]
    assert hunk_of(mirror) is None


def test_wherever_a_migration_fails_the_store_is_as_it_was(old) -> None:
    before = rows(old.path)
    statements: list[str] = []

    class Flaky(sqlite3.Connection):
        fail_at = 0

        def execute(self, sql, *rest):  # type: ignore[no-untyped-def]
            if any(word in sql for word in ("ALTER", "INTO", "UPDATE", "user_version =", "COMMIT")):
                statements.append(sql)
                if len(statements) == self.fail_at:
                    raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *rest)

    count = 1
    while True:
        statements.clear()
        Flaky.fail_at = count
        try:
            store = old.store(factory=Flaky)
        except StoreError as error:
            assert "full" in error.reason
            assert version(old.path) in (1, 2)
            if version(old.path) == 1:
                assert backups(old.path) == [], "a copy at each try would fill the disk"
            assert rows(old.path) == before
            assert old.reader().verify().ok
            count += 1
            continue
        break
    assert count > 4
    Flaky.fail_at = 0
    assert store.flush(DEADLINE)
    assert version(old.path) == 2
    assert len(backups(old.path)) == 1


@pytest.mark.parametrize("place", ["ALTER", "PRAGMA user_version =", "COMMIT"])
def test_a_crash_in_the_middle_leaves_a_usable_store(
    old, program: Callable[..., subprocess.Popen[str]], place: str
) -> None:
    whole = old.folder / "whole.db"
    old_store.make(whole)
    out, _ = program("migrate_and_die.py", whole, 0).communicate(timeout=DEADLINE)
    statements = out.splitlines()
    number = next(n for n, sql in enumerate(statements, 1) if sql.startswith(place))
    crash = program("migrate_and_die.py", old.path, number)
    out, _ = crash.communicate(timeout=DEADLINE)
    assert crash.returncode == 9
    assert out.splitlines()[-1].startswith(place)
    assert version(old.path) == 1
    (left,) = backups(old.path)
    assert version(left) == 1
    assert old.reader().verify().events == OLD_EVENTS
    store = old.store()
    store.log(old.event("after"))
    assert store.flush(DEADLINE)
    assert version(old.path) == 2
    assert old.reader().verify().events == OLD_EVENTS + 2


def test_a_store_that_can_not_be_copied_is_not_migrated(old) -> None:
    (old.folder / "evidence.db.v1.bak.part").mkdir()
    before = rows(old.path)
    with pytest.raises(StoreError):
        old.store()
    assert version(old.path) == 1
    assert rows(old.path) == before
    (old.folder / "evidence.db.v1.bak.part").rmdir()
    store = old.store()
    assert store.flush(DEADLINE)
    assert version(old.path) == 2


def test_what_a_broken_off_copy_left_is_cleared_away(old) -> None:
    part = old.folder / "evidence.db.v1.bak.part"
    part.write_bytes(b"half a copy")
    old.store()
    assert not part.exists()
    assert len(backups(old.path)) == 1


def test_an_older_cockpit_refuses_a_store_that_becomes_newer_under_it(world) -> None:
    store = world.store()
    store.observe(world.seen())
    assert store.flush(DEADLINE)
    reader = world.reader()
    assert len(reader.probe_states()) == 1
    with closing(sqlite3.connect(world.path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 3")
    with pytest.raises(StoreError, match=r"newer cockpit .schema 3, this one knows 2.; upgrade"):
        reader.events()
    store.log(world.event("kept in memory"))
    assert not store.flush(DEADLINE)
    assert "newer cockpit (schema 3, this one knows 2)" in store.health.trouble
    with closing(sqlite3.connect(world.path, isolation_level=None)) as db:
        texts = [row[0] for row in db.execute("SELECT text FROM events")]
        assert "kept in memory" not in texts


def test_a_payload_of_any_length_and_any_character_comes_back_exactly(world) -> None:
    lines = ["x" * 100_000, "⚠️ \u202e\x7f\t\x1b[1m \ud83d", "größer"]
    given = {"lines": lines, "n": 10**30, "half": -0.5, "none": None, "yes": True, "deep": [[{}]]}
    store = world.store()
    store.log(world.event("long", payload=given))
    assert store.flush(DEADLINE)
    reader = world.reader()
    (event,) = reader.events()
    assert event.payload == given
    assert reader.verify().ok
    row = reader.event(1)
    assert row is not None
    assert row.payload == json.dumps(given, sort_keys=True, separators=(",", ":"))
