"""What several test folders need: a stack to watch, and the command in a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

LISTEN = (
    "import socket,sys\n"
    "s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\n"
    "s.bind(('127.0.0.1',int(sys.argv[1]))); s.listen()\n"
    "print(s.getsockname()[1],flush=True); sys.stdin.read()"
)


DEADLINE = 120.0
"""Seconds after which what has not come never will. Only a test that fails spends them, so they are
many: the machine may be doing the work of twenty."""

_PAUSE = 0.01


def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait until `condition` holds, for things that give no event."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"{what} never came true"
        time.sleep(_PAUSE)


async def until_async(condition: Callable[[], object], what: str = "the condition") -> None:
    """`until` for the event loop, which goes on working meanwhile."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"{what} never came true"
        await asyncio.sleep(_PAUSE)


def save_over(path: Path, text: str) -> None:
    """Save a file as editors do: whole at once, so that nobody reads the half of it."""
    saved = path.with_name(f".{path.name}.saved")
    saved.write_text(text, encoding="utf-8")
    saved.replace(path)


class Listening:
    """A real process that listens on a loopback port, a free one for 0, until it is ended."""

    def __init__(self, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LISTEN, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill it and wait."""
        self.process.kill()
        self.process.communicate()


def write_config(folder: Path, port: int, more: str = "") -> Path:
    """A config with one listener and one checklist."""
    (folder / "LIST.md").write_text("# List\n\n- [ ] one\n- [ ] two\n", encoding="utf-8")
    path = folder / "cockpit.toml"
    path.write_text(
        f'[[listener]]\nname = "backend"\nport = {port}\n\n'
        f'[[checklist]]\nfile = "LIST.md"\nname = "list"\n{more}',
        encoding="utf-8",
    )
    return path


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment whose user folders are below `home`, without this terminal's traces."""
    traces = ("COCKPIT", "SSH_", "COLUMNS", "LINES")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(traces)}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONUTF8": "1",
        **(extra or {}),
    }


def cockpit(
    *words: str | Path, cwd: Path, home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cockpit", *map(str, words)],
        cwd=cwd,
        env=environment(home or cwd),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )
