"""The checking script itself, on the checklists this project ships and on a bad apple."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.checklists import parse

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("tree_check.py")
SHIPPED = sorted((ROOT / "checklists").glob("*.md"))


def test_shipped_checklists_are_read_and_edited_without_a_difference() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(ROOT / "checklists")],
        cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"files {len(SHIPPED)}\n" in done.stdout


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_checklists_start_open(path: Path) -> None:
    document = parse(path.read_bytes())
    assert document.progress.total >= 10
    assert document.progress.done == 0
    assert document.encoding.valid
    assert not document.encoding.repaired
    texts = [item.text for item in document.counted]
    assert len(set(texts)) == len(texts)


def test_the_master_batch_has_ten_stages() -> None:
    document = parse((ROOT / "checklists" / "master_batch.md").read_bytes())
    assert [item.depth for item in document.items] == [0] * 10
