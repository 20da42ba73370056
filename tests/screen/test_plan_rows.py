"""The plan screen: one plan of all checklists, as a pure function of a board."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cockpit_widgets.intents import item_of
from reading import texts, view
from recorded_makers import board
from recorded_probes import checklist

from cockpit.kinds.checklist import plan_rows
from cockpit.kinds.checklist.facts import PlanFacts, PlanPart, PlanTaskFacts, PlanTotalFacts
from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import join_key, plain

Part = tuple[PlanPart, int, str, str, int]


def stated(part: PlanPart, number: int, line: int) -> PlanFacts:
    """A task that is an item of that line; number 0 speaks of all checklists."""
    if not number:
        return PlanTotalFacts(part)
    if not line:
        return PlanFacts(part)
    order = number if part == "path" else None
    known = {"status": "todo", "item": f"k{line}", "anchor": "{}"}
    return PlanTaskFacts(part, line, hours="2 h", order=order, **known)


def told(name: str, *parts: Part, late: int = 0) -> Observation:
    """A checklist that tells these parts of the plan: part, number, subject, text, line."""
    whole = checklist([("", "a box", "todo", 0)], name)
    findings = [
        Finding(
            *(f"plan:{part}:{number}", Verdict.OK, subject, text),
            facts=stated(part, number, line),
        )
        for part, number, subject, text, line in parts
    ]
    at = whole.observed_at + timedelta(seconds=late)
    return replace(whole, observed_at=at, findings=(*whole.findings, *findings))


ONE = told(
    "lists/ONE.md",
    ("ready", 1, "P1.1 first", "can start now", 4),
    ("blocked", 1, "P1.2 second", "waits for P1.1 (todo)", 5),
    ("blocked", 2, "P1.3 third", "waits for P1.1 (todo)", 6),
    ("path", 1, "P1.1 first", "", 4),
    ("path", 3, "P1.3 third", "", 6),
    ("path", 0, "3 tasks", "old", 0),
    ("work", 0, "old", "", 0),
)
TWO = told(
    "TWO.md",
    ("ready", 1, "P2.1 other", "can start now", 7),
    ("blocked", 1, "P2.2 more", "waits for P1.1 (todo) in ONE.md", 8),
    ("path", 2, "P2.2 more", "", 8),
    ("path", 0, "3 tasks", "6 h, through 2 checklists", 0),
    ("problem", 1, "line 9 refers to “Task 1”, which could be several tasks", "", 9),
    ("work", 0, "6 tasks, 12 h", "", 0),
    late=5,
)
LOOSE = checklist([("", "done box", "done", 0), ("", "next box", "todo", 0)], "DAILY.md")


def rows_of(*observations: Observation) -> list[str]:
    return [line.rstrip() for line in texts(plan_rows.rows(view(board(observations))))]


def test_one_plan_of_all_checklists_with_the_file_of_each_task() -> None:
    rows = plan_rows.rows(view(board([ONE, TWO, LOOSE])))
    lines = texts(rows)
    assert sum(line.startswith("can start now") for line in lines) == 1
    start = lines.index("can start now")
    ready = lines[start + 1 : start + 4]
    assert [line.split(" ")[0] for line in ready] == ["P1.1", "P2.1", "next:"]
    assert ready[0] == "P1.1 first 2 h  ONE.md:4"
    assert ready[1] == "P2.1 other 2 h  TWO.md:7"
    assert ready[2].startswith("next: next box") and "DAILY.md:" in ready[2]


def test_the_critical_path_runs_through_the_files_in_its_own_order() -> None:
    lines = rows_of(ONE, TWO)
    at = lines.index("critical path  6 h, through 2 checklists")
    assert [line.split()[0] for line in lines[at + 1 : at + 4]] == ["P1.1", "P2.2", "P1.3"]
    assert "open work  6 tasks, 12 h" in lines  # of the newest, not of the first
    assert not any("old" in line for line in lines)


def test_what_several_wait_for_is_said_once() -> None:
    lines = rows_of(ONE, TWO)
    assert lines.count("waits for P1.1 (todo)") == 1
    at = lines.index("waits for P1.1 (todo)")
    assert [line.split()[0] for line in lines[at + 1 : at + 3]] == ["P1.2", "P1.3"]
    assert lines[at + 3] == "waits for P1.1 (todo) in ONE.md"


def test_what_comes_one_after_the_other_stands_apart_from_what_may_run_together() -> None:
    words = ("Day 1: all", "in this order: Task 1 → Task 2", 3)
    lines = rows_of(told("A.md", ("sequence", 1, *words)))
    at = lines.index("one after the other")
    assert lines[at + 1].startswith("Day 1: all  in this order: Task 1 → Task 2")
    assert "may run at the same time" not in lines


def test_a_task_is_set_in_its_own_checklist_wherever_it_is_shown() -> None:
    made = view(board([ONE, TWO]))
    for probe, key, item in (
        ("lists/ONE.md", "plan:path:3", "k6"),
        ("TWO.md", "plan:path:2", "k8"),
        ("TWO.md", "plan:ready:1", "k7"),
    ):
        assert join_key(probe, key) in {row.key for row in plan_rows.rows(made)}
        aim = item_of(made, join_key(probe, key))
        assert aim is not None and (aim.probe, aim.item) == (probe, item)


def test_alone_a_task_has_its_line_and_a_mirror_is_left_out() -> None:
    image = replace(told("IMAGE.md"), basis={"file": "IMAGE.md", "mirror_of": ("lists/ONE.md",)})
    rows = plan_rows.rows(view(board([ONE, image])))
    assert "P1.1 first 2 h    line 4" in [line.rstrip() for line in texts(rows)]
    assert not any("IMAGE" in line or "a box" in line for line in texts(rows))


def test_the_banner_counts_what_can_start_and_nothing_open_is_said() -> None:
    assert plain(plan_rows.banner(view(board([ONE, TWO, LOOSE])))) == "3 can start now"
    done = checklist([("", "a box", "done", 0)], "A.md")
    assert rows_of(done)[-1] == "nothing is open"
    assert plan_rows.rows(view(board([])))[0].cells == ("no checklist is configured",)
