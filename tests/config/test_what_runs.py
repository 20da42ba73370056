"""Consent covers what runs: scripts whatever their suffix, what tools read; data stays data."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.clock import ManualClock
from cockpit.config.commands import commands_of
from cockpit.config.load import loads
from cockpit.config.models import LoadedConfig
from cockpit.config.trust import TrustStore
from cockpit.config.what_runs import coverage_of

FILES = {
    "run.txt": "echo run\n",
    "tools/run.txt": "echo tools\n",
    "tools/hook.js": "",
    "tools/gate": "#!/bin/sh\n",
    "report.json": "{}",
    "notes.md": "",
    "pkg/__init__.py": "",
    "pkg/mod.py": "",
    "src/lib/__main__.py": "",
    "main/__main__.py": "",
    "more.mk": "",
    "Makefile": (
        "PY = python3\ninclude more.mk\n\ngate: ready\n\t@$(PY) tools/run.txt report.json\n"
        "ready:\n\tnode tools/hook.js\nclean:\n\tsh notes.md\n"
    ),
    "justfile": "import 'more.just'\ngate name: ready\n    sh tools/run.txt\nready:\n    true\n",
    "more.just": "",
    "package.json": json.dumps(
        {"version": "1", "scripts": {"gate": "npm run deep", "deep": "node tools/hook.js"}}
    ),
    "pyproject.toml": (
        '[project]\nversion = "1"\n[project.scripts]\nready = "pkg.mod:main"\n'
        '[tool.poetry.scripts]\nold = "pkg.mod:main"\n[tool.uv]\npackage = true\n[tool.other]\n'
        "x = 1\n"
    ),
    "tox.ini": "[testenv]\ncommands =\n    python tools/run.txt {posargs}\n",
    "setup.cfg": "[metadata]\nversion = 1\n[tool:pytest]\naddopts = -q\n",
    "noxfile.py": "",
    "conftest.py": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "tools" / "gate").chmod(0o755)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "user" / "trust.json", ManualClock())


def config(folder: Path, *argv: str, cwd: str = "") -> LoadedConfig:
    where = f"cwd = {json.dumps(cwd)}\n" if cwd else ""
    return loads(f'[[gate]]\nname = "g"\ncommand = {json.dumps(argv)}\n{where}', folder)


RUNS = [
    (["sh", "run.txt"], "run.txt"),
    (["/bin/sh", "-eu", "run.txt", "report.json"], "run.txt"),
    (["bash", "-o", "pipefail", "run.txt"], "run.txt"),
    (["python", "run.txt"], "run.txt"),
    (["python3.11", "-W", "ignore", "-X", "dev", "run.txt"], "run.txt"),
    (["python", "main"], "main/__main__.py"),
    (["python", "-m", "pkg.mod"], "pkg/mod.py"),
    (["python", "-m", "pkg.mod"], "pkg/__init__.py"),
    (["python", "-Impkg.mod"], "pkg/mod.py"),
    (["python", "-m", "lib"], "src/lib/__main__.py"),
    (["python", "-m", "coverage", "run", "run.txt"], "run.txt"),
    (["python", "-m", "cProfile", "-o", "report.json", "run.txt"], "run.txt"),
    (["node", "run.txt"], "run.txt"),
    (["node", "--require", "./notes.md", "run.txt"], "notes.md"),
    (["perl", "run.txt"], "run.txt"),
    (["ruby", "run.txt"], "run.txt"),
    (["php", "run.txt"], "run.txt"),
    (["perl", "-w", "-Mstrict", "-I", "tools", "run.txt"], "run.txt"),
    (["ruby", "-r", "./notes.md", "run.txt"], "run.txt"),
    (["ruby", "-r", "./notes.md", "run.txt"], "notes.md"),
    (["php", "-d", "x=1", "-f", "run.txt"], "run.txt"),
    (["julia", "-L", "notes.md", "run.txt"], "run.txt"),
    (["deno", "run", "-A", "run.txt"], "run.txt"),
    (["bun", "run", "run.txt"], "run.txt"),
    (["pwsh", "-NoProfile", "-File", "run.txt"], "run.txt"),
    (["java", "-jar", "run.txt"], "run.txt"),
    (["env", "BASH_ENV=notes.md", "bash", "-c", "true"], "notes.md"),
    (["env", "NODE_OPTIONS=--require ./notes.md", "node", "tools/hook.js"], "notes.md"),
    (["env", "PATH=tools", "gate"], "tools/gate"),
    (["find", ".", "-name", "x", "-exec", "sh", "run.txt", ";"], "run.txt"),
    (["watch", "-n", "5", "sh run.txt"], "run.txt"),
    (["script", "-q", "-c", "sh run.txt"], "run.txt"),
    (["awk", "-f", "run.txt", "report.json"], "run.txt"),
    (["expect", "run.txt"], "run.txt"),
    (["env", "A=1", "sh", "run.txt"], "run.txt"),
    (["/usr/bin/env", "-S", "sh run.txt"], "run.txt"),
    (["env", "-u", "A", "-C", "tools", "sh", "run.txt"], "tools/run.txt"),
    (["env", "PYTHONPATH=src", "python", "-m", "lib"], "src/lib/__main__.py"),
    (["timeout", "-k", "1", "5", "sh", "run.txt"], "run.txt"),
    (["nice", "-n", "5", "nohup", "sh", "run.txt"], "run.txt"),
    (["sh", "-c", "cd tools && sh run.txt ../report.json"], "tools/run.txt"),
    (["bash", "-ec", "true; . ./run.txt"], "run.txt"),
    (["sh", "-c", "sh < run.txt"], "run.txt"),
    (["sh", "-c", "cat run.txt | sh"], "run.txt"),
    (["sh", "-c", 'eval "$(cat run.txt)"; cat run.txt'], "run.txt"),
    (["sh", "-c", 'sh "$1"', "x", "run.txt"], "run.txt"),
    (["sh", "-c", "x=run.txt; sh $x"], "run.txt"),
    (["sh", "-c", "for f in run.txt tools/run.txt; do sh $f; done"], "tools/run.txt"),
    (["sh", "-c", "cp tools/hook.js x; true"], "tools/hook.js"),
    (["uv", "run", "run.txt"], "run.txt"),
    (["uv", "run", "--with", "x", "--", "python", "run.txt"], "run.txt"),
    (["uv", "run", "ready"], "pkg/mod.py"),
    (["poetry", "run", "old"], "pkg/mod.py"),
    (["poetry", "run", "python", "run.txt"], "run.txt"),
    (["npx", "tsx", "run.txt"], "run.txt"),
    (["npm", "exec", "--", "sh", "run.txt"], "run.txt"),
    (["npm", "run", "gate"], "tools/hook.js"),
    (["make", "gate"], "Makefile"),
    (["make", "gate"], "more.mk"),
    (["make", "gate"], "tools/run.txt"),
    (["make"], "tools/hook.js"),
    (["make", "-f", "run.txt"], "run.txt"),
    (["just", "gate"], "justfile"),
    (["just", "gate"], "more.just"),
    (["just", "gate"], "tools/run.txt"),
    (["tox", "-e", "py"], "tox.ini"),
    (["tox"], "tools/run.txt"),
    (["nox", "-s", "gate"], "noxfile.py"),
    (["pytest", "-q"], "conftest.py"),
    (["python", "-m", "pytest"], "conftest.py"),
    (["uvicorn", "pkg.mod:app", "--port", "1"], "pkg/mod.py"),
]


@pytest.mark.parametrize(("argv", "file"), RUNS, ids=lambda value: " ".join([*value])[:40])
def test_an_edit_of_what_runs_ends_the_consent(
    folder: Path, store: TrustStore, argv: list[str], file: str
) -> None:
    loaded = config(folder, *argv)
    (table,) = loaded.config.probes()
    store.trust(loaded, [table])
    assert store.is_trusted(loaded, table)
    (folder / file).write_text(f"{FILES[file]}\n# edited\n")
    assert not store.is_trusted(loaded, table)
    (folder / file).write_text(FILES[file])
    assert store.is_trusted(loaded, table), "it is the one that was agreed to again"


DATA = [
    (["python", "pkg/mod.py", "report.json"], "report.json"),
    (["sh", "run.txt", "notes.md", "report.json"], "notes.md"),
    (["sh", "-c", "sh run.txt report.json > notes.md"], "report.json"),
    (["sh", "-c", "sh run.txt report.json > notes.md"], "notes.md"),
    (["env", "A=1", "python", "run.txt", "report.json"], "report.json"),
    (["env", "REPORT=report.json", "python", "run.txt"], "report.json"),
    (["sh", "-c", "REPORT=report.json python run.txt notes.md"], "report.json"),
    (["sh", "-c", "python run.txt $1", "x", "y"], "report.json"),
    (["uv", "run", "python", "run.txt", "report.json"], "report.json"),
    (["awk", "-f", "run.txt", "report.json"], "report.json"),
    (["node", "--inspect", "run.txt", "report.json"], "report.json"),
    (["perl", "-w", "run.txt", "report.json"], "report.json"),
    (["perl", "-ne", "print", "report.json"], "report.json"),
    (["php", "run.txt", "report.json"], "report.json"),
    (["find", ".", "-name", "report.json"], "report.json"),
    (["make", "gate"], "report.json"),
    (["make", "gate"], "notes.md"),
    (["python", "-m", "cProfile", "-o", "report.json", "run.txt"], "report.json"),
    (["mytool", "report.json"], "report.json"),
]


@pytest.mark.parametrize(("argv", "file"), DATA, ids=lambda value: " ".join([*value])[:40])
def test_a_new_report_ends_no_consent(
    folder: Path, store: TrustStore, argv: list[str], file: str
) -> None:
    loaded = config(folder, *argv)
    (table,) = loaded.config.probes()
    store.trust(loaded, [table])
    (folder / file).write_text("new")
    assert store.is_trusted(loaded, table)


def swap(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    ("argv", "change", "holds"),
    [
        (["npm", "test"], swap("package.json", '"version": "1"', '"version": "2"'), True),
        (["npm", "test"], swap("package.json", "npm run deep", "rm -r x"), False),
        (["yarn", "gate"], swap("package.json", "npm run deep", "rm -r x"), False),
        (["uv", "run", "x"], swap("pyproject.toml", 'version = "1"', 'version = "2"'), True),
        (["uv", "run", "x"], swap("pyproject.toml", "x = 1", "x = 2"), True),
        (["uv", "run", "x"], swap("pyproject.toml", "package = true", "package = false"), False),
        (["poetry", "run", "x"], swap("pyproject.toml", "old =", "older ="), False),
        (["poetry", "run", "x"], swap("pyproject.toml", "package = true", "x = 1"), True),
        (["pytest"], swap("setup.cfg", "addopts = -q", "addopts = -p evil"), False),
        (["pytest"], swap("setup.cfg", "version = 1", "version = 2"), True),
        (["pytest"], swap("pyproject.toml", "[tool.other]", "[tool.pytest.x]"), False),
    ],
)
def test_of_a_shared_file_the_part_that_runs_counts(
    folder: Path, store: TrustStore, argv: list[str], change: Callable[[Path], None], holds: bool
) -> None:
    loaded = config(folder, *argv)
    (table,) = loaded.config.probes()
    store.trust(loaded, [table])
    change(folder)
    assert store.is_trusted(loaded, table) is holds


def test_a_file_that_comes_later_was_never_agreed_to(folder: Path, store: TrustStore) -> None:
    (folder / "GNUmakefile").unlink(missing_ok=True)
    loaded = config(folder, "make", "gate")
    (table,) = loaded.config.probes()
    store.trust(loaded, [table])
    (folder / "GNUmakefile").write_text("gate:\n\trm -r x\n")
    assert not store.is_trusted(loaded, table), "make reads this one before the Makefile"


def test_a_tool_looks_in_the_folders_above_as_well(folder: Path, store: TrustStore) -> None:
    loaded = config(folder, "npm", "run", "gate", cwd="tools")
    (table,) = loaded.config.probes()
    store.trust(loaded, [table])
    swap("package.json", "npm run deep", "rm -r x")(folder)
    assert not store.is_trusted(loaded, table)


@pytest.mark.parametrize(
    ("argv", "gap"),
    [
        (["sh", "tools/run.txt"], "may call other files of tools/"),
        (["python", "-m", "pkg.mod"], "may import other files of pkg/"),
        (["python", "-c", "import pkg"], "what its code opens or imports"),
        (["make", "gate"], "what the tasks of make call besides"),
        (["python", "-m", "nowhere.at_all"], "the module nowhere.at_all"),
        (["mytool", "report.json"], "what mytool reads by itself"),
    ],
)
def test_what_is_not_covered_is_said(folder: Path, argv: list[str], gap: str) -> None:
    loaded = config(folder, *argv)
    command = commands_of(loaded, loaded.config.probes()[0])["command"]
    assert any(gap in one for one in command.gaps), command.gaps


@pytest.mark.parametrize(
    "argv",
    [
        ["sh", "-c"], ["python", "-m"], ["python", "-m", "..."], ["env"], ["env", "-S"], ["uv"],
        ["uv", "run"], ["sh", "-c", "'unclosed"], ["make", "-C"], ["sh", "x" * 5000],
        ["python", "-c", "\x01'\x02"], ["npm"], ["timeout"], ["env", "env", "env", "env", "env"],
        ["sh", "-c", "cd /; cd ../..; ((((" * 50], ["bash", "\udcff"], ["."], ["-"], ["python", ""],
    ],
)  # fmt: skip
def test_odd_words_are_followed_nowhere(folder: Path, argv: list[str]) -> None:
    coverage_of(argv, folder)


@pytest.mark.parametrize("body", ["{", "[[[", "a" * 100, '{"scripts": 3}', "\x00", "include *\n"])
def test_a_damaged_tool_file_counts_as_a_whole(folder: Path, store: TrustStore, body: str) -> None:
    for name in ("Makefile", "package.json", "pyproject.toml", "setup.cfg", "tox.ini"):
        (folder / name).write_text(body)
    for argv in (["make", "x"], ["npm", "x"], ["uv", "run", "x"], ["pytest"], ["tox"]):
        loaded = config(folder, *argv)
        (table,) = loaded.config.probes()
        store.trust(loaded, [table])
        assert store.is_trusted(loaded, table)


@pytest.mark.parametrize(
    ("name", "text", "argv"),
    [
        ("Makefile", "a:" + " " * 1_000_000 + "\n", ["make"]),
        ("Makefile", "a" + " " * 1_000_000 + "\n", ["make"]),
        ("Makefile", "V=" + "$(V)" * 100_000 + "\na:\n\t" + "$(V)" * 100_000 + "\n", ["make"]),
        ("Makefile", "include ../../**/*\ninclude /*/*/*/*\n", ["make"]),
        ("Makefile", "include Makefile\na: a\n\tmake a\n", ["make"]),
        ("Makefile", "a:\n" + "".join(f"\tsh x{n}\n" for n in range(30_000)), ["make"]),
        (
            "package.json",
            json.dumps(
                {
                    "scripts": {
                        one: "; ".join(f"npm run {two} {n}" for n in range(500))
                        for one, two in zip("abcdef", "bcdefa", strict=True)
                    }
                }
            ),
            ["npm", "run", "a"],
        ),
        ("package.json", '{"scripts": ' + '{"a": ' * 100_000, ["npm", "run", "a"]),
        ("pyproject.toml", "tool.uv = " + "[" * 100_000, ["uv", "run", "a"]),
        ("run.txt", "x", ["sh", "-c", "'" * 300_000]),
        ("run.txt", "x", ["sh", "-c", "sh run.txt;" * 30_000]),
    ],
    ids=itertools.count(),
)
def test_a_hostile_checkout_is_followed_in_bounds(
    folder: Path, name: str, text: str, argv: list[str]
) -> None:
    (folder / name).write_text(text)
    assert len(coverage_of(argv, folder).scripts) <= 500
