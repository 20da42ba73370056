"""Dependencies: resolved where they are clear, listed where they are not, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.checklists import parse
from cockpit.checklists.parsing.refs import read_references
from cockpit.checklists.plans.builder import build_plan
from cockpit.checklists.plans.plan import Plan, Trouble, topological
from cockpit.kinds.checklist.plan_text import sentence, waits_text


def plan(*texts: str) -> Plan:
    return build_plan((f"f{n}.md", parse(text.encode())) for n, text in enumerate(texts, 1))


def task(id: str, depends: str = "None", status: str = "NOT STARTED", effort: str = "2h") -> str:
    return (
        f"#### {id}: title\n**Status:** {status}\n**Effort:** {effort}\n"
        f"**Dependency:** {depends}\n\n"
    )


def needs(found: Plan) -> dict[str, list[str]]:
    return {
        task.id: [found.tasks[n].id for n in before]
        for task, before in zip(found.tasks, found.needs, strict=True)
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("P2E.2, P2B.1 (auth)", ["P2E.2", "P2B.1"]),
        ("P2A", ["P2A"]),
        ("P2A (bugs fixed), P2B (auth)", ["P2A", "P2B"]),
        ("P2F.1-3", ["P2F.1", "P2F.2", "P2F.3"]),
        ("P2F.1-P2F.2", ["P2F.1", "P2F.2"]),
        ("None", []),
        ("None (parallel with P2A)", []),
        ("N/A", []),
        ("—", []),
        ("depends on 2A", ["2A"]),
        ("6A/6B", ["6A", "6B"]),
        ("Task 07", ["TASK 7"]),
        ("Tasks 12-14, 04-05", [f"TASK {n}" for n in (12, 13, 14, 4, 5)]),
        ("Batch 3A and Batch 3B", ["BATCH 3A", "BATCH 3B"]),
        ("1.1.2", ["1.1.2"]),
        ("QG8", ["QG8"]),
        ("ABC-12, FR-3.1 and A1.2", ["ABC-12", "FR-3.1", "A1.2"]),
        ("P1A.1 to P1A.3", ["P1A.1", "P1A.2", "P1A.3"]),
        ("P1.1.2–P1.1.3", ["P1.1.2", "P1.1.3"]),
        ("T1-T3, T7 through T8", ["T1", "T2", "T3", "T7", "T8"]),
        ("ABC-2 to ABC-4", ["ABC-2", "ABC-3", "ABC-4"]),
        ("1.1-1.3", ["1.1", "1.2", "1.3"]),
        ("P2A-P2C, 6A-6B", ["P2A", "P2B", "P2C", "6A", "6B"]),
        ("P1.1 to P2.3", ["P1.1", "P2.3"]),
        ("2026-03-01, for 3 hours", ["2026-03-01, FOR 3 HOURS"]),
        ("the boss says yes", ["THE BOSS SAYS YES"]),
    ],
)
def test_references(text: str, names: list[str]) -> None:
    assert [reference.name for reference in read_references(text)] == names


def test_a_phase_stands_for_its_tasks() -> None:
    found = plan(task("P2A.1") + task("P2A.2", "P2A.1") + task("P2B.1", "P2A (all of it)"))
    assert needs(found) == {"P2A.1": [], "P2A.2": ["P2A.1"], "P2B.1": ["P2A.1", "P2A.2"]}
    assert found.problems == ()


def test_ready_blocked_and_under_way() -> None:
    found = plan(
        task("P1.1", status="DONE")
        + task("P1.2", "P1.1")
        + task("P1.3", "P1.2")
        + task("P1.4", "P1.1", status="IN PROGRESS")
        + task("P1.5", status="BLOCKED by legal")
        + task("P1.6", "P1.7")
        + task("P1.7", status="CANCELLED")
    )
    assert [t.id for t in found.ready()] == ["P1.2", "P1.6"]
    assert [t.id for t in found.under_way()] == ["P1.4"]
    assert [(b.task.id, [t.id for t in b.waits_for]) for b in found.blocked()] == [
        ("P1.3", ["P1.2"]),
        ("P1.5", []),
    ]


def test_dangling_references_hold_a_task_back_and_are_listed() -> None:
    found = plan(task("P1.1", "P9.9, the other team"))
    assert found.ready() == ()
    assert [(p.kind, p.text, p.line) for p in found.problems] == [
        (Trouble.DANGLING, "P9.9", 2),
    ]
    found = plan(task("P1.1", "the other team"))
    assert [b.unclear for b in found.blocked()] == [("the other team",)]


@pytest.mark.parametrize("said", ["after ABC-12", "depends on ABC-12", "after P9.1", "after P2A"])
def test_an_id_that_is_nowhere_is_dangling_however_a_tasks_own_text_names_it(said: str) -> None:
    name = said.split()[-1]
    found = plan(f"- [ ] FR-3.1: foo, {said}\n")
    assert found.ready() == ()
    assert [(p.kind, p.text) for p in found.problems] == [(Trouble.DANGLING, name)]


@pytest.mark.parametrize(
    "said", ["after 30s", "after UTF-8", "after V1.2", "requires SHA256", "requires ABC-12"]
)
def test_what_may_be_no_id_is_no_reference(said: str) -> None:
    found = plan(f"- [ ] FR-3.1: foo, {said}\n")
    assert ([t.id for t in found.ready()], found.problems) == (["FR-3.1"], ())


def test_the_reason_and_the_problem_say_of_what_is_nowhere_the_same() -> None:
    found = plan("- [ ] A-1: a\n- [ ] A-1: b\n- [ ] A-2: c, depends on T1 and A-1\n")
    (blocked,) = found.blocked()
    assert (blocked.unclear, blocked.nowhere) == (("T1", "A-1"), ("T1",))
    words = "refers to “T1”, which is nowhere"
    assert waits_text(blocked) == f"{words}; not clear what is meant by “A-1”"
    assert f"line 3 {words}" in map(sentence, found.problems)


def test_cycles_are_named() -> None:
    found = plan(task("P1.1", "P1.3") + task("P1.2", "P1.1") + task("P1.3", "P1.2") + task("P1.4"))
    (problem,) = found.problems
    assert (problem.kind, problem.text) == (Trouble.CYCLE, "P1.1 → P1.3 → P1.2 → P1.1")
    assert [[t.id for t in wave] for wave in found.waves] == [["P1.4"]]


def test_ids_that_repeat_across_files_are_ambiguous_from_a_third() -> None:
    found = plan(task("P1.1"), task("P1.1") + task("P1.2", "P1.1"), task("P3.1", "P1.1"))
    kinds = [(p.kind, p.document) for p in found.problems]
    assert (Trouble.DUPLICATE, "f1.md") in kinds
    assert (Trouble.AMBIGUOUS, "f3.md") in kinds
    assert (Trouble.AMBIGUOUS, "f2.md") not in kinds
    own = found.tasks[found.needs[2][0]]
    assert own.document == "f2.md"
    assert [b.task.id for b in found.blocked()][-1] == "P3.1"


ROADMAP = """\
## Roadmap
### Day 1: Ground (8 hours)
1. **01_env.md** - Env (4 hours)
2. **02_config.md** - Config (4 hours)
### Day 2: Core
3. **05_a.md** - A (6-8 hours)
4. **03_b.md** - B (6-8 hours)
5. **04_c.md** - C (6-8 hours)

## PARALLELIZATION
### High parallelization
- **Day 2, Tasks 4-5**: B || C
- **Day 1, Tasks 1-2**: both
### Sequential required
- **Day 2, Tasks 3-4**: no
"""


def test_list_positions_are_not_ids() -> None:
    found = plan(ROADMAP)
    assert [(t.id, t.ordinal) for t in found.tasks][2:] == [
        ("Task 05", 3),
        ("Task 03", 4),
        ("Task 04", 5),
    ]
    doubtful, clear, unknown = found.parallel
    assert unknown.ambiguous and unknown.in_order and not doubtful.in_order
    assert doubtful.ambiguous
    assert doubtful.tasks == ()
    assert [t.id for t in doubtful.by_position] == ["Task 03", "Task 04"]
    assert [t.id for t in doubtful.by_id] == ["Task 05", "Task 04"] or [
        t.id for t in doubtful.by_id
    ] == ["Task 04", "Task 05"]
    assert not clear.ambiguous
    assert [t.id for t in clear.tasks] == ["Task 01", "Task 02"]


def test_days_come_in_order() -> None:
    found = plan(ROADMAP)
    assert needs(found)["Task 03"] == ["Task 01", "Task 02"]
    assert [t.id for t in found.waves[0]] == ["Task 01", "Task 02"]
    path = found.critical_path()
    assert (path.work.low, path.work.high, len(path.tasks)) == (10, 12, 2)


SEQUENTIAL = ROADMAP.replace("- **Day 2, Tasks 3-4**: no", "- **Day 1**: All sequential")


def test_what_a_document_lists_as_sequential_comes_one_after_the_other() -> None:
    found = plan(SEQUENTIAL)
    (told,) = (group for group in found.parallel if group.in_order)
    assert ([t.id for t in told.tasks], told.ambiguous) == (["Task 01", "Task 02"], False)
    assert [t.id for t in found.ready()] == ["Task 01"]
    assert needs(found)["Task 02"] == ["Task 01"]
    path = found.critical_path()
    assert (path.work.low, path.work.high, len(path.tasks)) == (14, 16, 3)
    # Which tasks numbers mean that could be positions or IDs is not guessed here, either.
    assert [t.id for t in plan(ROADMAP).ready()] == ["Task 01", "Task 02"]


def test_what_two_headings_of_one_name_hold_is_in_order_under_each_of_them() -> None:
    stage = "### Stage 1\n- Task {}: a\n- Task {}: b\n"
    found = plan(
        f"# One\n{stage.format(1, 2)}# Two\n{stage.format(3, 4)}"
        "## Sequential\n- Stage 1: all\n- Stage 9: none of that name\n"
    )
    expected = {"Task 1": [], "Task 2": ["Task 1"], "Task 3": [], "Task 4": ["Task 3"]}
    assert needs(found) == expected
    assert [len(group.tasks) for group in found.parallel] == [2, 2, 0]


@pytest.mark.parametrize(
    ("text", "ready", "blocked"),
    [
        ("- [ ] T1: a\n- [ ] T2: b (depends on T1)\n", ["T1"], {"T2": ["T1"]}),
        ("- [ ] ABC-12: a\n- [ ] FR-3.1: b, after ABC-12\n", ["ABC-12"], {"FR-3.1": ["ABC-12"]}),
        (task("A1.1", "A1.2") + task("A1.2"), ["A1.2"], {"A1.1": ["A1.2"]}),
        (
            task("A1.1") + task("A1.2") + task("B1.1", "A1"),
            ["A1.1", "A1.2"],
            {"B1.1": ["A1.1", "A1.2"]},
        ),
        # Words that only look like names are none; `depends on` means what it says.
        ("- [ ] P1.1 again after 30s, after 1.5 h, requires SHA256\n", ["P1.1"], {}),
        ("- [ ] P1.1 a, depends on XY-1\n", [], {"P1.1": []}),
        ("- [ ] T1: a\n- [ ] T2: b, after T9\n", ["T1"], {"T2": []}),
    ],
)
def test_a_plan_knows_every_form_of_id_that_is_read(
    text: str, ready: list[str], blocked: dict[str, list[str]]
) -> None:
    found = plan(text)
    assert [t.id for t in found.ready()] == ready
    assert {b.task.id: [t.id for t in b.waits_for] for b in found.blocked()} == blocked


def test_a_task_that_depends_on_itself_is_a_cycle() -> None:
    found = plan(task("P1.1", "P1.1"))
    assert found.ready() == ()
    assert [(p.kind, p.text) for p in found.problems] == [(Trouble.CYCLE, "P1.1 → P1.1")]
    # Named by the phase it is in, it is not meant itself.
    assert plan(task("P1.1") + task("P1.2", "P1")).problems == ()


def test_what_is_not_clear_in_a_range_is_said_once_and_by_name() -> None:
    boxes = "- [ ] Task 1: a\n- [ ] Task 1: b\n- [ ] Task 5: c, depends on Tasks 1-3\n"
    found = plan(boxes)
    assert [b.unclear for b in found.blocked()] == [("Tasks 1-3",)]
    listed = {p.kind: p.candidates for p in found.problems if p.text == "Tasks 1-3"}
    assert listed[Trouble.DANGLING] == ("TASK 2", "TASK 3")
    assert len(listed[Trouble.AMBIGUOUS]) == 2


def test_batches_after_batches() -> None:
    found = plan(
        "### Batch 6A: one (Parallel with 6B)\n- Task 01: a (2 hours)\n"
        "### Batch 6B: two\n- Task 02: b (3 hours)\n"
        "### Batch 6C: three (Sequential - after 6A/6B)\n- Task 03: c (1 hour)\n"
    )
    assert needs(found) == {"Task 01": [], "Task 02": [], "Task 03": ["Task 01", "Task 02"]}
    path = found.critical_path()
    assert [t.id for t in path.tasks] == ["Task 02", "Task 03"]
    assert (path.work.low, path.work.high) == (4, 4)


def test_done_work_is_not_on_the_critical_path() -> None:
    found = plan(task("P1.1", effort="9h", status="DONE") + task("P1.2", "P1.1", effort="1-2h"))
    path = found.critical_path()
    assert ([t.id for t in path.tasks], path.work.low, path.work.high) == (["P1.2"], 1, 2)


def test_a_box_that_repeats_a_described_task_is_not_a_second_one() -> None:
    found = plan(task("P1.1") + "## Summary\n- [ ] P1.1: title\n")
    assert len(found.tasks) == 1
    assert found.problems == ()


def test_an_empty_plan() -> None:
    found = plan("# nothing\n")
    assert (found.tasks, found.waves, found.ready()) == ((), (), ())
    assert found.critical_path().tasks == ()


@given(st.lists(st.lists(st.integers(0, 7), max_size=3), max_size=8))
def test_topological_order(graph: list[list[int]]) -> None:
    needed = [[need for need in before if need < len(graph)] for before in graph]
    order, left = topological(needed)
    assert sorted([*order, *left]) == list(range(len(needed)))
    place = {number: at for at, number in enumerate(order)}
    for number in order:
        assert all(place[need] < place[number] for need in needed[number])
    for number in left:
        assert any(need in left for need in needed[number])


@given(st.text(max_size=60))
def test_reading_references_never_fails(text: str) -> None:
    assert all(reference.name for reference in read_references(text))
