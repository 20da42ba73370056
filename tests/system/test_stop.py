"""Ending processes: only what was shown, only what may be, and what is left afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import DEADLINE, until, until_async

from cockpit.clock import SystemClock
from cockpit.permissions import Permissions, ReadOnlyError
from cockpit.system.control import stop_plan
from cockpit.system.control.process_control import ProcessController
from cockpit.system.control.stop import StopState, interrupted_result, stop
from cockpit.system.control.stop_plan import (
    OwnProcess,
    StopPlan,
    own_process,
    plan_reset,
    plan_stop,
    refusal,
)
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity
from cockpit.system.services.service_state import ServiceState
from cockpit.system.sockets.sources import default_source

SERVERS = str(Path(__file__).with_name("servers.py"))
SOURCE = default_source()
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks")
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sockets")
root_only = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0, reason="needs a second user"
)
STUBBORN = (
    "import signal, socket, sys\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "s = socket.create_server(('127.0.0.1', 0))\n"
    "print(s.getsockname()[1], flush=True)\nsys.stdin.read()\n"
)


@pytest.fixture
def serve(start):
    def run(kind: str, port: int = 0, **options):
        process = start([sys.executable, SERVERS, kind, str(port)], ready=True, **options)
        process.ports = [int(word) for word in process.first_line.split()]
        return process

    return run


def plan(pid: int, **options) -> StopPlan:
    return plan_stop(pid, SOURCE.snapshot(), **options)


async def carry_out(made: StopPlan, **options):
    steps: list[str] = []
    acts = options.pop("acts", None) or ProcessController()
    settle = options.pop("settle", 0.0)
    outcome = await stop(made, SOURCE, acts, on_step=steps.append, settle=settle, **options)
    return outcome, steps


async def test_a_server_is_shown_ended_and_its_port_is_free(serve) -> None:
    server = serve("plain")
    made = plan(server.pid)
    assert made.refusal == ""
    assert [victim.pid for victim in made.victims] == [server.pid]
    (hold,) = made.ports
    assert (hold.port, hold.freed) == (server.ports[0], True)
    lines = [*made.describe_victims(SystemClock().now()), *made.describe_method()]
    assert str(server.pid) in lines[0] and "servers.py" in lines[0]
    assert f"frees port {hold.port}" in lines
    outcome, steps = await carry_out(made)
    assert outcome.done
    assert (outcome.ended, outcome.killed, outcome.survivors) == ((server.pid,), (), ())
    assert f"port {hold.port} is free" in outcome.text
    assert any("asked" in step for step in steps)
    assert server.wait() in (-signal.SIGTERM, 1, 15)


@posix
async def test_who_ignores_the_asking_is_killed_after_the_grace(start) -> None:
    server = start([sys.executable, "-c", STUBBORN], ready=True)
    outcome, steps = await carry_out(plan(server.pid), grace=0.2)
    assert outcome.done
    assert outcome.killed == outcome.ended == (server.pid,)
    assert steps.index(f"killed {server.pid}") > 0
    assert server.wait() == -signal.SIGKILL


@linux
async def test_a_worker_stands_for_its_whole_service(serve) -> None:
    server = serve("forked")
    port, *workers = server.ports
    made = plan(workers[0])
    assert made.asked == workers[0]
    assert [victim.pid for victim in made.victims] == [server.pid, *sorted(workers)]
    assert "is a worker of" in made.notes[0]
    outcome, _ = await carry_out(made)
    assert outcome.done
    assert set(outcome.ended) == {server.pid, *workers}
    assert SOURCE.snapshot([port]).on(port) is None


@linux
async def test_a_single_one_leaves_its_children(serve) -> None:
    server = serve("forked")
    port, *workers = server.ports
    made = plan(server.pid, tree=False)
    assert [victim.pid for victim in made.victims] == [server.pid]
    assert made.ports[0].freed is False
    outcome, _ = await carry_out(made)
    assert outcome.ended == (server.pid,)
    assert set(SOURCE.snapshot([port]).on(port).pids) == set(workers)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)


@linux
async def test_who_took_the_port_is_named(serve, start, script) -> None:
    keeper = script(
        "keeper.py",
        "import subprocess, sys\n"
        "port = '0'\n"
        "while True:\n"
        "    child = subprocess.Popen([sys.executable, sys.argv[1], 'reuse', port],\n"
        "                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "    port = child.stdout.readline().strip()\n"
        "    print(port, child.pid, flush=True)\n"
        "    child.wait()\n",
    )
    parent = start([sys.executable, str(keeper), SERVERS], ready=True)
    port, child = (int(word) for word in parent.first_line.split())
    async with asyncio.timeout(DEADLINE):
        outcome, _ = await carry_out(plan(child), settle=3600)
    assert outcome.ended == (child,)
    assert not outcome.done
    (after,) = outcome.ports
    replacement = int(parent.stdout.readline().split()[1])
    assert after.free is False
    assert [one.pid for one in after.holders] == [replacement]
    assert f"port {port} is held by {replacement}" in outcome.text


@pytest.mark.parametrize("pid", [0, 1, 2**22 + 9])
async def test_the_first_process_and_nobody_are_refused(pid: int) -> None:
    made = plan(pid)
    assert made.refusal
    outcome, _ = await carry_out(made)
    assert outcome.refused and not outcome.done


def test_this_process_and_its_parents_are_refused() -> None:
    assert "itself" in plan(os.getpid(), exact=True).refusal
    assert "runs inside" in plan(os.getppid(), exact=True, tree=False).refusal
    assert plan(os.getppid(), exact=True).refusal


@root_only
def test_another_users_process_is_refused_unless_asked(start) -> None:
    theirs = start(["sleep", "3600"], user=65534)
    assert "ending others' was not asked for" in plan(theirs.pid).refusal
    assert plan(theirs.pid, actor=own_process(other_users=True)).refusal == ""


@posix
def test_a_zombie_is_refused_with_the_reason(start) -> None:
    child = start([sys.executable, "-c", "pass"])
    until(lambda: (f := process_table.facts(child.pid)) and f.is_zombie, "a zombie")
    assert f"waits for its parent {os.getpid()}" in plan(child.pid).refusal


@linux
@pytest.mark.skipif(
    process_table.facts(2) is None or process_table.facts(2).argv != (), reason="no PID 2"
)
def test_what_cannot_be_identified_is_refused() -> None:
    assert "can't be read" in plan(2, tree=False, actor=own_process(other_users=True)).refusal


async def test_a_pid_that_changed_hands_is_not_touched(serve) -> None:
    server = serve("plain")
    made = plan(server.pid)
    older = ProcessIdentity(server.pid, made.victims[0].identity.started_at - 5)
    made = replace(made, victims=(replace(made.victims[0], identity=older),))
    outcome, _ = await carry_out(made)
    assert "another process now" in outcome.refused
    assert server.poll() is None


@posix
async def test_a_process_that_became_another_program_is_not_touched(start) -> None:
    code = "import os\nprint('up', flush=True)\ninput()\nos.execvp('sleep', ['sleep', '3600'])"
    child = start([sys.executable, "-c", code], ready=True)
    made = plan(child.pid)
    child.stdin.write("\n")
    child.stdin.flush()
    await until_async(lambda: process_table.facts(child.pid).argv[:1] == ("sleep",))
    outcome, _ = await carry_out(made)
    assert "runs another program now: sleep 3600" in outcome.refused
    assert child.poll() is None


@linux
async def test_an_owner_set_that_changed_since_it_was_shown_is_refused(serve) -> None:
    server = serve("reuse")
    made = plan(server.pid)
    other = serve("reuse", server.ports[0])
    outcome, _ = await carry_out(made)
    assert f"now by {server.pid}, {other.pid}" in outcome.refused
    assert server.poll() is None and other.poll() is None
    again = plan(server.pid)
    assert again.ports[0].freed is False
    assert f"others keep port {server.ports[0]}" in again.describe_method()
    outcome, _ = await carry_out(again)
    assert outcome.done
    assert SOURCE.snapshot().on(server.ports[0]).pids == (other.pid,)


async def test_a_process_that_ended_meanwhile_is_nothing_to_do(serve) -> None:
    server = serve("plain")
    made = plan(server.pid)
    server.kill()
    server.wait()
    outcome, _ = await carry_out(made)
    assert "has ended" in outcome.refused


@linux
async def test_a_child_that_was_not_shown_is_not_ended(start) -> None:
    code = (
        "import subprocess, sys\nprint('up', flush=True)\nsys.stdin.readline()\n"
        "c = subprocess.Popen(['sleep', '3600'])\nprint(c.pid, flush=True)\nc.wait()\n"
    )
    parent = start([sys.executable, "-c", code], ready=True)
    made = plan(parent.pid)
    parent.stdin.write("\n")
    parent.stdin.flush()
    child = int(parent.stdout.readline())
    outcome, _ = await carry_out(made)
    assert outcome.ended == (parent.pid,)
    found = process_table.facts(child)
    assert found is not None and not found.is_zombie
    os.kill(child, signal.SIGKILL)


async def test_read_only_refuses_at_the_lowest_layer(serve) -> None:
    server = serve("plain")
    made = plan(server.pid)
    acts = ProcessController(Permissions(read_only=True))
    outcome, _ = await carry_out(made, acts=acts)
    assert "--read-only" in outcome.refused
    handle = acts.open(made.victims[0].identity)
    assert handle is not None
    for act in (handle.terminate, handle.kill):
        with pytest.raises(ReadOnlyError):
            act()
    handle.close()
    with pytest.raises(ReadOnlyError):
        acts.spawn(["sleep", "1"], cwd=Path.cwd(), env=None, output=Path("never"))
    with pytest.raises(ReadOnlyError):
        await acts.run(["true"], timeout=1)
    assert server.poll() is None
    assert not Path("never").exists()


def stand_in(tmp_path: Path, monkeypatch, name: str, body: str) -> None:
    path = tmp_path / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


@posix
async def test_a_supervised_process_is_stopped_through_its_unit(
    serve, tmp_path, monkeypatch
) -> None:
    server = serve("plain")
    state = ServiceState("systemd", "lab.service", found=True, main_pid=server.pid)
    made = plan(server.pid, supervisor=state)
    assert made.command[-3:] == ("stop", "--", "lab.service")
    assert made.supervised == "lab.service"
    assert any("supervises it" in line for line in made.describe_method())
    stand_in(tmp_path, monkeypatch, "systemctl", "echo 'Access denied' >&2; exit 4")
    outcome, _ = await carry_out(made)
    assert "Access denied" in outcome.error
    assert outcome.survivors == (server.pid,)
    assert server.poll() is None, "a signal would only have made the unit start it again"
    stand_in(tmp_path, monkeypatch, "systemctl", f"kill -TERM {server.pid}")
    outcome, _ = await carry_out(made)
    assert outcome.done
    assert outcome.ended == (server.pid,)


def test_a_unit_that_could_not_be_asked_is_said(serve) -> None:
    server = serve("plain")
    state = ServiceState("systemd", "lab.service", error="no bus")
    made = plan(server.pid, supervisor=state)
    assert made.supervised == ""
    assert "is not known: no bus" in made.notes[0]


@posix
async def test_a_configured_stop_command_comes_first_then_the_signal(serve, tmp_path) -> None:
    server = serve("plain")
    note = tmp_path / "asked"
    made = plan(server.pid, stop_command=["touch", str(note)])
    outcome, steps = await carry_out(made, grace=0.1)
    assert note.exists()
    assert steps[0].startswith("running touch")
    assert outcome.done


@linux
async def test_resetting_ports_leaves_others_alone(serve, start, script) -> None:
    one, two = serve("plain"), serve("forked")
    path = script("database.py", Path(SERVERS).read_text(encoding="utf-8"))
    other = start([sys.executable, str(path), "plain", "0"], ready=True)
    ports = [one.ports[0], two.ports[0], int(other.first_line), 1]
    made = plan_reset(ports, SOURCE.snapshot(), words=["servers.py"])
    assert {p.victims[0].pid for p in made.plans} == {one.pid, two.pid}
    assert any("database.py" in reason and str(other.pid) in reason for reason in made.left_alone)
    assert made.free == ("1: nobody listens",)
    for each in made.plans:
        assert (await carry_out(each))[0].done
    assert other.poll() is None
    all_of_them = plan_reset(ports, SOURCE.snapshot())
    assert [p.victims[0].pid for p in all_of_them.plans] == [other.pid]


@linux
def test_resetting_never_includes_this_process() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as own:
        made = plan_reset([own.getsockname()[1]], SOURCE.snapshot())
    assert made.plans == ()
    assert "itself" in made.left_alone[0]


@pytest.mark.skipif(sys.platform == "win32", reason="numeric users")
@given(
    st.integers(0, 40), st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 3),
    st.one_of(st.none(), st.integers(0, 3)), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_what_may_never_be_ended_never_is(
    pid, above, own_pid, own_uid, uid, others, readable, zombie
) -> None:
    victim = ProcessFacts(
        ProcessIdentity(pid, 1.0), ("x",) if readable else (), "x",
        None if uid is None else str(uid), uid, None, None, 1, None,
        "zombie" if zombie else "running",
    )  # fmt: skip
    actor = OwnProcess(own_pid, frozenset(above), own_uid, str(own_uid), others)
    allowed = refusal([victim], {}, actor) == ""
    forbidden = (
        pid <= 1 or pid == own_pid or pid in above or zombie or not readable or uid is None
        or (uid != own_uid and not others)
    )  # fmt: skip
    assert allowed is not forbidden


@linux
async def test_the_grace_can_be_watched_and_cancelled(start) -> None:
    server = start([sys.executable, "-c", STUBBORN], ready=True)
    steps: list[str] = []
    task = asyncio.create_task(
        stop(plan(server.pid), SOURCE, ProcessController(), grace=3600, on_step=steps.append)
    )
    await until_async(lambda: steps)
    assert "3600 s grace" in steps[0]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.poll() is None


@posix
async def test_several_share_one_grace_and_the_course_tells_who_is_left(start) -> None:
    stubborn = [start([sys.executable, "-c", STUBBORN], ready=True) for _ in range(2)]
    willing = start([sys.executable, "-c", "print('up', flush=True); input()"], ready=True)
    servers = [*stubborn, willing]
    seen: list[tuple[tuple[int, ...], bool]] = []
    state = StopState(lambda: seen.append((state.alive, state.kill_at is not None)))
    steps: list[str] = []
    outcome = await stop(
        [plan(server.pid) for server in servers],
        SOURCE, ProcessController(), grace=0.5, settle=0.0, on_step=steps.append, state=state,
    )  # fmt: skip
    pids = tuple(server.pid for server in servers)
    assert outcome.done and outcome.asked == outcome.ended == pids
    assert set(outcome.killed) == {one.pid for one in stubborn}
    asked = [step for step in steps if "grace" in step]
    assert asked == [f"asked {', '.join(map(str, pids))} to end, 0.5 s grace"]
    assert (pids, True) in seen and (pids[:2], True) in seen and ((), False) in seen
    assert outcome.results(pids) == (
        f"{pids[0]} ended by KILL after the grace",
        f"{pids[1]} ended by KILL after the grace",
        f"{pids[2]} ended, got TERM",
    )


async def test_one_of_several_that_changed_hands_saves_all(serve) -> None:
    first, second = serve("plain"), serve("plain")
    made = plan(second.pid)
    older = ProcessIdentity(second.pid, made.victims[0].identity.started_at - 5)
    made = replace(made, victims=(replace(made.victims[0], identity=older),))
    outcome = await stop([plan(first.pid), made], SOURCE, ProcessController(), settle=0.0)
    assert f"{second.pid} has ended, or is another process now" in outcome.refused
    assert first.poll() is None and second.poll() is None


@linux
async def test_a_port_that_others_keep_is_looked_at_afterwards(serve) -> None:
    one = serve("reuse")
    other = serve("reuse", one.ports[0])
    outcome, steps = await carry_out(plan(one.pid))
    assert outcome.done
    held = f"port {one.ports[0]} is held by {other.pid}"
    assert held in outcome.text and any(held in step for step in steps)


@posix
async def test_what_was_cut_short_is_told(start) -> None:
    server = start([sys.executable, "-c", STUBBORN], ready=True)
    made, state, steps = plan(server.pid), StopState(), []
    assert "no signal was sent" in interrupted_result([made], SOURCE, state).text
    task = asyncio.create_task(
        stop(made, SOURCE, ProcessController(), grace=3600, on_step=steps.append, state=state)
    )
    await until_async(lambda: steps)
    task.cancel()
    await asyncio.wait({task})
    told = interrupted_result([made], SOURCE, state)
    assert not told.done and told.survivors == told.asked == (server.pid,)
    assert told.text.startswith(f"interrupted: TERM was sent to {server.pid}, no KILL")
    assert f"port {int(server.first_line)} is held by {server.pid}" in told.text


@linux
async def test_no_descriptor_is_left_behind(serve) -> None:
    await carry_out(plan(serve("plain").pid))
    server = serve("forked")
    before = len(os.listdir("/proc/self/fd"))
    await carry_out(plan(server.pid))
    assert len(os.listdir("/proc/self/fd")) == before


def test_ages_are_told_in_the_confirmation(serve) -> None:
    server = serve("plain")
    made = plan(server.pid)
    later = made.victims[0].started_at + timedelta(hours=47)
    assert "1d 23h old" in made.describe_victims(later)[0]


@linux
def test_holds_ignore_ports_of_others(serve) -> None:
    server = serve("plain")
    assert stop_plan.ports_held_by(SOURCE.snapshot(), {server.pid})[0].port == server.ports[0]
    assert stop_plan.ports_held_by(SOURCE.snapshot(), {4_194_000}) == ()
