"""`cockpit checklist next`, `list`, `metrics` and the order of batches from the shell."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from checklist_shell import run

from cockpit.resources import shipped_checklists

BATCHES = (
    "# Delivery\n\n## Batch 1 - Base\n- [ ] P1.1: trace (2h)\n"
    "- [ ] P1.2: tests (3-4 hours) depends on P1.1\n- [ ] sign-off\n\n"
    "## Batch 2 - More\n### Scripts\n- [ ] P2.1: scripts (1 day)\n### Boards\n- [ ] P2.2: boards\n"
)
OPS = "# Ops\n- [ ] P9.1: tell (1h) after P2.2\n- [ ] P9.2: wait, depends on Task 1\n"
FILES = {
    "BATCHES.md": BATCHES,
    "OPS.md": OPS,
    "A.md": "- [ ] Task 1: one\n",
    "B.md": "- [ ] Task 1: other\n",
    "DAILY.md": "- [x] look\n- [ ] write\n- [ ] sleep\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with several checklists and a config that names them all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    tables = []
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="\n")
        order = 'order = "sequential"\n' if name == "BATCHES.md" else ""
        tables.append(f'[[checklist]]\nfile = "{name}"\n{order}')
    (tmp_path / "cockpit.toml").write_text("\n".join(tables), encoding="utf-8")
    return tmp_path


def told() -> dict[str, Any]:
    found = json.loads(run("next", "--format", "json").stdout)
    assert isinstance(found, dict)
    return found


def names(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["id"] or task["text"] for task in tasks]


def test_next_without_a_file_is_one_plan_of_all_checklists(folder: Path) -> None:
    plan = told()
    assert names(plan["ready"]) == ["P1.1", "sign-off"]
    assert [(Path(i["file"]).name, i["text"]) for i in plan["open"]] == [
        ("A.md", "Task 1: one"),
        ("B.md", "Task 1: other"),
        ("DAILY.md", "write"),
    ]
    blocked = dict(zip(names(plan["blocked"]), plan["blocked"], strict=True))
    assert list(blocked) == ["P1.2", "P2.1", "P2.2", "P9.1", "P9.2"]
    assert [gate["batch"] for gate in blocked["P2.1"]["behind"]] == ["Batch 1 - Base"]
    assert blocked["P9.1"]["waits_at"] == [{"file": str(folder / "BATCHES.md"), "line": 12}]
    assert plan["critical_path"]["hours"] == [13, 14]
    assert plan["open_work"] == {
        "count": 7,
        "hours": [14, 15],
        "without_effort": 3,
        "loose_items": 4,
    }
    assert [p["kind"] for p in plan["problems"]] == ["ambiguous", "duplicate"]


def test_the_table_says_what_waits_for_what_and_in_which_file(folder: Path) -> None:
    table = run("next").stdout
    for line in (
        "ready    BATCHES.md:4  P1.1: trace  (2 h)",
        "ready    BATCHES.md:6  sign-off",
        "next     DAILY.md:2  write  (and 1 more open)",
        "           waits for “Batch 1 - Base” (0/3 done)",
        "           waits for P2.2 (todo) in BATCHES.md",
        "           not clear what is meant by “Task 1”",
        "critical path 13-14 h; 3 tasks beside it without hours:",
        "           P1.1 → P1.2 → P2.1",
        "open work 7 tasks, 14-15 h and 3 tasks without hours; beside it 4 open items in no plan",
        "problem  OPS.md line 3 refers to “Task 1”, which could be several tasks"
        " (A.md:1 Task 1: one; B.md:1 Task 1: other)",
        "note     Task 1 is used in several checklists; each means its own",
    ):
        assert line in table.split("\n"), line


def test_the_order_of_a_config_holds_for_a_file_that_is_named(folder: Path) -> None:
    assert "waits for “Batch 1 - Base”" in run("next", "BATCHES.md").stdout
    (folder / "cockpit.toml").write_text("[[checklist]]\nfil = 1\n", encoding="utf-8")
    free = run("next", "BATCHES.md")
    assert (free.exit_code, "Batch 1" in free.stdout) == (0, False)
    assert "cockpit.toml is not used" in free.output


def test_a_mirror_takes_no_part_in_the_plan(folder: Path) -> None:
    (folder / "IMAGE.md").write_text("* [ ] P1.1: the same\n", encoding="utf-8")
    (folder / "cockpit.toml").write_text(
        '[[checklist]]\nfile = "BATCHES.md"\nmirrors = ["IMAGE.md"]\n'
        '[[checklist]]\nfile = "IMAGE.md"\n',
        encoding="utf-8",
    )
    table = run("next").stdout
    assert "IMAGE.md" not in table and "several checklists" not in table


@pytest.mark.parametrize("state", ["doing", "done"])
def test_a_later_batch_does_not_start_without_a_reason(folder: Path, state: str) -> None:
    refused = run("set", "BATCHES.md", state, "--id", "P2.1")
    assert refused.exit_code == 1
    for words in ("0/3 done in “Batch 1 - Base”", "“sign-off” (line 6)", "a reason: --reason"):
        assert words in refused.output, words
    assert (folder / "BATCHES.md").read_text(encoding="utf-8") == BATCHES
    assert run("set", "BATCHES.md", state, "--id", "P2.1", "--reason", "agreed").exit_code == 0
    history = json.loads(run("show", "BATCHES.md", "--id", "P2.1", "--format", "json").stdout)
    assert [(e["kind"], e["reason"]) for e in history["history"]] == [
        ("edit", "agreed"),
        ("override", "agreed"),
    ]


def test_a_task_does_not_start_before_what_it_depends_on(folder: Path) -> None:
    refused = run("set", "OPS.md", "doing", "--id", "P9.1")
    assert refused.exit_code == 1
    assert "it depends on P2.2 (BATCHES.md), which is todo" in refused.output
    for state in ("blocked", "deferred", "todo", "dropped"):
        assert run("set", "OPS.md", state, "--id", "P9.1").exit_code == 0
    assert run("set", "BATCHES.md", "done", "--id", "P2.2", "--reason", "early").exit_code == 0
    assert run("set", "OPS.md", "doing", "--id", "P9.1").exit_code == 0


def test_list_says_what_is_in_no_count(folder: Path) -> None:
    (folder / "A.md").write_text(
        "## Task 1: a\n**Status:** DONE\n\n- [ ] b (2h)\n- [ ] c\n", "utf-8"
    )
    table = run("list", "A.md").stdout
    assert "0/2 (0 of 2 h; 1 without hours); not counted beside these: 1 status-line" in table
    (folder / "A.md").write_text("# Words\n\n- only\n", encoding="utf-8")
    assert "no items in it" in run("list", "A.md").stdout


def test_metrics_of_a_sequence_of_ticks(folder: Path) -> None:
    def set_(state: str, name: str) -> None:
        path = "BATCHES.md"
        assert run("set", path, state, "--id", name, "--reason", "so").exit_code == 0

    set_("doing", "P1.1")
    set_("done", "P1.1")
    file = folder / "BATCHES.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[x] P1.1", "[ ] P1.1"), encoding="utf-8", newline="\n")
    first = json.loads(run("metrics", "BATCHES.md", "--format", "json").stdout)["items"][0]
    set_("done", "P1.1")  # an editor had saved an old version over it
    set_("done", "P2.1")
    set_("todo", "P2.1")
    set_("deferred", "P2.2")
    found = json.loads(run("metrics", "BATCHES.md", "--format", "json").stdout)
    items = {item["item"].split(":")[0]: item for item in found["items"]}
    assert items["P1.1"] == first and first["seconds"] is not None
    assert [(i["state"], i["reopened"], i["seconds"]) for i in list(items.values())[1:]] == [
        ("todo", 1, None),
        ("deferred", 0, None),
    ]
    batches = {batch["batch"]: batch for batch in found["batches"]}
    assert list(batches) == ["Batch 1 - Base", "Batch 2 - More"]
    # Two items of the first batch were never touched: it is not over.
    assert [batch["seconds"] for batch in batches.values()] == [None, None]
    table = run("metrics", "BATCHES.md").stdout
    assert "still open  Batch 1 - Base  1 item touched" in table
    assert "P2.1: scripts (1 day), 1 reopened" in table


def test_every_shipped_checklist_is_readable_and_its_plan_resolves(folder: Path) -> None:
    for original in shipped_checklists():
        (folder / "A.md").write_bytes(original.read_bytes())
        plan = json.loads(run("next", "A.md", "--format", "json").stdout)
        assert plan["problems"] == [], original.name
        assert plan["ready"] or plan["open"], original.name
        assert "no items" not in run("list", "A.md").stdout


PHASES = """\
### P1.1: One
**Status:** NOT STARTED
**Effort:** 3-4 hours

- [x] a
- [x] b

### P1.2: Two
**Status:** NOT STARTED
**Dependency:** P1.1

- [ ] c
"""


def test_show_has_the_hours_of_the_tasks_as_the_screen_has(folder: Path) -> None:
    (folder / "A.md").write_text(PHASES, encoding="utf-8")
    assert "2/3 (0 of 3.5 h; 1 without hours); not counted beside" in run("show", "A.md").stdout
    shown = json.loads(run("show", "A.md", "--format", "json").stdout)
    assert shown["hours"] == {"done": 0, "total": 3.5, "without": 1}
    (folder / "A.md").write_text("- [x] a (2h)\n- [ ] b (30 min)\n", encoding="utf-8")
    shown = json.loads(run("show", "A.md", "--format", "json").stdout)
    assert shown["hours"] == {"done": 2, "total": 2.5, "without": 0}
    assert (shown["progress"]["hours_done"], shown["progress"]["hours_total"]) == (2, 2.5)


def test_a_task_that_holds_others_back_though_its_boxes_are_done_is_told_so(folder: Path) -> None:
    (folder / "A.md").write_text(PHASES, encoding="utf-8")
    table = run("next", "A.md").stdout
    assert "waits for P1.1 (todo, though all its boxes are done)" in table
    (folder / "A.md").write_text(PHASES.replace("[x] b", "[ ] b"), encoding="utf-8")
    assert "waits for P1.1 (todo)" in run("next", "A.md").stdout


def test_next_shows_what_comes_one_after_the_other(folder: Path) -> None:
    day = "## Day 1\n1. **01_a.md** - a\n2. **02_b.md** - b\n"
    (folder / "A.md").write_text(f"{day}## Sequential required\n- Day 1: all\n", encoding="utf-8")
    table = run("next", "A.md").stdout
    assert "in order A.md:5 “Day 1: all”: in this order: Task 01 → Task 02" in table
    told = json.loads(run("next", "A.md", "--format", "json").stdout)
    assert [group["tasks"] for group in told["in_order"]] == [["Task 01", "Task 02"]]
    assert (names(told["ready"]), told["parallel"]) == (["Task 01"], [])


def test_metrics_know_no_time_of_what_was_only_ticked_off(folder: Path) -> None:
    for name in ("P1.1", "P1.2"):
        assert run("set", "BATCHES.md", "done", "--id", name).exit_code == 0
    assert run("set", "BATCHES.md", "done", "--text", "sign-off").exit_code == 0
    told = json.loads(run("metrics", "BATCHES.md", "--format", "json").stdout)
    (batch,) = told["batches"]
    assert (batch["seconds"], batch["median_item_seconds"]) == (None, None)
    assert batch["at_least_seconds"] is not None
    table = run("metrics", "BATCHES.md").stdout
    assert re.search(r"(not known|≥ [1-9]\d*s)  Batch 1 - Base", table)
