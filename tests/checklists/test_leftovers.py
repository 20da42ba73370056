"""What an edit leaves behind: our own bytes go, what may be somebody's stays and is told."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
import time
from pathlib import Path

import pytest
from support import until

from cockpit.checklists import ChecklistError, EditKeptAside, Status, anchor_of, parse, set_item
from cockpit.checklists.editing import twins
from cockpit.checklists.editing.leftovers import leftovers
from cockpit.checklists.editing.platform_api import FilePlatform, this_platform
from cockpit.checklists.editing.twins import UNUSED, complete, twins_of, unfinished

TEXT = b"## P1.1: t\n**Status:** NOT STARTED\n"
LATER = time.time() + 3600

linux = pytest.mark.skipif(sys.platform != "linux", reason="leases, and children at system calls")


def press(file: Path, status: Status, platform: FilePlatform | None = None) -> None:
    document = parse(file.read_bytes())
    set_item(file, anchor_of(document, document.items[0]), status, platform=platform)


def age(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make everything else old beside `path`, by the clock of the file system."""
    seconds = 0.05
    monkeypatch.setattr(twins, "_DEAD_FOR", seconds)
    before = path.stat().st_ctime

    def older() -> bool:
        path.chmod(path.stat().st_mode)
        return path.stat().st_ctime - before > seconds

    until(older)


def test_what_holds_a_line_that_the_file_lacks_is_told(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    file.write_bytes(TEXT + b"more\n")
    for name, data in {
        ".list.md.cockpit-00000001": TEXT,
        ".list.md.cockpit-00000002": b"another\n",
        ".list.md.cockpit-00000003": b"more\nmore\n",
        ".other.md.cockpit-00000004": b"another\n",
        ".list.md.cockpit-x": b"another\n",
    }.items():
        (tmp_path / name).write_bytes(data)
    assert leftovers([file], time.time()) == (), "an edit may be going on"
    found = leftovers([file, file], LATER)
    assert [(one.path.name[-8:], one.ours) for one in found] == [
        ("00000002", False),
        ("00000003", False),
    ]
    assert "bring over what is missing there" in found[0].advice
    recorded = hashlib.sha256(b"another\n").hexdigest()
    ours, other = leftovers([file], LATER, lambda: frozenset([recorded]))
    assert (ours.ours, other.ours) == (True, False)
    assert "nothing of it is missing; remove it" in ours.advice
    assert leftovers([tmp_path / "nowhere" / "list.md"], LATER) == ()
    file.unlink()
    assert len(leftovers([file], LATER)) == 3


def test_a_twin_is_our_own_by_its_name_as_long_as_nobody_wrote_to_it(tmp_path: Path) -> None:
    file = tmp_path / "list.md"
    file.write_bytes(TEXT)
    system = this_platform()
    making = unfinished(file)
    making.write_bytes(b"## P1.1: t\n**Sta")
    new = TEXT.replace(b"NOT STARTED", b"COMPLETE")
    twin = complete(file, system.make_twin(file, new), TEXT, new)
    assert [path for path, _ in twins_of(file)] == sorted([making, twin])
    assert leftovers([file], LATER) == ()
    twin.write_bytes(new + b"somebody's line\n")
    assert [one.path for one in leftovers([file], LATER)] == [twin]


def test_a_name_that_is_long_already_gets_a_twin_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 230 + ".md")
    file.write_bytes(TEXT)
    press(file, Status.DONE)
    assert b"COMPLETE" in file.read_bytes()
    assert os.listdir(tmp_path) == [file.name]


@linux
@pytest.mark.parametrize("died", ["made", "exchanged"])
def test_what_a_crash_leaves_of_ours_goes_with_a_later_edit(
    tmp_path: Path, died: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform != "linux":
        return
    from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

    class Dies(Calls):
        def fsync(self, fd: int) -> None:
            if died == "made":
                os._exit(errno.EIO)

        def unlink(self, path: Path) -> None:
            os._exit(errno.EIO)

    file = tmp_path / "list.md"
    file.write_bytes(TEXT)
    child = os.fork()
    if child == 0:
        press(file, Status.DONE, LinuxFiles(Dies()))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == errno.EIO
    ((left, _),) = twins_of(file)
    assert leftovers([file], LATER) == ()
    press(file, Status.DOING)
    assert left.exists(), "it may belong to an edit by another machine"
    age(file, monkeypatch)
    press(file, Status.BLOCKED)
    assert os.listdir(tmp_path) == ["list.md"]


@linux
def test_nor_goes_what_another_program_wrote_to_after_the_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = os.fork()
    file = tmp_path / "list.md"
    if child == 0:
        file.write_bytes(TEXT)
        new = TEXT + b"new\n"
        complete(file, this_platform().make_twin(file, new), TEXT, new)
        os._exit(0)
    os.waitpid(child, 0)
    ((left, _),) = twins_of(file)
    left.write_bytes(TEXT + b"somebody's line\n")
    age(file, monkeypatch)
    press(file, Status.DONE)
    assert left.exists()


@linux
def test_a_twin_that_a_starting_child_holds_is_removed_when_it_is_free(tmp_path: Path) -> None:
    """Between its fork and its exec a child holds what was open here: here it stays there."""
    if sys.platform != "linux":
        return
    from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

    hears, tells = os.pipe()
    children: list[int] = []

    class Forks(Calls):
        def fsync(self, fd: int) -> None:
            super().fsync(fd)
            if not children:
                children.append(os.fork())
                if children[0] == 0:
                    for other in {int(name) for name in os.listdir("/proc/self/fd")} - {fd, hears}:
                        with contextlib.suppress(OSError):
                            os.close(other)
                    os.read(hears, 1)
                    os._exit(0)

    file = tmp_path / "list.md"
    file.write_bytes(TEXT)
    system = LinuxFiles(Forks())
    press(file, Status.DONE, system)
    assert b"COMPLETE" in file.read_bytes()
    ((left, _),) = twins_of(file)
    assert leftovers([file], LATER) == ()
    os.close(tells)
    os.waitpid(children[0], 0)
    os.close(hears)
    press(file, Status.DOING, system)
    assert not left.exists()
    assert os.listdir(tmp_path) == ["list.md"]


@linux
def test_nothing_is_left_beside_children_that_are_started_all_the_time(tmp_path: Path) -> None:
    if sys.platform != "linux":
        return
    import subprocess
    import threading

    over = threading.Event()

    def start_children() -> None:
        while not over.is_set():
            subprocess.run(["true"], check=True)

    file = tmp_path / "list.md"
    file.write_bytes(TEXT)
    thread = threading.Thread(target=start_children)
    thread.start()
    try:
        for status in (Status.DONE, Status.DOING, Status.TODO) * 10:
            press(file, status)
    finally:
        over.set()
        thread.join()
    UNUSED.sweep()
    assert os.listdir(tmp_path) == ["list.md"]


@linux
def test_a_twin_that_cannot_be_removed_is_removed_with_the_next_edit(tmp_path: Path) -> None:
    if sys.platform != "linux":
        return
    from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

    class Scanned(Calls):
        """A virus scanner or a backup holds the file for a while."""

        free = False

        def unlink(self, path: Path) -> None:
            if not self.free:
                raise PermissionError(errno.EACCES, "in use", str(path))
            super().unlink(path)

    file = tmp_path / "list.md"
    file.write_bytes(TEXT)
    calls = Scanned()
    press(file, Status.DONE, LinuxFiles(calls))
    assert len(list(twins_of(file))) == 1
    calls.free = True
    press(file, Status.DOING, LinuxFiles(calls))
    assert os.listdir(tmp_path) == ["list.md"]


def test_versions_that_were_kept_for_a_person_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "list.md"
    file.write_bytes(TEXT)
    kept = tmp_path / ".list.md.cockpit-0123abcd"
    kept.write_bytes(TEXT + b"somebody's line\n")
    age(file, monkeypatch)
    try:
        press(file, Status.DONE)
    except (ChecklistError, EditKeptAside) as error:
        raise AssertionError("the edit has nothing to do with it") from error
    assert kept.exists()
