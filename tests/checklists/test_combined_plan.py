"""One plan of several checklists, some of them sequential."""

from __future__ import annotations

import pytest

from cockpit.checklists import Document, parse
from cockpit.checklists.plans.builder import Parts, read_parts
from cockpit.checklists.plans.combined_plan import (
    CombinedPlan,
    CombinedPlanCache,
    Source,
    combine_plans,
)
from cockpit.checklists.plans.plan import Trouble

BATCHES = (
    "# Delivery\n\n## Batch 1 - Base\n- [x] P1.1: a (2h)\n- [ ] P1.2: b (3-4 hours)\n"
    "- [ ] sign-off\n\n## Batch 2 - More\n- [ ] P2.1: c (1 day)\n- [ ] P2.2: d\n"
)
OPS = "# Ops\n- [ ] P9.1: tell (1h) after P2.2\n- [ ] P9.2: wait, depends on Task 1\n"
ONE, TWO = "- [ ] Task 1: one\n", "- [ ] Task 1: other\n"


def joint(*texts: str, sequential: int = 0) -> CombinedPlan:
    return combine_plans(
        [
            Source(f"f{n}.md", parse(text.encode()), n == sequential)
            for n, text in enumerate(texts, 1)
        ]
    )


def names(found: CombinedPlan) -> list[str]:
    return [task.name for task in found.ready()]


def test_batches_in_order_hold_back_the_next_one_and_lengthen_the_critical_path() -> None:
    free = joint(BATCHES, OPS)
    assert names(free) == ["P1.2", "P2.1", "P2.2"]
    assert [task.name for task in free.critical_path.tasks] == ["P2.1"]
    found = joint(BATCHES, OPS, sequential=1)
    assert names(found) == ["P1.2", "“sign-off”"]
    (gate,) = found.plan.blocked()[0].behind
    assert (gate.batch.title, gate.batch.score) == ("Batch 1 - Base", "1/3")
    path = found.critical_path
    assert [task.name for task in path.tasks] == ["P1.2", "P2.1"]
    assert (path.work.low, path.work.high) == (11, 12)
    # Done work opens the next batch, whoever did it.
    done = joint(BATCHES.replace("[ ] P1.2", "[x] P1.2").replace("[ ] s", "[-] s"), sequential=1)
    assert names(done) == ["P2.1", "P2.2"]


def test_stages_without_numbered_headings_come_one_after_the_other() -> None:
    found = joint("1. [x] one\n2. [ ] two\n   - [ ] part\n3. [ ] three (2h)\n", sequential=1)
    assert names(found) == ["“two”"]
    assert [blocked.waits_for[0].name for blocked in found.blocked()] == ["“two”"]


def test_what_has_no_hours_is_said_and_never_counted_as_none() -> None:
    found = joint(BATCHES, OPS, sequential=1)
    work = found.open_work
    assert (work.tasks, work.low, work.high, work.without_effort) == (6, 12, 13, 3)
    assert found.critical_path.work.without_effort == 0
    assert found.unestimated == 3
    with_list = joint(BATCHES, "- [x] a\n- [ ] b\n- [ ] c\n", sequential=1)
    assert (with_list.open_work.tasks, with_list.loose) == (4, 2)
    boxes = "- [ ] P1.1: a (2h)\n  - [ ] part of it\n- [ ] without an ID\n- [x] closed\n"
    assert joint(boxes).loose == 1


def test_a_reference_across_files_is_resolved_or_listed_and_never_guessed() -> None:
    found = joint(BATCHES, OPS, ONE, TWO)
    waits = {b.task.name: [t.document for t in b.waits_for] for b in found.blocked()}
    assert waits == {"P9.1": ["f1.md"], "P9.2": []}
    (problem,) = found.problems()
    assert (problem.kind, problem.document, problem.line) == (Trouble.AMBIGUOUS, "f2.md", 3)
    assert problem.candidates == ("f3.md:1 Task 1: one", "f4.md:1 Task 1: other")
    assert [each.text for each in found.repeated()] == ["Task 1"]
    own = joint(ONE + "- [ ] Task 2: b after Task 1\n", TWO)
    assert own.problems() == ()
    assert [t.document for t in own.blocked()[0].waits_for] == ["f1.md"]


def test_a_list_in_which_nothing_depends_on_anything_has_a_first_item() -> None:
    found = joint(OPS, "- [x] a\n- [ ] b\n- [ ] c\n", "- [x] a\n", "words\n")
    told = [(f.document, f.item and f.item.text, f.more, f.empty) for f in found.first()]
    assert told == [
        ("f2.md", "b", 1, False),
        ("f3.md", None, 0, False),
        ("f4.md", None, 0, True),
    ]


def test_an_order_that_contradicts_a_dependency_is_a_cycle_that_names_the_batch() -> None:
    found = joint(
        "## Batch 1\n- [ ] P1.1: a, after P2.1\n## Batch 2\n- [ ] P2.1: b\n", sequential=1
    )
    (problem,) = found.problems()
    assert problem.kind is Trouble.CYCLE
    assert problem.text == "P1.1 → P2.1 → “Batch 1” → P1.1"
    assert found.critical_path.tasks == ()


def test_a_plan_is_made_once_for_the_same_documents() -> None:
    cache = CombinedPlanCache()
    document = parse(OPS.encode())
    first = cache.plan([Source("a.md", document)])
    assert cache.plan([Source("a.md", document)]) is first
    assert cache.plan([Source("a.md", document, True)]) is not first
    assert cache.plan([Source("a.md", parse(OPS.encode()))]) is not first


def test_only_the_document_that_changed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(name: str, document: Document) -> Parts:
        read.append(name)
        return read_parts(name, document)

    monkeypatch.setattr("cockpit.checklists.plans.combined_plan.read_parts", counted)
    cache = CombinedPlanCache()
    kept = Source("a.md", parse(BATCHES.encode()), True)
    plans = []
    for number in range(8):
        other = Source("b.md", parse(f"- [ ] P9.{number}: x after P2.2\n".encode()))
        plans.append(cache.plan([kept, other]))
    assert read == ["a.md", *["b.md"] * 8]
    assert [names(each) for each in plans] == [["P1.2", "“sign-off”"]] * 8
    assert plans[-1].plan == combine_plans(plans[-1].sources).plan
