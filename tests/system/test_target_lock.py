"""What a holder of a lock noted, while it lives and after it was killed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cockpit.system.control.target_lock import TargetBusy, TargetLock, notes_left_in

HOLDER = (
    "import sys\n"
    "from pathlib import Path\n"
    "from cockpit.system.control.target_lock import TargetLock\n"
    "with TargetLock(Path(sys.argv[1]), 'bob is ending 7') as lock:\n"
    "    lock.note('a1 asked 7 to end')\n"
    "    print('up', flush=True)\n"
    "    sys.stdin.readline()\n"
)


def test_a_killed_holder_leaves_its_notes_until_the_next_one(start, tmp_path: Path) -> None:
    path = tmp_path / "pid-7.lock"
    assert notes_left_in(path) == ()
    holder = start([sys.executable, "-c", HOLDER, str(path)], ready=True)
    assert notes_left_in(path) == (), "it still holds it"
    with pytest.raises(TargetBusy, match=r"^bob is ending 7$"), TargetLock(path, "ann"):
        pass
    holder.kill()
    holder.wait()
    assert notes_left_in(path) == ("a1 asked 7 to end",)
    with TargetLock(path, "ann is ending 7"):
        pass
    assert notes_left_in(path) == ()
