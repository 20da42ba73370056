"""A command on a pseudo terminal: what it draws is read, keys are pressed, its end is awaited.

POSIX only: import it behind a skip on Windows.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support import DEADLINE


class Terminal:
    """A running command whose three streams are a terminal of `rows` by `columns`."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        rows: int = 24,
        columns: int = 80,
        **options: Any,
    ) -> None:
        self._screen, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._before = self._settings()
        self.drawn = bytearray()
        """Everything written so far."""
        streams = {"stdin": self._theirs, "stdout": self._theirs, "stderr": self._theirs}
        self.process = subprocess.Popen(
            list(map(str, argv)),
            cwd=cwd,
            env={**env, "TERM": "xterm-256color"},
            start_new_session=True,
            **{**streams, **options},
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._screen)
        os.close(self._theirs)

    @property
    def as_before(self) -> bool:
        """Whether the terminal's settings are those the command found."""
        return self._settings() == self._before

    def text(self) -> str:
        """Everything written so far, control sequences included."""
        return self.drawn.decode("utf-8", "replace")

    def press(self, keys: bytes) -> None:
        """Type these bytes."""
        os.write(self._screen, keys)

    def until_drawn(self, *words: str) -> None:
        """Read until all the words have been written; fails when the command ends before."""
        end = time.monotonic() + DEADLINE
        while not all(word in self.text() for word in words):
            assert time.monotonic() < end, self.text()
            over = self.process.poll() is not None
            self._read(0.05)
            assert not over or all(word in self.text() for word in words), self.text()

    def end(self) -> int:
        """Read until the command has ended; its exit code."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text()
            self._read(0.05)
        self._read(0)
        return self.process.returncode

    def read_for(self, seconds: float) -> None:
        """Read what comes within this time."""
        self._read(seconds)

    def _read(self, seconds: float) -> None:
        while select.select([self._screen], [], [], seconds)[0]:
            self.drawn += os.read(self._screen, 65536)
            seconds = 0

    def _settings(self) -> list[Any]:
        return termios.tcgetattr(self._theirs)
