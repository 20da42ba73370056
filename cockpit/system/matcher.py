"""A user's regular expression over text from outside, in a process that can be ended.

`re` holds the interpreter while it matches: a pattern that backtracks stops every thread, and with
them every timeout and every signal. Other engines have a time limit, but read some patterns in
another way; so the same `re` does the work elsewhere.
"""

from __future__ import annotations

import marshal
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import IO, Literal, TypeAlias

Mode: TypeAlias = Literal["search", "fullmatch"]
Groups: TypeAlias = dict[str, str | None]

_running: set[subprocess.Popen[bytes]] = set()
_lock = threading.Lock()

# The watchdog is a thread of C that needs no interpreter. It ends the process at its limit also
# when nobody is left to end it. A request is (pattern, mode, flags, texts), or None for the next
# match of the last one; a reply (index, groups), None, or the words of an error.
_CHILD = """
import faulthandler, marshal, re, sys, time
limit, renewed = float(sys.argv[1]), sys.argv[2] == "each"
left = limit
def matches(pattern, mode, flags, texts):
    find = getattr(re.compile(pattern, flags), mode)
    for index, text in enumerate(texts):
        match = find(text)
        if match is not None:
            yield index, match.groupdict()
found = iter(())
while True:
    try:
        request = marshal.load(sys.stdin.buffer)
    except EOFError:
        break
    if request is not None and renewed:
        left = limit
    faulthandler.dump_traceback_later(max(left, 0.001), exit=True)
    started = time.perf_counter()
    try:
        if request is not None:
            found = matches(*request)
        reply = next(found, None)
    except Exception as error:
        reply = f"{type(error).__name__}: {error}"
    left -= time.perf_counter() - started
    faulthandler.cancel_dump_traceback_later()
    marshal.dump(reply, sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""


class PatternError(RuntimeError):
    """A pattern could not be matched to the end; the text says why."""


class Matcher:
    """Matches with `re`, at most `seconds` in all, or for each question with `each`.

    Blocking; for one thread at a time. The process is started by the first match and ended with the
    `with` block.
    """

    def __init__(self, seconds: float, *, each: bool = False) -> None:
        self._seconds = seconds
        self._each = each
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Matcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)

    def matches(
        self, pattern: str, texts: Sequence[str], mode: Mode = "search", *, multiline: bool = False
    ) -> Iterator[tuple[int, Groups]]:
        """Yield the index of each text that fits and its named groups, in order.

        Raises PatternError: the time is over, or the matching broke off.
        """
        request = (pattern, mode, int(re.MULTILINE) if multiline else 0, list(texts))
        reply = self._ask(request)
        while reply is not None:
            yield reply
            reply = self._ask(None)

    def fits(
        self, pattern: str, text: str, mode: Mode = "search", *, multiline: bool = False
    ) -> bool:
        """Whether `text` fits. Raises PatternError as `matches` does."""
        return next(self.matches(pattern, [text], mode, multiline=multiline), None) is not None

    def _ask(self, request: tuple[str, Mode, int, list[str]] | None) -> tuple[int, Groups] | None:
        process = self._process = self._process or self._start()
        stdin, stdout = _pipes(process)
        try:
            marshal.dump(request, stdin)
            stdin.flush()
            reply = marshal.load(stdout)
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise PatternError(
                f"no result within {self._seconds:.1f} s: it backtracks on this text"
            ) from error
        if isinstance(reply, str):
            raise PatternError(reply)
        found: tuple[int, Groups] | None = reply
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        words = (str(self._seconds), "each" if self._each else "all")
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CHILD, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=_creation_flags(),
            )
        except (OSError, ValueError) as error:
            raise PatternError(f"no process to match in: {error}") from error
        with _lock:
            _running.add(process)
        return process


def end_matchers() -> None:
    """End every matcher of this process; from any thread."""
    with _lock:
        left = list(_running)
    for process in left:
        process.kill()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None and process.stdout is not None, "both are pipes"
    return process.stdin, process.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in _pipes(process):
        try:
            pipe.close()
        except OSError:
            continue
    process.wait()
    with _lock:
        _running.discard(process)


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    else:
        return 0
