"""What a holder of a lock noted, while it lives and after it was killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cockpit.system.control.target_lock import TargetBusy, TargetLock, notes_left_in

HOLDER = (  # argv: the file, who it is, what is noted
    "import sys\n"
    "from pathlib import Path\n"
    "from cockpit.system.control.target_lock import TargetLock\n"
    "with TargetLock(Path(sys.argv[1]), sys.argv[2]) as lock:\n"
    "    lock.note(sys.argv[3])\n"
    "    print('up', flush=True)\n"
    "    sys.stdin.readline()\n"
)


def holds(path: Path, who: str, note: str) -> list[str]:
    return [sys.executable, "-c", HOLDER, str(path), who, note]


def test_a_killed_holder_leaves_its_notes_until_the_next_one(start, tmp_path: Path) -> None:
    path = tmp_path / "pid-7.lock"
    assert notes_left_in(path) == ()
    holder = start(holds(path, "bob is ending 7", "a1 asked 7 to end"), ready=True)
    assert notes_left_in(path) == (), "it still holds it"
    with pytest.raises(TargetBusy, match=r"^bob is ending 7$"), TargetLock(path, "ann"):
        pass
    holder.kill()
    holder.wait()
    assert notes_left_in(path) == ("a1 asked 7 to end",)
    with TargetLock(path, "ann is ending 7"):
        pass
    assert notes_left_in(path) == ()


def test_a_holder_that_lets_go_leaves_no_note(tmp_path: Path) -> None:
    path = tmp_path / "pid-7.lock"
    with TargetLock(path, "bob is ending 7") as lock:
        lock.note("a1 asked 7 to end")
    assert notes_left_in(path) == ()


def test_a_killed_holder_leaves_its_own_notes_and_nobody_elses(start, tmp_path: Path) -> None:
    path = tmp_path / "pid-7.lock"
    for who, note in (("bob is ending 7", "a1 asked 7 to end"), ("ann", "b2")):
        holder = start(holds(path, who, note), ready=True)
        with pytest.raises(TargetBusy, match=f"^{who}$"), TargetLock(path, "eve"):
            pass
        holder.kill()
        holder.wait()
    assert notes_left_in(path) == ("b2",)
