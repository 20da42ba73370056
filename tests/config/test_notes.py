"""What `config validate` says of a config that is right and probably not meant so."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import cockpit

from cockpit.config.load import load
from cockpit.config.notes import notes_of


def notes(folder: Path, text: str) -> list[str]:
    (folder / "cockpit.toml").write_text(text, encoding="utf-8")
    return [note.render("c") for note in notes_of(load(folder / "cockpit.toml"))]


def test_notes_name_the_line_the_key_and_a_way_out_and_stop_nothing(tmp_path: Path) -> None:
    (tmp_path / "LIST.md").write_text("# L\n\n- [ ] **A7.1** Open the desk\n", encoding="utf-8")
    (tmp_path / "beat.json").write_text("{}", encoding="utf-8")
    (tmp_path / "cockpit.toml").write_text(
        '[[listener]]\nname = "api"\nport = 1\nprocess = ["python3 -m shop.api"]\n\n'
        '[[heartbeat]]\nname = "engine"\nfile = "beats.json"\n\n'
        '[[checklist]]\nfile = "LIST.md"\nmirrors = ["LISTS.md"]\n'
        'requires = { "A7.2" = ["api"], "A7.1" = ["item:A8"] }\n',
        encoding="utf-8",
    )
    done = cockpit("config", "validate", cwd=tmp_path)
    assert done.returncode == 0
    first, *told = done.stdout.splitlines()
    assert first.endswith("right, 3 probes")
    assert told == [
        'note: cockpit.toml:4: listener[0].process: no argv holds "python3 -m shop.api" as one'
        ' word; one word an item: ["python3", "-m", "shop.api"]',
        'note: cockpit.toml:8: heartbeat[0].file: there is no file "beats.json";'
        ' did you mean "beat.json"?',
        'note: cockpit.toml:12: checklist[0].mirrors[0]: there is no file "LISTS.md";'
        ' did you mean "LIST.md"?',
        'note: cockpit.toml:13: checklist[0].requires."A7.2": no item is called "A7.2";'
        ' did you mean "A7.1 Open the desk"?',
        'note: cockpit.toml:13: checklist[0].requires."A7.1": no item is called "A8";'
        " give its ID, or its text as it stands after the box",
    ]


@pytest.mark.parametrize(
    "key", ["Stage 6", "stage 6", "Stage 6: open the desk", "B2.1", "Buy the **router**", "C-9"]
)
def test_an_item_is_found_by_every_name_people_read(tmp_path: Path, key: str) -> None:
    (tmp_path / "L.md").write_text(
        "- [ ] Stage 6: open the desk\n- [ ] `B2.1` file the form\n- [ ] Buy the router\n"
        "- [ ] [C-9] call\n",
        encoding="utf-8",
    )
    text = f'[[checklist]]\nfile = "L.md"\nrequires = {{ "{key}" = ["item:B2.1"] }}\n'
    assert notes(tmp_path, text) == []


def test_a_longer_number_is_another_item(tmp_path: Path) -> None:
    (tmp_path / "L.md").write_text("- [ ] B2.1.3 a\n- [ ] B2.10 b\n", encoding="utf-8")
    text = '[[checklist]]\nfile = "L.md"\nrequires = { "B2.1" = ["item:B2.10"] }\n'
    assert len(notes(tmp_path, text)) == 1


def test_what_is_meant_so_has_no_note(tmp_path: Path) -> None:
    (tmp_path / "My Shop").mkdir()
    (tmp_path / "beat.json").write_text("{}", encoding="utf-8")
    assert (
        notes(
            tmp_path,
            '[[listener]]\nname = "a"\nport = 1\n'
            'process = ["/opt/My Shop/serve", "--title", "A b"]\n'
            'start = ["sh", "-c", "exec serve --port 1"]\n'
            '[[heartbeat]]\nname = "b"\nfile = "beat.json"\nprocess = ["engine.py", "run"]\n',
        )
        == []
    )
