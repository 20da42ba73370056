"""Standard output and error of the command: what can't be written is told once, never a traceback.

A reader that went away (`| head`) wanted no more: what follows is dropped in silence. Any other
trouble with the output ends the verb, since nobody learns what it says; trouble with the errors
ends nothing.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDOUT, _STDERR = 1, 2
_GONE = {errno.EPIPE, errno.ECONNRESET}
if sys.platform == "win32":
    _GONE.add(errno.EINVAL)  # how Windows says that a pipe has no reader


class OutputError(BaseException):
    """Standard output can't be written; the text says why.

    Not an Exception, so that no verb takes it for a fault of what it does.
    """


def guard() -> None:
    """Have standard output and error behave so from now on; call before any file is opened.

    A closed descriptor is taken by the null device: else the next file opened would get its number,
    and with it whatever is printed.
    """
    closed = [number for number in (0, _STDOUT, _STDERR) if not _is_open(number)]
    for number in closed:
        taken = os.open(os.devnull, os.O_RDWR)
        if taken != number:
            os.dup2(taken, number)
            os.close(taken)
    _guard_output(_STDOUT in closed)
    _guard_errors()


def _guard_output(closed: bool) -> None:
    def refuse(error: OSError) -> None:
        if error.errno not in _GONE:
            raise OutputError(f"the output can't be written: {error.strerror or error}") from error

    failure = OSError(errno.EBADF, os.strerror(errno.EBADF)) if closed else None
    sys.stdout = _stream(_STDOUT, sys.stdout, refuse, failure)


def _guard_errors() -> None:
    sys.stderr = _stream(_STDERR, sys.stderr, lambda error: None, None)


def flush() -> None:
    """Write what is still buffered. Raises OutputError."""
    for stream in (sys.stderr, sys.stdout):
        with suppress(ValueError):  # closed by somebody: nothing is left to write
            stream.flush()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _stream(
    number: int,
    old: TextIO | None,
    trouble: Callable[[OSError], None],
    failure: OSError | None,
) -> TextIO:
    """A stream like `old` on a descriptor, whose failures go to `trouble`."""
    if old is not None and not _is_plain(old, number):
        return old  # a console of Windows, or what a test or another program put in its place
    is_terminal = old is not None and old.isatty()
    raw = _Descriptor(number, trouble, failure)
    unbuffered = old is not None and not hasattr(old.buffer, "raw")  # PYTHONUNBUFFERED
    return io.TextIOWrapper(
        raw if unbuffered else io.BufferedWriter(raw),
        encoding=getattr(old, "encoding", None) or "utf-8",
        errors=getattr(old, "errors", None) or "backslashreplace",
        line_buffering=is_terminal or number == _STDERR,
        write_through=unbuffered,
    )


def _is_plain(stream: TextIO, number: int) -> bool:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return type(raw) is io.FileIO and raw.fileno() == number


class _Descriptor(io.FileIO):
    def __init__(
        self, number: int, trouble: Callable[[OSError], None], failure: OSError | None
    ) -> None:
        super().__init__(number, "wb", closefd=False)
        self._trouble = trouble
        self._failure = failure

    def write(self, data: ReadableBuffer, /) -> int:
        """Write; what is handed to `trouble` and not raised by it counts as written."""
        try:
            if self._failure is not None:
                raise self._failure
            return super().write(data)
        except OSError as error:
            self._failure = error
            self._trouble(error)
            return memoryview(data).nbytes
