"""What an edit that was cut short leaves behind is found, told, and never removed."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

import pytest

from cockpit.checklists import Status, anchor_of, parse, set_item
from cockpit.checklists.editing.leftovers import leftovers

TEXT = b"## P1.1: t\n**Status:** NOT STARTED\n"
LATER = time.time() + 3600


def test_names_and_ages(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    file.write_bytes(TEXT)
    for name in (".list.md.cockpit-0123abcd", ".other.md.cockpit-0123abcd", ".list.md.cockpit-x"):
        (tmp_path / name).write_bytes(TEXT)
    (tmp_path / ".list.md.cockpit-ffffffff").write_bytes(b"another\n")
    assert leftovers([file], time.time()) == (), "an edit may be going on"
    found = leftovers([file, file], LATER)
    assert [(one.path.name[-8:], one.same) for one in found] == [
        ("0123abcd", True),
        ("ffffffff", False),
    ]
    assert "the same as list.md: remove it" in found[0].advice
    assert "bring over what is missing there" in found[1].advice
    assert leftovers([tmp_path / "nowhere" / "list.md"], LATER) == ()
    file.unlink()
    assert not any(one.same for one in leftovers([file], LATER))


@pytest.mark.skipif(sys.platform != "linux", reason="kills a child at a system call")
def test_what_a_crash_leaves_is_found_and_the_next_edit_leaves_it(tmp_path: Path) -> None:
    if sys.platform != "linux":
        return
    from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

    class Dies(Calls):
        def unlink(self, path: Path) -> None:
            os._exit(errno.EIO)

    file = tmp_path / "list.md"
    file.write_bytes(TEXT)

    def press(status: Status, calls: Calls) -> None:
        document = parse(file.read_bytes())
        anchor = anchor_of(document, document.items[0])
        set_item(file, anchor, status, platform=LinuxFiles(calls))

    child = os.fork()
    if child == 0:
        press(Status.DONE, Dies())
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == errno.EIO
    (one,) = leftovers([file], LATER)
    assert (one.path.read_bytes(), one.same) == (TEXT, False)
    press(Status.DOING, Calls())
    assert one.path.read_bytes() == TEXT
