"""The trials in a short form: their commands work, and what they judge holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

if sys.platform == "win32":
    pytest.skip("SIGKILL and pseudo terminals", allow_module_level=True)


def trial(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"tests.trials.{name}", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def held(name: str, *words: str) -> str:
    """What a trial prints that holds."""
    done = trial(name, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "held"
    return done.stdout


def test_what_kills_leave_is_whole() -> None:
    rows = [line.split() for line in held("kill", "--rounds", "3").splitlines()[1:4]]
    assert [row[-6] for row in rows] == ["1", "1", "1"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems promise less")
def test_the_races_print_a_row_for_each() -> None:
    assert "swap" in held("races", "--lines", "5", "--pace", "0.001")


def test_a_soak_counts_what_it_has_seen() -> None:
    """Too short to say anything of memory."""
    told = held("soak", "--minutes", "0.1", "--probes", "8", "--within", "1000")
    assert "flat within 1000 MB" in told
