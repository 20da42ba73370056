"""Textual's driver of POSIX terminals, with an eye on the link and on a terminal that is gone.

Textual's own writes into a queue of 30 frames; on a slow link the picture falls minutes behind.
When the terminal goes away without a signal its input thread reads the end of the file for ever.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import threading
from collections.abc import Callable
from typing import Any, TextIO, cast

from textual import events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from cockpit_widgets.link import WHERE_IS_THE_CURSOR
from cockpit_widgets.textual_internals import PacedApp

assert sys.platform != "win32"

_LAST_WORDS = 0.2
"""Seconds given to what is under way when the screen is left."""
_CANCEL = "\x18"
"""Ends a control sequence of which the rest was thrown away."""
_SYNC_END = "\x1b[?2026l"
_GONE = select.POLLHUP | select.POLLERR


class _CountedFile:
    """The terminal as Textual's writer sees it: what the system has taken is told, and where it
    takes nothing any more the rest is dropped.

    It is written to directly. A thread that hangs in a write to `sys.stderr` holds its lock, and
    the interpreter could not end.
    """

    def __init__(self, file: TextIO, took: Callable[[int], None], gone: Callable[[], None]) -> None:
        self._file = file
        self._took = took
        self._gone = gone
        self._texts: list[str] = []

    def write(self, text: str) -> int:
        self._texts.append(text)
        return len(text)

    def flush(self) -> None:
        text = "".join(self._texts)
        self._texts.clear()
        rest = memoryview(text.encode(self._file.encoding, "backslashreplace"))
        try:
            while rest:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._file.fileno(), rest) :]
                    continue
                select.select([], [self._file], [])
        except (OSError, ValueError):
            self._gone()
        self._took(len(text))

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()


class PacedDriver(LinuxDriver):
    """Tells the app's `Link` what was written and answered, and the app that nobody is there."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._paced = cast(PacedApp, app)
        self._link = self._paced.link
        self._told_gone = threading.Event()
        screen = cast(TextIO, self._file)
        self._file: Any = _CountedFile(screen, self._link.took, self._is_gone)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._link.ask(first=True):
            self.write(WHERE_IS_THE_CURSOR)
        threading.Thread(
            target=self._watch_for_the_end, name="cockpit-hang-up", daemon=True
        ).start()

    def write(self, data: str) -> None:
        self._link.give(len(data))
        super().write(data)

    def end_frame(self) -> None:
        """A frame is complete: ask, where it is time, whether the terminal has it."""
        if self._link.ask():
            self.write(WHERE_IS_THE_CURSOR)

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.CursorPosition):
            self._link.answer()
            return
        super().process_message(message)

    def disable_input(self) -> None:
        if not self.exit_event.is_set() and not self._link.settle(_LAST_WORDS):
            # Nobody reads, or slowly: what waits are pictures of a screen that is left.
            with contextlib.suppress(termios.error, OSError):
                termios.tcflush(self._file.fileno(), termios.TCOFLUSH)
            self.write(_CANCEL + _SYNC_END)
        super().disable_input()

    def close(self) -> None:
        # Textual waits for its writer without a limit; a terminal that takes nothing keeps it.
        if self._link.settle(_LAST_WORDS):
            super().close()

    def _watch_for_the_end(self) -> None:
        """Wait until the other side of the terminal is closed, which gives no signal to a process
        whose controlling terminal this is not."""
        poll = select.poll()
        poll.register(self.fileno, 0)
        if any(found & _GONE for _, found in poll.poll()):
            self._is_gone()

    def _is_gone(self) -> None:
        if not self._told_gone.is_set():
            self._told_gone.set()
            self._paced.hung_up()
