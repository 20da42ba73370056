"""The installed wheel beside a project that has modules of the same names."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest
from install.conftest import Installed
from support import DEADLINE, Listening, environment, write_config

GATE = """
import rich, sys, widgets
print(rich.WHOSE, widgets.WHOSE)
sys.exit(0 if rich.WHOSE == widgets.WHOSE == "the project's" else 3)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder whose own modules are named as ours and as those we depend on."""
    folder = tmp_path / "project"
    for package in ("widgets", "cockpit_widgets", "textual"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text('WHOSE = "the project\'s"\n')
    for module in ("rich.py", "click.py", "psutil.py"):
        (folder / module).write_text('WHOSE = "the project\'s"\n')
    (folder / "gate.py").write_text(GATE)
    return folder


def starts(installed: Installed) -> dict[str, list[str | Path]]:
    """Every way to start the command."""
    return {
        "cockpit": [installed.scripts / "cockpit"],
        "paperlive-cockpit": [installed.scripts / "paperlive-cockpit"],
        "python -m cockpit": [installed.python, "-m", "cockpit"],
    }


def run(argv: list[str | Path], folder: Path, path: str = ".") -> subprocess.CompletedProcess[str]:
    """Run a command in `folder`, with `path` as its PYTHONPATH."""
    return subprocess.run(
        list(map(str, argv)),
        cwd=folder,
        env=environment(folder.parent, {"PYTHONPATH": path}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )


def test_the_wheel_brings_two_import_names_and_no_more(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    (info,) = (name for name in tops if name.endswith(".dist-info"))
    assert tops == {"cockpit", "cockpit_widgets", info}


def test_the_wheel_brings_the_ready_made_checklists(installed: Installed) -> None:
    code = "from cockpit.resources import shipped_checklists as s; print(len(s()))"
    done = run([installed.python, "-c", code], installed.folder, path="")
    assert int(done.stdout) == len(list(Path("checklists").glob("*.md"))) > 0


@pytest.mark.parametrize(
    ("way", "path"), [("cockpit", "."), ("cockpit", "absolute"), ("python -m cockpit", ".")]
)
def test_check_beside_a_project_with_the_same_names(
    installed: Installed, project: Path, way: str, path: str
) -> None:
    with Listening() as listening:
        write_config(project, listening.port)
        place = str(project) if path == "absolute" else path
        done = run([*starts(installed)[way], "check", "--format", "json"], project, place)
    assert done.returncode == 1, done.stderr
    seen = {probe["name"]: probe["verdict"] for probe in json.loads(done.stdout)["probes"]}
    assert seen == {"backend": "OK", "list": "WARN"}


def test_a_command_of_the_config_finds_the_projects_own_modules(
    installed: Installed, project: Path
) -> None:
    command = f"[{str(installed.python)!r}, 'gate.py']"
    config = f'[[gate]]\nname = "own"\ncommand = {command}\n'
    (project / "cockpit.toml").write_text(config, encoding="utf-8")
    cockpit = starts(installed)["cockpit"]
    trusted = run([*cockpit, "trust", "--yes"], project)
    assert trusted.returncode == 0, trusted.stderr
    done = run([*cockpit, "check", "--format", "json"], project)
    (gate,) = json.loads(done.stdout)["probes"]
    assert gate["verdict"] == "OK", gate


def test_the_projects_own_programs_find_nothing_of_ours_in_their_way(
    installed: Installed, project: Path
) -> None:
    done = run([installed.python, "gate.py"], project)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
@pytest.mark.parametrize("way", ["cockpit", "python -m cockpit"])
def test_the_screen_beside_a_project_with_the_same_names(
    installed: Installed, project: Path, way: str
) -> None:
    from terminals import Terminal

    with Listening() as listening:
        write_config(project, listening.port)
        env = environment(project.parent, {"PYTHONPATH": "."})
        with Terminal(starts(installed)[way], cwd=project, env=env) as terminal:
            terminal.until_drawn("RUN", "backend", "list")
            terminal.press(b"q")
            assert terminal.end() == 0, terminal.text()


@pytest.mark.parametrize("way", ["cockpit", "paperlive-cockpit", "python -m cockpit"])
def test_beside_the_systems_own_module_named_cockpit_ours_runs(
    installed: Installed, tmp_path: Path, way: str
) -> None:
    done = run([*starts(installed)[way], "--version"], tmp_path, path="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert version("paperlive-cockpit") in done.stdout
