"""Fixtures of the probe tests: one run of a probe, a loopback HTTP server, real processes."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support import DEADLINE

from cockpit.clock import Clock, SystemClock
from cockpit.kinds.base import Probe, ProbeContext
from cockpit.model import Finding, Observation, Verdict


@dataclass
class Look:
    """A finished run: the observation and what the probe asked of the engine."""

    observation: Observation
    ctx: ProbeContext


class QuickClock(SystemClock):
    """The real clock, except that sleeping takes no time and calls `slept` first."""

    def __init__(self, slept: Callable[[], None] = lambda: None) -> None:
        self.slept = slept
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.slept()
        await asyncio.sleep(0)


Looker = Callable[..., Look]


@pytest.fixture
def quick_clock() -> type[QuickClock]:
    return QuickClock


@pytest.fixture
def look() -> Looker:
    """Run a probe once in an event loop of its own."""

    def run(
        probe: Probe,
        previous: Observation | None = None,
        *,
        clock: Clock | None = None,
        board: Mapping[str, Observation] | None = None,
        reasons: tuple[str, ...] = ("clock",),
    ) -> Look:
        async def blocking(function: Callable[..., Any], *args: Any) -> Any:
            return await asyncio.to_thread(function, *args)

        ctx = ProbeContext(
            clock=clock or QuickClock(),
            blocking=blocking,
            previous=previous,
            board=board or {},
            reasons=reasons,
        )
        observation = asyncio.run(probe.run(ctx))
        for finding in observation.findings:
            _has_a_next_act(finding)
        return Look(observation, ctx)

    return run


_KEYS = re.compile(r"\b(?:Enter|Tab|Esc|press|key|keys)\b|\b[A-Za-z] then [A-Za-z]\b|^[a-z],? ")
"""What only somebody at the screen could do: a next act is read in a cron mail, too."""


def _has_a_next_act(finding: Finding) -> None:
    if finding.title and finding.verdict is not Verdict.OK:
        assert finding.next_act, finding
    assert not _KEYS.search(finding.next_act), finding


@dataclass
class Answer:
    """What the loopback server says to a path."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None

    @staticmethod
    def of(data: Any, status: int = 200, **rest: Any) -> Answer:
        return Answer(status, json.dumps(data).encode(), **rest)


@dataclass
class Server:
    """A loopback HTTP server: answers by path, and what it was asked."""

    port: int
    answers: dict[str, Answer]
    asked: list[tuple[str, str, str | None]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server(0, {}, [])

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            token = self.headers.get("Authorization")
            state.asked.append((self.command, self.path, token))
            bare = self.path.split("?")[0]
            said = state.answers.get(f"{bare} {'with' if token else 'without'} token")
            said = said or state.answers.get(bare, Answer(404, b'{"detail":"Not Found"}'))
            if said.wait is not None:
                said.wait.wait(DEADLINE)
            with suppress(OSError):
                self.send_response(said.status)
                self.send_header("Content-Type", said.content_type)
                self.send_header("Content-Length", str(len(said.body)))
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(said.body)

        do_GET = do_POST = do_HEAD = _answer

        def log_message(self, *args: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            return

    httpd = Quiet(("127.0.0.1", 0), Handler)
    state.port = httpd.server_address[1]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.daemon = True
    thread.start()
    yield state
    for said in state.answers.values():
        if said.wait is not None:
            said.wait.set()
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a Python script file that says `up` when it is ready; ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: Path, *args: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, str(script), *args], stdout=subprocess.PIPE, stdin=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"up"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
