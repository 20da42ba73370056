"""What a verb loads: the screen's library only when a screen is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import DEADLINE, Listening, environment, write_config

PROBE = """
import sys
from cockpit.cli import run
try:
    code = run(sys.argv[1:])
finally:
    heavy = {name.split(".")[0] for name in sys.modules} & {"textual", "cockpit_widgets"}
    print("LOADED", sorted(heavy), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["check", "--help"],
        ["check", "--config", "cockpit.toml"],
        ["check", "--config", "cockpit.toml", "--format", "json"],
        ["config", "validate", "--config", "cockpit.toml"],
        ["config", "show", "--config", "cockpit.toml"],
        ["config", "schema"],
        ["evidence", "log", "--config", "cockpit.toml"],
        ["checklist", "list", "LIST.md"],
        ["checklist", "set", "LIST.md", "done", "--line", "3"],
    ],
    ids=" ".join,
)
def test_without_a_screen_the_screen_library_is_not_loaded(
    words: list[str], tmp_path: Path
) -> None:
    with Listening() as listening:
        write_config(tmp_path, listening.port)
        done = subprocess.run(
            [sys.executable, "-c", PROBE, *words],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=DEADLINE,
            check=True,
        )
    assert "LOADED []" in done.stderr


ONE_TICK = """
import sys
from cockpit.cli import run
code = run(["checklist", "set", "LIST.md", "done", "--line", "3"])
print("CODE", code, *sorted(sys.modules), file=sys.stderr)
"""


def test_one_tick_loads_no_client_and_no_other_probe(tmp_path: Path) -> None:
    smoke = '[[smoke]]\nname = "api"\nbase_url = "http://127.0.0.1:1"\nsymbols = ["SPY"]\n'
    write_config(tmp_path, 1, smoke)
    done = subprocess.run(
        [sys.executable, "-c", ONE_TICK],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=True,
    )
    told, code, *loaded = done.stderr.split()
    assert (told, code) == ("CODE", "0"), done.stderr
    assert "- [x] one" in (tmp_path / "LIST.md").read_text(encoding="utf-8")
    assert "cockpit.kinds.checklist.probe" in loaded
    others = ("httpx", "jsonpath", "textual", "cockpit.engine.scheduler")
    kinds = ("smoke", "listener", "gate", "heartbeat")
    unwanted = {*others, *(f"cockpit.kinds.{kind}.probe" for kind in kinds)}
    assert unwanted & set(loaded) == set()


def test_a_widgets_package_of_the_users_own_project_is_not_ours(tmp_path: Path) -> None:
    """`python -m cockpit` puts the current folder first on the path."""
    decoy = tmp_path / "cockpit_widgets"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("raise SystemExit('the decoy was imported')")
    (tmp_path / "rich.py").write_text("raise SystemExit('the decoy was imported')")
    with Listening() as listening:
        write_config(tmp_path, listening.port)
        done = subprocess.run(
            [sys.executable, "-m", "cockpit", "check"],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=DEADLINE,
            check=False,
        )
    assert "decoy" not in done.stdout + done.stderr
    assert done.returncode == 1, done.stderr
