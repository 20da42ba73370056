"""Foreign writers in another process, seven ways: not one of their lines is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cockpit.checklists import Form
from tests.trials import races

if sys.platform not in ("linux", "win32"):
    pytest.skip("other systems promise less", allow_module_level=True)


@pytest.mark.parametrize("form", [Form.BOX, Form.STATUS_LINE])
@pytest.mark.parametrize("mode", races.MODES)
def test_no_foreign_line_is_lost(tmp_path: Path, mode: str, form: Form) -> None:
    race = races.run(mode, 60, form, tmp_path)
    assert race.edits + race.refused > 0
    assert race.ok, race


@pytest.mark.skipif(sys.platform != "linux", reason="leases are for owners")
@pytest.mark.parametrize("mode", races.MODES)
def test_nor_in_a_file_of_somebody_else(tmp_path: Path, mode: str) -> None:
    """Without a lease a version may have to be put aside; that is told, and nothing is dropped."""
    race = races.run(mode, 60, Form.BOX, tmp_path, platform=races.somebody_elses)
    assert race.edits + race.refused > 0
    assert race.lost == 0
