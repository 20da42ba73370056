"""What a listener probe tells beside the port: folder, code, drift, restarts, load, serving."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import until

from cockpit.clock import ManualClock
from cockpit.facts import NO_FACTS
from cockpit.kinds.code_freshness import CODE_EVERY
from cockpit.kinds.listener.facts import PortFacts
from cockpit.kinds.listener.probe import MOST, ListenerProbe
from cockpit.kinds.listener.table import ListenerTable
from cockpit.kinds.resource_usage import COUNTS_EVERY, EVERY, UsageSampler, graphics_text
from cockpit.kinds.restarts import restarts_seen
from cockpit.model import Finding, Observation, Verdict
from cockpit.system.processes import process_table
from cockpit.system.processes.gpu import GpuLoad, GpuReport
from cockpit.system.sockets.sources import default_source

SERVER = (
    "import socket, sys\n"
    "server = socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=1)\n"
    "print('up', flush=True)\nsys.stdin.read()\n"
)
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells these")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def table(port: int, **values: Any) -> ListenerTable:
    return ListenerTable(name="backend", port=port, **values)


@pytest.fixture
def server(tmp_path: Path, spawn: Any) -> tuple[Path, int, subprocess.Popen[bytes]]:
    script = tmp_path / "serve.py"
    script.write_text(SERVER, encoding="utf-8")
    port = free_port()
    return script, port, spawn(script, str(port))


def probe(folder: Path, port: int, **values: Any) -> ListenerProbe:
    return ListenerProbe(table(port, **values), folder, source=default_source())


def owner(seen: Observation) -> Finding:
    return next(one for one in seen.findings if one.key.startswith("owner:"))


def test_another_folder_or_program_is_another_process(
    tmp_path: Path, look: Any, server: Any
) -> None:
    _, port, process = server
    fits = probe(tmp_path, port, cwd=str(Path.cwd()), executable=sys.executable)
    assert look(fits).observation.verdict is Verdict.OK
    other = look(probe(tmp_path, port, cwd=str(tmp_path))).observation
    assert (other.verdict, owner(other).title) == (Verdict.FAIL, "WRONG PROCESS")
    assert f"expected {tmp_path}" in owner(other).text
    assert owner(other).cause == f"pid:{process.pid}"
    program = look(probe(tmp_path, port, executable="/bin/sh")).observation
    assert owner(program).title == "WRONG PROCESS"


def test_code_newer_than_the_process_is_told(tmp_path: Path, look: Any, server: Any) -> None:
    script, port, _ = server
    clock = ManualClock()
    watching = probe(tmp_path, port, newer_code="warn")
    assert look(watching, clock=clock).observation.verdict is Verdict.OK
    later = script.stat().st_mtime + 3600
    os.utime(script, (later, later))
    assert look(watching, clock=clock).observation.verdict is Verdict.OK, "not looked at again yet"
    asyncio.run(clock.advance(CODE_EVERY))
    seen = look(watching, clock=clock).observation
    assert (seen.verdict, owner(seen).title) == (Verdict.WARN, "RUNS OLD CODE")
    assert "serve.py changed" in owner(seen).text
    failing = look(probe(tmp_path, port, newer_code="fail")).observation
    assert failing.verdict is Verdict.FAIL
    assert look(probe(tmp_path, port)).observation.verdict is Verdict.OK


def test_the_program_on_another_port_is_drift(tmp_path: Path, look: Any, server: Any) -> None:
    _, port, process = server
    seen = look(probe(tmp_path, port - 1, process=["serve.py"])).observation
    found = seen.finding(f"port:{port - 1}")
    assert found is not None
    assert (found.verdict, found.title) == (Verdict.FAIL, "PORT DRIFT")
    assert f"found on {port} ({process.pid} in {Path.cwd()})" in found.text
    assert found.facts.elsewhere[0] == port


@pytest.mark.parametrize("home", [{"cwd": "."}, {"start": ["serve.py"]}])
def test_the_program_of_another_folder_is_no_drift(
    tmp_path: Path, look: Any, server: Any, home: dict[str, Any]
) -> None:
    _, port, _ = server
    seen = look(probe(tmp_path, port - 1, process=["serve.py"], **home)).observation
    found = seen.finding(f"port:{port - 1}")
    assert found is not None
    assert (found.verdict, found.title) == (Verdict.FAIL, "NOT LISTENING")


@linux
def test_numbers_go_into_metrics_and_not_into_the_body(
    tmp_path: Path, look: Any, server: Any
) -> None:
    _, port, process = server
    watching = probe(tmp_path, port)
    first = look(watching).observation
    pid = process.pid
    assert first.metrics[f"{pid}.rss"] > 1_000_000
    assert first.metrics[f"{pid}.threads"] == 1
    assert first.metrics[f"{pid}.files"] >= 4
    assert first.metrics[f"{pid}.children"] == 0
    second = look(watching, first).observation
    assert second.findings == first.findings and second.basis == first.basis


@linux
def test_a_child_nobody_collected_is_told(tmp_path: Path, look: Any, spawn: Any) -> None:
    script = tmp_path / "careless.py"
    script.write_text(
        "import os, socket, sys, time\n"
        "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "child = os.fork()\n"
        "if child == 0:\n    os._exit(0)\n"
        "os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)\n"
        "print('up', flush=True)\nsys.stdin.read()\n",
        encoding="utf-8",
    )
    port = free_port()
    spawn(script, str(port))
    seen = look(probe(tmp_path, port)).observation
    assert len(owner(seen).facts.defunct) == 1
    assert "1 defunct child" in owner(seen).text


@linux
def test_a_full_queue_is_a_port_that_is_not_served(tmp_path: Path, look: Any, server: Any) -> None:
    _, port, _ = server
    waiting = [socket.socket() for _ in range(4)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        watching = probe(tmp_path, port)
        first = look(watching).observation
        assert (first.verdict, first.findings[0].title) == (Verdict.WARN, "NOT SERVING")
        assert look(watching, first).observation.verdict is Verdict.FAIL
    finally:
        for one in waiting:
            one.close()


GROUP = (
    "import os, socket, sys, time\n"
    "def one():\n"
    "    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
    "    s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(4); return s\n"
    "ours, theirs = one(), one()\n"
    "sys.argv.append(str(os.getpid()))\n"
    "worker = os.fork()\n"
    "if worker == 0:\n"
    "    ours.close()\n"
    "    while os.getppid() == int(sys.argv[2]): time.sleep(0.05)\n"
    "    os._exit(0)\n"
    "theirs.close()\n"
    "def serve():\n"
    "    while True: ours.accept()\n"
    "import threading; threading.Thread(target=serve, daemon=True).start()\n"
    "print('up', flush=True); sys.stdin.read()\n"
)


@linux
def test_one_stuck_member_of_a_group_is_not_lost_in_the_sum(
    tmp_path: Path, look: Any, spawn: Any
) -> None:
    script, port = tmp_path / "serve.py", free_port()
    script.write_text(GROUP, encoding="utf-8")
    spawn(script, str(port))
    waiting: list[socket.socket] = []
    try:
        for _ in range(40):  # the kernel spreads them over both by their ports
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        watching = probe(tmp_path, port)
        seen: list[Observation] = []

        def served() -> bool:
            """Whether the member that serves has taken what came to it."""
            seen.append(look(watching).observation)
            return seen[-1].metrics["waiting"] < seen[-1].metrics["backlog"]

        until(served)
        first = seen[-1]
        port_row = first.findings[0]
        assert (first.verdict, port_row.title) == (Verdict.WARN, "NOT SERVING"), port_row.text
        stuck = [int(words) for words in re.findall(r"wait at (\d+), on 1 of 2", port_row.text)]
        assert len(stuck) == 1 and stuck[0] in port_row.facts.owners
        assert stuck[0] not in (row.facts.pid for row in first.findings[1:]), "it is the worker"
        assert look(watching, first).observation.verdict is Verdict.FAIL
    finally:
        for one in waiting:
            one.close()


def test_restarts_are_counted_for_an_hour_and_duplicates_are_none() -> None:
    first = NOW - timedelta(minutes=50)
    known: PortFacts | None = None
    starts = [first + timedelta(minutes=10 * n) for n in range(4)]
    for start in starts:
        seen = restarts_seen(known, [start], NOW)
        known = PortFacts(
            1, "one", starts=(start,), last_start=seen.last_start, restarts=seen.times
        )
    assert len(seen.times) == 3
    same = restarts_seen(known, [starts[-1]], NOW)
    assert same == seen
    beside = restarts_seen(known, [starts[-1], NOW], NOW)
    assert beside.times == seen.times, "a second owner beside the first is no restart"
    gone = restarts_seen(known, [], NOW)
    back = PortFacts(1, "one", last_start=gone.last_start, restarts=gone.times)
    again = restarts_seen(back, [NOW], NOW)
    assert len(again.times) == 4
    assert restarts_seen(known, [starts[-1]], NOW + timedelta(hours=1)).times == ()
    assert restarts_seen(None, [NOW], NOW).times == ()


def test_a_restarted_server_is_counted_and_many_warn(
    tmp_path: Path, look: Any, server: Any
) -> None:
    _, port, _ = server
    watching = probe(tmp_path, port)
    first = look(watching).observation
    finding = first.findings[0]
    early = datetime(2020, 1, 1, tzinfo=UTC)  # as if the first had been started long ago
    finding = replace(finding, facts=replace(finding.facts, starts=(early,), last_start=early))
    again = look(watching, replace(first, findings=(finding,))).observation
    assert len(again.findings[0].facts.restarts) == 1
    assert again.verdict is Verdict.OK
    many = tuple(datetime.now(UTC) - timedelta(minutes=n) for n in (30, 20))
    finding = replace(finding, facts=replace(finding.facts, restarts=many))
    seen = look(watching, replace(first, findings=(finding,))).observation
    assert (seen.verdict, seen.findings[0].title) == (Verdict.WARN, "RESTARTS")


def test_without_the_facts_of_the_run_before_there_is_no_memory(
    tmp_path: Path, look: Any, server: Any
) -> None:
    _, port, _ = server
    watching = probe(tmp_path, port)
    first = look(watching).observation
    before = replace(
        first.findings[0].facts, last_start=datetime(2020, 1, 1, tzinfo=UTC), starts=()
    )
    for data, count in ((before, 1), (NO_FACTS, 0)):
        bare = (replace(first.findings[0], facts=data), *first.findings[1:])
        again = look(watching, replace(first, findings=bare)).observation
        assert len(again.findings[0].facts.restarts) == count


def test_the_output_of_a_start_is_followed_within_bounds(
    tmp_path: Path, look: Any, server: Any
) -> None:
    _, port, _ = server
    output = tmp_path / "out.log"
    output.write_text("starting\nAPI_TOKEN=supersecret99\n", encoding="utf-8")
    made = ListenerProbe(
        table(port, process=["serve.py"], start=["python", "serve.py"]),
        tmp_path,
        source=default_source(),
        output=output,
    )
    assert made.watched_files == (output,)
    clock = ManualClock()
    first = look(made, clock=clock)
    (ref,) = first.observation.artefacts
    assert b"supersecret99" not in first.ctx.artefacts[ref.digest].body
    output.write_text("another line\n", encoding="utf-8")
    assert look(made, first.observation, clock=clock).observation.artefacts == (ref,)
    pressed = look(made, first.observation, clock=clock, reasons=("key",))
    (new,) = pressed.observation.artefacts
    assert pressed.ctx.artefacts[new.digest].body == b"another line\n"
    seen, kept = first.observation, 0
    for number in range(200):
        asyncio.run(clock.advance(2))
        output.write_text(f"line {number}\n", encoding="utf-8")
        again = look(made, seen, clock=clock)
        kept += len(again.ctx.artefacts)
        if number < MOST - 1:
            (last,) = again.ctx.artefacts.values()
            assert last.body == f"line {number}\n".encode()
        seen = again.observation
    assert MOST <= kept <= MOST + 6
    unchanged = look(made, seen, clock=clock)
    assert not unchanged.ctx.artefacts


def test_graphics_figures_that_are_not_supported_are_named() -> None:
    shared = GpuLoad(0, "NVIDIA GB10", busy=3, temperature=40, power=11.0)
    assert graphics_text(GpuReport((shared,))) == "NVIDIA GB10: memory not supported"
    assert graphics_text(GpuReport()) == ""


def test_a_meter_measures_again_when_the_owners_change() -> None:
    meter = UsageSampler()
    one = meter.measure([os.getpid()], 0.0)
    assert meter.measure([os.getpid()], 5.0) is one
    assert meter.measure([], 6.0).metrics == {}
    fresh = meter.measure([os.getpid()], 20.0)
    assert f"{os.getpid()}.rss" in fresh.metrics
    assert f"{os.getpid()}.cpu" in meter.measure([os.getpid()], 31.0).metrics


@linux
def test_who_belongs_to_a_tree_is_looked_up_more_rarely_than_what_it_uses(spawn: Any) -> None:
    meter = UsageSampler()
    pid = os.getpid()
    before = meter.measure([pid], 0.0).metrics[f"{pid}.children"]
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        soon = meter.measure([pid], EVERY + 1).metrics
        assert soon[f"{pid}.children"] == before and f"{pid}.files" in soon
        later = meter.measure([pid], COUNTS_EVERY + 1).metrics
        assert later[f"{pid}.children"] == before + 1
    finally:
        child.communicate(b"\n")


def test_children_of_children_belong_to_the_family() -> None:
    inner = "print('up', flush=True); input()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None and process.stdout.readline().strip() == b"up"
        found = process_table.family(process.pid)
        assert found == process_table.descendants(process.pid) and found
        assert process.pid in process_table.family(os.getpid())
    finally:
        process.communicate(b"\n")
    assert process_table.family(process.pid) == []
