"""What the first picture knows of a config: what it will be once it is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.config.errors import ConfigErrors
from cockpit.config.load import load
from cockpit.config.preview import preview

WHOLE = """
[cockpit]
label = "LIVE 2"
[[smoke]]
name = "options"
base_url = "http://127.0.0.1:8001"
[[checklist]]
file = "LIST.md"
[[listener]]
name = "backend"
port = 8001
[[listener]]
name = "db"
port = 5432
"""


def test_it_names_what_the_checked_config_names_in_the_same_order(tmp_path: Path) -> None:
    (tmp_path / "LIST.md").write_text("- [ ] one\n", encoding="utf-8")
    path = tmp_path / "cockpit.toml"
    path.write_text(WHOLE, encoding="utf-8")
    seen, loaded = preview(path), load(path)
    assert list(seen.names) == [table.name for table in loaded.config.probes()]
    assert (seen.label, seen.folder, seen.path) == ("LIVE 2", loaded.folder, loaded.path)


@pytest.mark.parametrize(
    "text",
    [
        "listener = 3",
        "[listener]\nname = 4",
        "[[listener]]\nname = 4",
        'checklist = ["a"]',
        'cockpit = "x"',
        "[cockpit]\nlabel = [1]",
        f'[cockpit]\nlabel = "{"x" * 80}"',
    ],
)
def test_wrong_values_are_passed_over(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(text, encoding="utf-8")
    assert preview(path).names == ()
    assert preview(path).label == ""


def test_escape_sequences_in_names_are_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(
        '[cockpit]\nlabel = "\\u001b[2Jx"\n[[gate]]\nname = "\\u001b]0;a"\n', encoding="utf-8"
    )
    seen = preview(path)
    assert "\x1b" not in seen.label + "".join(seen.names)


@pytest.mark.parametrize("text", ["[[listener]", "a = 1\na = 2"])
def test_what_is_not_toml_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigErrors, match=r"cockpit\.toml:\d"):
        preview(path)
