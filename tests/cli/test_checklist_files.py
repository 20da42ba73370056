"""What `cockpit checklist` says of files that are no lists, or no files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from checklist_shell import run

VERBS = (["list"], ["show"], ["parents"], ["set", "--line", "1"], ["note", "--line", "1"])


def call(verb: list[str], path: Path) -> tuple[int, str]:
    """A verb on a file: its exit code, and what it printed in all."""
    last = {"set": ["done"], "note": ["text"]}.get(verb[0], [])
    ran = run(verb[0], path, *verb[1:], *last)
    return ran.exit_code, ran.output


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a FIFO")
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path: Path, verb: list[str]) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    assert call(verb, pipe) == (66, f"Error: {pipe}: not a regular file\n")
    assert call(verb, Path("/dev/zero")) == (66, "Error: /dev/zero: not a regular file\n")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_folder_and_a_file_that_is_not_there(tmp_path: Path, verb: list[str]) -> None:
    assert call(verb, tmp_path) == (66, f"Error: {tmp_path}: a folder\n")
    gone = tmp_path / "gone.md"
    assert call(verb, gone) == (66, f"Error: {gone}: no such file\n")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_told_with_the_way_out(tmp_path: Path, verb: list[str], encoding: str) -> None:
    path = tmp_path / "f.md"
    path.write_bytes("\ufeff- [ ] a\n".encode(encoding))
    code, told = call(verb, path)
    assert (code, told) == (66, f"Error: {path}: UTF-16 text; save it as UTF-8\n")


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "the file is empty"), (b"words\n", "no line has a box or a state")]
)
def test_a_file_without_items_says_so(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "f.md"
    path.write_bytes(content)
    for words in (["--line", "1"], ["--id", "P1"], ["--text", "words"]):
        ran = run("set", path, *words, "done")
        assert (ran.exit_code, ran.output) == (1, f"Error: {path}: no items in it: {why}\n")
    for verb in ("list", "show"):
        ran = run(verb, path)
        assert (ran.exit_code, ran.output) == (0, f"{path}  no items in it: {why}\n")
    assert json.loads(run("list", path, "--format", "json").stdout) == []
    assert path.read_bytes() == content


def test_a_heading_is_set_by_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "f.md"
    path.write_text("# Doc\n\n#### P1.1: a\n**Status:** NOT STARTED\n", encoding="utf-8")
    assert run("set", path, "--line", "3", "done").exit_code == 0
    assert path.read_text(encoding="utf-8") == "# Doc\n\n#### P1.1: a\n**Status:** COMPLETE\n"
    assert json.loads(run("show", path, "--line", "3", "--format", "json").stdout)["line"] == 4
    assert run("set", path, "--line", "1", "done").exit_code == 1


def test_a_box_is_found_by_the_words_on_its_next_line(tmp_path: Path) -> None:
    path = tmp_path / "f.md"
    path.write_text("- [ ]\n  first\n- [ ]\n  second\n", encoding="utf-8")
    assert run("set", path, "--text", "second", "done").exit_code == 0
    assert path.read_text(encoding="utf-8") == "- [ ]\n  first\n- [x]\n  second\n"


def test_begun_parents_are_not_unset(tmp_path: Path) -> None:
    path = tmp_path / "f.md"
    path.write_text("- [~] p\n  - [ ] a\n- [ ] q\n  - [x] b\n", encoding="utf-8")
    assert run("parents", path, "--write").exit_code == 0
    assert path.read_text(encoding="utf-8") == "- [~] p\n  - [ ] a\n- [x] q\n  - [x] b\n"


def test_a_refusal_says_once_and_in_words_that_nothing_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "f.md"
    path.write_text("- ✅ one\n", encoding="utf-8")
    told = run("set", path, "--line", "1", "dropped").output
    assert told.startswith(f"Error: not changed: {path}:1: an emoji like “✅” has no way to say")
    path.chmod(0o444)
    try:
        told = run("set", path, "--line", "1", "todo").output
    finally:
        path.chmod(0o644)
    assert told.count("changed") == 1
    assert told.startswith(f"Error: {path}: it is read-only; nothing was changed")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a FIFO")
def test_a_mirror_that_is_a_pipe_stays_pending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    os.mkfifo(tmp_path / "m.md")
    (tmp_path / "f.md").write_text("- [ ] a\n", encoding="utf-8")
    table = '[[checklist]]\nfile = "f.md"\nmirrors = ["m.md"]\n'
    (tmp_path / "cockpit.toml").write_text(table, encoding="utf-8")
    ran = run("set", "f.md", "--line", "1", "done")
    assert ran.exit_code == 0
    assert "m.md pending: the mirror cannot be read: not a regular file" in ran.output
