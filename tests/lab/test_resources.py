"""The ready-made checklists are found by name, and only by a plain name."""

from __future__ import annotations

import pytest

from cockpit.resources import shipped_checklist, shipped_checklists


@pytest.mark.parametrize("name", ["master_batch", "paper_live_daily"])
def test_a_checklist_is_found_with_and_without_its_ending(name: str) -> None:
    path = shipped_checklist(name)
    assert path == shipped_checklist(f"{name}.md")
    assert path in shipped_checklists()
    assert b"[ ]" in path.read_bytes()


@pytest.mark.parametrize("name", ["", ".", "..", "../README", "/etc/passwd", "a\\b", ".hidden"])
def test_a_path_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        shipped_checklist(name)


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(FileNotFoundError, match="master_batch"):
        shipped_checklist("no_such_list")
