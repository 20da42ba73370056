"""Every key, pressed on a running screen; what it asks of the feed and what then stands there."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace

import pytest
from driving import Stage, stage
from recorded import RecordedFeed
from recorded_makers import NOW
from recorded_probes import checklist
from recorded_scenes import PROBLEMS, incident, long_list

from cockpit.app import PaletteCommand
from cockpit.commands import Acknowledge, Command, PlanCommit, Reprobe, SetItem, UndoEdit
from cockpit.model import Event, EventKind


@pytest.fixture
def feed() -> Iterator[RecordedFeed]:
    recorded = RecordedFeed(incident())
    yield recorded
    assert recorded.listeners == 0, "the screen went on listening after it was closed"


def next_line(on: Stage) -> str:
    return next(line for line in on.lines() if "next " in line).strip()


async def test_a_digit_goes_to_its_problem_and_shows_its_next_act(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        assert next_line(on).startswith("next 1: 18800 is not the unit's")
        await on.press("3")
        assert on.lines()[3].startswith("› 3 ✖ TWO OWNERS")
        assert next_line(on).startswith("next 3: 9120 was started")
        await on.press("9")
        assert "there is no problem 9" in on.lines()[-1]


async def test_j_and_k_and_the_arrows_move_and_end_nothing(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("j", "down", "k")
        assert next_line(on).startswith("next 2:")
        await on.press("up", "k", "k", "k")
        assert next_line(on).startswith("next 1:")
        await on.press("end")
        assert next_line(on).startswith("next 4:")
        await on.press("home")
        assert next_line(on).startswith("next 1:")
        assert feed.submitted == []
        assert on.app.is_running


async def test_tab_goes_through_the_panes_in_order_and_back(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        order = []
        for _ in range(8):
            focused = on.app.focused
            assert focused is not None
            order.append(focused.id)
            await on.press("tab")
        panes = ["problems", "engines", "ports", "gates", "smoke", "checklist", "events"]
        assert order == [*panes, "problems"]
        await on.press("shift+tab", "shift+tab")
        assert on.app.focused is not None
        assert on.app.focused.id == "events"


@pytest.mark.parametrize(
    ("key", "label", "somewhere"),
    [
        ("0", "", "GATE RED"),
        ("e", "e ENGINE", "PID 18800"),
        ("p", "p PORTS", "owner hidden (uid 112)"),
        ("g", "g GATES", "human_signoff"),
        ("s", "s SMOKE", "GET /api/health"),
        ("c", "c LIST", "Sign-off by a person"),
        ("v", "v EVENTS", "nobody watched 00:01:05 to 00:04:05"),
        ("o", "o PROBES", "listener"),
    ],
)
async def test_a_letter_opens_its_pane_to_the_full_height_and_closes_it(
    feed: RecordedFeed, key: str, label: str, somewhere: str
) -> None:
    async with stage(feed) as on:
        before = on.lines()
        await on.press(key)
        lines = on.lines()
        assert lines[0] == before[0]
        assert lines[1].startswith(label)
        assert somewhere in on.text()
        assert lines[-2] == before[-2]
        assert "next 1:" not in on.text()
        await on.press(key)
        assert "next 1:" in on.text()
        await on.press(key, "escape")
        assert "next 1:" in on.text()


async def test_enter_shows_the_proof_and_escape_closes_it(feed: RecordedFeed) -> None:
    async with stage(feed, (100, 60)) as on:
        await on.press("3", "enter")
        text = on.text()
        for proof in (
            "TWO OWNERS",
            "9120 was started from a shell",
            "source=netlink",
            "owners=4412 9120",
            "02:23:05 (49m 00s)",
            "Internal Server Error",
            "as it should be",
        ):
            assert proof in text or await _further_down(on, proof), proof
        assert feed.asked_history == ["backend", "options"]
        await on.press("escape")
        assert "PROOF" not in on.text()
        assert on.app.focused is not None
        assert on.app.focused.id == "problems"


async def _further_down(on: Stage, text: str) -> bool:
    for _ in range(8):
        await on.press("pagedown")
        if text in on.text():
            return True
    return False


async def test_after_a_filter_in_the_proof_escape_leads_back_to_the_list(
    feed: RecordedFeed,
) -> None:
    async with stage(feed) as on:
        await on.press("1", "enter", "/", *"runbook", "enter")
        assert "/runbook  1 of" in on.text()
        await on.press("escape")
        assert on.app.focused is not None
        assert on.app.focused.id == "problems"
        await on.press("j")
        assert next_line(on).startswith("next 2:")


async def test_a_proof_stays_when_its_problem_is_over(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("1", "enter")
        await on.news(replace(feed.board, problems=PROBLEMS[1:]))
        assert "no longer a problem; this is how it stood" in on.text()
        assert "TWO ENGINES" in on.text()


async def test_the_doubts_and_the_runbook_stand_in_the_detail(feed: RecordedFeed) -> None:
    async with stage(feed, (100, 60)) as on:
        await on.press("e", "enter")
        assert "contradicts: state.json says active while nothing is decided" in on.text()
        assert "Restart the unit, watch 5 minutes." in on.text()


async def test_an_event_opens_with_everything_it_holds(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("v", "enter")
        assert "new plan: changed options" in on.text()
        assert "1m 00s ago" in on.text()


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (("r",), [Reprobe("paper-live")]),
        (("3", "r"), [Reprobe("backend"), Reprobe("options")]),
        (("R",), [Reprobe(None)]),
        (("p", "r"), [Reprobe("backend")]),
        (("g", "enter", "r"), [Reprobe("promotion")]),
        (("u",), [UndoEdit()]),
        (("C",), [PlanCommit()]),
        (("2", "a", *"seen it", "enter"), [Acknowledge("engine:paper-live", "seen it")]),
        (("2", "enter", "a", *"ok", "enter"), [Acknowledge("engine:paper-live", "ok")]),
        (("a", "enter"), []),
        (("a", *"no", "escape"), []),
        (
            ("c", "space"),
            [SetItem("MASTER_BATCH.md", "item-5", "blocked", '{"line":20}')],
        ),
        (("c", "j", "space"), [SetItem("MASTER_BATCH.md", "item-6", "todo", '{"line":22}')]),
        (("space",), []),
    ],
)
async def test_keys_ask_the_feed_for_exactly_this(
    feed: RecordedFeed, keys: tuple[str, ...], asked: list[Command]
) -> None:
    pressed = tuple("space" if key == " " else key for key in keys)
    async with stage(feed) as on:
        await on.press(*pressed)
        assert feed.submitted == asked


async def test_a_note_can_hold_the_letters_that_are_keys_elsewhere(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("a", *"qRru12?/")
        assert "note: qRru12?/" in on.lines()[-1]
        await on.press("enter")
        assert feed.submitted == [Acknowledge("engine:two:paper-live", "qRru12?/")]


async def test_an_ack_speaks_of_the_problem_it_was_opened_for(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("2", "a", "x")
        await on.news(replace(feed.board, problems=(PROBLEMS[3], PROBLEMS[0])))
        await on.press("enter")
        assert feed.submitted == [Acknowledge("engine:paper-live", "x")]


async def test_a_reply_stands_on_the_bottom_line_and_a_refusal_is_marked(
    feed: RecordedFeed,
) -> None:
    async with stage(feed) as on:
        feed.answer = lambda command: (True, "line 22: todo to done at 2026-11-20T00:12:05Z")
        await on.press("c", "space")
        assert on.lines()[-1].strip() == "line 22: todo to done at 03:12:05"
        feed.answer = lambda command: (False, "the item is no longer there")
        await on.press("space")
        assert on.lines()[-1].strip() == "▲ REFUSED: the item is no longer there"
        await on.press("escape")
        assert "REFUSED" not in on.text()


async def test_a_long_refusal_is_told_in_full_and_the_watch_line_stays(
    feed: RecordedFeed,
) -> None:
    async with stage(feed) as on:
        before = on.lines()
        feed.answer = lambda command: (False, "not ended: " + "reason after reason " * 6 + "done.")
        await on.press("u")
        lines = on.lines()
        said = " ".join(line.strip() for line in lines[-2:])
        assert said.startswith("▲ REFUSED: not ended: reason")
        assert said.endswith("reason done.")
        assert lines[-3] == before[-2]
        assert lines[:-6] == before[:-6]
        await on.press("escape")
        assert on.lines() == before


async def test_a_tick_is_held_back_once_when_the_item_went_away_under_the_cursor(
    feed: RecordedFeed,
) -> None:
    async with stage(feed) as on:
        await on.press("c", "j")
        seen = checklist()
        fewer = replace(seen, findings=tuple(f for f in seen.findings if f.key != "item-6"))
        await on.news(
            replace(feed.board, observations={**feed.board.observations, seen.probe: fewer})
        )
        await on.press("space")
        assert feed.submitted == []
        assert "the item went away" in on.text()
        await on.press("space")
        assert len(feed.submitted) == 1


async def test_the_filter_narrows_while_it_is_typed_and_escape_takes_it_back() -> None:
    feed = RecordedFeed(long_list())
    async with stage(feed) as on:
        await on.press("c", "/", *"item", "space", *"42")
        assert "/item 42  11 of 500" in on.lines()[1]
        await on.press("enter")
        assert on.lines()[2].startswith("›")
        assert "Item 42 of" in on.lines()[2]
        await on.press("space")
        assert [command.item for command in feed.submitted if isinstance(command, SetItem)] == [
            "item-43"
        ]
        await on.press("escape")
        assert "of 500" not in on.lines()[1]


async def test_y_copies_the_line_by_osc_52(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        on.written()
        await on.press("2", "y")
        data = on.written()
        start = data.index("\x1b]52;c;") + len("\x1b]52;c;")
        copied = base64.b64decode(data[start : data.index("\a", start)]).decode()
        assert copied == (
            "2 ✖ STALLED RUN paper-live last written 02:24:53, limit 5m; both PIDs alive 42m"
        )
        assert "copied" in on.lines()[-1]


async def test_help_lists_every_key_under_the_same_top_line(feed: RecordedFeed) -> None:
    async with stage(feed, (80, 90)) as on:
        top = on.lines()[0]
        await on.press("?")
        assert on.lines()[0] == top
        text = on.text()
        for word in ("tick", "acknowledge", "undo", "vacuous", "claimed-only", "✖ FAIL", "quit"):
            assert word in text
        await on.press("q")
        assert on.app.is_running
        assert "TWO ENGINES" in on.text()


async def test_the_last_line_of_the_help_says_that_q_closes_the_help(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        assert on.lines()[-1].rstrip().endswith("q quit  ? help")
        await on.press("?")
        assert on.lines()[-1].rstrip().endswith("Esc q close help")
        await on.press("q")
        assert on.app.is_running and on.lines()[-1].rstrip().endswith("q quit  ? help")


async def test_the_palette_holds_every_command_and_those_of_others(feed: RecordedFeed) -> None:
    ran: list[str] = []

    def stall() -> str:
        ran.append("stall")
        return "the engine sleeps now"

    act = PaletteCommand("incident: stall", "the engine stops writing its heartbeat", stall)
    async with stage(feed, extra_commands=[act]) as on:
        await on.press("ctrl+p", *"stall")
        await on.until(lambda: "stops writing" in on.text())
        await on.press("enter")
        await on.until(lambda: bool(ran))
        await on.settle()
        assert on.lines()[-1].strip() == "the engine sleeps now"
        await on.press(":", *"undo")
        await on.until(lambda: "undo the last tick" in on.text())
        await on.press("enter")
        await on.until(lambda: bool(feed.submitted))
        assert feed.submitted == [UndoEdit()]


async def test_a_palette_act_that_fails_is_told_and_ends_nothing(feed: RecordedFeed) -> None:
    def broken() -> str:
        raise OSError("no such process")

    act = PaletteCommand("incident: kill", "", broken)
    async with stage(feed, extra_commands=[act]) as on:
        await on.press("ctrl+p", *"kill")
        await on.until(lambda: "incident: kill" in on.text())
        await on.press("enter")
        await on.until(lambda: "no such process" in on.text())
        assert on.app.is_running


async def test_q_quits_and_ctrl_c_only_says_so(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("ctrl+c")
        assert "q quits" in on.lines()[-1]
        await on.press("q")
        assert on.app.return_code == 0


async def test_an_opened_detail_follows_a_digit(feed: RecordedFeed) -> None:
    async with stage(feed, (200, 60)) as on:
        await on.press("1", "enter", "4")
        assert "Collect four weeks" in on.text()
        assert "lead: known until December" in on.text()


async def test_new_events_come_in_at_the_top_and_stay_in_sight(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        for number in range(20):
            feed.log.append(Event(NOW, EventKind.PROCESS, f"came as {number}", seq=100 + number))
        await on.news()
        assert "came as 19" in on.text()


async def test_resizing_changes_the_layout_live(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.pilot.resize_terminal(200, 60)
        await on.settle()
        wide = on.lines()
        assert any("PORTS" in line and "ENGINE" in line for line in wide)
        await on.pilot.resize_terminal(80, 24)
        await on.settle()
        assert not any("PORTS" in line and "ENGINE" in line for line in on.lines())
        await on.pilot.resize_terminal(20, 5)
        await on.settle()
        assert "RUN" in on.lines()[0]
