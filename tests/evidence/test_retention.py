"""The store stays within its bounds over days, and what must stay stays."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta

from support import DEADLINE, until

from cockpit.feed import Artefact
from cockpit.model import ArtefactRef, Verdict

OK, FAIL = Verdict.OK, Verdict.FAIL
MB = 1024 * 1024
LOG_LIMIT = 5 * MB


def count(world, table: str) -> int:
    with closing(sqlite3.connect(world.path)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def settle(store) -> None:
    """Let the writer finish its pruning, which it does between other work."""
    assert store.flush(DEADLINE)
    until(lambda: not store.health.pruning)


def test_two_days_of_watching_stay_within_the_cap(world) -> None:
    cap = MB
    store = world.store(cap_bytes=cap, retain_days=30)
    peak, text = 0, ""
    for hour in range(48):
        for number in range(12):
            for probe in ("ports", "heart", "gates"):
                text = "".join(hashlib.sha256((text + str(i)).encode()).hexdigest() for i in "1234")
                text += hashlib.sha512(text.encode()).hexdigest() * 12
                store.observe(
                    world.seen(
                        FAIL if number == hour % 12 else OK,
                        probe,
                        headline=f"{hour} {number} {probe}",
                        basis={str(i): text[i:] for i in range(10)},
                        metrics={"ms": number / 7},
                    )
                )
            world.pass_time(300)
        settle(store)
        peak = max(peak, store.health.used)
    assert store.health.recording
    assert store.health.lost == 0
    assert peak < 2 * cap + LOG_LIMIT
    store.observe(world.seen(OK, headline="47 last"))
    settle(store)
    assert store.health.used < cap + LOG_LIMIT
    reader = store.reader()
    assert set(reader.probe_states()) == {"ports", "heart", "gates"}
    assert reader.verify().ok
    assert reader.verify().events == reader.events(0, 1)[0].seq
    newest = reader.history("ports", 1)[0]
    assert newest.headline.startswith("47 last")
    assert 0 < count(world, "observations") < 48 * 12 * 3


def test_without_change_two_days_are_small_anyway(world) -> None:
    store = world.store(retain_days=1)
    for _ in range(48):
        for _ in range(12):
            for probe in ("ports", "heart", "gates"):
                store.observe(world.seen(OK, probe))
            world.pass_time(300)
        settle(store)
    assert count(world, "bodies") == 3
    assert count(world, "observations") <= 25 * 12 * 3 + 3
    assert store.health.used < 2 * MB + LOG_LIMIT


def test_what_is_too_old_goes_and_what_is_current_stays(world) -> None:
    store = world.store(retain_days=7)
    reference = ArtefactRef("reply", "ab" * 32, "text/plain", 3)
    kept = ArtefactRef("reply", "cd" * 32, "text/plain", 3)
    store.save_artefact(Artefact(reference.digest, "text/plain", b"abc"))
    store.save_artefact(Artefact(kept.digest, "text/plain", b"def"))
    store.save_artefact(Artefact("ef" * 32, "text/plain", b"nobody names it"))
    store.observe(world.seen(FAIL, artefacts=(reference,)))
    store.observe(world.seen(OK, "quiet", artefacts=(kept,)))
    store.log(world.event("an old event"))
    for _ in range(3):
        world.pass_time(3600)
        store.observe(world.seen(OK))
        settle(store)
    assert store.reader().artefact(reference.digest) is not None
    world.pass_time(timedelta(days=8).total_seconds())
    store.observe(world.seen(OK, "ports"))
    settle(store)
    reader = store.reader()
    assert [point.verdict for point in reader.history("ports")] == [OK]
    assert reader.history("quiet") == []
    assert reader.probe_states()["quiet"].observation.artefacts == (kept,), "current is never cut"
    assert reader.artefact(kept.digest) is not None
    assert reader.artefact(reference.digest) is None
    assert reader.artefact("ef" * 32) is None
    assert count(world, "bodies") == 2
    assert "an old event" in [event.text for event in reader.events()]
    assert reader.verify().ok


def test_a_body_that_outlives_its_observations_goes_later(world) -> None:
    store = world.store(retain_days=1)
    store.observe(world.seen(FAIL))
    settle(store)
    world.pass_time(timedelta(days=2).total_seconds())
    store.observe(world.seen(OK, "other"))
    settle(store)
    assert count(world, "bodies") == 2, "the FAIL is still current"
    store.observe(world.seen(OK))
    settle(store)
    world.pass_time(3700)
    store.observe(world.seen(OK))
    settle(store)
    with closing(sqlite3.connect(world.path)) as db:
        headlines = {row[0] for row in db.execute("SELECT headline FROM bodies")}
    assert headlines == {"8001 OK"}


def test_an_old_store_is_pruned_when_it_is_opened(world) -> None:
    first = world.store(retain_days=7)
    for _ in range(10):
        first.observe(world.seen(OK))
        world.pass_time(60)
    first.close(5)
    world.pass_time(timedelta(days=30).total_seconds())
    again = world.store(retain_days=7)
    until(lambda: count(world, "observations") == 0)
    assert again.probe_states["ports"].observation.verdict is OK


def test_a_short_visit_leaves_the_pruning_to_others(world) -> None:
    first = world.store()
    first.observe(world.seen(OK))
    first.close(5)
    world.pass_time(timedelta(days=300).total_seconds())
    visit = world.store(upkeep=False)
    visit.observe(world.seen(OK), source="check")
    settle(visit)
    assert count(world, "observations") == 2


def test_events_alone_above_the_cap_are_said_not_cut(world) -> None:
    store = world.store(cap_bytes=MB // 2)
    for number in range(2000):
        store.log(world.event(f"event {number} " + "x" * 300))
    assert store.flush(DEADLINE)
    world.pass_time(3700)
    store.log(world.event("last"))
    settle(store)
    assert "events" in store.health.note
    assert store.health.recording
    assert store.reader().verify().events == 2001
