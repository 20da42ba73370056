"""S through a unit or a task: from a service's row, a heartbeat's, and what is looked for after.

The supervisors' tools are stand-ins on the PATH; the processes they stop and start are real.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from engine.operators import SERVER, Operator, Serve, config, free_port, posix, script_of

from cockpit.commands import PlanStart, Question
from cockpit.system.processes import process_table

pytestmark = posix
SERVICE = '[[service]]\nname = "unit"\nunit = "lab.service"\nagrees_with = [{agreed}]\n'
TASK = '[[service]]\nname = "job"\ntask = "\\\\lab"\nagrees_with = [{agreed}]\n'
BEAT = '[[heartbeat]]\nname = "beat"\nfile = "beat.json"\nprocess = ["{script}"]\n'
ROW = '"here","\\lab","N/A","Running","Interactive","x","{code}","me","cmd","c","d","e"'


class Machine:
    """Stand-ins for the tools; the service they stop and start is a real server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.pidfile, self.out = folder / "pid", folder / "out"
        (folder / script_of(port)).write_text(SERVER, encoding="utf-8")

    def tool(self, name: str, cases: str) -> None:
        log = self.folder / f"{name}.log"
        body = f'#!/bin/sh\necho "$*" >>{log}\ncase "$*" in\n{cases}\nesac\n'
        (self.bin / name).write_text(body, encoding="utf-8")
        (self.bin / name).chmod(0o755)

    def calls(self, name: str) -> str:
        log = self.folder / f"{name}.log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    @property
    def _run(self) -> str:
        server = f"{sys.executable} {self.folder / script_of(self.port)} {self.port}"
        up = f"until grep -q up {self.out} 2>/dev/null; do sleep 0.02; done"
        return f"setsid {server} >{self.out} 2>&1 & echo $! >{self.pidfile}\n{up}"

    @property
    def _stop(self) -> str:
        return f"kill $(cat {self.pidfile}); rm {self.pidfile}"

    def systemctl(self, start: str = "") -> None:
        """A unit whose main process is the one in the pidfile, and which is down without one."""
        down = "echo ActiveState=inactive; echo MainPID=0"
        up = f"echo ActiveState=active; echo MainPID=$(cat {self.pidfile})"
        show = f"echo LoadState=loaded; if test -f {self.pidfile}; then {up}; else {down}; fi"
        cases = f"*show*) {show};;\n*stop*) {self._stop};;\n*start*) {start or self._run};;"
        self.tool("systemctl", cases)
        self.tool("loginctl", "*) echo Linger=yes;;")

    def schtasks(self) -> None:
        up, down = (ROW.format(code=code) for code in (267009, 0))
        query = f"if test -f {self.pidfile}; then echo '{up}'; else echo '{down}'; fi"
        cases = f"*/XML*) ;;\n*/Query*) {query};;\n*/End*) {self._stop};;\n*/Run*) {self._run};;"
        self.tool("schtasks", cases)

    def runs(self, pid: int) -> None:
        self.pidfile.write_text(str(pid), encoding="utf-8")


@pytest.fixture
def machine(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch, ended: list[int]
) -> Machine:
    found = Machine(tmp_path, port)
    monkeypatch.setenv("PATH", f"{found.bin}{os.pathsep}{os.environ['PATH']}")
    return found


@pytest.fixture(autouse=True)
def _end(request: pytest.FixtureRequest, ended: list[int]) -> Callable[[], None] | None:
    """What a stand-in started does not outlive the test."""
    machine = request.getfixturevalue("machine")

    def note() -> None:
        servers = process_table.find_by_words([script_of(machine.port)])
        ended.extend(one.pid for one in servers)

    request.addfinalizer(note)
    return None


def lines(question: Question | None) -> str:
    assert question is not None
    return "\n".join(question.lines)


def agreeing(text: str, *names: str) -> str:
    return text.format(agreed=", ".join(f'"{name}"' for name in names))


async def test_a_service_row_starts_its_unit_and_restarts_it(
    tmp_path: Path, machine: Machine, port: int
) -> None:
    machine.systemctl()
    operator = Operator(tmp_path, config(port, agreeing(SERVICE, "api")))
    asked = await operator.asked(PlanStart("unit"))
    assert asked.question is not None and asked.question.expected == str(port)
    assert "starts lab.service by systemctl" in lines(asked.question)
    done = await operator.confirm(asked)
    assert done.ok, done.text
    first = operator.recorder.events[-1].data["pids"][0]
    assert f"started {first}, ready" in done.text
    identity = process_table.identity_of(first)
    assert identity is not None
    again = await operator.asked(PlanStart("unit"))
    assert again.question is not None and again.question.expected == str(first)
    assert "stop -- lab.service" in lines(again.question)
    done = await operator.confirm(again)
    assert done.ok, done.text
    second = operator.recorder.events[-1].data["pids"][0]
    assert second != first and not process_table.is_alive(identity)
    assert operator.recorder.texts("intent")[-1].startswith("is starting unit: systemctl")


async def test_a_heartbeat_row_goes_through_its_unit_which_must_stay_up(
    tmp_path: Path, machine: Machine, port: int
) -> None:
    machine.systemctl()
    text = BEAT.format(script=script_of(port)) + agreeing(SERVICE, "beat")
    operator = Operator(tmp_path, text)
    asked = await operator.asked(PlanStart("beat"))
    assert asked.question is not None and asked.question.expected == "lab.service"
    assert f"lab.service stays up and one process is {script_of(port)}" in lines(asked.question)
    done = await operator.confirm(asked)
    assert done.ok, done.text
    (pid,) = operator.recorder.events[-1].data["pids"]
    assert machine.pidfile.read_text(encoding="utf-8").strip() == str(pid)


async def test_a_unit_that_falls_down_at_once_is_not_ready(
    tmp_path: Path, machine: Machine, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.engine.commands.start_job.READY_SECONDS", 1.5)
    run = f"setsid sh -c 'sleep 0.5; rm {machine.pidfile}' & echo $! >{machine.pidfile}"
    machine.systemctl(run)
    operator = Operator(tmp_path, agreeing(SERVICE))
    done = await operator.confirm(await operator.asked(PlanStart("unit")))
    assert not done.ok and "lab.service is inactive" in done.text


async def test_what_is_lacking_in_the_config_is_said(
    tmp_path: Path, machine: Machine, port: int
) -> None:
    machine.tool("systemctl", "*) echo LoadState=not-found;;")
    beat = BEAT.format(script=script_of(port))
    alone = await Operator(tmp_path, beat).asked(PlanStart("beat"))
    assert not alone.ok and "beat: no [[service]] has it in `agrees_with`" in alone.text
    unknown = await Operator(tmp_path, agreeing(SERVICE)).asked(PlanStart("unit"))
    assert not unknown.ok and "knows no lab.service" in unknown.text
    machine.tool("systemctl", "*) echo no bus >&2; exit 1;;")
    blind = await Operator(tmp_path, agreeing(SERVICE)).asked(PlanStart("unit"))
    assert not blind.ok and "no bus" in blind.text
    machine.schtasks()
    machine.runs(os.getpid())
    task = await Operator(tmp_path, agreeing(TASK)).asked(PlanStart("job"))
    assert not task.ok and "tells no PID" in task.text and "agrees_with" in task.text


async def test_a_leftover_beside_the_unit_is_ended_first(
    tmp_path: Path, machine: Machine, serve: Serve, port: int
) -> None:
    leftover = serve(port)
    machine.systemctl()
    text = BEAT.format(script=script_of(port)) + agreeing(SERVICE, "beat")
    reply = await Operator(tmp_path, text).asked(PlanStart("unit"))
    assert not reply.ok and f"{leftover.pid} runs outside lab.service" in reply.text
    assert "start --" not in machine.calls("systemctl")


async def test_a_unit_that_runs_and_serves_nothing_is_started_anew_from_the_port_row(
    tmp_path: Path, machine: Machine, port: int, start_idle: Callable[[], int]
) -> None:
    idle = start_idle()
    machine.systemctl()
    machine.runs(idle)
    operator = Operator(tmp_path, config(port, agreeing(SERVICE, "api")))
    asked = await operator.asked(PlanStart("api"))
    assert asked.question is not None and asked.question.expected == str(idle)
    done = await operator.confirm(asked)
    assert done.ok, done.text
    assert f"ended {idle}" in done.text


@pytest.fixture
def start_idle(serve: Serve) -> Callable[[], int]:
    """A server that listens on another port than the configured one."""

    def run() -> int:
        return serve(free_port(), name="idle.py").pid

    return run


async def test_a_task_is_run_and_its_ready_line_is_told_to_be_unseen(
    tmp_path: Path, machine: Machine, port: int
) -> None:
    machine.schtasks()
    more = "ready_line = '^up$'\n" + agreeing(TASK, "api")
    operator = Operator(tmp_path, config(port, more))
    asked = await operator.asked(PlanStart("job"))
    assert "can't be looked for" in lines(asked.question)
    assert "fits" not in lines(asked.question)
    done = await operator.confirm(asked)
    assert done.ok, done.text
    assert "ready_line was not looked for: the Task Scheduler keeps no output" in done.text
    again = await operator.asked(PlanStart("job"))
    assert "schtasks /End /TN \\lab" in lines(again.question)
    done = await operator.confirm(again)
    assert done.ok, done.text


READY = "ready_line = '^up$'\nready_within = '3s'\n"


async def test_the_ready_line_is_looked_for_in_the_journal(
    tmp_path: Path, machine: Machine, port: int
) -> None:
    machine.systemctl()
    seen = tmp_path / "asked-before"
    machine.tool("journalctl", f"*) if test -f {seen}; then cat {machine.out}; fi; touch {seen};;")
    operator = Operator(tmp_path, config(port, READY + agreeing(SERVICE, "api")))
    asked = await operator.asked(PlanStart("api"))
    assert "a line of its journal fits ^up$" in lines(asked.question)
    done = await operator.confirm(asked)
    assert done.ok and "not looked for" not in done.text
    assert machine.calls("journalctl").count("--output=cat") == 2


@pytest.mark.parametrize(
    ("journal", "ok", "said"),
    [
        ("*cat*) echo something else;;", False, "no line of its journal fits ready_line"),
        ("*cat*) ;;\n*) echo No journal files were found. >&2;;", True, "No journal files"),
        ("*) echo Failed to open >&2; exit 1;;", True, "not looked for: Failed to open"),
    ],
)
async def test_a_journal_without_the_line_and_one_that_cannot_be_read(
    tmp_path: Path, machine: Machine, port: int, journal: str, ok: bool, said: str
) -> None:
    machine.systemctl()
    machine.tool("journalctl", journal)
    operator = Operator(tmp_path, config(port, READY + agreeing(SERVICE, "api")))
    done = await operator.confirm(await operator.asked(PlanStart("api")))
    assert (done.ok, said in done.text) == (ok, True), done.text
    assert said in operator.recorder.events[-1].text
