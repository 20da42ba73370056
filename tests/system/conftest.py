"""Real processes for the tests of this folder; everything started here is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start argv in a session of its own; `ready=True` waits for its first line of output."""
    started: list[subprocess.Popen[str]] = []

    def run(
        argv: list[str], *, ready: bool = False, own_session: bool = True, **options: object
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # type: ignore[call-overload]
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=own_session,
            **options,
        )
        started.append(process)
        if ready:
            process.first_line = process.stdout.readline().strip()
            assert process.first_line, f"{argv} ended before it was ready"
        return process

    yield run
    for process in started:
        try:
            family = psutil.Process(process.pid).children(recursive=True)
        except psutil.Error:
            family = []
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
        process.kill()
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a Python script and give its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
