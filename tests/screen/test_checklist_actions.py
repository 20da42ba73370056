"""The keys of checklist items: states, marks, notes, progress, reasons, the plan, the history."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from checklist_findings import item_facts
from cockpit_widgets.line_pane import LinePane
from driving import Stage, stage
from recorded import RecordedFeed
from recorded_makers import NOW
from recorded_probes import checklist
from recorded_scenes import incident

from cockpit.checklists import parse
from cockpit.commands import Command, NoteItem, RecordProgress, SetItem
from cockpit.kinds.checklist.facts import OverwrittenEditFacts, PlanTaskFacts, PlanTotalFacts
from cockpit.kinds.checklist.findings import read_document
from cockpit.model import Event, EventKind, Finding, Observation, Problem, Verdict

NAME = "MASTER_BATCH.md"


@pytest.fixture
def feed() -> Iterator[RecordedFeed]:
    recorded = RecordedFeed(incident())
    yield recorded
    assert recorded.listeners == 0


def item(number: int, seen: str, to: str | None, reason: str = "") -> SetItem:
    return SetItem(NAME, f"item-{number}", seen, f'{{"line":{10 + 2 * number}}}', to, reason)


def with_list(feed: RecordedFeed, observation: Observation) -> None:
    feed.board = replace(feed.board, observations={**feed.board.observations, NAME: observation})


@pytest.mark.parametrize(
    ("key", "state"),
    [
        ("x", "done"),
        ("~", "doing"),
        ("!", "blocked"),
        ("-", "dropped"),
        (">", "deferred"),
        ("backspace", "todo"),
    ],
)
async def test_a_key_gives_the_item_its_state(feed: RecordedFeed, key: str, state: str) -> None:
    async with stage(feed) as on:
        await on.press(key)
        assert feed.submitted == []
        await on.press("c", key)
        assert feed.submitted == [item(5, "blocked", state)]


async def test_a_state_goes_to_all_that_are_marked_and_the_marks_are_gone(
    feed: RecordedFeed,
) -> None:
    async with stage(feed) as on:
        await on.press("c", "m", "m")
        assert on.text().count("* ") >= 2
        assert "2 marked" in on.lines()[-1]
        await on.press("x")
        both = [item(5, "blocked", "done"), item(6, "todo", "done")]
        assert feed.submitted == [replace(one, batch="1") for one in both]
        await on.press("x")
        assert len(feed.submitted) == 3


async def test_a_mark_is_taken_away_by_m_and_by_escape(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("c", "m", "k", "m", "x")
        assert feed.submitted == [item(6, "todo", "done")]
        await on.press("m", "escape", "home", "x")
        assert len(feed.submitted) == 2


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (
            ("i", *"ab", "enter"),
            [NoteItem(NAME, "item-5", '{"line":20}', "ab")],
        ),
        (
            ("w", *"bob", "enter"),
            [NoteItem(NAME, "item-5", '{"line":20}', "bob", owner=True)],
        ),
        (("i", "enter"), []),
        (("i", "a", "escape"), []),
        (
            ("f", "a", "enter", "b", "enter", "c", "enter", "enter", "e", "enter", "y", "enter"),
            [RecordProgress(NAME, "item-5", '{"line":20}', "a", "b", "c", "", "e", below=True)],
        ),
        (
            ("f", "enter", *"a|b||c|||e||".replace("|", "\n")),
            [RecordProgress(NAME, "item-5", '{"line":20}', "a", "b", "c", "", "e")],
        ),
        (("f", *["enter"] * 6), []),
        (("f", "a", "enter", "escape", "x"), [item(5, "blocked", "done")]),
    ],
)
async def test_what_is_typed_goes_to_the_item(
    feed: RecordedFeed, keys: tuple[str, ...], asked: list[Command]
) -> None:
    async with stage(feed) as on:
        await on.press("c", *("enter" if key == "\n" else key for key in keys))
        assert feed.submitted == asked


async def test_notes_belong_to_items(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        for key in ("i", "w", "f", "m"):
            await on.press(key)
            assert "press c and go to" in on.lines()[-1]
        assert feed.submitted == []


async def test_a_red_requirement_asks_for_a_reason_and_sets_it_with_one(
    feed: RecordedFeed,
) -> None:
    def answer(command: Command) -> tuple[bool, str, bool]:
        assert isinstance(command, SetItem)
        return (True, "set", False) if command.reason else (False, "gate:go is red; takes", True)

    feed.answer = answer
    async with stage(feed) as on:
        await on.press("c", "m", "m", "x")
        await on.until(lambda: "gate:go is red" in on.lines()[-1])
        await on.press(*"why", "enter")
        both = [item(5, "blocked", "done", "why"), item(6, "todo", "done", "why")]
        assert feed.submitted[2:] == [replace(one, batch="1") for one in both]
        await on.press("x")
        await on.until(lambda: "gate:go is red" in on.lines()[-1])
        await on.press("enter")
        await on.until(lambda: "a reason is needed" in on.text())
        assert len(feed.submitted) == 5


def reverted() -> tuple[Finding, Observation]:
    whole = checklist()
    found = whole.findings[5]
    facts = OverwrittenEditFacts.of(item_facts(found), status="done", key=found.key)
    found = replace(found, title="TICK REVERTED", facts=facts)
    others = [found if one.key == found.key else one for one in whole.findings]
    return found, replace(whole, findings=tuple(others))


async def test_a_reverted_tick_is_set_again_from_its_problem(feed: RecordedFeed) -> None:
    found, whole = reverted()
    with_list(feed, whole)
    concern = whole.affects
    problem = Problem(
        *(f"{NAME}/{found.key}", Verdict.WARN, concern, found.title, found.subject, "", NOW),
        probes=(NAME,),
        finding=found.key,
    )
    feed.board = replace(feed.board, problems=(problem,))
    async with stage(feed) as on:
        await on.press("space")
        assert feed.submitted == [item(6, "todo", "done")]
        await on.press("c")
        assert "TICK REVERTED" in on.text()


async def test_the_history_of_an_item_stands_in_its_detail(feed: RecordedFeed) -> None:
    data = {"item": "item-5", "from": "todo", "to": "blocked", "reason": "waits for ops"}
    other = {"item": "item-6", "from": "todo", "to": "done"}
    feed.log += [
        Event(NOW, EventKind.EDIT, "set", probe=NAME, actor="ann@here", data=data, seq=901),
        Event(NOW, EventKind.EDIT, "set", probe=NAME, actor="eve@there", data=other, seq=902),
    ]
    async with stage(feed, (100, 60)) as on:
        await on.press("c", "enter")
        assert "todo → blocked: waits for ops  [ann@here]" in on.text()
        assert "eve@there" not in on.text()


def planned() -> Observation:
    whole = checklist()
    parts = [
        ("ready", 1, "P1.1 One engine", "can start now", "3-4 h"),
        ("blocked", 1, "P1.2 Config", "waits for P1.1 (todo)", "2 h"),
        ("path", 0, "2 tasks", "5-6 h", ""),
        ("path", 1, "P1.1 One engine", "", "3-4 h"),
        ("parallel", 1, "Tasks 1-2", "together: P1.1 (todo), P1.2 (todo)", ""),
        ("problem", 1, "line 9 refers to “P7”, which is nowhere", "", ""),
    ]
    plan = [
        Finding(
            *(f"plan:{part}:{n}", Verdict.OK, subject, text),
            facts=PlanTaskFacts(part, 9, hours=hours) if n else PlanTotalFacts(part),
        )
        for part, n, subject, text, hours in parts
    ]
    return replace(whole, findings=(*whole.findings, *plan))


async def test_n_shows_what_can_start_what_waits_and_the_critical_path(
    feed: RecordedFeed,
) -> None:
    with_list(feed, planned())
    async with stage(feed) as on:
        await on.press("n")
        text = on.text()
        for told in (
            *("can start now", "P1.1 One engine", "3-4 h", "waits for P1.1 (todo)"),
            *("critical path  5-6 h", "P7", "together: P1.1 (todo)"),
        ):
            assert told in text, told
        await on.press("n", "c")
        assert "P1.1 One engine" not in on.text()
        await on.press("enter")
        assert "plan:ready" not in on.text()


async def test_without_a_plan_n_names_the_next_open_item(feed: RecordedFeed) -> None:
    async with stage(feed) as on:
        await on.press("n")
        assert "next: " in _plan(on)
        await on.press("escape")
        assert on.app.focused is not None and on.app.focused.id == "problems"


def _plan(on: Stage) -> str:
    return "\n".join(on.lines()[1:-2])


async def test_a_task_of_the_plan_that_is_an_item_is_set_there(feed: RecordedFeed) -> None:
    whole = planned()
    facts = PlanTaskFacts("ready", 7, status="todo", item="k7", anchor="{7}")
    task = Finding("plan:ready:1", Verdict.OK, "P1.1 One engine", facts=facts)
    findings = [task if one.key == task.key else one for one in whole.findings]
    with_list(feed, replace(whole, findings=tuple(findings)))
    async with stage(feed) as on:
        await on.press("n", "space", "x")
        assert feed.submitted == [
            SetItem(NAME, "k7", "todo", "{7}"),
            SetItem(NAME, "k7", "todo", "{7}", "done"),
        ]


def from_text(text: str) -> Observation:
    """What the probe tells of a checklist of that text."""
    told = read_document(parse(text.encode()), NAME)
    return replace(checklist(), findings=(*told.findings, *told.plan.findings))


TASKS = "- [ ] P1.1: a (1h)\n- [ ] P1.2: b (1h)\n- [ ] P1.3: c depends on P1.1\n"


def aimed_at(feed: RecordedFeed) -> list[str]:
    """The texts of the items that were to be set, in order."""
    wishes = [command for command in feed.submitted if isinstance(command, SetItem)]
    return [str(json.loads(wish.anchor)["text"]) for wish in wishes]


async def shows(on: Stage, text: str) -> None:
    with_list(on.feed, from_text(text))
    await on.news(on.feed.board)


@pytest.mark.parametrize(
    ("opened", "after"),
    [
        (("n",), TASKS.replace("[ ] P1.1", "[x] P1.1")),  # gone from what can start
        (("n",), TASKS.replace("[ ] P1.1", "[~] P1.1")),  # now among what is under way
        (("c", "/", "[", "space", "]", "enter"), TASKS.replace("[ ] P1.1", "[x] P1.1")),
        (("c",), TASKS.replace("- [ ] P1.1: a (1h)\n", "")),  # somebody took the line away
    ],
)
@pytest.mark.parametrize("key", ["x", "space", "m", "i"])
async def test_a_key_never_goes_to_a_task_that_moved_under_the_cursor(
    feed: RecordedFeed, opened: tuple[str, ...], after: str, key: str
) -> None:
    with_list(feed, from_text(TASKS))
    async with stage(feed) as on:
        await on.press(*opened, "space")
        assert aimed_at(feed) == ["P1.1: a (1h)"]
        await shows(on, after)
        await on.press(key)
        assert len(feed.submitted) == 1
        assert "the item went away; now on: " in on.lines()[-1] and "P1.1" not in on.lines()[-1]
        assert not any(pane.marked for pane in on.app.screen.query(LinePane))
        await on.press("x")  # again, knowing which one
        assert len(feed.submitted) == 2 and "P1.1" not in aimed_at(feed)[1]


@pytest.mark.parametrize("opened", ["c", "n"])
async def test_a_cursor_that_rests_on_the_next_task_does_not_slip_on_under_a_key(
    feed: RecordedFeed, opened: str
) -> None:
    with_list(feed, from_text(TASKS))
    async with stage(feed) as on:
        await on.press(opened)
        await shows(on, TASKS.replace("[ ] P1.1", "[x] P1.1"))  # somebody else did it
        await on.press("space")
        assert not feed.submitted and "press again to act" in on.lines()[-1]
        await on.press("space")
        assert aimed_at(feed) == ["P1.2: b (1h)"]


async def test_marks_on_the_plan_stay_with_their_tasks(feed: RecordedFeed) -> None:
    with_list(feed, from_text(TASKS))
    async with stage(feed) as on:
        await on.press("n", "j", "m")
        await shows(on, TASKS.replace("[ ] P1.1", "[x] P1.1"))
        await on.press("x")
        assert aimed_at(feed) == ["P1.2: b (1h)"]


async def test_where_all_that_was_marked_went_away_nothing_is_set(feed: RecordedFeed) -> None:
    with_list(feed, from_text(TASKS))
    async with stage(feed) as on:
        await on.press("n", "m")
        await shows(on, TASKS.replace("[ ] P1.1", "[x] P1.1"))
        await on.press("x")
        assert not feed.submitted and "what was marked went away" in on.lines()[-1]


@pytest.mark.parametrize(("pane", "key"), [("c", "i"), ("c", "w"), ("c", "f"), ("p", "a")])
async def test_a_screen_that_only_looks_asks_nothing(
    feed: RecordedFeed, pane: str, key: str
) -> None:
    async with stage(feed) as on:
        await on.press(pane, key, "escape")
        assert "--read-only" not in on.text()
        board = feed.board
        await on.news(replace(board, identity=replace(board.identity, read_only=True)))
        await on.press(pane, key)
        assert "refused: this cockpit was started with --read-only" in on.text()
        await on.press("n", "o", "enter")
        assert feed.submitted == []
