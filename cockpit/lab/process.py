"""A child process as the lab holds it: start it, give orders, end it.

One daemon thread a child reads its answers and, when it has ended, takes its exit status at once:
a process that was killed from outside must not linger in the process table and look alive.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import cockpit

_START_LIMIT = 20.0
_ORDER_LIMIT = 5.0
if sys.platform == "win32":
    _WINDOWS_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
else:
    _WINDOWS_FLAGS = 0


class LabError(Exception):
    """The lab could not do what was asked; the message says what and what to do about it."""


class Child:
    """One running child. `port` and the interpreter's own `pid` hold after `wait_ready`."""

    def __init__(
        self, name: str, words: Sequence[str], folder: Path, errors: Path, env: Mapping[str, str]
    ) -> None:
        """Start `python <words>` in `folder`, standard error going to the file `errors`.

        Raises LabError when the operating system refuses.
        """
        self.name = name
        self.port = 0
        self._errors = errors
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ordering = threading.Lock()
        try:
            with errors.open("ab") as out:
                self._process = subprocess.Popen(
                    [sys.executable, *words],
                    cwd=folder,
                    env=dict(env),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=out,
                    bufsize=0,
                    # Out of the terminal's process group: Ctrl-C and a hang-up are the lab's to
                    # answer.
                    start_new_session=True,
                    creationflags=_WINDOWS_FLAGS,
                )
        except OSError as error:
            raise LabError(f"{name} could not be started: {error}") from error
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, name=f"lab {name}", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Return when the child reports that it is up; LabError with its last words otherwise."""
        match (self._answer(_START_LIMIT) or "").split():
            case ["ready", port, pid]:
                self.port, self.pid = int(port), int(pid)
            case _:
                self.kill()
                raise LabError(f"{self.name} did not come up: {self._last_words()}")

    def order(self, order: str) -> None:
        """Give an order and return when it is carried out. Raises LabError when it was not."""
        with self._ordering:
            while not self._answers.empty():
                self._answers.get()  # the answer to an order that was given up on
            answer = self._answer(_ORDER_LIMIT) if self._send(order) else None
        if answer != f"done {order}":
            raise LabError(f"{self.name} did not obey {order!r}: {answer or self._last_words()}")

    def kill(self) -> None:
        """End the process hard (SIGKILL, TerminateProcess) and wait until it is gone."""
        with suppress(ProcessLookupError, PermissionError):
            self._process.kill()
        self._reader.join(_ORDER_LIMIT)

    def release(self) -> None:
        """Tell the child to end by itself; `join` waits for it."""
        with self._ordering:
            self._send("stop")
            if self._process.stdin is not None:
                with suppress(OSError):
                    self._process.stdin.close()

    def join(self, seconds: float) -> bool:
        """Wait up to so many seconds for the end; True when the process is gone."""
        self._reader.join(max(0.0, seconds))
        return not self._reader.is_alive()

    def _send(self, order: str) -> bool:
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return False
        try:
            pipe.write(f"{order}\n".encode())
        except OSError:
            return False
        return True

    def _answer(self, seconds: float) -> str | None:
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            for line in iter(pipe.readline, b""):
                self._answers.put(line.decode("utf-8", "replace").strip())
        self._process.wait()
        self._answers.put(None)

    def _last_words(self) -> str:
        try:
            lines = self._errors.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            return f"no error output ({error})"
        return lines[-1] if lines else f"exit status {self._process.poll()}, no error output"


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, in which a child finds this same package from any folder."""
    package_home = str(Path(cockpit.__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([package_home, inherited] if inherited else [package_home])
    return {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", **extra}
