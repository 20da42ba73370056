"""Each incident is seen from outside, through sockets and files, and is undone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import until

from cockpit.lab.incidents import INCIDENTS, NAMES
from cockpit.lab.process import LabError
from cockpit.lab.stack import Lab

HEARTBEAT = "data/rl/paper_live_heartbeat.json"
PIDFILE = "logs/paper_live.pid"


def read_json(path: Path) -> Any:
    """A JSON file that its writer may be writing just now: None when it is not whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def pid_of(lab: Lab, name: str) -> int:
    return {process.name: process.pid for process in lab.processes}[name]


def listeners(lab: Lab, port: int) -> dict[str, int]:
    """How many sockets each process of the lab has listening on that port."""
    counts = {}
    for process in lab.processes:
        sockets = psutil.Process(process.pid).net_connections("tcp")
        count = sum(1 for s in sockets if s.status == psutil.CONN_LISTEN and s.laddr[1] == port)
        if count:
            counts[process.name] = count
    return counts


def test_the_five_incidents() -> None:
    assert NAMES == ("zombie", "stall", "kill", "greeks", "gate")
    assert all(incident.title for incident in INCIDENTS)


def test_an_unknown_incident_is_told_the_known_ones(lab: Lab) -> None:
    with pytest.raises(ValueError, match="zombie, stall, kill, greeks, gate"):
        lab.incident("flood")
    with pytest.raises(ValueError, match="zombie"):
        lab.recover("flood")


@pytest.mark.parametrize("name", NAMES)
def test_twice_broken_and_twice_mended_is_no_error(lab: Lab, name: str) -> None:
    before = {process.name for process in lab.processes}
    for act in (lab.recover, lab.incident, lab.incident, lab.recover, lab.recover):
        sentence = act(name)
        assert sentence.endswith(".")
        assert "\n" not in sentence
    assert {process.name for process in lab.processes} == before


def test_zombie_makes_two_owners_and_mending_leaves_one(lab: Lab) -> None:
    assert listeners(lab, lab.port) == {"options-api": 1}
    sentence = lab.incident("zombie")
    assert listeners(lab, lab.port) == {"options-api": 1, "zombie": 7}
    assert str(pid_of(lab, "zombie")) in sentence
    lab.recover("zombie")
    assert listeners(lab, lab.port) == {"options-api": 1}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel shares connections")
def test_zombie_answers_most_options_requests_while_health_is_ok(lab: Lab, ask: Any) -> None:
    path = "/api/options/expirations/SPY"
    assert {ask(lab.port, path).status for _ in range(8)} == {200}
    lab.incident("zombie")
    answers = [ask(lab.port, path) for _ in range(60)]
    broken = [answer for answer in answers if answer.status == 500]
    assert len(broken) > 30
    assert {(a.content_type, a.body) for a in broken} == {("text/plain", b"Internal Server Error")}
    health = [ask(lab.port, "/api/health") for _ in range(20)]
    assert {(a.status, a.json["status"]) for a in health} == {(200, "ok")}
    lab.recover("zombie")
    assert {ask(lab.port, path).status for _ in range(8)} == {200}


def test_mending_the_zombie_brings_back_an_api_that_was_ended_by_mistake(
    lab: Lab, ask: Any
) -> None:
    lab.incident("zombie")
    psutil.Process(pid_of(lab, "options-api")).kill()
    until(lambda: "options-api" not in {process.name for process in lab.processes})
    lab.recover("zombie")
    assert listeners(lab, lab.port) == {"options-api": 1}
    assert ask(lab.port, "/api/options/expirations/SPY").status == 200


def test_the_leftover_on_the_second_port_is_there_from_the_start(lab: Lab, ask: Any) -> None:
    assert ask(lab.old_port, "/api/health").json["status"] == "ok"
    assert ask(lab.old_port, "/api/options/chain/SPY").status == 500
    assert ask(lab.port, "/api/options/chain/SPY").json["data"]["total_contracts"] == 300


def test_every_start_of_a_server_is_in_the_deploy_log(lab: Lab) -> None:
    log = lab.workspace / "logs/deploy.log"
    before = log.read_text().splitlines()
    assert len(before) == 2
    lab.incident("zombie")
    added = log.read_text().splitlines()[2:]
    assert len(added) == 1
    assert f"pid {pid_of(lab, 'zombie')} started on 127.0.0.1:{lab.port}" in added[0]


def test_stall_stops_the_beat_and_not_the_engine(lab: Lab) -> None:
    heartbeat = lab.workspace / HEARTBEAT
    first = heartbeat.read_bytes()
    until(lambda: read_json(heartbeat) and heartbeat.read_bytes() != first)
    engine = pid_of(lab, "engine")
    lab.incident("stall")
    held = heartbeat.read_bytes()
    assert json.loads(held)["pid"] == engine
    assert psutil.Process(engine).status() != psutil.STATUS_ZOMBIE
    lab.recover("stall")
    assert heartbeat.read_bytes() != held
    assert pid_of(lab, "engine") == engine


def test_kill_leaves_every_claim_behind_and_no_process(lab: Lab) -> None:
    engine = pid_of(lab, "engine")
    lab.incident("kill")
    assert not psutil.pid_exists(engine)
    assert (lab.workspace / PIDFILE).read_text() == str(engine)
    assert read_json(lab.workspace / "data/unified_trading/state.json")["status"] == "active"
    assert (lab.workspace / HEARTBEAT).exists()
    with pytest.raises(LabError, match="recover kill"):
        lab.incident("stall")
    lab.recover("kill")
    again = pid_of(lab, "engine")
    assert again != engine
    assert (lab.workspace / PIDFILE).read_text() == str(again)
    assert read_json(lab.workspace / HEARTBEAT)["pid"] == again


def test_an_engine_killed_by_somebody_else_is_no_zombie_in_the_process_table(lab: Lab) -> None:
    engine = pid_of(lab, "engine")
    psutil.Process(engine).kill()
    until(lambda: not psutil.pid_exists(engine))
    assert "engine" not in {process.name for process in lab.processes}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_an_engine_that_is_asked_to_end_takes_its_pidfile_along(lab: Lab) -> None:
    engine = pid_of(lab, "engine")
    psutil.Process(engine).terminate()
    until(lambda: not psutil.pid_exists(engine))
    assert not (lab.workspace / PIDFILE).exists()
    assert read_json(lab.workspace / "data/unified_trading/state.json")["status"] == "stopped"
    assert (lab.workspace / ".lab/engine.err").read_bytes() == b""


def test_greeks_break_with_a_deploy_and_every_reply_is_still_200(lab: Lab, ask: Any) -> None:
    log = lab.workspace / "logs/deploy.log"
    size = log.stat().st_size
    lab.incident("greeks")
    assert log.stat().st_size > size
    answer = ask(lab.port, "/api/options/chain/SPY")
    assert (answer.status, answer.content_type) == (200, "application/json")
    calls = answer.json["data"]["calls"]
    assert max(row["delta"] for row in calls) > 1
    assert all(row["gamma"] < 0 for row in calls)
    lab.recover("greeks")
    calls = ask(lab.port, "/api/options/chain/SPY").json["data"]["calls"]
    assert all(0 < row["delta"] <= 1 and row["gamma"] > 0 for row in calls)


def test_gate_rewrites_the_one_report(lab: Lab) -> None:
    (report,) = (lab.workspace / "data/reports").iterdir()

    def met() -> list[str]:
        gates = json.loads(report.read_text())["summary"]["promotion_gate_progress"]
        return [name for name, gate in gates.items() if gate["met"]]

    assert len(met()) == 5
    lab.incident("gate")
    assert met() == ["weeks_collected", "max_drawdown"]
    lab.recover("gate")
    assert len(met()) == 5


def test_a_lab_with_a_token_wants_it_and_says_so_in_its_config(tmp_path: Path, ask: Any) -> None:
    with Lab.start(tmp_path / "lab", token="lab-token") as lab:
        path = "/api/options/expirations/SPY"
        assert ask(lab.port, path).status == 401
        assert ask(lab.port, path, token="lab-token").status == 200
        text = lab.config.read_text()
        assert 'token = "${COCKPIT_LAB_TOKEN}"' in text
        assert "lab-token" not in text


def test_a_token_in_the_environment_does_not_lock_the_lab(
    tmp_path: Path, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCKPIT_LAB_TOKEN", "somebody-elses")
    with Lab.start(tmp_path / "lab") as lab:
        assert ask(lab.port, "/api/options/expirations/SPY").status == 200


def test_the_api_over_http_answers_head_and_post(lab: Lab, ask: Any) -> None:
    assert ask(lab.port, "/api/health", "HEAD").body == b""
    greeks = ask(lab.port, "/api/options/greeks?symbol=SPY&option_type=put", "POST")
    assert greeks.json["data"]["delta"] < 0
    assert ask(lab.port, "/api/options/chain/SPY", "DELETE").status == 405
