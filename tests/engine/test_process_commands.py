"""Ending and starting real processes: armed, shown, typed, recorded, verified."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.operators import (
    SERVER,
    Operator,
    Serve,
    config,
    free_port,
    posix,
    script_of,
    started,
)
from support import DEADLINE, until_async

from cockpit.clock import ManualClock
from cockpit.commands import Arm, Confirm, PlanEnd, PlanReset, PlanStart
from cockpit.engine.commands.process_commands import ARMED_SECONDS, Arming
from cockpit.engine.commands.stop_job import StopJob
from cockpit.system.control.stop_plan import StopPlan
from cockpit.system.control.target_lock import TargetLock
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity
from cockpit.text import format_utc


async def test_nothing_is_planned_or_done_unless_armed(tmp_path: Path, serve: Serve, port: int):
    process = serve(port)
    operator = Operator(tmp_path, config(port))
    for command in (PlanEnd(process.pid), PlanReset((port,)), PlanStart("api"), Confirm("x", "1")):
        reply = await operator.do(command)
        assert not reply.ok and "not armed" in reply.text
    asked = await operator.asked(PlanEnd(process.pid))
    assert (await operator.do(Arm(False))).text == "disarmed"
    assert not (await operator.confirm(asked)).ok
    assert process.poll() is None


async def test_arming_ends_by_both_clocks() -> None:
    clock = ManualClock()
    arming = Arming(clock)
    assert not arming.armed
    until = arming.arm()
    assert (until - clock.now()).total_seconds() == ARMED_SECONDS and arming.armed
    await clock.advance(ARMED_SECONDS - 1)
    assert arming.armed
    await clock.advance(2)
    assert not arming.armed
    arming.arm()
    clock.step_wall(ARMED_SECONDS + 1)  # a suspended machine: only the wall clock went on
    assert not arming.armed


async def test_the_pid_shown_is_typed_and_then_it_ends(tmp_path: Path, serve: Serve, port: int):
    process = serve(port)
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanEnd(process.pid, _start(process.pid), "api"))
    assert asked.question is not None
    assert asked.question.expected == str(process.pid)
    shown = "\n".join(asked.question.lines)
    assert script_of(port) in shown and f"frees port {port}" in shown and "old" in shown
    wrong = await operator.confirm(asked, str(process.pid + 1))
    assert not wrong.ok and process.poll() is None
    assert not (await operator.confirm(asked)).ok, "a question is answered once"
    asked = await operator.asked(PlanEnd(process.pid, "", "api"))
    done = await operator.confirm(asked)
    assert done.ok and f"port {port} is free" in done.text
    assert process.wait() == -signal.SIGTERM
    assert any("asked" in step for step in operator.steps)
    intent, outcome = operator.recorder.events[-2:]
    assert intent.text.startswith(f"is ending {process.pid}: ")
    assert intent.data["act"] == outcome.data["act"]
    assert intent.data["pids"] == outcome.data["ended"] == (process.pid,)
    assert intent.actor == "ann@here" and intent.ticket == "t1"


@posix
async def test_term_then_kill_can_be_watched(tmp_path: Path, serve: Serve, port: int) -> None:
    process = serve(port, "stubborn")
    operator = Operator(tmp_path, config(port))
    operator.acts._context = _hasty(operator)
    done = await operator.confirm(await operator.asked(PlanEnd(process.pid)))
    assert done.ok and process.wait() == -signal.SIGKILL
    steps = "\n".join(operator.steps)
    assert steps.index("asked") < steps.index(f"killed {process.pid}")


def _hasty(operator: Operator) -> Callable[[], Any]:
    from dataclasses import replace

    context = operator.acts._context
    return lambda: replace(context(), grace=0.1)


async def test_another_process_under_the_pid_is_not_meant(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    process = serve(port)
    operator = Operator(tmp_path, config(port))
    reply = await operator.asked(PlanEnd(process.pid, "2020-01-01T00:00:00Z"))
    assert not reply.ok and "another process" in reply.text
    process.kill()
    process.wait()
    gone = await operator.do(PlanEnd(process.pid))
    assert not gone.ok and "has ended" in gone.text


@posix
async def test_all_on_a_port_that_match_end_in_one_go(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    one, two = serve(port), serve(port)
    other = serve(port, name="other.py")
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanReset((port,)))
    assert asked.question is not None
    assert set(asked.question.expected.split()) == {str(one.pid), str(two.pid)}
    assert any("left alone" in line and str(other.pid) in line for line in asked.question.lines)
    done = await operator.confirm(asked)
    assert one.wait(DEADLINE) and two.wait(DEADLINE) and other.poll() is None
    assert f"{other.pid}" not in done.text.split("ended")[1].split(";")[0]
    other.kill()
    other.wait()
    nobody = await operator.do(PlanReset((port,)))
    assert not nobody.ok and "nobody listens" in nobody.text


@posix
async def test_both_on_a_port_leave_it_free(tmp_path: Path, serve: Serve, port: int) -> None:
    serve(port), serve(port)
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanReset((port,)))
    assert asked.question is not None and f"frees port {port}" in asked.question.lines
    done = await operator.confirm(asked)
    assert done.ok and f"port {port} is free" in done.text


@posix
async def test_many_are_one_act_confirmed_by_the_first_pid_and_the_count(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    pids = [serve(port).pid for _ in range(4)]
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanReset((port,)))
    assert asked.question is not None
    lines = asked.question.lines
    assert lines[0] == "ends 4 processes:" and lines[2:] == (f"frees port {port}",)
    listed = [int(word) for word in lines[1].split() if word.isdigit() and int(word) in pids]
    assert sorted(listed) == sorted(pids) and script_of(port) in lines[1] and " old: " in lines[1]
    assert asked.question.expected == f"{listed[0]} 4"
    wrong = await operator.confirm(asked, f"{listed[0]} 3")
    assert not wrong.ok and operator.recorder.texts("intent") == [operator.recorder.events[0].text]
    done = await operator.confirm(await operator.do(PlanReset((port,))))
    assert done.ok, done.text
    assert done.text == f"ended {', '.join(map(str, listed))}; port {port} is free"
    intent, outcome = operator.recorder.events[1:]
    assert intent.data["phase"] == "intent" and outcome.data["phase"] == "outcome"
    assert intent.data["pids"] == outcome.data["pids"] == tuple(listed)
    assert all(str(pid) in intent.text and str(pid) in outcome.text for pid in pids)
    assert outcome.data["results"] == tuple(f"{pid} ended, got TERM" for pid in listed)
    assert intent.data["author_pid"] == os.getpid() and intent.data["author_host"]


async def test_a_tree_wants_its_root_and_two_want_both(tmp_path: Path) -> None:
    one, two, three = (_victim(pid) for pid in (11, 12, 13))
    assert StopJob((StopPlan(11, (one, two, three)),)).expected_answer == "11"
    assert StopJob((StopPlan(11, (one,)), StopPlan(12, (two,)))).expected_answer == "11 12"
    assert StopJob((StopPlan(11, (one, two)), StopPlan(13, (three,)))).expected_answer == "11 3"


def _victim(pid: int) -> ProcessFacts:
    identity = ProcessIdentity(pid, 1.0)
    return ProcessFacts(identity, ("x",), "x", "ann", 1, None, None, 1, None, "running")


@posix
async def test_an_act_that_is_cut_short_says_how_it_stands(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    process = serve(port, "stubborn")
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanEnd(process.pid))
    task = asyncio.create_task(operator.confirm(asked))
    await until_async(lambda: any("grace" in step for step in operator.steps))
    courses = [course for course in operator.courses if course.kill_at is not None]
    assert courses[-1].alive == courses[-1].pids == (process.pid,)
    task.cancel()
    await asyncio.wait({task})
    outcome = operator.recorder.events[-1]
    assert outcome.data["phase"] == "outcome" and outcome.data["survivors"] == (process.pid,)
    assert f"TERM was sent to {process.pid}, no KILL" in outcome.text
    assert f"port {port} is held by {process.pid}" in outcome.text
    assert courses[-1].act == outcome.data["act"]


@posix
async def test_an_owner_that_came_after_the_question_stops_it(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    process = serve(port)
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanEnd(process.pid))
    serve(port)
    done = await operator.confirm(asked)
    assert not done.ok and "was held by" in done.text
    assert process.poll() is None


@posix
async def test_nothing_is_started_where_the_end_before_it_was_refused(
    tmp_path: Path, port: int, serve: Serve
) -> None:
    process = serve(port)
    operator = Operator(tmp_path, config(port, started(sys.executable, port)))
    asked = await operator.asked(PlanStart("api"))
    second = serve(port)
    done = await operator.confirm(asked)
    assert not done.ok and done.label == "REFUSED"
    assert "was held by" in done.text and "api was not started" in done.text
    assert process.poll() is None and second.poll() is None
    assert len(operator.recorder.texts("intent")) == 2, "armed, and the end; no start was begun"


@posix
async def test_a_tree_or_the_root_alone(tmp_path: Path, port: int, ended: list[int]) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, socket, sys, time\n"
        "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "s.set_inheritable(False)\n"
        "child = os.spawnv(os.P_NOWAIT, '/bin/sleep', ['sleep', '600'])\n"
        "print(child, flush=True)\ntime.sleep(600)\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, str(script), str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    ended.append(child)
    threading.Thread(target=process.wait, daemon=True).start()
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanEnd(process.pid))
    assert asked.question is not None
    assert any(f"and its {child}" in line for line in asked.question.lines)
    done = await operator.confirm(asked, f"{process.pid} alone")
    assert done.ok and process.wait() == -signal.SIGTERM
    assert operator.recorder.events[-2].data["pids"] == (process.pid,)
    assert process_table.identity_of(child) is not None, "its child was left alone"
    process.stdout.close()


async def test_of_two_operators_one_is_told_of_the_other(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    process = serve(port)
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanEnd(process.pid))
    lock = tmp_path / ".cockpit" / "locks" / f"pid-{process.pid}.lock"
    with TargetLock(lock, f"bob is ending {process.pid}"):
        done = await operator.confirm(asked)
    assert not done.ok and f"bob is ending {process.pid}" in done.text
    assert process.poll() is None


async def test_no_record_no_act(tmp_path: Path, serve: Serve, port: int) -> None:
    process = serve(port)
    operator = Operator(tmp_path, config(port))
    asked = await operator.asked(PlanEnd(process.pid))
    operator.recorder.works = False
    done = await operator.confirm(asked)
    assert not done.ok and "no record, no act" in done.text
    assert process.poll() is None
    assert not (await operator.do(Arm())).ok


async def test_read_only_refuses_at_the_lowest_layer(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    process = serve(port)
    operator = Operator(tmp_path, config(port), read_only=True)
    assert "--read-only" in (await operator.do(Arm())).text
    operator.acts._arming.arm()  # as if the key had not refused
    asked = await operator.do(PlanEnd(process.pid))
    done = await operator.confirm(asked)
    assert not done.ok and "--read-only" in done.text
    assert process.poll() is None
    assert operator.recorder.events == [], "a look is no act begun"


async def test_read_only_is_named_as_what_forbids_it(tmp_path: Path, port: int) -> None:
    operator = Operator(tmp_path, config(port), read_only=True)
    for command in (PlanStart("api"), PlanEnd(1), PlanReset((port,))):
        reply = await operator.do(command)
        assert not reply.ok and "--read-only" in reply.text and "A allows" not in reply.text


async def test_a_question_grows_old(tmp_path: Path, serve: Serve, port: int) -> None:
    process = serve(port)
    clock = ManualClock()
    operator = Operator(tmp_path, config(port), clock=clock)
    asked = await operator.asked(PlanEnd(process.pid))
    await clock.advance(200)
    done = await operator.confirm(asked)
    assert not done.ok and "too long ago" in done.text
    assert process.poll() is None


async def test_one_is_started_verified_and_started_anew(
    tmp_path: Path, port: int, ended: list[int]
) -> None:
    (tmp_path / script_of(port)).write_text(SERVER, encoding="utf-8")
    operator = Operator(tmp_path, config(port, started(sys.executable, port)))
    asked = await operator.asked(PlanStart("api"))
    assert asked.question is not None and asked.question.expected == str(port)
    assert "/health answers" in asked.question.lines[-1]
    done = await operator.confirm(asked)
    first = operator.recorder.events[-1].data["pids"][0]
    ended.append(first)
    assert done.ok and done.text == f"started {first}, ready"
    log = (tmp_path / ".cockpit" / "output" / "api.log").read_text(encoding="utf-8")
    assert "ann@here starts" in log and "\nup\n" in log

    again = await operator.do(PlanStart("api"))
    assert again.question is not None and again.question.expected == str(first)
    anew = await operator.confirm(again)
    second = operator.recorder.events[-1].data["pids"][0]
    ended.append(second)
    assert anew.ok and f"ended {first}" in anew.text and f"started {second}" in anew.text
    assert first != second and operator.recorder.texts("intent")[-1].startswith("is starting api")


@posix
@pytest.mark.parametrize(
    ("words", "number", "told"),
    [((), signal.SIGKILL, "was ended by signal 9 (SIGKILL)"), (("once",), 0, "exit code 3")],
)
async def test_the_exit_code_of_what_was_started_is_recorded(
    tmp_path: Path, port: int, ended: list[int], words: tuple[str, ...], number: int, told: str
) -> None:
    once = "if 'once' in sys.argv:\n    server.handle_request()\n    sys.exit(3)\n"
    text = SERVER.replace("server.serve_forever()", f"{once}server.serve_forever()")
    (tmp_path / script_of(port)).write_text(text, encoding="utf-8")
    operator = Operator(tmp_path, config(port, started(sys.executable, port, *words)))
    done = await operator.confirm(await operator.asked(PlanStart("api")))
    pid = operator.recorder.events[-1].data["pids"][0]
    ended.append(pid)
    if number:
        assert done.ok, done.text
        os.kill(pid, number)
    await until_async(lambda: operator.recorder.texts("exit"))
    (event,) = [one for one in operator.recorder.events if one.data["phase"] == "exit"]
    assert told in event.text and event.text.startswith(f"api {pid} ")
    assert event.data["pids"] == (pid,) and event.actor == "ann@here"
    assert event.data["exit_code"] == (-9 if number else 3)


async def test_a_start_that_does_not_answer_is_told(
    tmp_path: Path, port: int, ended: list[int]
) -> None:
    (tmp_path / script_of(port)).write_text(SERVER, encoding="utf-8")
    more = started(sys.executable, port).replace("/health", "/missing") + "ready_within = 1\n"
    operator = Operator(tmp_path, config(port, more))
    done = await operator.confirm(await operator.asked(PlanStart("api")))
    ended.append(operator.recorder.events[-1].data["pids"][0])
    assert not done.ok and "/missing answers 404" in done.text
    assert done.label == "FAILED CHECK", "it was done"
    assert "not started" not in done.text
    again = await operator.do(PlanStart("api"))
    anew = await operator.confirm(again)
    ended.append(operator.recorder.events[-1].data["pids"][0])
    assert anew.label == "FAILED CHECK" and f"ended {ended[0]}" in anew.text


async def test_a_service_with_the_same_words_elsewhere_does_not_stand_in_the_way(
    tmp_path: Path, serve: Serve, port: int, ended: list[int]
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / script_of(port)).write_text(SERVER, encoding="utf-8")
    other = serve(free_port(), name=script_of(port))
    operator = Operator(folder, config(port, started(sys.executable, port)))
    asked = await operator.asked(PlanStart("api"))
    assert asked.question is not None, asked.text
    (warned,) = [line for line in asked.question.lines if "another service" in line]
    assert str(other.pid) in warned and os.getcwd() in warned
    done = await operator.confirm(asked)
    ended.append(operator.recorder.events[-1].data["pids"][0])
    assert done.ok, done.text
    assert other.poll() is None


async def test_the_same_service_gone_astray_is_refused_before_the_question(
    tmp_path: Path, port: int, ended: list[int]
) -> None:
    (tmp_path / script_of(port)).write_text(SERVER, encoding="utf-8")
    words = [sys.executable, script_of(port), str(port)]
    here = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE)
    ended.append(here.pid)
    assert here.stdout is not None and here.stdout.readline() == b"up\n"
    threading.Thread(target=here.wait, daemon=True).start()
    astray = free_port()
    text = config(astray, started(sys.executable, port)).replace(script_of(astray), script_of(port))
    reply = await Operator(tmp_path, text).asked(PlanStart("api"))
    assert not reply.ok and reply.question is None
    assert f"it runs already: {here.pid}" in reply.text
    assert f"in {tmp_path} on port {port}" in reply.text
    here.stdout.close()


async def test_what_is_not_trusted_or_not_ours_is_not_started(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    untrusted = Operator(tmp_path, config(port, started(sys.executable, port)), trusted=False)
    assert "not trusted" in (await untrusted.asked(PlanStart("api"))).text
    without = Operator(tmp_path, config(port))
    assert "has no `start`" in (await without.asked(PlanStart("api"))).text
    serve(port, name="other.py")
    held = Operator(tmp_path, config(port, started(sys.executable, port)))
    reply = await held.asked(PlanStart("api"))
    assert not reply.ok and "does not match" in reply.text


@posix
async def test_the_stop_command_comes_first_but_never_with_two_on_the_port(
    tmp_path: Path, serve: Serve, port: int
) -> None:
    stop = (
        "import os, pathlib, signal; os.kill(int(pathlib.Path('pid').read_text()), signal.SIGINT)"
    )
    (tmp_path / "stop.py").write_text(stop, encoding="utf-8")
    process = serve(port)
    (tmp_path / "pid").write_text(str(process.pid))
    operator = Operator(tmp_path, config(port, f"stop = ['{sys.executable}', 'stop.py']\n"))
    second = serve(port)
    both = await operator.asked(PlanEnd(second.pid, "", "api"))
    assert both.question is not None
    assert not any("stop.py" in line for line in both.question.lines)
    second.kill()
    second.wait()
    asked = await operator.do(PlanEnd(process.pid, "", "api"))
    assert asked.question is not None
    assert any("stop.py" in line for line in asked.question.lines)
    done = await operator.confirm(asked)
    assert done.ok and process.wait() in (1, -signal.SIGINT, 130)


def _start(pid: int) -> str:
    found = process_table.facts(pid)
    assert found is not None
    return format_utc(found.started_at)
