"""Ending and starting what a unit, a task or a stop command stands for, and other users' processes.

The supervisors' tools are stand-ins on the PATH; the processes they stop and start are real.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engine.operators import SERVER, Operator, Serve, config, posix, script_of, started

from cockpit.commands import Arm, Confirm, PlanEnd, PlanReset, PlanStart, Question
from cockpit.system.processes import process_table
from cockpit.system.services import supervisors
from cockpit.system.services.supervisors import parse_cgroup

pytestmark = posix
Tool = Callable[[str, str], None]
ROW = '"here","\\lab","N/A","Running","Interactive","x","267009","me","cmd","c","d","e"'


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name: str, cases: str) -> None:
        body = f'#!/bin/sh\necho "$*" >>{tmp_path}/{name}.log\ncase "$*" in\n{cases}\nesac\n'
        (folder / name).write_text(body, encoding="utf-8")
        (folder / name).chmod(0o755)

    return write


def unit(pid: int, state: str = "active") -> str:
    """The answer of `systemctl show` for a unit with that main PID."""
    told = ("LoadState=loaded", f"ActiveState={state}", "SubState=x", f"MainPID={pid}")
    return f"printf '%s\\n' {' '.join(told)}"


def lines(question: Question | None) -> str:
    assert question is not None
    return "\n".join(question.lines)


SERVICE = '[[service]]\nname = "engine"\nunit = "lab.service"\nagrees_with = ["api"]\n'
TASK = '[[service]]\nname = "engine"\ntask = "\\\\lab"\nagrees_with = ["api"]\n'


async def test_a_port_row_is_stopped_through_its_unit(
    tmp_path: Path, tool: Tool, serve: Serve, port: int
) -> None:
    process = serve(port)
    tool("systemctl", f"*show*) {unit(process.pid)};;\n*stop*) kill -INT {process.pid};;")
    operator = Operator(tmp_path, config(port, SERVICE))
    for command in (PlanReset((port,)), PlanEnd(process.pid, "", "api")):
        asked = await operator.asked(command)
        assert "lab.service supervises it" in lines(asked.question)
        assert "stop -- lab.service" in lines(asked.question)
    done = await operator.confirm(asked)
    assert done.ok and f"port {port} is free" in done.text
    assert process.wait() != -15, "no signal of ours, the unit ended it"


async def test_a_unit_that_runs_a_script_supervises_what_the_script_runs(
    tmp_path: Path, tool: Tool, serve: Serve, port: int
) -> None:
    process = serve(port)
    tool("systemctl", f"*show*) {unit(os.getpid())};;")
    operator = Operator(tmp_path, config(port, SERVICE))
    asked = await operator.asked(PlanReset((port,)))
    assert "stop -- lab.service" in lines(asked.question)
    tool("systemctl", f"*show*) {unit(process.pid + 1)};;")
    leftover = await operator.asked(PlanReset((port,)))
    assert "supervises" not in lines(leftover.question)


async def test_the_control_group_tells_the_unit_without_any_service_in_the_config(
    tmp_path: Path, tool: Tool, serve: Serve, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "0::/system.slice/lab.service\n"
    monkeypatch.setattr(supervisors, "unit_of", lambda pid: parse_cgroup(text))
    process = serve(port)
    restart = "echo Restart=always; "
    tool("systemctl", f"*show*) {restart}{unit(process.pid)};;\n*stop*) kill -INT {process.pid};;")
    bare = Operator(tmp_path, config(port))
    asked = await bare.asked(PlanEnd(process.pid, "", "api"))
    assert "lab.service supervises it (Restart=always)" in lines(asked.question)
    # A job in a daemon's unit: said, but the daemon is not stopped for it.
    tool("systemctl", f"*show*) {restart}{unit(os.getpid())};;")
    job = await bare.asked(PlanReset((port,)))
    assert "systemctl" not in lines(job.question)
    assert f"main process {os.getpid()} started it there" in lines(job.question)
    assert "Restart=always" in lines(job.question)
    # What the config says of that unit goes before what can't be told from outside.
    told = await Operator(tmp_path, config(port, SERVICE)).asked(PlanReset((port,)))
    assert "stop -- lab.service" in lines(told.question)
    done = await bare.confirm(asked)
    assert not done.ok, "a question that was asked anew is closed"
    tool("systemctl", f"*show*) {restart}{unit(process.pid)};;\n*stop*) kill -INT {process.pid};;")
    done = await bare.confirm(await bare.asked(PlanEnd(process.pid, "", "api")))
    assert done.ok and process.wait() != -15


async def test_a_task_is_ended_there_but_not_when_two_could_be_it(
    tmp_path: Path, tool: Tool, serve: Serve, port: int
) -> None:
    process = serve(port)
    cases = f"*/XML*) ;;\n*/Query*) echo '{ROW}';;\n*/End*) kill -INT {process.pid};;"
    tool("schtasks", cases)
    operator = Operator(tmp_path, config(port, TASK))
    second = serve(port)
    both = await operator.asked(PlanEnd(second.pid, "", "api"))
    assert "is not known" in lines(both.question) and "/End" not in lines(both.question)
    second.kill()
    second.wait()
    asked = await operator.asked(PlanReset((port,)))
    assert "schtasks /End /TN \\lab" in lines(asked.question)
    done = await operator.confirm(asked)
    assert done.ok and process.wait() != -15


async def test_s_starts_and_restarts_through_the_unit(
    tmp_path: Path, tool: Tool, serve: Serve, port: int, ended: list[int]
) -> None:
    process = serve(port)
    # As the real one: it returns when the service is up, which then is in a session of its own.
    out = tmp_path / "out"
    run = (
        f"setsid {sys.executable} {tmp_path / script_of(port)} {port} >{out} 2>&1 &\n"
        f"until grep -q up {out} 2>/dev/null; do sleep 0.02; done"
    )
    tool(
        "systemctl",
        f"*show*) {unit(process.pid)};;\n*stop*) kill -INT {process.pid};;\n*start*) {run};;",
    )
    tool("journalctl", f"*) cat {out};;")
    operator = Operator(tmp_path, config(port, started("never", port) + SERVICE), trusted=False)
    asked = await operator.asked(PlanStart("api"))
    assert asked.question is not None and asked.question.expected == str(process.pid)
    text = lines(asked.question)
    assert text.index("stop -- lab.service") < text.index("starts lab.service by systemctl")
    done = await operator.confirm(asked)
    assert done.ok, (done.text, operator.steps)
    pid = operator.recorder.events[-1].data["pids"][0]
    ended.append(pid)
    assert f"started {pid}, ready" in done.text and pid != process.pid
    log = (tmp_path / "systemctl.log").read_text(encoding="utf-8")
    assert "start -- lab.service" in log
    asked_for = (tmp_path / "journalctl.log").read_text(encoding="utf-8")
    assert "--user-unit=lab.service --since=@" in asked_for


async def test_a_unit_that_does_not_start_is_told_and_nothing_starts_beside_it(
    tmp_path: Path, tool: Tool, port: int
) -> None:
    tool("systemctl", f"*show*) {unit(0, 'failed')};;\n*start*) echo denied >&2; exit 4;;")
    (tmp_path / script_of(port)).write_text(SERVER, encoding="utf-8")
    operator = Operator(tmp_path, config(port, started(sys.executable, port) + SERVICE))
    asked = await operator.asked(PlanStart("api"))
    assert asked.question is not None and asked.question.expected == str(port)
    done = await operator.confirm(asked)
    assert not done.ok and "denied" in done.text
    assert not process_table.find_by_words([script_of(port)])


async def test_the_stop_command_is_used_on_port_rows_z_and_restarts(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    stop = "import os, pathlib; os.kill(int(pathlib.Path('pid').read_text()), 2)"
    (tmp_path / "stop.py").write_text(stop, encoding="utf-8")
    process = serve(port)
    (tmp_path / "pid").write_text(str(process.pid))
    more = f"stop = ['{sys.executable}', 'stop.py']\n" + started(sys.executable, port)
    operator = Operator(tmp_path, config(port, more))
    restart = await operator.asked(PlanStart("api"))
    assert "stop.py" in lines(restart.question)
    several = await operator.do(PlanReset((port, 1)))
    assert "stop.py" in lines(several.question)
    done = await operator.confirm(several)
    assert done.ok and process.wait() != -15
    untrusted = Operator(tmp_path, config(port, more), trusted=False)
    again = serve(port)
    plain = await untrusted.asked(PlanReset((port,)))
    assert "stop.py" not in lines(plain.question) and str(again.pid) in lines(plain.question)


async def test_a_service_on_ipv6_only_answers_where_it_listens(
    tmp_path: Path, port: int, ended: list[int]
) -> None:
    (tmp_path / script_of(port)).write_text(SERVER, encoding="utf-8")
    operator = Operator(tmp_path, config(port, started(sys.executable, port, "v6")))
    done = await operator.confirm(await operator.asked(PlanStart("api")))
    ended.append(operator.recorder.events[-1].data["pids"][0])
    assert done.ok, done.text


@pytest.fixture
def foreign(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server of another user."""
    if sys.platform == "win32" or os.getuid() != 0:
        pytest.skip("needs a second user")
    drop = (  # what the server imports is read before: that user may not be allowed to
        "import encodings.idna, http.server, os, signal\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", drop + SERVER, str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    threading.Thread(target=process.wait, daemon=True).start()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


async def test_another_users_process_wants_the_users_name_too(
    tmp_path: Path, foreign: subprocess.Popen[str], port: int
) -> None:
    operator = Operator(tmp_path, f'[[listener]]\nname = "api"\nport = {port}\n')
    found = process_table.facts(foreign.pid)
    assert found is not None
    owner = found.user
    for command in (PlanEnd(foreign.pid, "", "api"), PlanReset((port,))):
        asked = await operator.asked(command)
        assert asked.question is not None
        assert asked.question.expected == f"{foreign.pid} {owner}"
        assert f"belongs to {owner}" in lines(asked.question)
        short = await operator.do(Confirm(asked.question.plan, str(foreign.pid)))
        assert not short.ok and foreign.poll() is None
    several = await operator.do(PlanReset((port, 1)))
    assert not several.ok and "was not asked for" in several.text
    asked = await operator.do(command)
    done = await operator.confirm(asked)
    assert done.ok and foreign.wait() == -15


async def test_beside_ones_own_another_users_process_is_left_alone(
    tmp_path: Path, foreign: subprocess.Popen[str], serve: Serve, port: int
) -> None:
    own = serve(port, "v6", name="own.py")
    operator = Operator(tmp_path, f'[[listener]]\nname = "api"\nport = {port}\n')
    asked = await operator.asked(PlanReset((port,)))
    assert asked.question is not None and asked.question.expected == str(own.pid)
    assert f"left alone: {port}: {foreign.pid}: it belongs to" in lines(asked.question)
    several = await operator.do(PlanReset((port, 1)))
    assert several.question is not None and several.question.expected == str(own.pid)


async def test_read_only_runs_no_unit_command(tmp_path: Path, tool: Tool, port: int) -> None:
    tool("systemctl", f"*show*) {unit(0, 'inactive')};;")
    operator = Operator(tmp_path, config(port, SERVICE), read_only=True)
    assert not (await operator.do(Arm())).ok
    operator.acts._arming.arm()
    done = await operator.confirm(await operator.do(PlanStart("api")))
    assert not done.ok and "--read-only" in done.text
    assert "start" not in (tmp_path / "systemctl.log").read_text(encoding="utf-8").split()
