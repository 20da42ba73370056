"""A, X, S and Z on a running screen: what they ask of the feed, and what confirms it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cockpit_widgets.process_actions import end_command, reset_command, start_command
from cockpit_widgets.rows.detail import Details, finding_detail
from cockpit_widgets.rows.status import Frame, top, watch
from cockpit_widgets.rows.stop_progress import progress_text
from driving import Stage, stage
from recorded import RecordedFeed
from recorded_makers import FAIL, NOW, OK, ZONE, ago, board, finding, observation
from recorded_scenes import EVENTS, incident

from cockpit.commands import Arm, Command, Confirm, PlanEnd, PlanReset, PlanStart, Question, Reply
from cockpit.feed import FeedMode
from cockpit.kinds.heartbeat import rows as engines
from cockpit.kinds.heartbeat.facts import EngineParityFacts
from cockpit.kinds.listener import rows as ports
from cockpit.kinds.listener.facts import OutputFacts, OwnerFacts, PortFacts
from cockpit.kinds.process_rows import coarse_bytes
from cockpit.kinds.service.facts import ServiceParityFacts, UnitFacts
from cockpit.model import Event, EventKind, Verdict
from cockpit.rows import UNICODE, View

LINES = ("ends 9120 ops 49m old: uvicorn app.main:app --port 8001", "others keep port 8001")
QUESTION = Question("q1", LINES, "9120")


@pytest.fixture
def feed() -> Iterator[RecordedFeed]:
    recorded = RecordedFeed(incident())

    def answer(command: Command) -> tuple[bool, str] | None:
        ticket = f"ticket-{len(recorded.submitted)}"
        if isinstance(command, Arm):
            until = NOW + timedelta(minutes=10) if command.on else NOW
            recorded.pending.append(Reply(ticket, True, "armed", armed_until=until))
        elif isinstance(command, PlanEnd | PlanReset | PlanStart):
            recorded.pending.append(Reply(ticket, True, "type it", question=QUESTION))
        else:
            return True, "ended 9120; port 8001 is free"
        return None

    recorded.answer = answer
    yield recorded
    assert recorded.listeners == 0


def bottom(on: Stage) -> str:
    return on.lines()[-1]


async def read(on: Stage) -> None:
    """Wait as long as the question takes to be read."""
    await on.until(lambda: not on.app._board._prompt.ignores_keys)
    await on.settle()


async def test_arming_stands_on_the_top_line_and_ends_by_the_clock(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        assert "ARMED" not in on.lines()[0]
        await on.press("A")
        assert "ARMED until 03:22" in on.lines()[0]
        assert feed.submitted == [Arm(True)]
        await on.press("A")
        assert "ARMED" not in on.lines()[0]
        assert feed.submitted[-1] == Arm(False)
        await on.press("A")
        feed.clock = NOW + timedelta(minutes=10)
        await on.news()
        assert "ARMED" not in on.lines()[0]
        await on.press("A")
        assert feed.submitted[-1] == Arm(True), "it had ended by itself"


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_x_shows_what_would_die_and_takes_the_typed_pid(
    feed: RecordedFeed, size: tuple[int, int]
) -> None:
    async with stage(feed, size) as on:
        await on.press("3", "X")
        assert feed.submitted == [PlanReset((8001,))]
        lines = on.lines()
        assert "type 9120 to do this" in lines[-1]
        assert "ends 9120 ops 49m old: uvicorn" in lines[-3]
        assert "others keep port 8001" in lines[-2]
        assert lines[0].startswith("RUN"), "the truth stays on top"
        await read(on)
        await on.press("9", "1", "2", "0", "enter")
        assert feed.submitted[-1] == Confirm("q1", "9120")
        assert "port 8001 is free" in bottom(on)


async def test_typeahead_is_thrown_away_before_the_question_can_be_read(
    feed: RecordedFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit_widgets.prompt._TO_READ", 3600)  # longer than typing takes here
    async with stage(feed) as on:
        await on.press("3", "X", "9", "1", "2", "0", "enter")
        assert feed.submitted == [PlanReset((8001,))]
        assert "type 9120" in bottom(on)
        on.app._board._prompt._accept_keys()
        await on.press("enter")
        assert feed.submitted == [PlanReset((8001,))]
        assert "nothing was done" in bottom(on)


async def test_escape_and_a_question_that_lies_under_help(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("3", "X", "escape")
        assert "type 9120" not in on.text()
        assert not any("ends 9120" in line for line in on.lines()[-4:])
        await on.press("?")
        feed.pending.append(Reply("late", True, "type it", question=QUESTION))
        await on.news()
        await on.press("escape")
        assert feed.submitted == [PlanReset((8001,))]


async def test_owner_rows_mean_one_process_and_other_rows_say_so(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("p")
        for _ in range(8):
            row = on.app._board._panes["ports"].cursor_row
            if row is not None and row.key.endswith("owner:8001:9120"):
                break
            await on.press("j")
        await on.press("X", "escape")
        (command,) = feed.submitted
        assert isinstance(command, PlanEnd)
        assert (command.pid, command.probe) == (9120, "backend")
        assert command.started_at.endswith("Z")
        await on.press("escape", "g", "X")
        assert "point at a port" in bottom(on)
        assert len(feed.submitted) == 1


async def test_s_and_z(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("3", "S", "escape", "Z", "escape")
        assert feed.submitted == [PlanStart("backend"), PlanReset((8001,))]
        await on.press("c", "S")
        assert "point at its port" in bottom(on)


def view(*events: Event) -> View:
    return View(incident(), NOW, ZONE, UNICODE, events)


def act(phase: str, number: str = "a1", *, age: float = 5, actor: str = "bob@spark") -> Event:
    return Event(
        at=ago(seconds=age), kind=EventKind.PROCESS, subject="18800",
        text="is ending 18800: python run.py", actor=actor, data={"phase": phase, "act": number},
    )  # fmt: skip


def test_the_other_screen_sees_who_is_ending_what() -> None:
    said = watch(view(act("intent")), Frame(FeedMode.ATTACHED), 200)[0].text()
    assert "bob@spark is ending 18800" in said
    assert progress_text(view(act("intent"), act("outcome"))) == ""
    assert progress_text(view(act("intent", age=600))) == ""
    two = progress_text(view(act("intent", "a1", actor="ann"), act("intent"), act("outcome")))
    assert two.startswith("ann is ending") or two == ""
    assert progress_text(view(*EVENTS)) == ""


def test_armed_is_never_left_out_of_a_narrow_top_line() -> None:
    frame = Frame(armed_until=NOW + timedelta(minutes=1))
    assert "ARMED" in top(view(), frame, 40)[0].text()
    assert "ARMED" not in top(view(), Frame(armed_until=NOW), 200)[0].text()


def test_rows_that_name_several_or_nobody() -> None:
    from cockpit_widgets.detail import Target

    from cockpit.rows import join_key

    several = finding("parity", FAIL, "e", facts=EngineParityFacts(engines=(1, 2)))
    stranger = finding("parity2", FAIL, "s", facts=ServiceParityFacts(1, strangers=(18800,)))
    empty = finding("port:1", FAIL, ":1", facts=PortFacts(1, "one"))
    hidden = finding("port:2", FAIL, ":2", facts=PortFacts(2, "one", hidden_uid=1001))
    unit = finding("unit", FAIL, "u", facts=UnitFacts("u", "systemd", "active", 77, "stopped"))
    down = finding("down", FAIL, "d", facts=UnitFacts("d", "systemd", "failed", None, "running"))
    rows = (several, stranger, empty, hidden, unit, down)
    seen = observation("probe", "listener", "", *rows)
    here = View(board([seen]), NOW, ZONE, UNICODE, ())

    def target(key: str) -> Target:
        return Target(key=join_key("probe", key))

    assert "1 and 2" in str(end_command(here, target("parity")))
    assert end_command(here, target("parity2")) == PlanEnd(18800, "", "probe")
    assert end_command(here, target("port:1")) == "nobody to end on 1"
    assert "run as uid 1001 or root" in str(end_command(here, target("port:2")))
    assert end_command(here, target("unit")) == PlanEnd(77, "", "probe")
    assert "point at" in str(end_command(here, target("down")))
    assert "point at" in str(end_command(here, None))
    assert start_command(here, target("port:1")) == PlanStart("probe")
    assert isinstance(reset_command(here), str)


def test_s_works_on_the_rows_of_services_and_engines_and_on_a_problem_of_several() -> None:
    from cockpit_widgets.detail import Target

    from cockpit.rows import join_key

    unit, parity = finding("unit", FAIL, "u"), finding("parity", FAIL, "beat", title="TWO ENGINES")
    kinds = {"unit": "service", "beat": "heartbeat", "go": "gate"}
    seen = [observation(name, kind, "", unit, parity) for name, kind in kinds.items()]
    here = View(board(seen), NOW, ZONE, UNICODE, ())
    assert start_command(here, Target(key=join_key("unit", "unit"))) == PlanStart("unit")
    assert start_command(here, Target(key=join_key("beat", "parity"))) == PlanStart("beat")
    assert "point at" in str(start_command(here, Target(key=join_key("go", "unit"))))
    assert "point at" in str(start_command(here, None))
    problem = incident().problems[0]
    both = Target(problem=replace(problem, probes=("beat", "unit", "go")))
    assert start_command(here, both) == PlanStart("unit")


def test_owner_rows_tell_what_is_odd_and_what_the_process_uses() -> None:
    owner = finding(
        "owner:8001:7", Verdict.WARN, "7", title="RUNS OLD CODE",
        facts=OwnerFacts(pid=7, argv=("uvicorn", "app"), user="ops", started_at=ago(hours=1)),
    )  # fmt: skip
    kept = OutputFacts("/srv/backend.log", ago(minutes=1), 12, ago(minutes=1), 1)
    output = finding("output", OK, "backend.log", facts=kept)
    metrics = {"7.rss": 84_123_648.0, "7.cpu": 0.314, "7.threads": 12.0, "7.children": 3.0}
    seen = observation("backend", "listener", "8001 7", owner, output, metrics=metrics)
    here = View(board([seen]), NOW, ZONE, UNICODE, ())
    (row,) = ports.rows(here)
    assert "30% 80M 12thr RUNS OLD CODE ops: uvicorn app" in row.text()
    detail = " ".join(one.text() for one in finding_detail(here, seen, owner, Details(), 200))
    exact = "CPU 31.4 % of a core, memory 84,123,648 bytes, 12 threads, 3 children"
    assert f"uses      {exact}" in detail and "7.rss=84123648" in detail
    assert coarse_bytes(1_240_000_000) == "1.2G" and coarse_bytes(840_000_000) == "840M"


def test_a_service_stands_among_the_engines() -> None:
    unit = finding("unit", FAIL, "paper", "failed/failed", title="SERVICE DOWN")
    seen = observation("unit", "service", "paper failed/failed", unit)
    (row,) = engines.rows(View(board([seen]), NOW, ZONE, UNICODE, ()))
    assert "SERVICE DOWN failed/failed" in row.text()
