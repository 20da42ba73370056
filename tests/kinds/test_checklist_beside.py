"""What stands beside the boxes of a checklist: status lines, emoji and cells, in no count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checklist_findings import item_facts, items

from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.base import Probe
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.model import Verdict

HEADED = "### P1.1: One\n**Status:** {}\n\n- [x] a box\n\n- ⚠️ beware\n"


def test_what_stands_beside_boxes_can_be_set_and_counts_nowhere(tmp_path: Path, look: Any) -> None:
    seen_now = look(probe(tmp_path, HEADED.format("NOT STARTED"))).observation
    told = [(f.subject, item_facts(f).counted, item_facts(f).status) for f in items(seen_now)]
    assert told == [
        ("P1.1: One", False, "todo"),
        ("a box", True, "done"),
        ("beware", False, "unknown"),
    ]
    assert all(item_facts(finding).anchor for finding in items(seen_now))
    assert (seen_now.verdict, seen_now.metrics["total"]) == (Verdict.OK, 1)
    gate = build_gate(tmp_path)
    judged = look(gate, board={"list": seen_now}).observation
    assert (judged.verdict, judged.headline) == (Verdict.OK, "1/1 done")
    half = look(probe(tmp_path, HEADED.format("TODO") + "\n- [ ] b\n")).observation
    judged = look(gate, board={"list": half}).observation
    assert (judged.verdict, judged.headline) == (Verdict.FAIL, "1/2 done")


def test_a_task_that_is_blocked_is_told_though_its_boxes_are_counted(
    tmp_path: Path, look: Any
) -> None:
    found = look(probe(tmp_path, HEADED.format("BLOCKED"))).observation
    assert [(f.subject, f.title) for f in found.findings if f.title] == [("P1.1: One", "BLOCKED")]
    assert found.verdict is Verdict.FAIL


def probe(folder: Path, text: str) -> ChecklistProbe:
    (folder / "list.md").write_text(text, encoding="utf-8")
    return ChecklistProbe(ChecklistTable.model_validate({"file": "list.md"}), folder)


def build_gate(folder: Path) -> Probe:
    table = {"name": "all", "checklist": "list", "pass": "all"}
    config = Config.model_validate({"gate": [table], "checklist": [{"file": "list.md"}]})
    return build(config.of_kind("gate")[0], LoadedConfig(config, folder))
