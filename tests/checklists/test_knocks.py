"""A wide marker in a file to which another program appends all the time: let in, then exchanged."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from cockpit.checklists import AnchorLost, FileBusy, Status, anchor_of, parse, set_item
from cockpit.checklists.editing.platform_api import Held

if sys.platform != "linux":
    pytest.skip("leases tell who waits", allow_module_level=True)

import fcntl

from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

TEXT = b"## P1.1: t\n**Status:** NOT STARTED\n\nwords\n"
DONE = TEXT.replace(b"NOT STARTED", b"COMPLETE")


class Knocking(LinuxFiles):
    """Another program waits to write whenever the file is held, `times` times."""

    def __init__(self, file: Path, times: int, line: bytes = b"foreign\n") -> None:
        super().__init__()
        self.file, self.times, self.line = file, times, line
        self.twins = 0

    def make_twin(self, path: Path, data: bytes) -> Path:
        self.twins += 1
        return super().make_twin(path, data)

    @contextlib.contextmanager
    def hold(self, path: Path, *, readers: bool) -> Iterator[Held]:
        with super().hold(path, readers=readers) as held:
            if path == self.file and self.times > 0:
                self.times -= 1
                waiting = _Waiting(held, path, self.line)
                yield cast("Held", waiting)
                waiting.close()
            else:
                yield held


class _Waiting:
    """A held file that somebody waits for; he has his turn as soon as it is let go of."""

    def __init__(self, held: Held, path: Path, line: bytes) -> None:
        self._held, self._path, self._line = held, path, line

    def close(self) -> None:
        if not self._held.closed:
            self._held.close()
            with self._path.open("ab") as file:
                file.write(self._line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._held, name)

    def wanted(self) -> bool:
        return True


def press(file: Path, platform: LinuxFiles, seen: bytes = TEXT) -> None:
    document = parse(seen)
    anchor = anchor_of(document, document.items[0])
    set_item(file, anchor, Status.DONE, platform=platform, pause=lambda _: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.md"
    path.write_bytes(TEXT)
    return path


@pytest.mark.parametrize("times", [0, 1, 3])
def test_what_is_appended_meanwhile_is_in_the_new_file(file: Path, times: int) -> None:
    platform = Knocking(file, times)
    press(file, platform)
    assert file.read_bytes() == DONE + b"foreign\n" * times
    assert platform.twins == 1, "one twin, however often somebody came in between"
    assert [path.name for path in file.parent.iterdir()] == ["list.md"]


def test_endless_knocks_are_a_refusal_without_a_trace(file: Path) -> None:
    with pytest.raises(FileBusy, match="keep changing it"):
        press(file, Knocking(file, 10_000))
    assert file.read_bytes().startswith(TEXT + b"foreign\n")
    assert set(file.read_bytes()[len(TEXT) :].split(b"\n")) == {b"foreign", b""}
    assert [path.name for path in file.parent.iterdir()] == ["list.md"]


def test_what_is_appended_may_make_the_change_a_wrong_one(file: Path) -> None:
    """A line of signs makes a heading of the one above it: there is no such item any more."""
    begun = TEXT.partition(b"\n\n")[0]
    file.write_bytes(begun)
    with pytest.raises(AnchorLost):
        press(file, Knocking(file, 1, b"\n====\n"), begun)
    assert file.read_bytes() == begun + b"\n====\n"
    assert [path.name for path in file.parent.iterdir()] == ["list.md"]


def test_a_second_task_of_that_name_below_changes_nothing(file: Path) -> None:
    press(file, Knocking(file, 1, b"\n" + TEXT))
    assert file.read_bytes() == DONE + b"\n" + TEXT


class Dying(Calls):
    """Somebody waits at the first look, appends once he is let in; we die at the n-th call."""

    def __init__(self, file: Path, nth: int) -> None:
        self._file, self._nth = file, nth
        self._count, self._knock = 0, ""

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name.startswith("_"):
            return value

        def call(*args: Any) -> Any:
            self._count += 1
            if self._count == self._nth:
                os._exit(42)
            done = value(*args)
            if name == "leased" and not self._knock:
                self._knock = "waits"
                return fcntl.F_UNLCK
            if name == "close" and self._knock == "waits":
                self._knock = "was let in"
                with self._file.open("ab") as file:
                    file.write(b"foreign\n")
            return done

        return call


def test_death_at_every_call_loses_neither_version(tmp_path: Path) -> None:
    for nth in range(1, 200):
        folder = tmp_path / str(nth)
        folder.mkdir()
        file = folder / "list.md"
        file.write_bytes(TEXT)
        child = os.fork()
        if child == 0:
            try:
                press(file, LinuxFiles(Dying(file, nth)))
            finally:
                os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        now = file.read_bytes()
        assert now in (TEXT, TEXT + b"foreign\n", DONE + b"foreign\n")
        if code == 0:
            assert now == DONE + b"foreign\n"
            assert [path.name for path in folder.iterdir()] == ["list.md"]
            assert nth > 25
            return
    raise AssertionError("too many calls")
