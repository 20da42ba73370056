"""Run a lab without a screen: print where it is, then wait to be ended."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from cockpit.lab.stack import Lab

# Windows does not wake a waiting main thread for a signal; this is how long one can go unnoticed.
_LOOK_UP_SECONDS = 0.5
if sys.platform == "win32":
    _SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGBREAK)
else:
    _SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Ended(BaseException):
    """A signal asks to end. Not an Exception, so that nothing in between takes it for a fault."""


def run_headless(lab: Lab, stop: threading.Event, out: TextIO) -> None:
    """Print `workspace <path>` and `config <path>`, then wait for `stop` or an ending signal.

    In the main thread SIGTERM, SIGINT and SIGHUP (on Windows SIGBREAK) end the wait unless they
    are ignored; the former handlers are back when this returns. The lab runs on: its owner ends it.
    """
    try:
        with _ending_signals():
            out.write(f"workspace {lab.workspace}\nconfig {lab.config}\n")
            out.flush()
            while not stop.wait(_LOOK_UP_SECONDS):
                continue
    except _Ended:
        return


@contextmanager
def _ending_signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What the caller ignores stays ignored: a hang-up under nohup, Ctrl-C for a background job.
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    former = {number: signal.signal(number, _raise) for number in heard}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _raise(number: int, frame: object) -> NoReturn:
    # Setting the event here could deadlock: the wait it interrupts may hold the event's lock.
    raise _Ended
