"""Ports that are held and not served, on real processes: stopped owners, parents left alone.

The stand-ins are called like the programs they stand for: what leaves serving to its children is
told by the command line.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import until

from cockpit.kinds.listener.evaluate import judge_port
from cockpit.kinds.listener.port_snapshot import PortSnapshot
from cockpit.kinds.listener.probe import ListenerProbe
from cockpit.kinds.listener.table import ListenerTable
from cockpit.model import Finding, Observation, Verdict
from cockpit.system.processes import process_table
from cockpit.system.processes.process_facts import ProcessFacts, ProcessIdentity
from cockpit.system.sockets.listeners import Listener, ListenerSnapshot, Owner, Service
from cockpit.system.sockets.sources import default_source

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="signals that stop, and children that stay defunct"
)
PARENT = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
kind, children = sys.argv[2], []
for _ in range(int(sys.argv[3])):
    child = os.fork()
    if child == 0:
        if kind == "helpers":
            server.close()
        while kind == "workers":
            server.accept()[0].close()
        sys.stdin.read()
        os._exit(0)
    children.append(child)
print("up", flush=True)
print(*children, flush=True)
sys.stdin.read()
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Stack:
    """A parent on a port with its children."""

    def __init__(self, parent: subprocess.Popen[bytes], port: int) -> None:
        self.parent, self.port = parent, port
        assert parent.stdout is not None
        self.children = [int(word) for word in parent.stdout.readline().split()]

    def end(self, child: int) -> None:
        """Kill a child; nobody collects it."""
        os.kill(child, signal.SIGKILL)
        until(lambda: process_table.status_of(child) in (None, "zombie"), "the child has ended")


@pytest.fixture
def stack(tmp_path: Path, spawn: Any) -> Iterator[Callable[..., Stack]]:
    """Start `script PORT KIND COUNT …`: KIND is what its children do."""
    started: list[Stack] = []

    def start(script: str, kind: str, count: int, *more: str) -> Stack:
        path = tmp_path / script
        path.write_text(PARENT, encoding="utf-8")
        port = free_port()
        started.append(Stack(spawn(path, str(port), kind, str(count), *more), port))
        return started[-1]

    yield start
    for one in started:
        for child in one.children:
            # Those that outlive their parent hold the pipe that is read to its end afterwards.
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def probe(port: int, folder: Path, **values: Any) -> ListenerProbe:
    table = ListenerTable(name="backend", port=port, **values)
    return ListenerProbe(table, folder, source=default_source())


def port_of(seen: Observation) -> Finding:
    return seen.findings[0]


def halt(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    until(lambda: process_table.status_of(pid) == "stopped", "it is stopped")


def test_an_owner_that_is_stopped_serves_nobody_until_it_goes_on(
    tmp_path: Path, look: Any, stack: Any
) -> None:
    server = stack("serve.py", "workers", 0)
    watching = probe(server.port, tmp_path)
    assert look(watching).observation.verdict is Verdict.OK
    halt(server.parent.pid)
    with socket.create_connection(("127.0.0.1", server.port)):
        seen = look(watching).observation
    told = port_of(seen)
    assert (seen.verdict, told.title) == (Verdict.FAIL, "STOPPED"), "at once, not when facts age"
    assert "state T" in told.text and "1 connection waits" in told.text
    assert f"kill -CONT {server.parent.pid}" in told.next_act
    assert "stopped (state T)" in seen.findings[1].text, "its row says so as well"
    os.kill(server.parent.pid, signal.SIGCONT)
    until(lambda: process_table.status_of(server.parent.pid) != "stopped", "it goes on")
    assert look(watching).observation.verdict is Verdict.OK


def test_one_of_several_that_is_stopped_is_a_warning(tmp_path: Path, look: Any, stack: Any) -> None:
    server = stack("serve.py", "workers", 2)
    watching = probe(server.port, tmp_path)
    halt(server.children[0])
    told = port_of(look(watching).observation)
    assert (told.verdict, told.title) == (Verdict.WARN, "STOPPED")
    halt(server.children[1])
    halt(server.parent.pid)
    assert port_of(look(watching).observation).verdict is Verdict.FAIL
    assert look(probe(server.port, tmp_path, expect="any")).observation.verdict is Verdict.OK


def test_a_stopped_worker_is_not_served_by_its_reloader(
    tmp_path: Path, look: Any, stack: Any
) -> None:
    server = stack("uvicorn", "workers", 1, "shop:api", "--reload")
    halt(server.children[0])
    told = port_of(look(probe(server.port, tmp_path)).observation)
    assert (told.verdict, told.title) == (Verdict.FAIL, "STOPPED")
    assert str(server.children[0]) in told.text


def test_a_reloader_without_a_living_child_serves_nobody(
    tmp_path: Path, look: Any, stack: Any
) -> None:
    server = stack("uvicorn", "workers", 1, "shop:api", "--reload")
    words = ["uvicorn", "shop:api"]
    watching = probe(server.port, tmp_path, process=words)
    first = look(watching).observation
    assert first.verdict is Verdict.OK
    server.end(server.children[0])
    (tmp_path / "newer.py").write_text("x = (", encoding="utf-8")
    os.utime(tmp_path / "newer.py", (2_000_000_000, 2_000_000_000))
    with socket.create_connection(("127.0.0.1", server.port)):
        watching = probe(server.port, tmp_path, process=words, newer_code="warn")
        seen = look(watching, first, reasons=("process 7 ended with -9",)).observation
    told = port_of(seen)
    assert (told.verdict, told.title) == (Verdict.FAIL, "NOBODY SERVES")
    assert f"nobody serves :{server.port}, 1 connection waits" in told.text
    assert f"its child {server.children[0]} died 2" in told.next_act
    assert "output" in told.next_act and "restart" not in told.next_act
    assert "RUNS OLD CODE" not in {one.title for one in seen.findings}, "it runs no code at all"
    again = port_of(look(watching, seen).observation)
    assert again.next_act == told.next_act, "the moment stays the one that was seen"
    # Nobody saw it before: then only its start is known.
    alone = port_of(look(watching).observation)
    assert alone.title == "NOBODY SERVES" and ", started 2" in alone.next_act


def test_a_master_is_given_a_moment_to_replace_its_child(
    tmp_path: Path, look: Any, stack: Any, quick_clock: Any
) -> None:
    server = stack("uvicorn", "workers", 1, "shop:api", "--workers", "2")
    server.end(server.children[0])
    watching = probe(server.port, tmp_path)
    clock = quick_clock()
    seen = look(watching, clock=clock).observation
    assert port_of(seen).title == "NOBODY SERVES"
    assert sum(clock.sleeps) > 1.0
    clock = quick_clock()
    assert port_of(look(watching, seen, clock=clock).observation).title == "NOBODY SERVES"
    assert clock.sleeps == [], "once is enough"


@pytest.mark.parametrize("script", ["uvicorn", "gunicorn", "serve.py"])
def test_a_parent_with_a_living_child_serves(
    tmp_path: Path, look: Any, stack: Any, script: str
) -> None:
    server = stack(script, "workers", 2, "shop:api", "--reload")
    server.end(server.children[0])
    assert look(probe(server.port, tmp_path)).observation.verdict is Verdict.OK


@pytest.mark.parametrize("more", [(), ("shop:api", "--workers", "1")])
@pytest.mark.parametrize("script", ["serve.py", "uvicorn"])
def test_a_single_process_whose_helper_has_ended_serves(
    tmp_path: Path, look: Any, stack: Any, script: str, more: tuple[str, ...]
) -> None:
    server = stack(script, "helpers", 1, *more)
    server.end(server.children[0])
    with socket.create_connection(("127.0.0.1", server.port)):
        seen = look(probe(server.port, tmp_path)).observation
    assert seen.verdict is Verdict.OK
    assert "1 defunct child" in seen.findings[1].text


def test_a_master_whose_argv_is_its_workers_needs_an_ended_child(
    tmp_path: Path, look: Any, stack: Any
) -> None:
    server = stack("gunicorn", "workers", 1, "shop:api")
    os.kill(server.parent.pid, signal.SIGKILL)
    server.parent.wait()
    seen = look(probe(server.port, tmp_path)).observation
    assert seen.verdict is Verdict.OK, "an orphaned worker still serves"
    os.kill(server.children[0], signal.SIGKILL)
    other = stack("gunicorn", "workers", 1, "shop:api")
    other.end(other.children[0])
    told = port_of(look(probe(other.port, tmp_path)).observation)
    assert told.title == "NOBODY SERVES" and "gunicorn's master" in told.text


SPAWNING = """
import multiprocessing, socket, sys
def work():
    sys.stdin.read()
if __name__ == "__main__":
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    child = multiprocessing.get_context("spawn").Process(target=work, daemon=True)
    child.start()
    print("up", flush=True)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def test_a_parent_that_no_argv_tells_is_a_warning_while_connections_wait(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    """The stand-in of a program that starts its server's reloader by itself."""
    script, port = tmp_path / "main.py", free_port()
    script.write_text(SPAWNING, encoding="utf-8")
    stack = Stack(spawn(script, str(port)), port)
    watching = probe(port, tmp_path)
    with socket.create_connection(("127.0.0.1", port)):
        assert look(watching).observation.verdict is Verdict.OK, "its child lives"
        stack.end(stack.children[0])
        told = port_of(look(watching).observation)
    assert (told.verdict, told.title) == (Verdict.WARN, "NOBODY SERVES")
    assert "1 connection waits, none is taken" in told.text


def test_where_nobody_waits_an_ended_child_is_nobodys_trouble(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    script, port = tmp_path / "main.py", free_port()
    script.write_text(SPAWNING, encoding="utf-8")
    stack = Stack(spawn(script, str(port)), port)
    stack.end(stack.children[0])
    assert look(probe(port, tmp_path)).observation.verdict is Verdict.OK


def test_a_reloader_that_has_not_begun_to_listen_is_named(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    script, port = tmp_path / "uvicorn", free_port()
    script.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    parent = spawn(script, f"shop:api_{port}", "--reload")
    words = ["uvicorn", f"shop:api_{port}"]
    told = port_of(look(probe(port, tmp_path, process=words)).observation)
    assert told.title == "NOT LISTENING" and f"{parent.pid} is uvicorn's reloader" in told.text
    assert f"see the output of {parent.pid}" in told.next_act
    other = port_of(look(probe(port, tmp_path, process=["uvicorn", "desk:api"])).observation)
    assert other.next_act == "start uvicorn desk:api"


TITLED = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
import signal
signal.pause()
"""


@pytest.fixture
def titled() -> Iterator[Callable[[str], int]]:
    """Start a server whose argv is one text; its port."""
    started: list[subprocess.Popen[str]] = []

    def start(title: str) -> int:
        process = subprocess.Popen(
            [title],
            executable=os.path.realpath(sys.executable),
            env={**os.environ, "PYTHONHOME": sys.base_prefix},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(TITLED)
        process.stdin.close()
        return int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_a_title_over_the_argv_is_no_wrong_process(tmp_path: Path, look: Any, titled: Any) -> None:
    port = titled("gunicorn: worker [shop:api]")

    def seen(*words: str) -> Finding:
        return port_of(look(probe(port, tmp_path, process=list(words))).observation)

    assert seen("gunicorn", "shop:api").verdict is Verdict.OK
    unknown = seen("gunicorn", "desk:api")
    assert (unknown.verdict, unknown.title) == (Verdict.UNKNOWN, "NOT READABLE")
    assert "wrote a title over its argv" in unknown.text and "title" in unknown.next_act
    other = seen("node", "server.js")
    assert (other.verdict, other.title) == (Verdict.FAIL, "WRONG PROCESS"), "it is a python"


def test_words_in_one_text_are_told_from_another_program(
    tmp_path: Path, look: Any, stack: Any
) -> None:
    server = stack("serve.py", "workers", 0)

    def seen(*words: str) -> Finding:
        return port_of(look(probe(server.port, tmp_path, process=list(words))).observation)

    one = seen(f"serve.py {server.port}")
    assert (one.verdict, one.title) == (Verdict.UNKNOWN, "PROCESS WORDS")
    assert f'process = ["serve.py", "{server.port}"]' in one.next_act
    assert seen("other.py run").title == "WRONG PROCESS", "taken apart it is another one, too"
    assert seen("serve.py", str(server.port)).verdict is Verdict.OK


def _process(pid: int, ppid: int, title: str) -> ProcessFacts:
    return ProcessFacts(
        identity=ProcessIdentity(pid, 1_767_600_000.0 + pid),
        argv=(title,),
        name="gunicorn",
        user="ops",
        uid=1000,
        cwd="/srv",
        executable="/usr/bin/python3.12",
        ppid=ppid,
        parent_name="systemd",
        status="sleeping",
    )


def test_two_masters_on_one_socket_are_two_generations() -> None:
    def judged(*processes: ProcessFacts) -> Observation | Any:
        owners = tuple(Owner(one, (9,)) for one in processes)
        service = Service(processes[0], owners, 1)
        listener = Listener(80, ("*",), True, False, owners, (service,), 1, False)
        table = ListenerTable(name="x", port=80, process=["gunicorn", "shop:api"])
        return judge_port(table, PortSnapshot(ListenerSnapshot((listener,), "netlink")))

    old, new = "gunicorn: master [shop:api]", "gunicorn: master [shop:api.2]"
    worker = "gunicorn: worker [shop:api]"
    two = judged(_process(10, 1, old), _process(11, 10, worker), _process(20, 10, new))
    assert two.verdict is Verdict.OK
    assert "2 generations" in two.headline
    assert "10 since" in two.findings[1].text and "20 since" in two.findings[1].text
    one = judged(_process(10, 1, old), _process(11, 10, worker))
    assert "generation" not in f"{one.headline} {one.findings[1].text}"
