"""A screen that attaches to another process's store."""

from __future__ import annotations

import threading

import pytest
from support import DEADLINE, until

from cockpit.board import ProbeInfo
from cockpit.commands import Reply, Reprobe
from cockpit.evidence.store_feed import StoreFeed
from cockpit.feed import Feed, FeedMode
from cockpit.model import Concern, MonitoringGap, SessionInfo, Verdict

PLAN = (ProbeInfo("ports", Concern.RUN), ProbeInfo("gates", Concern.READINESS))


class Wakes:
    """Counts wake-ups and can be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._condition = threading.Condition()

    def __call__(self) -> None:
        with self._condition:
            self.count += 1
            self._condition.notify_all()

    def wait(self, more_than: int) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: self.count > more_than, DEADLINE)


@pytest.fixture
def attach(world):
    feeds = []

    def make(submitted=None) -> StoreFeed:
        submitted = [] if submitted is None else submitted
        feed = StoreFeed(
            world.path,
            lambda: PLAN,
            world.clock,
            lambda: SessionInfo(user="ops", host="spark"),
            lambda command, ticket: submitted.append((command, ticket)),
            config_error=lambda: "line 3",
            look_seconds=0.01,
        )
        feeds.append(feed)
        return feed

    yield make
    for feed in feeds:
        feed.close(5)


def test_it_is_a_feed_and_shows_what_the_collector_stored(world, attach) -> None:
    collector = world.store()
    collector.acquire(world.holder(4412)).result(5)
    collector.observe(world.seen(Verdict.FAIL))
    assert collector.flush(DEADLINE)
    feed: Feed = attach()
    board = feed.snapshot()
    assert feed.mode is FeedMode.ATTACHED
    assert board.run.verdict is Verdict.FAIL
    assert board.readiness.verdict is Verdict.UNKNOWN
    assert board.waiting == ("gates",)
    assert [problem.title for problem in board.problems] == ["TWO OWNERS"]
    assert board.identity.host == "spark"
    watch = board.watch
    assert watch.recording
    assert watch.collector == "collect ops@spark 4412"
    assert watch.beat == world.clock.now()
    assert watch.config_error == "line 3"
    assert watch.used > 0
    assert watch.cap > 0
    assert feed.now() == world.clock.now()
    assert feed.observation("ports") == board.observations["ports"]
    assert feed.observation("gates") is None
    assert [event.text for event in feed.events()] == ["first seen FAIL: 8001 FAIL"]
    assert [point.verdict for point in feed.history("ports")] == [Verdict.FAIL]
    assert feed.artefact("ab") is None


def test_a_commit_wakes_the_listeners(world, attach) -> None:
    feed = attach()
    wakes = Wakes()
    stop = feed.subscribe(wakes)
    assert feed.snapshot().waiting == ("ports", "gates")
    seen = wakes.count
    collector = world.store()
    wakes.wait(seen)
    seen = wakes.count
    collector.observe(world.seen(Verdict.FAIL))
    assert collector.flush(DEADLINE)
    wakes.wait(seen)
    assert feed.snapshot().observations["ports"].verdict is Verdict.FAIL
    stop()


def test_what_expires_wakes_the_listeners_without_any_commit(world, attach) -> None:
    collector = world.store()
    collector.observe(world.seen(Verdict.OK, valid=30))
    assert collector.flush(DEADLINE)
    feed = attach()
    wakes = Wakes()
    feed.subscribe(wakes)
    collector.log(world.event("the last commit"))
    wakes.wait(0)
    collector.close(5)
    until(lambda: feed.events()[-1].text == "the last commit")
    assert feed.snapshot().observations["ports"].verdict is Verdict.OK
    before = wakes.count
    world.pass_time(31)
    wakes.wait(before)
    board = feed.snapshot()
    assert board.observations["ports"].verdict is Verdict.UNKNOWN
    assert feed.observation("ports").verdict is Verdict.UNKNOWN


def test_a_collector_that_stops_or_hangs_is_told(world, attach) -> None:
    feed = attach()
    assert feed.snapshot().watch.trouble == "nobody watches"
    assert not feed.snapshot().watch.recording
    collector = world.store()
    collector.acquire(world.holder(4412)).result(5)
    assert feed.snapshot().watch.recording
    world.pass_time(16)
    watch = feed.snapshot().watch
    assert not watch.recording
    assert watch.trouble.startswith("no beat of collect ops@spark 4412 since 2026-01-05T12:00:00Z")
    collector.beat(world.holder(4412)).result(5)
    assert feed.snapshot().watch.recording
    collector.release(world.holder(4412)).result(5)
    watch = feed.snapshot().watch
    assert watch.collector == ""
    assert "stopped watching" in watch.trouble
    start = world.clock.now()
    world.pass_time(60)
    collector.acquire(world.holder(5000)).result(5)
    assert feed.snapshot().watch.gaps == (MonitoringGap(start, world.clock.now()),)


def test_commands_go_out_with_a_ticket_and_replies_come_once(world, attach) -> None:
    submitted = []
    feed = attach(submitted)
    wakes = Wakes()
    feed.subscribe(wakes)
    before = wakes.count
    ticket = feed.submit(Reprobe("ports"))
    other = feed.submit(Reprobe())
    assert submitted == [(Reprobe("ports"), ticket), (Reprobe(), other)]
    assert ticket != other
    reply = Reply(ticket, True, "probed")
    threading.Thread(target=feed.push_reply, args=(reply,)).start()
    wakes.wait(before)
    got = list(feed.replies())
    while not got:
        wakes.wait(wakes.count)
        got += feed.replies()
    assert got == [reply]
    assert feed.replies() == ()


def test_acks_of_others_are_on_the_board(world, attach) -> None:
    collector = world.store()
    collector.observe(world.seen(Verdict.FAIL))
    assert collector.acknowledge("port:8001", "known", "bob").result(5)
    (problem,) = attach().snapshot().problems
    assert (problem.acked_by, problem.ack_note) == ("bob", "known")


def test_trouble_with_the_file_is_on_the_board_and_raises_nothing(world, attach) -> None:
    world.path.write_text("not a database" * 100, encoding="utf-8")
    feed = attach()
    board = feed.snapshot()
    assert "not a database" in board.watch.trouble
    assert not board.watch.recording
    assert feed.events() == []
    assert feed.history("ports") == []
    assert feed.artefact("ab") is None
    assert board.waiting == ("ports", "gates")


def test_a_failing_listener_does_not_stop_the_others(world, attach) -> None:
    feed = attach()

    def broken() -> None:
        raise RuntimeError("broken")

    feed.subscribe(broken)
    wakes = Wakes()
    feed.subscribe(wakes)
    feed.push_reply(Reply("t", True, "x"))
    assert wakes.count >= 1
