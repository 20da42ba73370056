"""The service probe: the supervisor's word, what the config wants, and whose process runs."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cockpit.kinds.heartbeat.facts import EngineParityFacts
from cockpit.kinds.listener.facts import OwnerFacts
from cockpit.kinds.service.evaluate import judge_service, witness_of
from cockpit.kinds.service.probe import ServiceProbe, service_kind
from cockpit.kinds.service.table import ServiceTable
from cockpit.model import Concern, DoubtKind, Finding, Observation, Verdict
from cockpit.system.services.service_state import ServiceState

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
UP = ServiceState(
    "systemd-user", "paper", found=True, running=True, state="active/running",
    main_pid=17685, restarts=2, enabled=True, linger=False,
)  # fmt: skip
DOWN = replace(UP, running=False, state="failed/failed", main_pid=None, last_result=1)


def table(**values: Any) -> ServiceTable:
    return ServiceTable(name="unit", unit="paper", **values)


def heartbeat(verdict: Verdict = Verdict.OK, **facts: Any) -> Observation:
    finding = Finding("parity", verdict, "engine", facts=EngineParityFacts(**facts))
    return Observation(
        "engine", "heartbeat", Concern.RUN, verdict, "", NOW, NOW, findings=(finding,)
    )


def listener(pid: int) -> Observation:
    finding = Finding(
        f"owner:8001:{pid}", Verdict.OK, str(pid),
        facts=OwnerFacts(port=8001, pid=pid, pids=(pid,)), is_process=True, pids=(pid,),
    )  # fmt: skip
    return Observation(
        "backend", "listener", Concern.RUN, Verdict.OK, "", NOW, NOW, findings=(finding,)
    )


@pytest.mark.parametrize(
    ("state", "wanted", "verdict", "title"),
    [
        (UP, {}, Verdict.OK, ""),
        (DOWN, {}, Verdict.FAIL, "SERVICE DOWN"),
        (DOWN, {"expect": "stopped"}, Verdict.OK, ""),
        (UP, {"expect": "stopped"}, Verdict.FAIL, "SERVICE RUNS"),
        (replace(UP, found=False), {}, Verdict.FAIL, "NO SERVICE"),
        (replace(UP, running=None), {}, Verdict.UNKNOWN, "NOT SEEN"),
        (replace(UP, error="no bus"), {}, Verdict.UNKNOWN, "NOT SEEN"),
    ],
)
def test_the_supervisors_word(
    state: ServiceState, wanted: dict[str, Any], verdict: Verdict, title: str
) -> None:
    judged = judge_service(table(**wanted), state)
    assert (judged.verdict, judged.findings[0].title) == (verdict, title)
    if verdict is Verdict.UNKNOWN:
        assert judged.doubts[0].kind is DoubtKind.NOTHING_MEASURED


def test_whether_it_comes_back_after_a_reboot() -> None:
    judged = judge_service(table(enabled=True, linger=True), UP)
    assert judged.verdict is Verdict.WARN
    assert [(f.key, f.verdict) for f in judged.findings] == [
        ("unit", Verdict.OK), ("enabled", Verdict.OK), ("linger", Verdict.WARN),
    ]  # fmt: skip
    unknown = judge_service(table(enabled=True), replace(UP, enabled=None))
    assert unknown.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("state", "seen", "above", "verdict", "title"),
    [
        (UP, [heartbeat(heartbeat_pid=17685, engines=(17685,))], {}, Verdict.OK, ""),
        (UP, [heartbeat(heartbeat_pid=17690)], {17690: (17685, 1)}, Verdict.OK, ""),
        (UP, [heartbeat(engines=(17685, 18800))], {}, Verdict.FAIL, "PID MISMATCH"),
        (UP, [listener(18800)], {18800: (1,)}, Verdict.FAIL, "PID MISMATCH"),
        (UP, [heartbeat()], {}, Verdict.FAIL, "PID MISMATCH"),
        (UP, [heartbeat(Verdict.UNKNOWN)], {}, Verdict.UNKNOWN, "PID MISMATCH"),
        (DOWN, [heartbeat(engines=(18800,))], {}, Verdict.FAIL, "OUTSIDE SERVICE"),
        (DOWN, [heartbeat()], {}, Verdict.OK, ""),
        (replace(UP, main_pid=None), [heartbeat(engines=(18800,))], {}, Verdict.OK, ""),
    ],
)
def test_whose_process_runs(
    state: ServiceState, seen: list[Observation], above: Any, verdict: Verdict, title: str
) -> None:
    names = [one.probe for one in seen]
    judged = judge_service(
        table(agrees_with=names), state, [witness_of(one) for one in seen], above
    )
    parity = next(one for one in judged.findings if one.key == "parity")
    assert (parity.verdict, parity.title) == (verdict, title)
    if seen[0].kind == "heartbeat":
        assert parity.cause == "engine:engine", "one problem with the heartbeat's own"


class _Supervisor:
    def __init__(self, state: ServiceState) -> None:
        self.state = state

    async def read(self, name: str) -> ServiceState:
        return replace(self.state, name=name)

    def stop_command(self, name: str) -> list[str]:
        return ["stop", name]

    def start_command(self, name: str) -> list[str]:
        return ["start", name]


def test_the_probe_watches_the_main_process_and_reads_the_board(tmp_path: Path, look: Any) -> None:
    state = replace(UP, main_pid=os.getpid())
    made = ServiceProbe(table(agrees_with=["engine"]), tmp_path, reader=_Supervisor(state))
    assert made.depends_on() == ("engine",)
    alone = look(made)
    assert [identity.pid for identity in alone.ctx.processes] == [os.getpid()]
    assert [f.key for f in alone.observation.findings] == ["unit"]
    board = {"engine": heartbeat(heartbeat_pid=os.getpid())}
    assert look(made, board=board).observation.finding("parity").verdict is Verdict.OK
    board = {"engine": heartbeat(heartbeat_pid=os.getppid())}
    assert look(made, board=board).observation.verdict is Verdict.FAIL


def test_a_machine_without_the_tool_is_unknown(tmp_path: Path, look: Any) -> None:
    task = ServiceTable(name="task", task="\\Lab\\engine")
    assert service_kind(task) == "schtasks"
    if os.name != "nt":
        seen = look(ServiceProbe(task, tmp_path)).observation
        assert seen.verdict is Verdict.UNKNOWN
        assert "schtasks is not installed" in seen.headline
