"""The checklists of one config: who makes the plan with whom, and what each of them watches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from checklist_findings import of_plan

from cockpit.checklists import Document, DocumentCache, parse
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.checklist.facts import PlanTaskFacts
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.model import DoubtKind, Observation

TASKS = "- [ ] P1.1: a (2h)\n- [ ] P1.2: b (1h) depends on P1.1\n"


def probes(folder: Path, tables: list[dict[str, Any]], **files: str) -> list[ChecklistProbe]:
    for name, text in files.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    config = Config.model_validate({"checklist": tables})
    made = [build(table, LoadedConfig(config, folder)) for table in config.of_kind("checklist")]
    assert all(isinstance(each, ChecklistProbe) for each in made)
    return [each for each in made if isinstance(each, ChecklistProbe)]


def parts(observation: Observation) -> set[str]:
    return {facts.plan for _, facts in of_plan(observation)}


def test_each_watches_the_others(tmp_path: Path) -> None:
    one, two = probes(tmp_path, [{"file": "a.md"}, {"file": "b.md"}], a="", b="")
    assert set(one.own_files()) == set(two.own_files()) == {tmp_path / "a.md", tmp_path / "b.md"}
    assert one.depends_on() == two.depends_on() == ()


def test_a_mirror_tells_no_plan_of_its_own_and_obeys_its_own(tmp_path: Path, look: Any) -> None:
    tables = [{"file": "a.md", "mirrors": ["b.md"]}, {"file": "b.md"}]
    one, two = probes(tmp_path, tables, a=TASKS, b=TASKS.replace("- ", "* "))
    first, second = look(one).observation, look(two).observation
    assert parts(first) == {"ready", "blocked", "path", "work"}
    assert parts(second) == set()
    assert second.basis["mirror_of"] == ("a.md",)
    (tmp_path / "b.md").write_text("* [ ] P1.1: a\n* [x] P1.2: b, depends on P1.1\n", "utf-8")
    found = look(two).observation
    assert [f.title for f in found.findings if f.title] == ["DONE BUT RED"]
    assert "it depends on P1.1, which is todo" in found.findings[1].text


def test_the_same_task_in_two_files_is_each_ones_own(tmp_path: Path) -> None:
    one, _ = probes(tmp_path, [{"file": "a.md"}, {"file": "b.md"}], a=TASKS, b=TASKS)
    document = parse(TASKS.encode())
    found = one.against(document, document.items[1], {}, datetime.now(UTC), starting=True)
    assert [each.text for each in found] == ["it depends on P1.1, which is todo"]


def test_what_has_not_changed_is_not_parsed_again_however_much_there_is(
    tmp_path: Path, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []

    def counted(data: bytes) -> Document:
        parsed.append(data)
        return parse(data)

    monkeypatch.setattr("cockpit.checklists.parsing.cache.parse", counted)
    monkeypatch.setattr("cockpit.kinds.checklist.related_lists.CACHE", DocumentCache(limit=1))
    one, _ = probes(tmp_path, [{"file": "a.md"}, {"file": "b.md"}], a=TASKS, b="- [ ] b\n")
    for _ in range(3):
        look(one)
    assert len(parsed) == 2
    (tmp_path / "b.md").write_text("- [x] b\n", encoding="utf-8")
    look(one)
    assert parsed[2:] == [b"- [x] b\n"]


def test_threads_that_read_the_same_text_share_one_document() -> None:
    cache = DocumentCache()
    text = (TASKS * 300).encode()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(cache.parse, [bytes(bytearray(text)) for _ in range(8)]))
    assert {id(document) for document in found} == {id(found[0])}


def test_a_reference_that_two_others_could_mean_is_ambiguous_and_not_nowhere(
    tmp_path: Path, look: Any
) -> None:
    tables = [{"file": "a.md"}, {"file": "b.md"}, {"file": "c.md"}]
    task = "- [ ] Task 1: one\n"
    made = probes(tmp_path, tables, a="- [ ] P9.1: x, depends on Task 1\n", b=task, c=task)
    found = look(made[0]).observation
    doubts = [d.text for d in found.doubts if d.kind is DoubtKind.PARTIAL_READ]
    assert len(doubts) == 1
    assert "“Task 1”, which could be several tasks (b.md:1 Task 1: one; c.md:1" in doubts[0]
    # An ID that each of two lists has for itself is no doubt of theirs.
    assert [look(each).observation.doubts for each in made[1:]] == [(), ()]


def test_another_checklist_that_is_gone_leaves_the_reference_open(
    tmp_path: Path, look: Any
) -> None:
    tables = [{"file": "a.md"}, {"file": "b.md"}]
    one, _ = probes(tmp_path, tables, a="- [ ] P2.1: x, depends on P1.1\n", b=TASKS)
    assert "blocked" in parts(look(one).observation)
    (tmp_path / "b.md").unlink()
    found = look(one).observation
    assert "“P1.1”, which is nowhere" in found.doubts[0].text


def test_all_tell_the_same_of_the_plan_as_a_whole(tmp_path: Path, look: Any) -> None:
    tables = [{"file": "a.md"}, {"file": "b.md"}]
    more = "- [ ] P2.1: x (4h) depends on P1.2\n- [ ] P2.2: y\n"
    seen = [look(each).observation for each in probes(tmp_path, tables, a=TASKS, b=more)]
    for part in ("path", "work"):
        whole = [o.finding(f"plan:{part}:0") for o in seen]
        assert whole[0] == whole[1] and whole[0] is not None
    path = [facts for one in seen for _, facts in of_plan(one, "path")]
    orders = [each.order if isinstance(each, PlanTaskFacts) else 0 for each in path]
    assert sorted(orders) == [0, 0, 1, 2, 3]
    assert "4 h; 1 without hours" in seen[1].headline
