"""An item that is set and set back has the bytes it had, where its own word is on record."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support import cockpit, environment

from cockpit.checklists import Form, Status, anchor_of, parse
from cockpit.clock import SystemClock
from cockpit.engine.commands.set_status import EditRequest, StatusEditor
from cockpit.facts import Facts, Json
from cockpit.kinds.checklist.edit_history import EditHistory
from cockpit.model import EventKind
from cockpit.permissions import ALL_ALLOWED

LINES = {
    "a word of its own": "**Status:** ✅ IMPLEMENTED",
    "a word with a date after it": "**Status:** ✅ VERIFIED 2025-01-02",
    "two blanks": "**Status:** ✅  COMPLETE",
    "mixed case": "Status: Fully Implemented",
    "a share": "**Status:** 🟡 60% complete",
    "the other case of a box": "- [X] one",
    "a tab in a box": "- [\t] one",
    "a word in a box": "- [done] one",
    "an emoji with a variation selector": "- ✔️ one",
    "another emoji": "- 🟢 one",
    "a ballot": "- ☒ one",
    "a heading": "### ❌ one",
    "a double-encoded emoji": "**Status:** âœ… IMPLEMENTED",
}
TABLE = "| Task | Status      | Who |\n|---|---|---|\n| one  | {cell} | me  |\n"
CELLS = {"a padded cell": "Shipped     ", "a cell of two words": "✅ Merged   ", "a dash": "n/a "}


def unlogged(_kind: EventKind, _text: str, _data: Facts, _payload: Json = None, /) -> None:
    """The history is told by the editor itself."""


class Editing:
    """Somebody who sets items of files."""

    def __init__(self) -> None:
        self._editor = StatusEditor(EditHistory(), SystemClock(), permissions=ALL_ALLOWED)

    def set(self, file: Path, to: Status) -> None:
        document = parse(file.read_bytes())
        item = document.items[0]
        request = EditRequest(file, anchor_of(document, item), to, item=item.key)
        done = self._editor.set_status(request, unlogged)
        assert done.ok, done.text


def there_and_back(file: Path, text: str) -> None:
    """Through the other states, by one and by two, and back."""
    file.write_bytes(text.encode())
    item = parse(text.encode()).items[0]
    was, editing = item.status, Editing()
    away = [each for each in (Status.TODO, Status.DONE) if each is not was]
    if item.form is not Form.BALLOT and was is not Status.DOING:
        away.append(Status.DOING)
    for path in (away, away[:1], away[::-1], away[-1:]):
        for state in path:
            editing.set(file, state)
        assert file.read_bytes() != text.encode()
        editing.set(file, was)
        assert file.read_bytes() == text.encode()


@pytest.mark.parametrize("name", LINES)
def test_a_line_that_is_set_back_is_what_it_was(name: str, tmp_path: Path) -> None:
    heading = "## P1.1: t\n" if "tatus" in LINES[name] else ""
    there_and_back(tmp_path / "LIST.md", f"{heading}{LINES[name]}\n\na text\n")


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_that_is_set_back_is_what_it_was(name: str, tmp_path: Path) -> None:
    there_and_back(tmp_path / "LIST.md", TABLE.format(cell=CELLS[name]))


def test_a_word_that_somebody_else_has_replaced_counts_no_more(tmp_path: Path) -> None:
    file, editing = tmp_path / "LIST.md", Editing()
    file.write_text("## P1.1: t\n**Status:** ✅ IMPLEMENTED\n", encoding="utf-8")
    editing.set(file, Status.TODO)
    file.write_text("## P1.1: t\n**Status:** ⏳ PENDING\n", encoding="utf-8")
    editing.set(file, Status.DONE)
    assert "✅ COMPLETE" in file.read_text(encoding="utf-8")


def test_a_word_that_would_read_otherwise_now_is_not_taken(tmp_path: Path) -> None:
    file, editing = tmp_path / "LIST.md", Editing()
    file.write_text("## P1.1: t\n**Status:** ON HOLD\n", encoding="utf-8")
    editing.set(file, Status.DONE)
    file.write_text("## P1.1: t\n**Status:** COMPLETE by law\n", encoding="utf-8")
    editing.set(file, Status.DEFERRED)
    assert file.read_text(encoding="utf-8").endswith("**Status:** DEFERRED by law\n")


def test_a_status_line_takes_the_word_of_its_document(tmp_path: Path) -> None:
    file, lines = tmp_path / "LIST.md", ["⏳ TODO", "✅ SHIPPED", "✅ SHIPPED", "✅ DONE", "MERGED"]
    text = "".join(f"## P1.{n}: t\n**Status:** {word}\n\n" for n, word in enumerate(lines))
    file.write_text(text, encoding="utf-8")
    Editing().set(file, Status.DONE)
    assert file.read_text(encoding="utf-8") == text.replace("⏳ TODO", "✅ SHIPPED")


def test_the_shell_sets_back_what_it_set_and_its_mirror(tmp_path: Path) -> None:
    texts = {
        "LIST.md": "- [X] P1.1: one\n",
        "OTHER.md": "## P1.1: one\n**Status:** ✅ IMPLEMENTED\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "cockpit.toml").write_text(
        '[[checklist]]\nfile = "LIST.md"\nmirrors = ["OTHER.md"]\n', encoding="utf-8"
    )
    for state in ("todo", "done"):
        done = cockpit("checklist", "set", "LIST.md", state, "--line", "1", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        now = {name: (tmp_path / name).read_text(encoding="utf-8") for name in texts}
        assert (now == texts) == (state == "done")
        assert ("NOT STARTED" in now["OTHER.md"]) == (state == "todo")


WRITER = """
    import sys
    from pathlib import Path
    path, text = Path(sys.argv[1]), Path(sys.argv[1]).read_bytes()
    path.write_bytes(b"")
    print("emptied", flush=True)
    sys.stdin.readline()
    path.write_bytes(text)
"""


def test_an_item_that_is_just_being_written_is_looked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "LIST.md"
    file.write_text("- [ ] one\n- [ ] two\n", encoding="utf-8")
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stdout.readline() == "emptied\n"
    # It is written again when the verb has looked once: the second look finds it.
    program = (
        "import os, sys\n"
        "from cockpit.cli.checklist import target\n"
        "look, first = target.read_document, [True]\n"
        "def looked(path):\n"
        "    found = look(path)\n"
        "    if first.pop() if first else False:\n"
        "        sys.stdout.write('looked\\n'); sys.stdout.flush(); sys.stdin.readline()\n"
        "    return found\n"
        "target.read_document = looked\n"
        "from cockpit.cli import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    setting = subprocess.Popen(
        [sys.executable, "-c", program, "checklist", "set", "LIST.md", "done", "--text", "two"],
        cwd=tmp_path, env=environment(tmp_path),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert setting.stdout is not None
    assert setting.stdin is not None
    assert setting.stdout.readline() == "looked\n"
    writer.communicate("\n")
    out, err = setting.communicate("\n")
    assert setting.returncode == 0, err
    assert "todo → done: two" in out
    assert file.read_text(encoding="utf-8") == "- [ ] one\n- [x] two\n"
