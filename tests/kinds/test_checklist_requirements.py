"""What the board, the evidence and other documents add to a checklist."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from checklist_findings import item_facts, items, of_plan

from cockpit.checklists import Anchor, EditResult, Status, anchor_of, locate, parse, set_item, undo
from cockpit.checklists.editing.mirrors import Intent
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.checklist.edit_history import EditHistory, edit_facts, edit_payload
from cockpit.kinds.checklist.facts import OverwrittenEditFacts, PlanTaskFacts
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.gate.table import GateTable
from cockpit.model import Concern, DoubtKind, Event, EventKind, Observation, Verdict

NOW = datetime.now(UTC)
TEXT = "# List\n\n- [ ] P1.1 one\n- [ ] P1.2 two\n"


def probe(
    folder: Path, text: str, memory: EditHistory | None = None, **more: Any
) -> ChecklistProbe:
    (folder / "list.md").write_text(text, encoding="utf-8")
    table = ChecklistTable.model_validate({"file": "list.md", **more})
    return ChecklistProbe(table, folder, memory=memory)


def seen(name: str, verdict: Verdict, kind: str = "gate", age: float = 0) -> Observation:
    at = datetime.now(UTC) - timedelta(seconds=age)
    until = at + timedelta(minutes=1)
    return Observation(name, kind, Concern.READINESS, verdict, "", at, until)


_OLD = "not known: its last result, OK at "


def texts(observation: Observation, kind: DoubtKind) -> str:
    return "\n".join(doubt.text for doubt in observation.doubts if doubt.kind is kind)


def tick(
    path: Path,
    text: str,
    memory: EditHistory,
    *,
    head: str | None = None,
    to: Status = Status.DONE,
) -> None:
    """What the cockpit does: set the item, and tell the evidence."""
    document = parse(path.read_bytes())
    item = next(item for item in document.items if item.text == text)
    result = set_item(path, anchor_of(document, item), to)
    memory.hear([told_of(result, item.key, "set", head=head)])


def told_of(result: EditResult, item: str, text: str, *, head: str | None = None) -> Event:
    """The event of an edit that ann made."""
    return Event(
        at=NOW,
        kind=EventKind.EDIT,
        text=text,
        actor="ann",
        data=edit_facts(result, item, head=head),
        payload=edit_payload(result),
    )


def save(path: Path, text: str) -> None:
    """What an editor does; a while ago, so that it counts at once."""
    path.write_text(text, encoding="utf-8")
    at = path.stat().st_mtime - 60
    os.utime(path, (at, at))


def git(folder: Path, *words: str) -> str:
    names = ["-c", "user.name=t", "-c", "user.email=t@t"]
    done = subprocess.run(
        ["git", *names, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_claim_beside_boxes_that_say_otherwise_is_a_doubt(tmp_path: Path, look: Any) -> None:
    text = "# Plan\n\nProgress: 94 % complete\n\n- [x] a\n- [ ] b\n"
    told = texts(look(probe(tmp_path, text)).observation, DoubtKind.CONTRADICTS)
    assert "94 %" in told and "1/2" in told
    quiet = look(probe(tmp_path, text.replace("94", "50"))).observation
    assert not quiet.doubts


def test_documents_of_one_config_that_disagree_are_named(tmp_path: Path, look: Any) -> None:
    (tmp_path / "other.md").write_text("- [x] P1.1 one\n", encoding="utf-8")
    (tmp_path / "list.md").write_text(TEXT, encoding="utf-8")
    tables = [{"file": "list.md"}, {"file": "other.md"}]
    config = Config.model_validate({"checklist": tables})
    loaded = LoadedConfig(config, tmp_path)
    told = texts(
        look(build(config.of_kind("checklist")[0], loaded)).observation, DoubtKind.CONTRADICTS
    )
    assert "P1.1" in told and "todo in list.md:3" in told and "done in other.md:1" in told


def test_the_plan_is_told_and_what_is_not_clear_in_it(tmp_path: Path, look: Any) -> None:
    text = (
        "### P1.1: One\n**Status:** NOT STARTED\n**Effort:** 2-4 hours\n**Dependency:** None\n\n"
        "### P1.2: Two\n**Status:** COMPLETE\n**Effort:** 1 hours\n**Dependency:** P7.7\n"
    )
    observation = look(probe(tmp_path, text)).observation
    ((ready, facts),) = of_plan(observation, "ready")
    assert ready.subject.startswith("P1.1")
    assert isinstance(facts, PlanTaskFacts) and facts.hours == "2-4 h"
    assert "P7.7" in texts(observation, DoubtKind.PARTIAL_READ)
    assert observation.metrics["hours_done"] == 1
    assert observation.metrics["hours_total"] == 4
    assert "(1 of 4 h)" in observation.headline


@pytest.mark.parametrize(
    ("states", "red"),
    [
        ([], "not known"),
        ([(Verdict.OK, "gate", 0)], ""),
        ([(Verdict.WARN, "gate", 0)], "red"),
        ([(Verdict.UNKNOWN, "gate", 0)], "UNKNOWN"),
        ([(Verdict.OK, "gate", 3600)], _OLD),
        ([(Verdict.OK, "smoke", 0)], "not known"),
    ],
)
def test_a_done_item_whose_requirement_is_not_green_fails(
    tmp_path: Path, look: Any, states: list[tuple[Verdict, str, float]], red: str
) -> None:
    made = probe(tmp_path, "- [x] P1.1 one\n", requires={"P1.1": ["gate:go"]})
    known = {name: seen(name, *state) for name, state in zip(("go",), states, strict=False)}
    found = look(made, board=known).observation
    assert found.verdict is (Verdict.FAIL if red else Verdict.OK)
    assert found.findings[0].title == ("DONE BUT RED" if red else "")
    assert red in found.findings[0].text
    if red:
        assert found.findings[0].text.startswith(f"list.md:1 is done, but gate:go is {red}")
        assert found.findings[0].next_act == "make gate:go green, or set it back to todo"
    assert made.depends_on() == ("go",)


def test_an_override_is_known_debt(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    made = probe(tmp_path, "- [x] P1.1 one\n", memory, requires={"P1.1": ["go"]})
    item = look(made).observation.findings[0].key
    data = {"file": str(tmp_path / "list.md"), "item": item, "reason": "agreed"}
    memory.hear([Event(at=NOW, kind=EventKind.OVERRIDE, text="", actor="ann", data=data)])
    finding = look(made).observation.findings[0]
    assert (finding.verdict, finding.title) == (Verdict.WARN, "OVERRIDDEN")
    assert finding.text == "list.md:1 was set done although go is not known; ann: agreed"
    assert finding.next_act == "make go green"


def test_stages_in_order_and_requirements_in_a_comment(tmp_path: Path, look: Any) -> None:
    text = "- [ ] one\n- [x] two\n- [x] three <!-- requires: item:one -->\n"
    found = look(probe(tmp_path, text)).observation
    assert [f.title for f in found.findings] == ["", "", "DONE BUT RED"]
    found = look(probe(tmp_path, text, order="sequential")).observation
    listed = items(found)
    assert [f.title for f in listed] == ["", "DONE BUT RED", "DONE BUT RED"]
    assert listed[1].next_act == "finish “one”, or set it back to todo"
    assert planned(found, "ready") == [("one", "can start now")]


BATCHES = "## Batch 1\n- [x] a\n- [ ] b\n## Batch 2\n- [~] c\n- [ ] d\n"


def test_what_was_begun_before_its_batch_says_so(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    made = probe(tmp_path, BATCHES, memory, order="sequential")
    begun = look(made).observation.findings[2]
    assert (begun.verdict, begun.title) == (Verdict.WARN, "")
    assert "1/2 done in “Batch 1”, the batch before it (line 1); open there: “b”" in begun.text
    data = {"file": str(tmp_path / "list.md"), "item": begun.key, "reason": "agreed"}
    memory.hear([Event(at=NOW, kind=EventKind.OVERRIDE, text="", actor="ann", data=data)])
    assert "begun all the same, ann: agreed" in look(made).observation.findings[2].text
    assert "before it" not in look(probe(tmp_path, BATCHES)).observation.findings[2].text


def test_the_plan_of_batches_in_order(tmp_path: Path, look: Any) -> None:
    found = look(probe(tmp_path, BATCHES, order="sequential")).observation
    assert planned(found, "ready") == [("b", "can start now")]
    assert planned(found, "doing") == [("c", "under way")]
    assert planned(found, "blocked") == [("d", "waits for “Batch 1” (1/2 done)")]
    assert [name for name, _ in planned(found, "path")] == ["b", "c", "2 tasks"]


def test_a_gate_on_a_checklist_that_requires_it_never_runs_them_in_a_circle(
    tmp_path: Path,
) -> None:
    (tmp_path / "list.md").write_text(TEXT, encoding="utf-8")
    config = Config(
        [
            ChecklistTable.model_validate({"file": "list.md", "requires": {"a": ["go"]}}),
            GateTable.model_validate({"name": "go", "checklist": "list"}),
        ]
    )
    loaded = LoadedConfig(config, tmp_path)
    probes = {table.name: build(table, loaded) for table in config.probes()}
    assert probes["go"].depends_on() == ("list",)
    assert probes["list"].depends_on() == ()


def test_a_tick_that_an_editor_saved_over_is_reported_until_it_stands(
    tmp_path: Path, look: Any
) -> None:
    memory = EditHistory()
    made = probe(tmp_path, TEXT, memory)
    tick(made.path, "P1.1 one", memory)
    assert [f.title for f in look(made).observation.findings] == ["", ""]
    save(made.path, TEXT)
    found = look(made).observation.findings[0]
    assert found.title == "TICK REVERTED"
    assert "set to done by ann" in found.text and "is todo again" in found.text
    assert isinstance(found.facts, OverwrittenEditFacts) and found.facts.reverted_from == "done"
    tick(made.path, "P1.1 one", memory)
    assert [f.title for f in look(made).observation.findings] == ["", ""]


def test_a_hand_that_ticks_a_red_item_again_hides_nothing(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    made = probe(tmp_path, TEXT.replace("[ ] P1.1", "[x] P1.1"), memory, requires={"P1.1": ["go"]})
    tick(made.path, "P1.1 one", memory, to=Status.TODO)
    assert look(made).observation.findings[0].title == ""
    save(made.path, TEXT.replace("[ ] P1.1", "[x] P1.1"))
    found = look(made).observation.findings[0]
    assert (found.verdict, found.title) == (Verdict.FAIL, "DONE BUT RED")
    assert "go is not known" in found.text and "set to todo by ann" in found.text
    data = {"file": str(made.path), "item": found.key, "reason": "agreed"}
    memory.hear([Event(at=NOW, kind=EventKind.OVERRIDE, text="", actor="ann", data=data)])
    found = look(made).observation.findings[0]
    assert (found.verdict, found.title) == (Verdict.WARN, "TICK REVERTED")
    assert "go is not known" in found.text


def test_a_state_that_no_key_sets_is_not_offered(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    text = "# List\n\n- ⚠️ one\n- [ ] two\n"
    made = probe(tmp_path, text, memory)
    tick(made.path, "one", memory)
    undone = undo(memory.edits(made.path, NOW)[0].result)
    memory.hear([told_of(undone, memory.edits(made.path, NOW)[0].item, "undone")])
    save(made.path, text.replace("⚠️", "✅"))
    found = next(f for f in look(made).observation.findings if f.title)
    assert found.title == "TICK REVERTED"
    assert found.next_act == "write ⚠ there by hand again; a leaves it done for good"


def test_an_old_edit_is_not_watched_any_more(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    made = probe(tmp_path, TEXT, memory)
    tick(made.path, "P1.1 one", memory)
    save(made.path, TEXT)
    assert memory.edits(made.path, NOW)
    assert not memory.edits(made.path, NOW + timedelta(days=8))


def test_what_git_brings_back_is_nobodys_old_buffer(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    made = probe(tmp_path, TEXT, memory)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "list.md")
    git(tmp_path, "commit", "-qm", "first")
    tick(made.path, "P1.1 one", memory, head=git(tmp_path, "rev-parse", "HEAD"))
    git(tmp_path, "checkout", "-q", "--", "list.md")
    assert look(made).observation.findings[0].title == ""


def test_what_git_brought_back_stays_so_when_the_file_is_edited(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    made = probe(tmp_path, TEXT, memory)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "list.md")
    git(tmp_path, "commit", "-qm", "first")
    tick(made.path, "P1.1 one", memory, head=git(tmp_path, "rev-parse", "HEAD"))
    ticked = made.path.read_text(encoding="utf-8")
    git(tmp_path, "checkout", "-q", "--", "list.md")
    assert look(made).observation.findings[0].title == ""
    save(made.path, TEXT + "more\n")
    assert look(made).observation.findings[0].title == ""
    save(made.path, ticked + "more\n")
    assert look(made).observation.findings[0].title == ""
    save(made.path, TEXT + "more\n")
    assert look(made).observation.findings[0].title == "UNTICKED"


def test_a_branch_switch_raises_nothing_but_an_old_buffer_after_a_commit_does(
    tmp_path: Path, look: Any
) -> None:
    memory = EditHistory()
    made = probe(tmp_path, TEXT, memory)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "list.md")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "branch", "other")
    tick(made.path, "P1.1 one", memory, head=git(tmp_path, "rev-parse", "HEAD"))
    git(tmp_path, "commit", "-qam", "ticked")
    git(tmp_path, "checkout", "-q", "other")
    assert look(made).observation.findings[0].title == ""
    git(tmp_path, "checkout", "-q", "main")
    assert item_facts(look(made).observation.findings[0]).status == "done"
    save(made.path, TEXT)
    assert look(made).observation.findings[0].title == "TICK REVERTED"


def test_a_mirror_that_was_not_written_stays_on_the_board(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    (tmp_path / "m.md").write_text("- [ ] P1.1 one\n- [ ] x\n", encoding="utf-8")
    made = probe(tmp_path, TEXT, memory, mirrors=["m.md"])
    intent = Intent(tmp_path / "m.md", "P1.1", "P1.1 one", Status.DONE).to_json()
    data = {"file": str(made.path), "state": "failed"}
    told = Event(
        at=NOW, kind=EventKind.MIRROR, text="read-only", data=data, payload={"intent": intent}
    )
    memory.hear([told])
    observation = look(made).observation
    assert [f.title for f in observation.findings if f.title] == ["MIRROR PENDING"]
    assert observation.basis["without_mirror"] == ("P1.2 two (m.md)",)
    (tmp_path / "m.md").write_text("- [x] P1.1 one\n- [ ] x\n", encoding="utf-8")
    assert not [f for f in look(made).observation.findings if f.title], "somebody did it by hand"
    (tmp_path / "m.md").write_text("- [ ] P1.1 one\n- [ ] x\n", encoding="utf-8")
    assert [f.title for f in look(made).observation.findings if f.title] == ["MIRROR PENDING"]
    alone = probe(tmp_path, TEXT, memory)
    assert not [f for f in look(alone).observation.findings if f.title], "a mirror no more"
    later = NOW + timedelta(seconds=1)
    memory.hear([replace(told, at=later, data={**data, "state": "written"})])
    memory.hear([told])  # the store tells it once more, later
    assert not [f.title for f in look(made).observation.findings if f.title]


def test_an_item_says_what_is_known_about_it(tmp_path: Path, look: Any) -> None:
    seen_now = look(probe(tmp_path, "- [ ] P1.1 one (2-3h) @ann\n")).observation
    found = item_facts(seen_now.findings[0])
    assert (found.id, found.owner) == ("P1.1", "ann")
    assert (found.hours_low, found.hours_high) == (2.0, 3.0)
    assert json.loads(found.anchor)["line"] == 1


def test_a_task_of_the_plan_can_be_set_where_it_is_shown(tmp_path: Path, look: Any) -> None:
    text = "### P1.1: One\n**Status:** NOT STARTED\n**Effort:** 2 hours\n\n- [ ] a box\n"
    observation = look(probe(tmp_path, text)).observation
    ((_, ready),) = of_plan(observation, "ready")
    assert isinstance(ready, PlanTaskFacts) and ready.anchor
    document = parse(text.encode())
    found = locate(document, Anchor.from_json(json.loads(ready.anchor)))
    assert (found.key, found.form, str(found.status)) == (ready.item, "status-line", ready.status)


def test_a_status_line_above_boxes_is_watched_as_well(tmp_path: Path, look: Any) -> None:
    memory = EditHistory()
    text = "### P1.1: One\n**Status:** NOT STARTED\n\n- [ ] a box\n"
    made = probe(tmp_path, text, memory)
    tick(made.path, "P1.1: One", memory)
    save(made.path, text)
    observation = look(made).observation
    assert [f.title for f in observation.findings if f.title] == ["TICK REVERTED"]
    assert (observation.basis["total"], observation.verdict) == (1, Verdict.WARN)


def planned(observation: Observation, part: str) -> list[tuple[str, str]]:
    return [(one.subject, one.text) for one, _ in of_plan(observation, part)]


def test_a_plan_that_names_tasks_of_another_checklist_is_read_with_it(
    tmp_path: Path, look: Any
) -> None:
    (tmp_path / "base.md").write_text("- [ ] P1.1: base (4h)\n", encoding="utf-8")
    (tmp_path / "next.md").write_text(
        "- [ ] P2.1: more (2h) depends on P1.1\n- [ ] P2.2: free (1h)\n", encoding="utf-8"
    )
    config = Config.model_validate({"checklist": [{"file": "base.md"}, {"file": "next.md"}]})
    made = build(config.of_kind("checklist")[1], LoadedConfig(config, tmp_path))
    first = look(made).observation
    ((blocked, why),) = planned(first, "blocked")
    assert "P2.1" in blocked and why == "waits for P1.1 (todo) in base.md"
    assert [subject.split(":")[0] for subject, _ in planned(first, "ready")] == ["P2.2"]
    base = look(build(config.of_kind("checklist")[0], LoadedConfig(config, tmp_path))).observation
    whole = ("2 tasks", "6 h, through 2 checklists")
    assert planned(base, "path") == [("P1.1: base", ""), whole]
    assert planned(first, "path") == [("P2.1: more depends on P1.1", ""), whole]
    assert planned(first, "work") == planned(base, "work") == [("3 tasks, 7 h", "")]
    for one, order in ((base, 1), (first, 2)):
        tasks = [facts for _, facts in of_plan(one, "path") if isinstance(facts, PlanTaskFacts)]
        assert [(task.order, bool(task.anchor)) for task in tasks] == [(order, True)]
    assert first.metrics["hours_total"] == 3.0
    assert not planned(first, "problem")
    (tmp_path / "base.md").write_text("- [x] P1.1: base (4h)\n", encoding="utf-8")
    assert not planned(look(made).observation, "blocked")


def test_the_same_ids_elsewhere_make_nothing_unclear(tmp_path: Path, look: Any) -> None:
    text = "- [ ] P1.1: a\n- [ ] P1.2: b depends on P1.1\n"
    for name in ("base.md", "next.md"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    config = Config.model_validate({"checklist": [{"file": "base.md"}, {"file": "next.md"}]})
    found = look(build(config.of_kind("checklist")[1], LoadedConfig(config, tmp_path))).observation
    assert planned(found, "blocked")[0][1] == "waits for P1.1 (todo)"
    assert not planned(found, "problem")


CLAIMS = """# Status

Current: {claim}

- [ ] A1: load the config
- [ ] 18/24 quality gates passing
"""


@pytest.mark.parametrize(
    ("claim", "doubted"),
    [
        ("8/24 quality gates passing (33.3%)", True),
        ("3/24 quality gates passing", False),
        ("8/20 quality gates passing", False),
        ("8/24 hours", False),
    ],
)
def test_what_a_document_says_of_its_gate_stands_beside_the_measured(
    tmp_path: Path, look: Any, claim: str, doubted: bool
) -> None:
    plan = probe(tmp_path, CLAIMS.format(claim=claim), requires={"A1": ["gate:runner"]})
    gate = replace(seen("runner", Verdict.FAIL), basis={"met": 3, "proven": 3, "total": 24})
    found = look(plan, board={"runner": gate}).observation
    told = texts(found, DoubtKind.CONTRADICTS)
    assert told == ("line 3 claims 8/24, runner measured 3/24" if doubted else "")


def test_a_requirement_that_names_no_item_is_a_row_with_the_closest_one(
    tmp_path: Path, look: Any
) -> None:
    text = "# List\n\n- [x] **R7.1** open the desk\n- [x] Z1.2 close it\n"
    red = {"desk": seen("desk", Verdict.FAIL)}
    odd = look(probe(tmp_path, text, requires={"R7.9": ["gate:desk"]}), board=red).observation
    (row,) = (one for one in odd.findings if one.title)
    assert (odd.verdict, row.title) == (Verdict.WARN, "NO SUCH ITEM")
    assert 'no item is called "R7.9"' in row.text
    assert 'did you mean "R7.1 open the desk"?' in row.next_act

    right = look(probe(tmp_path, text, requires={"R7.1": ["gate:desk"]}), board=red).observation
    assert [one.title for one in right.findings if one.title] == ["DONE BUT RED"]
    assert right.finding(items(right)[0].key).title == "DONE BUT RED", "as it is read, not by an ID"

    whole = look(probe(tmp_path, text, requires={"z1.2 close it": ["gate:desk"]})).observation
    assert not [one for one in whole.findings if one.title == "NO SUCH ITEM"]


def test_a_mirror_that_is_not_there_is_told_with_the_closest_file(
    tmp_path: Path, look: Any
) -> None:
    (tmp_path / "desk.md").write_text("# D\n", encoding="utf-8")
    odd = look(probe(tmp_path, TEXT, mirrors=["desks.md"])).observation
    assert 'did you mean "desk.md"?' in texts(odd, DoubtKind.PARTIAL_READ)
