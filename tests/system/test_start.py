"""Starting: one and only one, detached, locked, recorded, and verified."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.permissions import Permissions
from cockpit.system.control.process_control import ProcessController
from cockpit.system.control.start import StartRequest, start
from cockpit.system.control.target_lock import TargetBusy, TargetLock
from cockpit.system.processes import process_table
from cockpit.system.sockets.sources import default_source

SERVERS = Path(__file__).with_name("servers.py")
ROOT = Path(__file__).parents[2]
SOURCE = default_source()
API = (
    "import socket, sys, time\n"
    "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "print('Application startup complete', flush=True)\n"
    "time.sleep(3600)\n"
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def request_(tmp_path: Path, script):
    name = f"api_{time.monotonic_ns()}.py"
    path = script(name, API)
    port = free_port()
    request = StartRequest(
        argv=(sys.executable, str(path), str(port)),
        words=(name,),
        cwd=tmp_path,
        output=tmp_path / "logs" / "api.log",
        lock=tmp_path / "locks" / "api.lock",
        who="bob@spark",
        port=port,
        log_line="startup complete",
    )
    yield request
    for found in process_table.find_by_words(request.words):
        os.kill(found.pid, 9)


async def test_one_is_started_and_a_second_is_not(request_: StartRequest) -> None:
    steps: list[str] = []
    outcome = await start(request_, SOURCE, ProcessController(), on_step=steps.append)
    assert outcome.done, outcome.text
    assert outcome.identity is not None
    pid = outcome.identity.pid
    assert SOURCE.snapshot().on(request_.port).pids == (pid,)
    assert outcome.text == f"started {pid}, ready"
    log = request_.output.read_text()
    assert "bob@spark starts" in log.splitlines()[0]
    assert "startup complete" in log
    assert str(pid) in steps[0]
    again = await start(request_, SOURCE, ProcessController())
    assert f"it runs already: {pid}" in again.refused
    assert len(process_table.find_by_words(request_.words)) == 1


async def test_a_port_that_is_taken_is_refused(request_: StartRequest) -> None:
    with socket.create_server(("127.0.0.1", request_.port)):
        outcome = await start(request_, SOURCE, ProcessController())
    assert f"port {request_.port} is held by {os.getpid()}" in outcome.refused
    assert process_table.find_by_words(request_.words) == []


async def test_two_at_once_give_one(request_: StartRequest) -> None:
    outcomes = await asyncio.gather(
        *(start(request_, SOURCE, ProcessController()) for _ in range(3))
    )
    assert sum(outcome.done for outcome in outcomes) == 1
    others = [outcome.refused for outcome in outcomes if not outcome.done]
    assert all("bob@spark is starting" in text for text in others)
    assert len(process_table.find_by_words(request_.words)) == 1


async def test_what_ends_at_once_is_reported_with_its_last_line(request_: StartRequest) -> None:
    code = "import sys; sys.exit('ModuleNotFoundError: no module named app')"
    outcome = await start(
        replace(request_, argv=(sys.executable, "-c", code)), SOURCE, ProcessController()
    )
    assert not outcome.done
    assert "ended" in outcome.error
    if outcome.identity is not None:
        assert "no module named app" in outcome.error


async def test_what_does_not_get_ready_is_left_running_and_said_so(
    request_: StartRequest,
) -> None:
    request = replace(request_, log_line="never printed", ready_within=0.5)
    outcome = await start(request, SOURCE, ProcessController())
    assert outcome.error == "the expected line is not in its output yet"
    assert outcome.identity is not None and process_table.is_alive(outcome.identity)


async def test_an_old_line_in_the_output_does_not_count(request_: StartRequest) -> None:
    request_.output.parent.mkdir()
    request_.output.write_text("never printed by this run\n")
    request = replace(request_, log_line="never printed", ready_within=0.3)
    assert "expected line" in (await start(request, SOURCE, ProcessController())).error


async def test_what_cannot_be_started_is_an_answer(request_: StartRequest) -> None:
    outcome = await start(
        replace(request_, argv=("/no/such/program",)), SOURCE, ProcessController()
    )
    assert "cannot be started" in outcome.refused


async def test_read_only_starts_nothing(request_: StartRequest) -> None:
    outcome = await start(request_, SOURCE, ProcessController(Permissions(read_only=True)))
    assert "--read-only" in outcome.refused
    assert not request_.output.exists()
    assert not request_.lock.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals")
def test_it_survives_the_cockpit_that_started_it(request_: StartRequest, tmp_path: Path) -> None:
    code = (
        "import asyncio, os, pathlib, signal, sys\n"
        "from cockpit.system.control.process_control import ProcessController\n"
        "from cockpit.system.sockets.sources import default_source\n"
        "from cockpit.system.control.start import StartRequest, start\n"
        "p = pathlib.Path(sys.argv[3])\n"
        "r = StartRequest(argv=(sys.executable, sys.argv[1], sys.argv[2]),\n"
        "    words=(os.path.basename(sys.argv[1]),), cwd=p, output=p / 'log', lock=p / 'lock',\n"
        "    who='x', port=int(sys.argv[2]))\n"
        "print(asyncio.run(start(r, default_source(), ProcessController())).text, flush=True)\n"
        "os.killpg(0, signal.SIGKILL)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, request_.argv[1], str(request_.port), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    assert result.returncode == -9
    (found,) = process_table.find_by_words(request_.words)
    assert result.stdout.strip() == f"started {found.pid}, ready"


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with TargetLock(path, "bob is ending 18800\x1b[2J"):
        with pytest.raises(TargetBusy, match="bob is ending 18800") as busy:
            TargetLock(path, "eve").__enter__()
        assert "\x1b" not in str(busy.value)
    with TargetLock(path, "eve"):
        pass
    code = (
        "import pathlib, sys\nfrom cockpit.system.control.target_lock import TargetLock\n"
        "TargetLock(pathlib.Path(sys.argv[1]), 'ann is starting api').__enter__()\n"
        "print('held', flush=True)\nsys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert other.stdout is not None and other.stdin is not None
    assert other.stdout.readline().strip() == b"held"
    with pytest.raises(TargetBusy, match="ann"):
        TargetLock(path, "eve").__enter__()
    other.kill()
    other.wait()
    with TargetLock(path, "eve"):
        pass
    other.stdin.close()
    other.stdout.close()
