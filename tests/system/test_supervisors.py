"""Which unit keeps a process running: control groups as text, real processes, a stand-in tool."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.system.services import supervisors
from cockpit.system.services.service_state import ServiceState
from cockpit.system.services.supervisors import UnitOfProcess, parse_cgroup, supervisor_of

posix = pytest.mark.skipif(sys.platform == "win32", reason="stand-ins are shell scripts")
USER = "/user.slice/user-1000.slice/user@1000.service"

CGROUPS = [
    ("0::/system.slice/uvicorn.service", UnitOfProcess("systemd", "uvicorn.service")),
    ("0::/system.slice/system-lab.slice/lab@1.service", UnitOfProcess("systemd", "lab@1.service")),
    ("0::/a.service", UnitOfProcess("systemd", "a.service")),
    ("0::/system.slice/a.service/inner", UnitOfProcess("systemd", "a.service")),
    (
        f"0::{USER}/app.slice/algo.service",
        UnitOfProcess("systemd-user", "algo.service", 1000),
    ),
    (
        f"0::{USER}/app.slice/app-x.slice/algo@1.service/sub",
        UnitOfProcess("systemd-user", "algo@1.service", 1000),
    ),
    ("0::/system.slice/a\\x2db.service", UnitOfProcess("systemd", "a\\x2db.service")),
    ("0::/system.slice/_cpu.service", UnitOfProcess("systemd", "cpu.service")),
    (
        "12:cpu:/system.slice/no.service\n1:name=systemd:/system.slice/yes.service\n0::/",
        UnitOfProcess("systemd", "yes.service"),
    ),
    (
        "0::/machine.slice/systemd-nspawn@x.service/payload/system.slice/inside.service",
        UnitOfProcess("systemd", "systemd-nspawn@x.service"),
    ),
    ("0::/user.slice/user-1000.slice/session-3.scope", None),
    (f"0::{USER}/init.scope", None),
    (f"0::{USER}", None),
    (f"0::{USER}/app.slice/app-gnome-editor-4.scope", None),
    ("0::/init.scope", None),
    ("0::/system.slice/docker-4f2c.scope", None),
    ("0::/system.slice/docker-4f2c.scope/system.slice/inside.service", None),
    ("0::/lxc.payload.box/system.slice/inside.service", None),
    ("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-4f2c.scope", None),
    ("0::/../../x.service", None),
    ("0::/system.slice/a.service (deleted)", None),
    ("0::/", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "unit"), CGROUPS)
def test_the_unit_of_a_control_group(text: str, unit: UnitOfProcess | None) -> None:
    assert parse_cgroup(text + "\n") == unit


@given(st.text(max_size=200) | st.text("0:/.us@1service\n", max_size=60))
def test_any_text_is_read_without_complaint(text: str) -> None:
    parse_cgroup(text)


Asked = Callable[..., None]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Have every process run in a control group, whose unit has that main process."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(main_pid: int, cgroup: str = "0::/system.slice/lab.service", answer: str = "") -> None:
        shown = f"LoadState=loaded\nActiveState=active\nMainPID={main_pid}\nRestart=always"
        body = answer or f"cat <<'EOF'\n{shown}\nEOF"
        (folder / "systemctl").write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (folder / "systemctl").chmod(0o755)
        monkeypatch.setattr(supervisors, "unit_of", lambda pid: parse_cgroup(cgroup))

    return make


async def known(pid: int) -> ServiceState:
    state = await supervisor_of(pid)
    assert state is not None
    return state


@posix
async def test_the_main_process_of_a_unit(machine: Asked) -> None:
    machine(17685)
    state = await known(17685)
    assert (state.name, state.error, state.restart_policy) == ("lab.service", "", "always")
    machine(17685, "0::/user.slice/user-1000.slice/session-3.scope")
    assert await supervisor_of(17685) is None


@posix
async def test_what_a_units_script_waits_for(machine: Asked, start) -> None:
    script = "sleep 600 & echo $!; { echo | tee /dev/null; } >/dev/null; wait"
    shell = start(["sh", "-c", script], ready=True)
    machine(shell.pid)
    engine = int(shell.first_line)
    assert (await known(engine)).error == ""
    assert (await known(shell.pid)).error == ""


@posix
async def test_a_script_that_keeps_two_services(machine: Asked, start) -> None:
    other = f'{sys.executable} -c "print($E, flush=True); input()" <&3'
    shell = start(["sh", "-c", f"exec 3<&0; sleep 600 & E=$!; {other} & wait"], ready=True)
    machine(shell.pid)
    error = (await known(int(shell.first_line))).error
    assert f"main process {shell.pid} started it there" in error


@posix
async def test_a_chain_of_scripts(machine: Asked, start) -> None:
    shell = start(["sh", "-c", "sh -c 'sleep 600 & echo $!; wait'; true"], ready=True)
    machine(shell.pid)
    assert (await known(int(shell.first_line))).error == ""


CRON = (
    "import subprocess as s, sys\n"
    "c = s.Popen(['sleep', '600'])\nprint(c.pid, flush=True)\nsys.stdin.read()\n"
)


@posix
async def test_a_job_in_a_daemons_unit_is_not_the_unit(machine: Asked, start) -> None:
    daemon = start([sys.executable, "-c", CRON], ready=True)
    machine(daemon.pid)
    job = int(daemon.first_line)
    error = (await known(job)).error
    assert f"main process {daemon.pid} started it there" in error and "Restart=always" in error
    machine(0)
    assert "no main process" in (await known(job)).error
    machine(2**22 + 1)
    assert "beside main process" in (await known(job)).error


@posix
async def test_a_unit_that_cannot_be_asked_is_no_clean_bill(machine: Asked) -> None:
    machine(1, answer="echo 'Failed to connect to bus' >&2; exit 1")
    assert (await known(18800)).error == "Failed to connect to bus"
    machine(1, answer="echo LoadState=not-found")
    assert "knows no such unit" in (await known(18800)).error


@posix
async def test_another_users_unit_is_not_asked_for(machine: Asked) -> None:
    uid = os.getuid() + 1
    machine(17685, f"0::/user.slice/user-{uid}.slice/user@{uid}.service/app.slice/lab.service")
    assert f"user {uid}" in (await known(17685)).error
    uid = os.getuid()
    machine(17685, f"0::/user.slice/user-{uid}.slice/user@{uid}.service/app.slice/lab.service")
    state = await known(17685)
    assert (state.kind, state.error) == ("systemd-user", "")
