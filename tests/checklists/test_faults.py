"""Every system call of an edit fails once, and the process dies at every one of them.

Whatever happens the file is the old or the new one, byte for byte, and a failure is told.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.checklists import ChecklistError, Status, anchor_of, parse, set_item

if sys.platform != "linux":
    pytest.skip("the Linux calls", allow_module_level=True)

from cockpit.checklists.editing.platform_linux import Calls, LinuxFiles

OLD = b"- [ ] box\n\n## P1.1: t\n**Status:** NOT STARTED\n" + b"text\n" * 50
NEW = {
    0: OLD.replace(b"[ ]", b"[x]"),
    1: OLD.replace(b"NOT STARTED", b"COMPLETE"),
}


class Trap(Calls):
    """Does `act` at the n-th call; counts calls."""

    def __init__(self, nth: int, act: Callable[[Callable[[], Any]], Any]) -> None:
        self._state = {"count": 0, "name": ""}
        self._nth = nth
        self._act = act

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if name.startswith("_"):
            return value

        def call(*args: Any) -> Any:
            self._state["count"] += 1
            if self._state["count"] == self._nth:
                self._state["name"] = name
                if name == "close":  # closes whatever it reports
                    value(*args)
                    return self._act(lambda: None)
                return self._act(lambda: value(*args))
            return value(*args)

        return call


def no_pause(_: float) -> None:
    """Do not wait."""


def attempt(path: Path, index: int, calls: Calls) -> None:
    document = parse(OLD)
    anchor = anchor_of(document, document.items[index])
    set_item(path, anchor, Status.DONE, platform=LinuxFiles(calls, no_pause), pause=no_pause)


def sweep(tmp_path: Path, index: int, run: Callable[[Path, int], Trap | None]) -> int:
    """Run with the trap at call 1, 2, … until none is left; the number of calls."""
    for nth in range(1, 200):
        folder = tmp_path / str(nth)
        folder.mkdir()
        path = folder / "list.md"
        path.write_bytes(OLD)
        os.setxattr(path, "user.k", b"v")
        trap = run(path, nth)
        assert path.read_bytes() in (OLD, NEW[index])
        for other in folder.iterdir():  # a twin that was not finished was not used
            assert other.read_bytes() == OLD or NEW[index].startswith(other.read_bytes())
        if trap is None:
            return nth
    raise AssertionError("too many calls")


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES, errno.ENOENT])
def test_every_call_fails_once(tmp_path: Path, index: int, code: int) -> None:
    def fail(_: Callable[[], Any]) -> Any:
        raise OSError(code, os.strerror(code))

    def run(path: Path, nth: int) -> Trap | None:
        trap = Trap(nth, fail)
        try:
            attempt(path, index, trap)
        except ChecklistError as error:
            assert str(path) in str(error)
            if "nothing was changed" in str(error) and trap._state["name"] != "close":
                assert path.read_bytes() == OLD
        else:
            assert path.read_bytes() == NEW[index]
        if trap._state["name"] not in ("unlink", "pread", "close", "lease", "leased", "open"):
            assert len(list(path.parent.iterdir())) == 1, trap._state["name"]
        return trap if trap._state["name"] else None

    assert sweep(tmp_path, index, run) > 8


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_death_at_every_call(tmp_path: Path, index: int, after: bool) -> None:
    def die(call: Callable[[], Any]) -> Any:
        if after:
            call()
        os._exit(42)

    def run(path: Path, nth: int) -> Trap | None:
        child = os.fork()
        if child == 0:
            try:
                attempt(path, index, Trap(nth, die))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, 42)
        if code == 0:
            assert path.read_bytes() == NEW[index]
        return Trap(nth, die) if code == 42 else None

    assert sweep(tmp_path, index, run) > 8
