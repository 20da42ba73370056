"""Operators, a recorder and real servers for the tests of acts on processes."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cockpit.clock import SystemClock
from cockpit.commands import Arm, Confirm, ProcessCommand, Reply, StopProgress
from cockpit.config.load import loads
from cockpit.engine.commands.process_commands import ProcessCommands
from cockpit.model import Event
from cockpit.permissions import Permissions
from cockpit.system.control.process_control import ProcessController
from cockpit.system.processes import process_table

SERVER = (
    "import http.server, signal, socket, sys\n"
    "if 'stubborn' in sys.argv:\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "host = '::1' if 'v6' in sys.argv else '127.0.0.1'\n"
    "class Server(http.server.HTTPServer):\n"
    "    address_family = socket.AF_INET6 if 'v6' in sys.argv else socket.AF_INET\n"
    "    def server_bind(self):\n"
    "        if hasattr(socket, 'SO_REUSEPORT'):\n"
    "            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
    "        super().server_bind()\n"
    "class Answer(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200 if self.path == '/health' else 404)\n"
    "        self.end_headers()\n"
    "server = Server((host, int(sys.argv[1])), Answer)\n"
    "print('up', flush=True)\nserver.serve_forever()\n"
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="SO_REUSEPORT and SIGTERM")


@dataclass
class Recorded:
    """A recorder that remembers; with `works` False nothing reaches its disk."""

    works: bool = True
    events: list[Event] = field(default_factory=list)

    def log(self, event: Event) -> None:
        self.events.append(event)

    def flush(self, timeout: float) -> bool:
        return self.works

    def texts(self, phase: str) -> list[str]:
        return [event.text for event in self.events if event.data["phase"] == phase]


class Operator:
    """Somebody at a screen."""

    def __init__(self, folder: Path, config: str, **options: Any) -> None:
        self.recorder = Recorded()
        self.steps: list[str] = []
        self.courses: list[StopProgress] = []
        trusted = options.pop("trusted", True)
        self.acts = ProcessCommands(
            lambda: loads(config, folder),
            clock=options.pop("clock", SystemClock()),
            recorder=self.recorder,
            who="ann@here",
            controller=ProcessController(Permissions(options.pop("read_only", False))),
            trusted=lambda loaded, table: trusted,
            progress=self._hear,
        )

    def _hear(self, reply: Reply) -> None:
        assert reply.is_progress
        if reply.text:
            self.steps.append(reply.text)
        if reply.under_way is not None:
            self.courses.append(reply.under_way)

    async def do(self, command: ProcessCommand) -> Reply:
        return await self.acts.execute(command, "t1")

    async def asked(self, command: ProcessCommand) -> Reply:
        """Arm and ask."""
        assert (await self.do(Arm())).ok
        return await self.do(command)

    async def confirm(self, reply: Reply, typed: str | None = None) -> Reply:
        assert reply.question is not None, reply.text
        answer = reply.question.expected if typed is None else typed
        return await self.do(Confirm(reply.question.plan, answer))


Serve = Callable[..., subprocess.Popen[str]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[subprocess.Popen[str]] = []

    def run(port: int, *words: str, name: str = "") -> subprocess.Popen[str]:
        script = tmp_path / (name or script_of(port))
        script.write_text(SERVER, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, str(script), str(port), *words], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        threading.Thread(target=process.wait, daemon=True).start()  # no zombies here
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def ended() -> Iterator[list[int]]:
    """PIDs to end after the test."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        handle = (
            ProcessController().open(found) if (found := process_table.identity_of(pid)) else None
        )
        if handle is not None:
            handle.kill()
            handle.close()


def script_of(port: int) -> str:
    """A name of its own for each test: what runs is looked for on the whole machine."""
    return f"serve_{port}.py"


def config(port: int, more: str = "") -> str:
    words = f'process = ["{script_of(port)}"]'
    return f'[[listener]]\nname = "api"\nport = {port}\n{words}\n{more}'


def started(python: str, port: int, *more: str) -> str:
    words = ", ".join(f"'{word}'" for word in (python, script_of(port), str(port), *more))
    return f"start = [{words}]\nready_path = '/health'\nready_line = '^up$'\n"
