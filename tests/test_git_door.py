"""Git is started in one module only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOOR = ROOT / "cockpit" / "git.py"
_NAMES = ("git", "git.exe")


def starts_of_git(source: str) -> list[int]:
    """The lines of a module on which git could be named as a program: the bare word anywhere but
    in a set of names, and a command line that begins with it."""
    tree = ast.parse(source)
    in_sets = {id(one) for node in ast.walk(tree) if isinstance(node, ast.Set) for one in node.elts}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in in_sets
        and _names_git(node.value)
    ]


def _names_git(text: str) -> bool:
    word = text.partition(" ")[0]
    if word not in _NAMES and not word.endswith(tuple(f"/{name}" for name in _NAMES)):
        return False
    # "git status failed" of a message is followed by more than a command's words.
    return text == word or text.startswith((f"{word} -", f"{word} status", f"{word} log"))


def test_no_module_but_the_door_names_git_as_a_program() -> None:
    modules = [*(ROOT / "cockpit").rglob("*.py"), *(ROOT / "widgets").rglob("*.py")]
    assert DOOR in modules
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in modules
        if path != DOOR
        for line in starts_of_git(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "go through cockpit.git: it decides what a look may run"


@pytest.mark.parametrize(
    "source",
    [
        'subprocess.run(["git", "status"])',
        'run_command(("git", *words))',
        'shutil.which("git")',
        'os.execvp("/usr/bin/git", words)',
        'os.system("git -C x diff")',
        'GIT = "git"',
    ],
)
def test_a_start_past_the_door_is_found(source: str) -> None:
    assert starts_of_git(source) == [1]


@pytest.mark.parametrize("source", ['f"git {word} failed"', '{"git", "diff"}', '"git is missing"'])
def test_words_about_git_are_no_start(source: str) -> None:
    assert starts_of_git(source) == []
