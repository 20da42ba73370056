"""`cockpit checklist undo` on real files and a real store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checklist_shell import run

TEXT = "# Batch\n\n- [ ] P1.1 one\n- [ ] P1.2 two\n- [ ] P1.3 three\n"
OTHER = "* [ ] P1.1 in other words\n* [ ] P1.2 too\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "LIST.md"
    path.write_bytes(TEXT.encode())
    (tmp_path / "READY.md").write_bytes(OTHER.encode())
    (tmp_path / "cockpit.toml").write_text(
        '[[checklist]]\nfile = "LIST.md"\nname = "list"\nmirrors = ["READY.md"]\n'
        '[[checklist]]\nfile = "SECOND.md"\nname = "second"\n',
        encoding="utf-8",
    )
    (tmp_path / "SECOND.md").write_bytes(b"- [ ] P9.1 nine\n")
    return path


def read(path: Path) -> str:
    return path.read_bytes().decode()


def history(file: Path, *which: str) -> list[tuple[str, str]]:
    shown = json.loads(run("show", file, *which, "--format", "json").stdout)
    return [(each["kind"], each["text"].split(" ")[0]) for each in shown["history"]]


def test_ticks_and_notes_are_taken_back_one_after_the_other(file: Path) -> None:
    which = ("--id", "P1.1")
    run("set", file, "doing", *which)
    run("note", file, *which, "seen")
    run("note", file, *which, "seen")
    run("owner", file, *which, "bob")
    states = [read(file)]
    for _ in range(4):
        done = run("undo")
        assert done.exit_code == 0, done.output
        states.append(read(file))
    marked = TEXT.replace("[ ] P1.1 one\n", "[~] P1.1 one\n")
    note = "  - seen\n"
    assert [state.count(note) for state in states] == [2, 2, 1, 0, 0]
    assert states[-2:] == [marked, TEXT]
    assert history(file, *which)[-1] == ("edit", "undone")
    again = run("undo")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "nothing to take back" in again.output
    assert read(file) == TEXT


def test_mirrors_follow_and_json_says_what_was_done(file: Path) -> None:
    run("set", file, "done", "--id", "P1.1")
    assert "[x] P1.1" in read(file.with_name("READY.md"))
    told = json.loads(run("undo", file, "--format", "json").stdout)
    assert told["recorded"] is True
    (one,) = told["undone"]
    assert (one["what"], one["item"], one["from"], one["to"]) == (
        "edit",
        "P1.1 one",
        "done",
        "todo",
    )
    assert (one["ok"], one["mirrors"], one["file"]) == (True, ["READY.md too"], str(file))
    assert (read(file), read(file.with_name("READY.md"))) == (TEXT, OTHER)
    assert run("undo").exit_code == 1, "the mirror is no change of its own"


def test_what_somebody_changed_since_is_refused_with_both_states(file: Path) -> None:
    run("set", file, "done", "--id", "P1.2")
    file.write_bytes(file.read_bytes().replace(b"[x] P1.2", b"[!] P1.2"))
    refused = run("undo")
    assert refused.exit_code == 1
    assert "was done when you saw it, and is blocked now" in refused.output
    assert "[!] P1.2" in read(file)
    file.write_bytes(file.read_bytes().replace(b"[!] P1.2", b"[x] P1.2"))
    assert run("undo").exit_code == 0
    assert read(file) == TEXT


def test_a_change_whose_lines_are_gone_does_not_stand_in_the_way(file: Path) -> None:
    run("set", file, "done", "--id", "P1.2")
    run("note", file, "--id", "P1.1", "seen")
    file.write_bytes(file.read_bytes().replace(b"  - seen\n", b"  - seen, by eve\n"))
    gone = run("undo")
    assert (gone.exit_code, "does not stand below" in gone.output) == (1, True)
    assert run("undo").exit_code == 0
    assert read(file) == TEXT.replace("one\n", "one\n  - seen, by eve\n")


def test_a_file_of_its_own_and_the_last_of_all(file: Path) -> None:
    second = file.with_name("SECOND.md")
    run("set", file, "done", "--id", "P1.1")
    run("set", second, "done", "--id", "P9.1")
    assert run("undo", file).exit_code == 0
    assert (read(file), read(second)) == (TEXT, "- [x] P9.1 nine\n")
    assert run("undo").exit_code == 0
    assert read(second) == "- [ ] P9.1 nine\n"


def test_what_is_set_in_one_go_is_taken_back_in_one_go(file: Path) -> None:
    nested = "- [ ] a\n  - [x] a1\n- [ ] b\n  - [x] b1\n"
    file.write_bytes(nested.encode())
    assert run("parents", file, "--write").exit_code == 0
    assert read(file) == nested.replace("[ ]", "[x]")
    told = json.loads(run("undo", "--format", "json").stdout)
    assert [one["item"] for one in told["undone"]] == ["b", "a"]
    assert read(file) == nested


def test_half_of_a_group_is_told(file: Path) -> None:
    nested = "- [ ] a\n  - [x] a1\n- [ ] b\n  - [x] b1\n"
    file.write_bytes(nested.encode())
    run("parents", file, "--write")
    file.write_bytes(read(file).replace("[x] b\n", "[!] b\n").encode())
    half = run("undo", "--format", "json")
    assert half.exit_code == 1
    assert [one["ok"] for one in json.loads(half.stdout)["undone"]] == [False, True]
    assert "undone 1 of 2" in half.output
    assert read(file) == nested.replace("[ ] b\n", "[!] b\n")


def test_somebody_elses_last_change_is_named_and_left_alone(file: Path) -> None:
    run("set", file, "done", "--id", "P1.1", "--as", "ann")
    run("set", file, "done", "--id", "P1.2", "--as", "bob")
    assert run("undo", "--as", "ann").exit_code == 0
    assert read(file) == TEXT.replace("[ ] P1.2", "[x] P1.2")
    refused = run("undo", "--as", "ann")
    assert refused.exit_code == 1
    assert "the last change is bob@" in refused.output and "--anyone" in refused.output
    assert run("undo", "--as", "ann", "--anyone").exit_code == 0
    assert read(file) == TEXT


def test_it_was_taken_back_by_hand_already(file: Path) -> None:
    run("set", file, "done", "--id", "P1.1")
    run("set", file, "done", "--id", "P1.2")
    file.write_bytes(read(file).replace("[x] P1.2", "[ ] P1.2").encode())
    assert "already todo" in run("undo").stdout
    assert run("undo").exit_code == 0
    assert read(file) == TEXT


def test_without_a_config_the_file_is_to_be_named(file: Path) -> None:
    file.with_name("cockpit.toml").unlink()
    other = file.with_name("OTHER.md")
    other.write_text(TEXT, encoding="utf-8")
    assert run("set", file, "done", "--id", "P1.1").exit_code == 0
    assert run("set", other, "done", "--id", "P1.1").exit_code == 0
    assert run("undo").exit_code == 64
    assert run("undo", file, "--line", "3").exit_code == 64
    assert run("undo", file).exit_code == 0
    assert read(file) == TEXT and "[x]" in read(other)


def test_a_tick_of_any_length_can_be_taken_back_and_a_long_note_is_refused(file: Path) -> None:
    text = f"- [ ] {'word é ' * 9000}end\n- [ ] next\n"
    file.write_bytes(text.encode())
    assert run("set", file, "done", "--line", "1").exit_code == 0
    assert run("undo").exit_code == 0
    assert read(file) == text
    for length, code in ((1000, 0), (1001, 1), (20_000, 1)):
        done = run("note", file, "--line", "2", "x" * length)
        assert done.exit_code == code
        if code:
            assert f"1,000 characters at most, this one {length:,}" in done.output
            assert read(file).count("  - ") == 1
