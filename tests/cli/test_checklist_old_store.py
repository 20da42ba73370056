"""The verbs that go by what the evidence holds, on a store that an older cockpit wrote."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import old_store
import pytest
from checklist_shell import git, repository, run

from cockpit.checklists import Status, anchor_of, set_item
from cockpit.checklists.parsing.parse import parse
from cockpit.evidence.location import backups
from cockpit.evidence.reader import Reader

LONG = "one " + "⚠️ word " * 1500
"""An item whose edit no single fact could hold."""
TEXT = f"# Batch\n\n- [ ] P1.1 {LONG}\n- [ ] P1.2 two\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checklist whose first item was set to done, as an older cockpit recorded it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "LIST.md"
    path.write_bytes(TEXT.encode())
    (tmp_path / "cockpit.toml").write_text(
        '[[checklist]]\nfile = "LIST.md"\nname = "list"\n', encoding="utf-8"
    )
    repository(tmp_path)
    document = parse(path.read_bytes())
    item = document.items[0]
    result = set_item(path, anchor_of(document, item), Status.DONE)
    data = {
        "file": str(path),
        "item": item.key,
        "from": "todo",
        "to": "done",
        "act": "ab12",
        **old_store.in_pieces("edit", result.to_json()),
    }
    assert "edit.2" in data
    old_store.make(tmp_path / ".cockpit" / "evidence.db")
    old_store.append(
        tmp_path / ".cockpit" / "evidence.db", "edit", "set todo → done", data, probe="list"
    )
    return path


def test_the_edit_is_in_the_history_and_counted(file: Path) -> None:
    shown = json.loads(run("show", file, "--id", "P1.1", "--format", "json").stdout)
    assert [(one["from"], one["to"]) for one in shown["history"]] == [("todo", "done")]
    told = json.loads(run("metrics", "--format", "json").stdout)
    assert [(batch["batch"], batch["items"]) for batch in told["batches"]] == [("Batch", 1)]


def test_the_edit_is_taken_back_byte_for_byte(file: Path) -> None:
    done = run("undo", "--anyone")
    assert done.exit_code == 0, done.output
    assert file.read_bytes() == TEXT.encode()
    store = file.parent / ".cockpit" / "evidence.db"
    assert len(backups(store)) == 1
    with closing(Reader(store)) as reader:
        undone = reader.events()[-1]
        assert isinstance(undone.payload, dict)
        assert undone.data["undoes"] == "ab12"
        assert reader.verify().ok
    assert "nothing to take back" in run("undo", file, "--anyone").output


def test_the_edit_is_committed(file: Path) -> None:
    run("note", file, "--id", "P1.1", "⚠️ seen")
    done = run("commit", file)
    assert done.exit_code == 0, done.output
    assert "\n+- [x] P1.1 one" in git(file.parent, "show", "HEAD")
    assert git(file.parent, "status", "--porcelain", "LIST.md") == ""
    assert "nothing was committed" in run("commit", file).output


def test_a_store_that_can_not_be_migrated_is_said_and_loses_nothing(file: Path) -> None:
    store = file.parent / ".cockpit" / "evidence.db"
    in_the_way = store.with_name("evidence.db.v1.bak.part")
    in_the_way.mkdir()
    done = run("note", file, "--id", "P1.2", "seen")
    assert "not recorded: " in done.output
    assert "  - seen\n" in file.read_text(encoding="utf-8")
    shown = json.loads(run("show", file, "--id", "P1.1", "--format", "json").stdout)
    assert [(one["from"], one["to"]) for one in shown["history"]] == [("todo", "done")]
    assert backups(store) == []
    in_the_way.rmdir()
    assert "not recorded" not in run("note", file, "--id", "P1.2", "again").output
    with closing(Reader(store)) as reader:
        assert reader.verify().ok
        assert [event.kind for event in reader.events()][-2:] == ["collector", "note"]
