"""`cockpit service print`: units that systemd accepts, tasks in the order the scheduler wants."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support import Listening, environment, until, write_config

from cockpit.cli import run
from cockpit.output.service_definition import (
    NAMESPACE,
    ServiceDefinition,
    scheduled_task,
    systemd_unit,
)

SECRET = '[[smoke]]\nname = "api"\nbase_url = "http://127.0.0.1:1"\ntoken = "${API_TOKEN}"\n'
# MS-TSCH 2.5: the trigger's own elements follow the common ones; both are sequences.
TRIGGER_ORDER = ["Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit"]
TRIGGER_ORDER += ["UserId", "Delay"]
TASK_ORDER = ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"]
ACTION_ORDER = ["Command", "Arguments", "WorkingDirectory"]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="there is no systemd on Windows")


Print = Callable[..., str]


@pytest.fixture
def service_print(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Print:
    """What `cockpit service print` prints in a folder."""

    def printed(*words: str, cwd: Path, code: int = 0) -> str:
        monkeypatch.chdir(cwd)
        monkeypatch.delenv("API_TOKEN", raising=False)
        assert run(["service", "print", *words]) == code
        return capsys.readouterr().out

    return printed


def value_of(unit: str, key: str) -> str:
    return next(line for line in unit.splitlines() if line.startswith(f"{key}=")).split("=", 1)[1]


def names(element: ElementTree.Element) -> list[str]:
    return [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]


def made(folder: str, *words: str) -> ServiceDefinition:
    return ServiceDefinition("a collector", ("/py", *words), Path(folder), "ann", ("TOKEN",))


@posix_only
def test_the_unit_starts_this_interpreter_on_this_config(
    tmp_path: Path, service_print: Print
) -> None:
    folder = tmp_path / "a lab"
    folder.mkdir()
    config = write_config(folder, 1)
    unit = service_print("--as", "night shift", cwd=folder)
    words = shlex.split(value_of(unit, "ExecStart"))
    started = [sys.executable, "-P", "-m", "cockpit", "collect"]
    assert words == [*started, "--config", str(config), "--as", "night shift"]
    assert value_of(unit, "WorkingDirectory") == str(folder)
    assert value_of(unit, "WantedBy") == "default.target"
    assert "User=" not in unit
    assert "EnvironmentFile" not in unit


@posix_only
def test_what_the_unit_starts_does_collect(tmp_path: Path, service_print: Print) -> None:
    with Listening() as one:
        write_config(tmp_path, one.port)
        unit = service_print(cwd=tmp_path)
        process = subprocess.Popen(
            shlex.split(value_of(unit, "ExecStart")),
            cwd=value_of(unit, "WorkingDirectory"),
            env=environment(tmp_path),
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith("collecting: ")
            log = tmp_path / ".cockpit" / "evidence.db"
            until(log.exists)
        finally:
            process.terminate()
            process.communicate()
    assert process.returncode == 0


@posix_only
@pytest.mark.parametrize("words", [(), ("--system",)], ids=["user", "system"])
def test_systemd_takes_the_unit(
    tmp_path: Path, words: tuple[str, ...], service_print: Print
) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    folder = tmp_path / '50 % of a "lab"'
    folder.mkdir()
    (folder / "cockpit.toml").write_text(SECRET, encoding="utf-8")
    unit = service_print(*words, cwd=folder)
    (tmp_path / "cockpit-collect.service").write_text(unit, encoding="utf-8")
    # As a system unit: what is asked of the text is the same, and no user manager runs in a CI.
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "cockpit-collect.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in verified.stderr.splitlines() if "cockpit-collect" in line]
    assert (verified.returncode, told) == (0, [])


@posix_only
def test_a_system_unit_runs_as_somebody_and_is_wanted_at_boot(
    tmp_path: Path, service_print: Print
) -> None:
    write_config(tmp_path, 1)
    unit = service_print("--system", "--run-as", "trader", cwd=tmp_path)
    assert value_of(unit, "User") == "trader"
    assert value_of(unit, "WantedBy") == "multi-user.target"


@posix_only
def test_a_variable_the_config_needs_is_asked_for_by_name_not_by_value(
    tmp_path: Path, service_print: Print
) -> None:
    (tmp_path / "cockpit.toml").write_text(SECRET, encoding="utf-8")
    unit = service_print(cwd=tmp_path)
    assert "NAME=value lines: API_TOKEN" in unit
    assert value_of(unit, "EnvironmentFile") == "%h/.config/cockpit.env"


def test_a_config_with_a_mistake_gets_no_unit(tmp_path: Path, service_print: Print) -> None:
    (tmp_path / "cockpit.toml").write_text("[[listener]]\nprot = 1\n", encoding="utf-8")
    assert service_print(cwd=tmp_path, code=78) == ""


def test_what_systemd_would_read_as_its_own_is_kept_from_it() -> None:
    unit = systemd_unit(made("/x/50%", "a b", 'c"d', "50%", "$HOME", "back\\slash", ""))
    assert value_of(unit, "ExecStart") == '/py "a b" "c\\"d" 50%% $$HOME "back\\\\slash" ""'
    assert value_of(unit, "WorkingDirectory") == "/x/50%%"


@pytest.mark.parametrize("folder", ["/x\ny", "/x\\", "/x "])
def test_a_folder_no_unit_can_hold_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="can't hold"):
        systemd_unit(made(folder))


def test_a_program_with_a_dollar_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\$ in its path"):
        systemd_unit(ServiceDefinition("d", ("/a$b/python",), Path("/x"), "ann"))


@pytest.mark.parametrize("system", [False, True])
def test_the_task_is_well_formed_and_in_the_schemas_order(system: bool) -> None:
    text = scheduled_task(made("/lab & co", "--config", "/lab & co/ü <1>.toml"), system=system)
    assert text.isascii()
    task = ElementTree.fromstring(text)
    assert names(task) == TASK_ORDER
    (trigger,) = next(iter(task.iter(f"{{{NAMESPACE}}}Triggers")))
    assert trigger.tag.endswith("BootTrigger" if system else "LogonTrigger")
    assert names(trigger) == [name for name in TRIGGER_ORDER if name in names(trigger)]
    action = next(task.iter(f"{{{NAMESPACE}}}Exec"))
    assert names(action) == ACTION_ORDER
    told = [child.text for child in action]
    assert told == ["/py", '--config "/lab & co/ü <1>.toml"', "/lab & co"]


def test_the_task_is_never_ended_for_running_long_and_never_runs_twice() -> None:
    task = ElementTree.fromstring(scheduled_task(made("/lab")))
    found = {one.tag.removeprefix(f"{{{NAMESPACE}}}"): one.text for one in task.iter()}
    assert found["ExecutionTimeLimit"] == "PT0S"
    assert found["MultipleInstancesPolicy"] == "IgnoreNew"
    assert found["LogonType"] == "InteractiveToken"


def test_the_verb_prints_a_task_where_it_is_asked_for(tmp_path: Path, service_print: Print) -> None:
    config = write_config(tmp_path, 1)
    task = ElementTree.fromstring(service_print("--windows", "--run-as", "LAB\\ann", cwd=tmp_path))
    assert next(task.iter(f"{{{NAMESPACE}}}Command")).text == sys.executable
    assert str(config) in (next(task.iter(f"{{{NAMESPACE}}}Arguments")).text or "")
    assert {one.text for one in task.iter(f"{{{NAMESPACE}}}UserId")} == {"LAB\\ann"}
