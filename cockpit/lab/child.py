"""The protocol of the lab's child processes: how they report, take orders and end.

A child writes `ready <port> <pid>` on its standard output once it is up. Then it reads orders from
its standard input, one word or two a line, and answers each with `done <order>` or
`failed <order>: <reason>`. The pipe is also the bond to the lab: when it closes, the lab is gone,
whichever way it died, and the child ends too. `stop` before the end says that the lab ends by
itself and tidies up; an end without it makes the child an orphan.

Only the standard library's light modules are imported here: a child is up in a tenth of a second.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

Now: TypeAlias = Callable[[], datetime]
Orders: TypeAlias = Mapping[str, Callable[[], None]]

WORKSPACE_PREFIX = "cockpit-lab-"
MARKER = ".lab"


def utc_now() -> datetime:
    """The present time, handed in at `main`.

    The package's `SystemClock` is not used because its module loads asyncio, which alone takes
    longer than everything else a child imports.
    """
    return datetime.now(UTC)


def announce(port: int) -> None:
    """Tell the lab that this process is up; port 0 means it listens nowhere.

    The PID is the child's own: a virtual environment's launcher on Windows is a process of its own.
    """
    _say(f"ready {port} {os.getpid()}")


def obey(orders: Orders, ended: Callable[[bool], None]) -> threading.Thread:
    """Carry out orders in a daemon thread until the pipe closes, then call `ended(orphaned)`."""

    def run() -> None:
        stopped = False
        for order in _lines(0):
            if order == "stop":
                stopped = True
            elif order not in orders:
                _say(f"failed {order}: unknown order")
            else:
                try:
                    orders[order]()
                except OSError as error:
                    _say(f"failed {order}: {error}")
                else:
                    _say(f"done {order}")
        ended(not stopped)

    thread = threading.Thread(target=run, name="orders", daemon=True)
    thread.start()
    return thread


def remove_orphaned(workspace: Path) -> None:
    """Delete a temporary workspace whose lab died. Anything else than such a folder stays."""
    if workspace.name.startswith(WORKSPACE_PREFIX) and (workspace / MARKER).is_dir():
        os.chdir(tempfile.gettempdir())  # Windows keeps a folder that somebody stands in
        remove_tree(workspace, attempts=100)


def remove_tree(folder: Path, *, attempts: int) -> None:
    """Delete a folder in which others may write for a moment longer; 20 ms between attempts."""
    for attempt in range(attempts):
        if attempt:
            time.sleep(0.02)
        if sys.platform == "win32":  # git's objects are read-only, and Windows keeps such files
            for path in folder.rglob("*"):
                with suppress(OSError):
                    path.chmod(stat.S_IWRITE)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _say(line: str) -> None:
    # Written to the descriptor itself: `print` would share a lock with a dying interpreter.
    try:
        os.write(1, f"{line}\n".encode())
    except OSError as error:
        print(f"the lab no longer listens: {error}", file=sys.stderr)  # noqa: T201


def _lines(descriptor: int) -> Iterator[str]:
    # Not `sys.stdin`: the interpreter cannot shut down while a daemon thread holds its lock.
    rest = b""
    while chunk := _read(descriptor):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").strip()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""  # Windows reports a pipe whose other end died as an error
