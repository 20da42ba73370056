"""A folder a config may speak of."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "PLAN.md").write_text("- [ ] one\n", encoding="utf-8")
    return tmp_path
