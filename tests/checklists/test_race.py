"""Foreign writers in another process, five ways: not one of their lines is lost."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cockpit.checklists import Form

if sys.platform not in ("linux", "win32"):
    pytest.skip("other systems promise less", allow_module_level=True)


def load_harness() -> ModuleType:
    path = Path(__file__).with_name("race_harness.py")
    spec = importlib.util.spec_from_file_location("race_harness", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["race_harness"] = module
    spec.loader.exec_module(module)
    return module


HARNESS = load_harness()


@pytest.mark.parametrize("form", [Form.BOX, Form.STATUS_LINE])
@pytest.mark.parametrize("mode", HARNESS.MODES)
def test_no_foreign_line_is_lost(tmp_path: Path, mode: str, form: Form) -> None:
    race = HARNESS.run(mode, 60, form, tmp_path)
    assert race.edits + race.refused > 0
    assert race.lost == 0
    assert race.aside == 0


@pytest.mark.skipif(sys.platform != "linux", reason="leases are for owners")
@pytest.mark.parametrize("mode", HARNESS.MODES)
def test_nor_in_a_file_of_somebody_else(tmp_path: Path, mode: str) -> None:
    """Without a lease a version may have to be put aside; that is told, and nothing is dropped."""
    race = HARNESS.run(mode, 60, Form.BOX, tmp_path, platform=HARNESS.somebody_elses)
    assert race.edits + race.refused > 0
    assert race.lost == 0
