"""The LIST pane as a pure function of a board: tasks as heads of their boxes, sections, doubts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cockpit_widgets.intents import item_of, set_again
from cockpit_widgets.line_render import draw
from cockpit_widgets.rows.detail import Proof, finding_detail
from reading import texts, view
from recorded_makers import board
from recorded_probes import checklist as recorded

from cockpit.checklists import parse
from cockpit.facts import UnknownFacts
from cockpit.kinds.checklist import plan_rows
from cockpit.kinds.checklist import rows as checklist
from cockpit.kinds.checklist.findings import read_document
from cockpit.model import Doubt, DoubtKind, Observation
from cockpit.rows import UNICODE, join_key, plain

PLAN = """\
# A plan with a rather long title

## Phase 1: The ground that everything else stands on
### P1.1: One engine
**Status:** NOT STARTED

- [x] refused twice
- [ ] leftovers seen

### P1.2: Config
**Status:** {status}

#### What is accepted
- [x] errors at once

### P1.3: No boxes here
**Status:** NOT STARTED

## Words
- ✅ decorated
- ⚠️ beware

| part | Status |
|---|---|
| wiring | Done |
"""


def told(text: str, *doubts: str) -> Observation:
    read = read_document(parse(text.encode()))
    found = tuple(Doubt(DoubtKind.CONTRADICTS, each) for each in doubts)
    return replace(recorded(), findings=read.findings, doubts=found)


def lines(observation: Observation) -> list[str]:
    found = texts(checklist.rows(view(board([observation]))))
    return [" ".join(line.split()) for line in found]


def test_a_task_with_a_status_line_is_the_head_of_its_boxes() -> None:
    found = lines(told(PLAN.format(status="IN PROGRESS")))
    assert found[:9] == [
        "Phase 1: The ground that everything else stands on 2/3",
        "[ ] P1.1: One engine 1/2 line 5",
        "[x] refused twice line 7",
        "[ ] leftovers seen line 8",
        "[~] P1.2: Config 1/1 still doing line 11",
        "What is accepted 1/1 in P1.2: Config, Phase 1: The ground that everything else stands on",
        "[x] errors at once line 14",
        "[ ] P1.3: No boxes here line 17",
        "Words",
    ]


def test_what_progress_does_not_count_is_there_and_says_so() -> None:
    found = lines(told(PLAN.format(status="COMPLETE")))
    assert found[-4:] == [
        "Words",
        "[x] decorated emoji line 20",
        "[?] beware unknown emoji line 21",
        "[x] wiring cell line 25",
    ]
    assert "[x] P1.2: Config 1/1 line 11" in found


def test_every_item_can_be_set_and_the_cursor_rests_on_the_next_box() -> None:
    observation = told(PLAN.format(status="IN PROGRESS"))
    here = view(board([observation]))
    rows = checklist.rows(here)
    aims = [item_of(here, row.key) for row in rows if row.key]
    assert len(aims) == len(parse(PLAN.encode()).items) == 9
    assert all(aim is not None and aim.anchor for aim in aims)
    (home,) = (row for row in rows if row.home)
    assert "leftovers seen" in plain(home.cells[0])


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_screen_cuts_what_is_around_a_section_not_its_own_heading(width: int) -> None:
    rows = checklist.rows(view(board([told(PLAN.format(status="DONE"))])))
    drawn = ["".join(s.text for s in draw(row, (), width, UNICODE)).rstrip() for row in rows]
    (heading,) = (line for line in drawn if "accepted" in line)
    assert heading.startswith("What is accepted  1/1  in P1.2: Config") and heading.endswith("…")
    # The title of the file, which is around everything, is said nowhere.
    assert not any("rather long" in line for line in drawn)


def test_several_doubts_are_counted_in_the_banner_and_stand_in_the_list() -> None:
    one = told(PLAN, "94 % claimed")
    assert plain(checklist.banner(view(board([one])))).endswith("  94 % claimed")
    assert not any(line.startswith("doubt") for line in lines(one))
    two = told(PLAN, "94 % claimed", "P7 is nowhere")
    assert plain(checklist.banner(view(board([two])))).endswith("  2 doubts: 94 % claimed")
    assert lines(two)[:2] == ["doubt 94 % claimed", "doubt P7 is nowhere"]


def test_items_as_an_older_cockpit_stored_them_leave_the_headline_until_the_next_run() -> None:
    whole = recorded()
    told_then = [
        replace(
            one, title="", facts=UnknownFacts("", 0, {"line": 3, "status": "todo", "plan": "ready"})
        )
        for one in whole.findings
    ]
    here = view(board([replace(whole, findings=tuple(told_then))]))
    (row,) = checklist.rows(here)
    assert whole.headline in plain(row.cells[0]) and item_of(here, row.key) is None
    assert not set_again(here, row.key)
    assert [one.text() for one in plan_rows.rows(here)][1:] == ["nothing is open"]
    key = join_key(whole.probe, told_then[0].key)
    assert item_of(here, key) is None
    detail = texts(
        finding_detail(here, here.board.observations[whole.probe], told_then[0], Proof(), 80)
    )
    assert any("status=todo" in line for line in detail)
