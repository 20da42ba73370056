"""Units and scheduled tasks: the real tool where it exists, else a stand-in on PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.system.services import schtasks, systemd
from cockpit.system.services.supervisors import reader_for

posix = pytest.mark.skipif(sys.platform == "win32", reason="stand-ins are shell scripts")

SHOWN = """Id=algo_trading_paper_live.service
LoadState=loaded
ActiveState=active
SubState=running
MainPID=17685
NRestarts=3
Restart=on-failure
UnitFileState=enabled
ExecMainStatus=0
"""


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put a stand-in for a tool on PATH; it notes how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, body: str) -> Path:
        calls = tmp_path / f"{name}.calls"
        path = folder / name
        path.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{body}\n', encoding="utf-8")
        path.chmod(0o755)
        return calls

    return make


@posix
async def test_a_user_unit_with_linger(tool) -> None:
    calls = tool("systemctl", f"cat <<'EOF'\n{SHOWN}EOF")
    tool("loginctl", "echo Linger=yes")
    state = await reader_for("systemd-user").read("algo_trading_paper_live")
    assert (state.found, state.running, state.state) == (True, True, "active/running")
    assert (state.main_pid, state.restarts, state.restart_policy) == (17685, 3, "on-failure")
    assert (state.enabled, state.linger, state.error) == (True, True, "")
    assert "--user" in calls.read_text()
    assert calls.read_text().rstrip().endswith("-- algo_trading_paper_live")


@posix
async def test_a_system_unit_that_waits_for_its_restart(tool) -> None:
    body = SHOWN.replace("=active", "=activating").replace("running", "auto-restart")
    calls = tool("systemctl", f"cat <<'EOF'\n{body.replace('17685', '0')}EOF")
    state = await reader_for("systemd").read("x")
    assert (state.found, state.running, state.main_pid) == (True, False, None)
    assert (state.state, state.linger) == ("activating/auto-restart", None)
    assert "--user" not in calls.read_text()


@posix
@pytest.mark.parametrize(
    ("unit_file", "enabled"),
    [("enabled", True), ("disabled", False), ("static", False), ("", None)],
)
async def test_enabled_at_boot(tool, unit_file: str, enabled: bool | None) -> None:
    body = SHOWN.replace("=enabled", f"={unit_file}")
    tool("systemctl", f"cat <<'EOF'\n{body}EOF")
    assert (await reader_for("systemd").read("x")).enabled is enabled


@posix
async def test_a_unit_nobody_knows(tool) -> None:
    tool("systemctl", "echo LoadState=not-found; echo ActiveState=inactive; echo MainPID=0")
    state = await reader_for("systemd").read("x")
    assert (state.found, state.running, state.error) == (False, False, "")


@posix
async def test_no_bus_is_an_error_not_an_inactive_unit(tool) -> None:
    tool("systemctl", "echo 'Failed to connect to bus: No medium found' >&2; exit 1")
    state = await reader_for("systemd-user").read("x")
    assert state.error == "Failed to connect to bus: No medium found"
    assert (state.found, state.running) == (False, None)


@posix
async def test_silence_is_an_error(tool) -> None:
    tool("systemctl", "exit 0")
    assert (await reader_for("systemd").read("x")).error


@posix
async def test_a_missing_tool_says_so(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (await reader_for("systemd").read("x")).error == "systemctl is not installed here"
    assert (await reader_for("schtasks").read("x")).error == "schtasks is not installed here"


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemd's tools are not here")
async def test_the_real_systemctl_gives_a_state_or_an_error() -> None:
    state = await reader_for("systemd").read("no-such-unit-as-this-one.service")
    assert not state.found
    assert state.error or state.state


def test_the_commands_that_stop_and_start() -> None:
    user = reader_for("systemd-user")
    assert user.stop_command("a b")[-3:] == ["stop", "--", "a b"]
    assert "--user" in user.start_command("x")
    task = reader_for("schtasks")
    assert task.stop_command("\\Lab\\x") == ["schtasks", "/End", "/TN", "\\Lab\\x"]
    assert task.start_command("x")[1] == "/Run"


@given(st.text(max_size=200))
def test_any_text_is_read_without_complaint(text: str) -> None:
    systemd.parse_properties(text)
    schtasks.parse_rows(text)
    schtasks.parse_definition(text)


def row(result: str, status: str = "Wird ausgeführt") -> str:
    columns = [
        "BOX", "\\algo_trading_lab_paper_live", "N/A", status, "Interaktiv", "20.11.2026 13:18",
        result, "lab", "C:\\lab\\start.bat", "C:\\lab", "N/A", "Aktiviert", "x", "y",
    ]  # fmt: skip
    return ",".join(f'"{column}"' for column in columns) + "\r\n"


HEADING = ",".join(f'"Spalte {number}"' for number in range(14)) + "\r\n"
XML = (
    '<?xml version="1.0" encoding="UTF-16"?>\r\n'
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">\r\n'
    "<Triggers>{triggers}</Triggers><Settings><Enabled>{enabled}</Enabled></Settings></Task>"
)
BOOT = "<BootTrigger><Enabled>true</Enabled></BootTrigger>"


def test_a_running_task_in_another_language() -> None:
    xml = XML.format(triggers=BOOT, enabled="true")
    state = schtasks.state_from("x", HEADING + row("267009"), xml)
    assert (state.found, state.running, state.enabled) == (True, True, True)
    assert (state.state, state.command) == ("Wird ausgeführt", "C:\\lab\\start.bat")
    assert (state.last_result, state.main_pid) == (schtasks.TASK_RUNNING, None)


def test_a_task_that_failed_and_starts_by_hand_only() -> None:
    xml = XML.format(triggers="<CalendarTrigger/>", enabled="true")
    state = schtasks.state_from("x", HEADING + row("-2147024894", "Bereit"), xml)
    assert (state.running, state.enabled, state.last_result) == (False, False, 0x80070002)


def test_a_disabled_task_does_not_start_at_boot() -> None:
    xml = XML.format(triggers=BOOT, enabled="false")
    assert schtasks.state_from("x", row("0"), xml).enabled is False
    assert schtasks.state_from("x", row("0"), "").enabled is None


def test_a_listing_without_a_task_is_an_error() -> None:
    assert schtasks.state_from("x", HEADING, "").error
    assert schtasks.state_from("x", "", "").error


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_output_is_decoded(encoding: str) -> None:
    assert schtasks.decode("läuft".encode(encoding)) == "läuft"
    assert schtasks.decode(b"l\x84uft").startswith("l")


@posix
async def test_a_task_through_a_stand_in_tool(tool, tmp_path: Path) -> None:
    (tmp_path / "csv").write_text(HEADING + row("0", "Bereit"), encoding="utf-8")
    (tmp_path / "xml").write_text(XML.format(triggers=BOOT, enabled="true"), encoding="utf-16")
    calls = tool(
        "schtasks", f'case "$*" in */XML*) cat {tmp_path}/xml;; *) cat {tmp_path}/csv;; esac'
    )
    state = await reader_for("schtasks").read("algo_trading_lab_paper_live")
    assert (state.found, state.running, state.enabled) == (True, False, True)
    assert "/TN algo_trading_lab_paper_live /V /FO CSV" in calls.read_text()
    tool("schtasks", "echo 'ERROR: The system cannot find the file specified.' >&2; exit 1")
    state = await reader_for("schtasks").read("none")
    assert (state.found, state.error) == (False, "")
