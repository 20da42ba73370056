"""What the pages tell people to type: commands that run, configs that load, code that compiles."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from pages import DOCS, OTHER_SHELLS, PAGES, SHELLS, Command, Fence, commands, fences

from cockpit.cli import run
from cockpit.config.load import loads

NOT_RUN = {
    (): "opens a screen",
    ("screen",): "opens a screen",
    ("demo",): "opens a screen on a stack of its own",
    ("collect",): "runs until it is ended",
    ("trust",): "asks",
}
"""Why a command is only looked at: whether its verb and its options are there."""
EXIT_CODES = {
    ("gates", "run"): {64},  # the example has no gate with a command
    ("check",): {2},  # nobody listens and nothing beats in the workspace
    ("evidence", "artefact"): {0, 66},  # nothing was kept of a probe that was never asked
    ("doctor",): {0, 1},  # what this machine offers
    ("ports", "reset"): {0, 1},  # somebody else's server may be on the port
}
"""What a command ends with in the workspace, where it is not 0."""
FIRST_STEPS = "getting-started.md"
"""The page that begins without a config."""
KNOWN_PROGRAMS = {
    *("cd", "echo", "eval", "mkdir", "python", "python3", "pip", "git", "sudo", "install", "nohup"),
    *("systemctl", "loginctl", "journalctl", "ssh", "tmux", "sqlite3", "pre-commit", "mkdocs"),
    *("pytest", "ruff", "mypy", "lint-imports", "bash"),
}
"""Programs of a Unix shell that pages may name; none of them is run."""

PLAN = """\
# Plan

## Batch 1

- [ ] P1A.1 Read the files
    - [x] one
    - [x] two
- [ ] P1A.2 Write the parser
"""
GIT = ("-c", "user.name=Ann", "-c", "user.email=ann@localhost", "-c", "init.defaultBranch=main")


def command_blocks(path: Path, languages: tuple[str, ...]) -> list[Fence]:
    return [fence for fence in fences(path) if fence.language in languages]


def reason_not_to_run(command: Command) -> str:
    if command.variables:
        return ""
    verb = tuple(word for word in command.words if not word.startswith("-"))[:1]
    return NOT_RUN.get(verb, "")


def expected(command: Command, page: Path) -> set[int]:
    if page.name == FIRST_STEPS and command.words == ("check",):
        return {1}  # a checklist with open items, and nothing else
    for words, codes in EXIT_CODES.items():
        if command.words[: len(words)] == words:
            return codes
    return {0}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(folder))
    for name in ("NAME", "EMAIL"):
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_{name}", "ann@localhost")
    monkeypatch.setenv("API_TOKEN", "of-the-test")
    return folder


def prepare(folder: Path) -> None:
    """A folder with the config of the reference, the files it names, and a history."""
    example = next(fence for fence in fences(DOCS / "config.md") if fence.language == "toml")
    config = f'{example.text}\n[[checklist]]\nfile = "PLAN.md"\n'
    files = {
        "cockpit.toml": config,
        ".gitignore": ".cockpit/\n",
        "MASTER_BATCH.md": "# Batch 1\n\n- [ ] Stage 1: read\n- [ ] Stage 6: go live\n",
        "LAUNCH_READINESS.md": "# Ready\n\n- [ ] Stage 1: read\n",
        "PLAN.md": PLAN,
        "RESULTS.md": "# Results\n\n<!-- cockpit:begin smoke -->\n<!-- cockpit:end -->\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *GIT, *words], cwd=folder, check=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_does_what_it_should(
    page: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocks = command_blocks(page, SHELLS)
    every = [(fence, command) for fence in blocks for command in commands(fence)]
    unknown = {command.program for _, command in every} - KNOWN_PROGRAMS - {"cockpit"}
    assert not unknown
    cockpits = [(fence, command) for fence, command in every if command.program == "cockpit"]
    if not cockpits:
        return
    folder = tmp_path / "lab"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if page.name == FIRST_STEPS:
        (folder / "PLAN.md").write_text(PLAN, encoding="utf-8")
    else:
        prepare(folder)
        assert run(["check"]) == 2
        assert run(["checklist", "set", "MASTER_BATCH.md", "doing", "--line", "3"]) == 0
    for fence, command in cockpits:
        where = f"{page.name}, block of line {fence.line}: {command}"
        words = [*command.words]
        if reason_not_to_run(command):
            assert run([*words, "--help"]) == 0, where
            continue
        with monkeypatch.context() as patched:
            for name, value in command.variables:
                patched.setenv(name, value)
            try:
                code = run(words)
            except SystemExit as left:  # what click does for a shell that completes
                code = int(left.code or 0)
        assert code in expected(command, page), f"{where}: {code}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_for_other_shells_have_verbs_and_options_that_exist(page: Path) -> None:
    for fence in command_blocks(page, OTHER_SHELLS):
        for command in commands(fence):
            if command.program == "cockpit":
                assert run([*command.words, "--help"]) == 0, f"{page.name}: {command}"


def test_a_command_that_is_wrong_would_be_noticed(home: Path) -> None:
    (wrong,) = commands(Fence("sh", "", "out=$(.venv/bin/cockpit chekc 2>&1)\n", 1))
    assert (wrong.program, wrong.words) == ("cockpit", ("chekc",))
    assert run([*wrong.words, "--help"]) == 64
    assert run(["screen", "--colour", "--help"]) == 64


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_config_loads(page: Path, tmp_path: Path) -> None:
    for name in ("MASTER_BATCH.md", "LAUNCH_READINESS.md"):
        (tmp_path / name).write_text("- [ ] Stage 6\n", encoding="utf-8")
    for fence in fences(page):
        if fence.language == "toml" and fence.title:
            tomllib.loads(fence.text)  # another file than ours, or of a kind that is not there
        elif fence.language == "toml":
            assert loads(fence.text, tmp_path, {"API_TOKEN": "x"}, name=f"{page.name}:{fence.line}")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_python_compiles_and_imports_what_is_there(page: Path) -> None:
    for fence in fences(page):
        if fence.language == "python":
            compile(fence.text, f"{page.name}:{fence.line}", "exec")
            imports = [
                one for one in fence.text.splitlines() if one.startswith(("from ", "import "))
            ]
            exec("\n".join(imports), {})
