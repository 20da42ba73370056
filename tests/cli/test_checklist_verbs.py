"""`cockpit checklist …` on real files, a real store and a real git repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from checklist_shell import run

from cockpit.cli import VERBS

TEXT = """# Batch

- [ ] P1.1 Ports (2h)
- [x] P1.2 Smoke (1-3h) after P1.1
  - [ ] nested
- [ ] twin
- [ ] twin
"""
KEYS = [
    *("file", "line", "status", "form", "marker", "text", "id"),
    *("section", "depth", "parent", "meta"),
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "LIST.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def config(folder: Path, more: str = "", head: str = "") -> None:
    (folder / "cockpit.toml").write_text(
        f'{head}[[checklist]]\nfile = "LIST.md"\nname = "list"\n{more}', encoding="utf-8"
    )


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def repository(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "t")
    git(folder, "config", "user.email", "t@t")
    (folder / ".gitignore").write_text(".cockpit/\nstate/\n", encoding="utf-8")
    git(folder, "add", "LIST.md", ".gitignore")
    git(folder, "commit", "-qm", "first")


def test_an_item_in_json_says_what_it_is_and_where(file: Path) -> None:
    done = run("list", file, "--format", "json")
    items = json.loads(done.stdout)
    assert [list(item) for item in items] == [KEYS] * 5
    assert items[1] == {
        "file": str(file),
        "line": 4,
        "status": "done",
        "form": "box",
        "marker": "x",
        "text": "P1.2 Smoke (1-3h) after P1.1",
        "id": "P1.2",
        "section": ["Batch"],
        "depth": 0,
        "parent": None,
        "meta": items[1]["meta"],
    }
    assert items[1]["meta"]["effort"]["hours"] == [1.0, 3.0]
    assert items[2]["parent"] == 1
    assert done.exit_code == 0


def test_a_table_is_safe_for_a_terminal(file: Path) -> None:
    file.write_bytes("- [ ] a\x1b[31m\u202eb\n".encode())
    for form in ("table", "json"):
        out = run("list", file, "--format", form).stdout
        assert "\x1b" not in out and "\u202e" not in out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--line", "3"], 0),
        (["--id", "P1.1"], 0),
        (["--text", "nested"], 0),
        (["--line", "4"], 0),
        (["--text", "twin"], 1),
        (["--line", "1"], 1),
        (["--id", "P9"], 1),
        (["--line", "3", "--seen", "doing"], 1),
        (["--line", "3", "--seen", "todo"], 0),
        (["--line", "4", "--seen", "todo"], 0),
        ([], 64),
        (["--line", "3", "--id", "P1.1"], 64),
        (["--line", "0"], 64),
    ],
)
def test_set_says_by_its_exit_code_what_became_of_it(
    file: Path, words: list[str], code: int
) -> None:
    before = file.read_bytes()
    done = run("set", file, "done", *words)
    assert done.exit_code == code, done.output
    changed = [i for i, (a, b) in enumerate(zip(before, file.read_bytes(), strict=True)) if a != b]
    assert len(changed) == (1 if code == 0 and "4" not in words else 0)


def test_files_that_are_not_there_or_not_writable(file: Path) -> None:
    assert run("set", "nope.md", "done", "--line", "1").exit_code == 66
    assert run("list", "nope.md").exit_code == 66
    assert run("set", file, "finished", "--line", "3").exit_code == 64
    if sys.platform != "win32" and os.geteuid() != 0:
        file.chmod(0o444)
        assert run("set", file, "done", "--line", "3").exit_code == 73
    assert file.read_text(encoding="utf-8") == TEXT


def test_a_bad_config_stops_a_set_but_no_list(file: Path) -> None:
    (file.parent / "cockpit.toml").write_text("[[checklist]]\nfil = 1\n", encoding="utf-8")
    assert run("list", file).exit_code == 0
    assert run("set", file, "done", "--line", "3").exit_code == 78
    assert file.read_text(encoding="utf-8") == TEXT


def test_an_edit_is_recorded_and_is_the_items_history(file: Path) -> None:
    config(file.parent)
    done = run("set", file, "done", "--id", "P1.1", "--as", "ann", "--format", "json")
    told = json.loads(done.stdout)
    assert (told["changed"], told["from"], told["to"], told["recorded"]) == (
        *(True, "todo", "done"),
        True,
    )
    shown = json.loads(run("show", file, "--id", "P1.1", "--format", "json").stdout)
    assert [(e["from"], e["to"]) for e in shown["history"]] == [("todo", "done")]
    assert shown["history"][0]["actor"].startswith("ann@")
    assert "todo → done" in run("show", file, "--id", "P1.1").stdout


def test_without_a_config_it_is_recorded_for_the_user_and_nothing_made_beside_it(
    file: Path,
) -> None:
    done = run("set", file, "done", "--id", "P1.1", "--format", "json")
    assert json.loads(done.stdout)["recorded"] is True
    assert sorted(path.name for path in file.parent.iterdir()) == ["LIST.md", "state"]
    assert "todo → done" in run("show", file, "--id", "P1.1").stdout


def test_show_lays_claims_beside_boxes(file: Path) -> None:
    file.write_text("# Plan\n\nProgress: 94 % complete\n\n- [x] a\n- [ ] b\n", encoding="utf-8")
    shown = json.loads(run("show", file, "--format", "json").stdout)
    assert [(c["claimed"], c["measured"], c["doubtful"]) for c in shown["claims"]] == [
        (0.94, 0.5, True)
    ]
    assert "94 %" in run("show", file).stdout


def test_next_says_what_can_start_what_waits_and_the_critical_path(file: Path) -> None:
    plan = (
        "# Plan\n\n## P1: Ground\n\n"
        "### P1.1: One\n**Status:** NOT STARTED\n**Effort:** 2-4 hours\n**Dependency:** None\n\n"
        "### P1.2: Two\n**Status:** NOT STARTED\n**Effort:** 1 hours\n**Dependency:** P1.1\n\n"
        "### P1.3: Three\n**Status:** NOT STARTED\n**Effort:** 1 hours\n**Dependency:** P7.7\n"
    )
    file.write_text(plan, encoding="utf-8")
    told = json.loads(run("next", file, "--format", "json").stdout)
    assert [task["id"] for task in told["ready"]] == ["P1.1"]
    assert {task["id"]: task["waits_for"] for task in told["blocked"]} == {
        "P1.2": ["P1.1"],
        "P1.3": [],
    }
    assert told["critical_path"]["hours"] == [3.0, 5.0]
    assert [(p["kind"], p["text"]) for p in told["problems"]] == [("dangling", "P7.7")]
    table = run("next", file).stdout
    assert "critical path 3-5 h" in table
    assert "waits for P1.1 (todo)" in table


def test_next_shows_what_may_run_at_the_same_time_and_says_when_there_is_nothing(
    file: Path,
) -> None:
    file.write_text(
        "1. [ ] Task 1: a\n2. [ ] Task 2: b\n\n## Parallel\n\nTasks 1-2: both\n", "utf-8"
    )
    assert "together: Task 1 (todo), Task 2 (todo)" in run("next", file).stdout
    file.write_text("# Only words\n", "utf-8")
    assert "no items in it" in run("next", file).stdout


def test_a_red_requirement_takes_a_reason_and_leaves_an_override(file: Path) -> None:
    gate = '[[gate]]\nname = "promotion"\njson = "none.json"\nscore = { value = "$.x" }\n'
    config(file.parent, 'requires = { "P1.1" = ["gate:promotion"] }\n', gate)
    refused = run("set", file, "done", "--id", "P1.1")
    assert refused.exit_code == 1
    assert "gate:promotion is not known" in refused.output
    assert file.read_text(encoding="utf-8") == TEXT
    assert run("set", file, "done", "--id", "P1.1", "--reason", "agreed").exit_code == 0
    shown = json.loads(run("show", file, "--id", "P1.1", "--format", "json").stdout)
    assert [(e["kind"], e["reason"]) for e in shown["history"]] == [
        ("edit", "agreed"),
        ("override", "agreed"),
    ]


def test_mirrors_follow_and_say_so(file: Path) -> None:
    other = file.parent / "READY.md"
    other.write_text("* [ ] P1.1 ports, in other words\n* [ ] more\n", encoding="utf-8")
    config(file.parent, 'mirrors = ["READY.md"]\n')
    done = run("set", file, "done", "--id", "P1.1", "--format", "json")
    assert json.loads(done.stdout)["mirrors"] == ["READY.md too"]
    assert other.read_text(encoding="utf-8").startswith("* [x] P1.1")


def test_commit_takes_our_lines_and_nothing_else(file: Path) -> None:
    config(file.parent, 'commit_message = "docs: batch"\n')
    repository(file.parent)
    run("set", file, "done", "--id", "P1.1")
    file.write_text(
        file.read_text(encoding="utf-8") + "- [ ] foreign\n", encoding="utf-8", newline="\n"
    )
    shown = run("commit", "--dry-run")
    assert "+- [x] P1.1" in shown.stdout and "foreign" not in shown.stdout
    assert git(file.parent, "log", "--format=%s").split("\n")[0] == "first"
    done = run("commit")
    assert done.exit_code == 0, done.output
    assert git(file.parent, "log", "-1", "--format=%s").strip() == "docs: batch"
    patch = git(file.parent, "show", "--format=", "HEAD")
    assert "+- [x] P1.1" in patch and "foreign" not in patch
    assert "+- [ ] foreign" in git(file.parent, "diff")
    again = run("commit")
    assert again.exit_code == 1
    assert "no recorded edits" in again.output


def test_commit_refuses_a_detached_head(file: Path) -> None:
    config(file.parent)
    repository(file.parent)
    run("set", file, "done", "--id", "P1.1")
    git(file.parent, "checkout", "-q", "--detach")
    refused = run("commit", "--format", "json")
    assert refused.exit_code == 1
    assert "detached" in refused.output
    assert git(file.parent, "log", "--format=%s").strip() == "first"


def test_a_block_is_written_once_and_only_between_its_comments(file: Path) -> None:
    file.write_text(
        "above\n<!-- cockpit:begin results -->\nold\n<!-- cockpit:end -->\nbelow\n",
        encoding="utf-8",
    )
    text = file.parent / "new.txt"
    text.write_text("one\ntwo\n", encoding="utf-8")
    assert "written" in run("block", file, "results", "--from", text).stdout
    assert file.read_text(encoding="utf-8") == (
        "above\n<!-- cockpit:begin results -->\none\ntwo\n<!-- cockpit:end -->\nbelow\n"
    )
    assert "as it was" in run("block", file, "results", "--from", text).stdout
    assert run("block", file, "other", "--from", text).exit_code == 1


def test_metrics_come_from_the_recorded_edits(file: Path) -> None:
    config(file.parent)
    for state in ("doing", "done"):
        run("set", file, state, "--id", "P1.1")
    told = json.loads(run("metrics", "--format", "json").stdout)
    assert [(b["batch"], b["items"]) for b in told["batches"]] == [("Batch", 1)]
    assert told["items"][0]["item"].startswith("P1.1")
    assert told["items"][0]["seconds"] >= 0
    assert "1 item touched, median" in run("metrics").stdout


FORM = ("--done", "all", "--against-target", "met", "--next", "P1.2", "--estimate", "1h")


def test_notes_owners_and_progress_go_below_the_item_and_into_its_history(file: Path) -> None:
    config(file.parent)
    which = ("--id", "P1.1")
    told = run("note", file, *which, "seen on the DGX", "--format", "json")
    assert json.loads(told.stdout)["lines"] == ["  - seen on the DGX"]
    assert run("owner", file, *which, "@bob").exit_code == 0
    assert run("progress", file, *which, *FORM).exit_code == 0
    before = file.read_text(encoding="utf-8")
    assert before == TEXT.replace("(2h)\n", "(2h)\n  - seen on the DGX\n  - **Owner:** bob\n")
    assert run("progress", file, *which, *FORM, "--below").exit_code == 0
    assert "  - Estimate: 1h\n" in file.read_text(encoding="utf-8")
    shown = json.loads(run("show", file, *which, "--format", "json").stdout)
    assert [each["kind"] for each in shown["history"]] == ["note", "note", "progress", "progress"]
    assert shown["meta"]["owner"] == "bob"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("note", "--line", "3", " "), 1, "the note is empty"),
        (("owner", "--text", "twin", "bob"), 1, "several items"),
        (("note", "--line", "1", "x"), 1, "no item is on line 1"),
        (("note", "--line", "3", "[ ] an item"), 1, "by hand"),
        (("progress", "--line", "3", "--below", "--done", "all"), 1,
         "no answer for status against target, what comes next, estimate"),
        (("progress", "--line", "3", *FORM, "--below", "--estimate", " "), 1, "for estimate"),
        (("owner", "--line", "3", "bob\x1b[31m"), 1, "escape sequence of a terminal (U+001B)"),
        (("note", "--line", "3", "ok\x07"), 1, "a control character (U+0007); leave that out"),
        (("note", "--line", "3", "see \u202etxt.exe"), 1, "RIGHT-TO-LEFT OVERRIDE (U+202E)"),
        (("note", "--line", "3", "raw \udcff"), 1, "bytes that are no UTF-8"),
        (("progress", "--line", "3", *FORM, "--estimate", "1h\u200b"), 1, "SPACE (U+200B)"),
        (("progress", "--line", "3", *FORM, "--below", "--blockers", "\x9b1A"), 1, "(U+009B)"),
    ],
)  # fmt: skip
def test_notes_that_are_refused_change_nothing(
    file: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    done = run(words[0], file, *words[1:])
    assert (done.exit_code, told in done.output) == (code, True), done.output
    assert file.read_text(encoding="utf-8") == TEXT


def test_commit_takes_notes_and_blocks_and_leaves_untracked_files_out(file: Path) -> None:
    block = "<!-- cockpit:begin results -->\nold\n<!-- cockpit:end -->\n"
    file.write_text(TEXT + block, encoding="utf-8", newline="\n")
    config(file.parent)
    repository(file.parent)
    other = file.parent / "NEW.md"
    other.write_text("- [ ] one\n", encoding="utf-8")
    new = file.parent / "new.txt"
    new.write_text("green\n", encoding="utf-8")
    run("note", file, "--id", "P1.1", "seen")
    run("block", file, "results", "--from", new)
    run("set", other, "done", "--line", "1")
    file.write_text("# foreign\n" + file.read_text(encoding="utf-8"), "utf-8", newline="\n")
    told = json.loads(run("commit", "--format", "json").stdout)[0]
    assert told["files"] == ["LIST.md"]
    assert told["skipped"] == ["NEW.md is not in the last commit; add it by hand once"]
    patch = git(file.parent, "show", "--format=", "HEAD").split("\n")
    changed = [line for line in patch if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line for line in changed if line] == ["+  - seen", "-old", "+green"]
    git(file.parent, "add", "NEW.md")
    git(file.parent, "commit", "-qm", "new", "--", "NEW.md")
    assert "all edits are committed" in run("commit").output


NESTED = """# Batch

- [ ] all done
  - [x] one
  - [-] two
- [x] begun
  - [x] three
  - [ ] deeper
    - [ ] four
- [!] stuck
  - [x] five
- [ ] alone
"""


def test_parents_lays_the_computed_state_beside_the_written_one(file: Path) -> None:
    file.write_text(NESTED, encoding="utf-8")
    told = json.loads(run("parents", file, "--format", "json").stdout)
    assert [(each["text"], each["status"], each["computed"], each["differs"]) for each in told] == [
        ("all done", "todo", "done", True),
        ("begun", "done", "doing", True),
        ("deeper", "todo", "todo", False),
        ("stuck", "blocked", "done", False),
    ]
    assert file.read_text(encoding="utf-8") == NESTED
    assert "computed doing" in run("parents", file).stdout


@pytest.mark.parametrize(
    ("states", "begun"), [("", "[ ]"), ('states = ["todo", "doing", "done"]\n', "[~]")]
)
def test_parents_are_written_on_request_in_the_states_of_the_file(
    file: Path, states: str, begun: str
) -> None:
    config(file.parent, states)
    file.write_text(NESTED, encoding="utf-8")
    assert run("parents", file, "--write", "--as", "ann").exit_code == 0
    want = NESTED.replace("- [ ] all", "- [x] all").replace("- [x] begun", f"- {begun} begun")
    assert file.read_text(encoding="utf-8") == want
    history = json.loads(run("show", file, "--text", "all done", "--format", "json").stdout)[
        "history"
    ]
    assert [(each["from"], each["to"]) for each in history] == [("todo", "done")]
    again = json.loads(run("parents", file, "--write", "--format", "json").stdout)
    assert not any(each["differs"] for each in again)


def test_a_parent_against_its_requirement_is_refused_and_the_others_are_written(
    file: Path,
) -> None:
    file.write_text(NESTED.replace("all done", "all done <!-- requires: gate:go -->"), "utf-8")
    config(file.parent)
    refused = run("parents", file, "--write")
    assert refused.exit_code == 1 and "takes a reason" in refused.stdout
    text = file.read_text(encoding="utf-8")
    assert "- [ ] all done" in text and "- [ ] begun" in text
    assert run("parents", file, "--write", "--reason", "agreed").exit_code == 0
    assert "- [x] all done" in file.read_text(encoding="utf-8")


def test_the_verb_and_its_exit_codes_stand_in_the_help() -> None:
    assert "checklist" in VERBS
    told = run("--help").stdout.split()
    assert all(str(code) in told for code in (0, 1, 64, 66, 73, 78))
