"""For child processes that must not outlive their parent, however that parent dies.

The parent keeps the write end of a pipe that is the child's standard input and never writes to it.
The kernel closes it when the parent ends, also by SIGKILL; the child reads end-of-file and leaves.
Works alike on Linux, macOS and Windows, and does not depend on the thread that started the child.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


def exit_when_stdin_closes(
    on_close: Callable[[], None] | None = None, *, fd: int = 0, exit_code: int = 0
) -> threading.Thread:
    """Watch `fd` (standard input) in a daemon thread and end this process when it closes.

    `on_close` runs in that thread before the process ends, for example to remove a pidfile; the
    process ends with `exit_code` even when it raises. What arrives on `fd` is thrown away. The
    process is left by `os._exit`: no `finally` and no `atexit` runs.
    """
    thread = threading.Thread(
        target=_wait_for_end, args=(fd, on_close, exit_code), name="parent-death", daemon=True
    )
    thread.start()
    return thread


def _wait_for_end(fd: int, on_close: Callable[[], None] | None, exit_code: int) -> None:
    try:
        while os.read(fd, 4096):
            pass
    except OSError:
        pass  # a descriptor that was closed or never opened means the same as end-of-file
    try:
        if on_close is not None:
            on_close()
    finally:
        os._exit(exit_code)
