"""The terminal's settings: saved, and restored even when the screen can't exit any more."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from cockpit.cli.exits import CANNOT_WRITE, USAGE, CommandError

GRACE = 0.7
"""Seconds an orderly exit may take after a signal before the process leaves without it."""


_STDIN = 0


def require_terminal() -> None:
    """Raise CommandError where a screen could not be drawn or no key would reach it."""
    if not (_is_terminal(sys.__stdin__) and _is_terminal(sys.__stdout__)):
        raise CommandError(
            "the screen needs a terminal; `cockpit check` and `cockpit collect` do without one",
            USAGE,
        )
    # Textual writes the screen to stderr, except on Windows.
    if sys.platform != "win32" and not _is_terminal(sys.__stderr__):
        raise CommandError(
            "the screen draws on stderr, which is redirected: leave out the `2>`", USAGE
        )


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


class Terminal:
    """The saved settings of the terminal; the last resort when a write to it hangs.

    A terminal whose other side has stopped reading (a dead link, a stopped multiplexer) blocks the
    screen's own thread: an orderly exit would wait for ever.
    """

    def __init__(self) -> None:
        self._settings = _settings()
        self._timer: threading.Timer | None = None

    def leave_soon(self, close: Callable[[], object]) -> None:
        """In `GRACE` seconds call `close`, restore the settings and end the process.

        The exit code is 74 when `close` says, in words, that something was not written. Does
        nothing more when called again. An orderly exit before that wins: the timer is a daemon of
        the process and ends with it.
        """
        if self._timer is not None:
            return

        def leave() -> None:
            code = CANNOT_WRITE
            try:
                unwritten = close()
                code = CANNOT_WRITE if isinstance(unwritten, str) and unwritten else 0
            finally:
                self.restore()
                os._exit(code)

        self._timer = threading.Timer(GRACE, leave)
        self._timer.daemon = True
        self._timer.start()

    def restore(self) -> None:
        """Restore the settings, without waiting for output that the terminal has not yet taken."""
        if self._settings is not None and sys.platform != "win32":
            import termios

            try:
                termios.tcsetattr(_STDIN, termios.TCSANOW, self._settings)
            except (termios.error, OSError):
                return


def _settings() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    import termios

    try:
        return list(termios.tcgetattr(_STDIN))
    except (termios.error, OSError):
        return None


def drop_typeahead() -> None:
    """Discard what was typed before this moment, so that it answers no question."""
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios

        try:
            termios.tcflush(_STDIN, termios.TCIFLUSH)
        except (termios.error, OSError):
            return
