"""A config with mistakes ends the screen: exit 78, every mistake told, the terminal as it was."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import environment

if sys.platform == "win32":
    pytest.skip("needs a pseudo terminal", allow_module_level=True)

from terminals import Terminal

WRONG = '[[listener]]\nname = "backend"\nprot = 8001\n[[heartbeat]]\nname = "backend"\n'
LEAVE_ALTERNATE = "\x1b[?1049l"
"""What gives the terminal its former content back."""


def screen_on(config: Path) -> tuple[int, str, bool]:
    """Exit code, everything written, and whether the terminal's settings are as they were."""
    folder = config.parent
    argv = [sys.executable, "-m", "cockpit", "screen", "--config", config]
    with Terminal(argv, cwd=folder, env=environment(folder), columns=200) as terminal:
        return terminal.end(), terminal.text(), terminal.as_before


def test_wrong_values_are_told_after_the_screen_has_left(tmp_path: Path) -> None:
    config = tmp_path / "cockpit.toml"
    config.write_text(WRONG, encoding="utf-8")
    code, written, same = screen_on(config)
    assert code == 78
    assert same
    told = written.rpartition(LEAVE_ALTERNATE)[2]
    assert "cockpit.toml:3: listener[0].prot: unknown key" in told
    assert not (tmp_path / ".cockpit").exists(), "no store is opened for it"


def test_a_file_that_is_not_toml_never_opens_a_screen(tmp_path: Path) -> None:
    config = tmp_path / "cockpit.toml"
    config.write_text("[[listener]\n", encoding="utf-8")
    code, written, same = screen_on(config)
    assert code == 78
    assert same
    assert "not valid TOML" in written
    assert "\x1b[?1049h" not in written
