"""Dependencies: resolved where they are clear, listed where they are not, never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.checklists import parse
from cockpit.checklists.plan import Plan, Trouble, build_plan, topological
from cockpit.checklists.refs import read_references


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
    doubtful, clear = found.parallel
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
    assert (path.low, path.high, len(path.tasks)) == (10, 12, 2)


def test_batches_after_batches() -> None:
    found = plan(
        "### Batch 6A: one (Parallel with 6B)\n- Task 01: a (2 hours)\n"
        "### Batch 6B: two\n- Task 02: b (3 hours)\n"
        "### Batch 6C: three (Sequential - after 6A/6B)\n- Task 03: c (1 hour)\n"
    )
    assert needs(found) == {"Task 01": [], "Task 02": [], "Task 03": ["Task 01", "Task 02"]}
    path = found.critical_path()
    assert [t.id for t in path.tasks] == ["Task 02", "Task 03"]
    assert (path.low, path.high) == (4, 4)


def test_done_work_is_not_on_the_critical_path() -> None:
    found = plan(task("P1.1", effort="9h", status="DONE") + task("P1.2", "P1.1", effort="1-2h"))
    path = found.critical_path()
    assert ([t.id for t in path.tasks], path.low, path.high) == (["P1.2"], 1, 2)


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
