"""A kind from another distribution: installed, found by its entry point, and used everywhere.

The distribution is `tests/example_kind`, which the page "Writing a kind" walks through.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "example_kind"
CONFIG = """\
[[disk]]
name = "data disk"
folder = "."
fail_above = 100

[[checklist]]
file = "PLAN.md"
[checklist.requires]
"ship it" = ["disk:data disk"]
"""
# What a screen shows of it: run in a process of its own, where the distribution is installed.
SCREEN = """
import asyncio, sys
from pathlib import Path
from cockpit.app import CockpitApp
from cockpit.clock import SystemClock
from cockpit.config.load import load
from cockpit.session.session import Session
from cockpit_widgets.line_pane import LinePane

async def main():
    session = Session(
        load(Path("cockpit.toml")),
        clock=SystemClock(), user="ops", host="here", kind="screen", who="ops@here",
    )
    session.start()
    app = CockpitApp(session.feed)
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(200):
            await pilot.pause(0.05)
            pane = app.screen.query_one("#others", LinePane)
            told = [row.text() for row in pane.rows]
            if len(told) > 1:
                break
        await pilot.press("O")
        await pilot.pause()
        print("\\n".join(told))
        print("focused", app.screen.focused.id)
    session.close()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the example is installed in, as pip does it."""
    source = tmp_path_factory.mktemp("source") / "example_kind"
    shutil.copytree(EXAMPLE, source)
    target = tmp_path_factory.mktemp("site")
    words = ["install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [sys.executable, "-m", "pip", *words, "--target", str(target), str(source)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return target


@pytest.fixture
def cockpit(installed: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in a folder with a config that names the kind."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "cockpit.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "PLAN.md").write_text("- [ ] ship it\n", encoding="utf-8")
    home = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("STATE", "CONFIG", "DATA")}
    env = {**os.environ, **home, "PYTHONPATH": str(installed), "HOME": str(tmp_path)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = words if words[0].startswith("-") else ("-m", "cockpit", *words)
        return subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=90,
        )

    return run


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_config_and_init_know_it(cockpit: Run, tmp_path: Path) -> None:
    schema = json.loads(cockpit("config", "schema").stdout)
    assert schema["properties"]["disk"]["description"] == "disks and how full they may be"
    assert cockpit("config", "validate").returncode == 0
    assert "fail_above = 100" in cockpit("config", "show").stdout

    path = tmp_path / "project" / "cockpit.toml"
    path.write_text(CONFIG.replace("fail_above", "fail_abov"), encoding="utf-8")
    wrong = cockpit("config", "validate")
    assert wrong.returncode == 78
    assert 'disk[0].fail_abov: unknown key; did you mean "fail_above"?' in wrong.stderr
    path.write_text(CONFIG.replace('folder = "."', 'folder = "gone"'), encoding="utf-8")
    assert 'disk[0].folder: there is no folder "gone"' in cockpit("config", "validate").stderr
    path.write_text(CONFIG.replace("disk:data", "disk:date"), encoding="utf-8")
    assert 'no probe is called "date disk"' in cockpit("config", "validate").stderr

    path.unlink()
    assert cockpit("init").returncode == 0
    assert "# [[disk]]\n" in path.read_text(encoding="utf-8")


def test_check_runs_it_in_every_format(cockpit: Run) -> None:
    seen = json.loads(cockpit("check", "--only", "data disk", "--format", "json").stdout)
    (probe,) = seen["probes"]
    assert (probe["kind"], probe["verdict"]) == ("disk", "OK")
    assert set(probe["findings"][0]["facts"]) == {"total", "free", "used_percent"}
    table = cockpit("check", "--only", "data disk")
    assert table.returncode == 0 and "data disk" in table.stdout


def test_an_item_that_requires_it_is_set_once_it_is_green(cockpit: Run) -> None:
    refused = cockpit("checklist", "set", "PLAN.md", "done", "--text", "ship it")
    assert refused.returncode == 1 and "disk:data disk is not known" in refused.stderr
    assert cockpit("check", "--only", "data disk").returncode == 0
    done = cockpit("checklist", "set", "PLAN.md", "done", "--text", "ship it")
    assert done.returncode == 0, done.stderr


def test_the_screen_shows_it_in_the_pane_of_kinds_without_one(cockpit: Run) -> None:
    shown = cockpit("-c", SCREEN)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[-1] == "focused others"
    assert any("data disk" in line for line in lines)
    assert any("% in use, at most 100 %" in line and "total=" in line for line in lines)


def test_without_its_distribution_the_table_is_unknown(tmp_path: Path) -> None:
    from cockpit.config.errors import ConfigErrors
    from cockpit.config.load import loads

    with pytest.raises(ConfigErrors, match="disk: unknown table"):
        loads('[[disk]]\nname = "a"\nfolder = "."\n', tmp_path)
