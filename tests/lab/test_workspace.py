"""What a started lab has put on disk, and what it refuses to do to a folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest

from cockpit.clock import ManualClock
from cockpit.config.models import Config
from cockpit.lab.process import LabError
from cockpit.lab.records import write_report
from cockpit.lab.stack import Lab
from cockpit.lab.workspace import CHECKLISTS, commit, write_workspace
from cockpit.resources import shipped_checklist, shipped_checklists


def test_the_config_is_valid_and_names_what_is_there(lab: Lab) -> None:
    config = Config.model_validate(tomllib.loads(lab.config.read_text(encoding="utf-8")))
    backend, old = config.of_kind("listener")
    assert (backend.port, old.port) == (lab.port, lab.old_port)
    assert (old.expect, old.affects.value) == ("none", "readiness")
    (heartbeat,) = config.of_kind("heartbeat")
    assert heartbeat.pidfile is not None
    for name in (heartbeat.file, heartbeat.pidfile, *(c.file for c in config.of_kind("checklist"))):
        assert (lab.workspace / name).is_file(), name
    assert (heartbeat.warn_after, heartbeat.fail_after) == (6, 12)
    (gate,) = config.of_kind("gate")
    assert gate.json_file is not None
    assert len(list(lab.workspace.glob(gate.json_file))) == 1
    (smoke,) = config.of_kind("smoke")
    assert smoke.base_url.endswith(f":{lab.port}")
    assert smoke.token is None
    assert [(lab.workspace / name).is_file() for name in smoke.watch] == [True]


REAL = ("trading", "engine", "paper", "live", "uvicorn", "gunicorn", "api", "options", "server",
        "main", "app", "worker", "run", "--mode")  # fmt: skip
"""Parts of command lines by which single-instance guards and ops scripts find the real ones."""


def test_no_command_line_of_the_demo_looks_like_a_real_engine_or_server(lab: Lab) -> None:
    lab.incident("zombie")
    assert len(lab.processes) == 4
    for process in lab.processes:
        own = psutil.Process(process.pid)
        words = [Path(word).name if word.startswith(sys.prefix) else word for word in own.cmdline()]
        line = " ".join(words).replace(lab.workspace.as_posix(), "")
        assert not [part for part in REAL if part in line], line
        assert line.split()[1].startswith("cockpit_lab_")


def test_the_engine_agrees_with_its_files(lab: Lab) -> None:
    pids = {process.name: process.pid for process in lab.processes}
    assert set(pids) == {"engine", "options-api", "options-api-old"}
    assert (lab.workspace / "logs/paper_live.pid").read_bytes() == str(pids["engine"]).encode()
    beat = json.loads((lab.workspace / "data/rl/paper_live_heartbeat.json").read_text())
    assert beat["pid"] == pids["engine"]


def test_the_api_listens_alone_and_the_old_one_on_its_own_port(lab: Lab) -> None:
    pids = {process.name: process.pid for process in lab.processes}
    for name, port in (("options-api", lab.port), ("options-api-old", lab.old_port)):
        listening = [
            connection.laddr
            for connection in psutil.Process(pids[name]).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert listening == [("127.0.0.1", port)]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_one_ticked_box_is_one_changed_line_for_git(lab: Lab) -> None:
    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=lab.workspace, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert lab.repository
    assert git("rev-list", "--count", "HEAD").strip() == "1"
    assert git("status", "--porcelain") == ""
    path = lab.workspace / "checklists" / f"{CHECKLISTS[0]}.md"
    path.write_bytes(path.read_bytes().replace(b"[ ]", b"[x]", 1))
    assert git("diff", "--numstat").split() == ["1", "1", f"checklists/{CHECKLISTS[0]}.md"]


def test_the_demo_watches_every_shipped_checklist_as_its_text_asks_for(lab: Lab) -> None:
    config = Config.model_validate(tomllib.loads(lab.config.read_text(encoding="utf-8")))
    order = {each.name: each.order for each in config.of_kind("checklist")}
    assert set(order) == {path.stem for path in shipped_checklists()}
    assert [name for name, word in order.items() if word == "sequential"] == ["master_batch"]


def test_checklists_are_the_shipped_bytes(lab: Lab) -> None:
    for name in CHECKLISTS:
        copied = (lab.workspace / "checklists" / f"{name}.md").read_bytes()
        assert copied == shipped_checklist(name).read_bytes()


def test_a_workspace_without_git_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    write_workspace(tmp_path / "w", clock.now())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit(tmp_path / "w", clock.now()) is False
    assert not (tmp_path / "w" / ".git").exists()


def test_past_decisions_end_before_now(tmp_path: Path) -> None:
    clock = ManualClock()
    write_workspace(tmp_path / "w", clock.now())
    lines = (tmp_path / "w/data/rl/shadow_decisions.jsonl").read_text().splitlines()
    stamps = [datetime.fromisoformat(json.loads(line)["timestamp"]) for line in lines]
    assert stamps == sorted(stamps)
    local = clock.now().astimezone().replace(tzinfo=None)
    assert local - stamps[-1] == timedelta(seconds=10)


@pytest.mark.parametrize(("worse", "met"), [(False, 5), (True, 2)])
def test_the_gate_report_counts_a_pass_on_zero_trades(
    tmp_path: Path, worse: bool, met: int
) -> None:
    now = ManualClock().now()
    path = write_report(tmp_path, now, now, worse=worse)
    assert path.name == f"weekly_shadow_report_{now.astimezone():%Y-%m-%d}.json"
    summary = json.loads(path.read_text())["summary"]
    gates = summary["promotion_gate_progress"]
    assert list(gates) == [
        "weeks_collected",
        "positive_edge",
        "hit_rate",
        "incremental_sharpe",
        "max_drawdown",
        "btc_mitigation",
        "human_signoff",
    ]
    assert all(set(gate) == {"required", "current", "met"} for gate in gates.values())
    assert sum(gate["met"] for gate in gates.values()) == met
    assert summary["total_trades"] == 0
    assert gates["max_drawdown"] == {"required": 0.15, "current": 0.0, "met": True}


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(LabError, match="not empty"):
        Lab.start(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="file"):
        Lab.start(tmp_path / "file")
