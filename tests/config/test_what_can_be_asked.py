"""The config refuses what can't be asked or named, and warns of a secret that it writes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import cockpit

from cockpit.config.errors import ConfigErrors
from cockpit.config.load import loads

SMOKE = '[[smoke]]\nname = "api"\nbase_url = "{}"\n'
CHECK = 'checks = [{{ name = "x", path = "{}" }}]\n'
SERVICE = '[[service]]\nname = "s"\n{} = "{}"\n'


def mistake(text: str, folder: Path, **environment: str) -> str:
    with pytest.raises(ConfigErrors) as raised:
        loads(text, folder, environment)
    (error,) = raised.value.errors
    return error.render("cockpit.toml")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:abc", "port"),
        ("http://127.0.0.1:99999", "port"),
        ("http://127.0.0.1:-1", "port"),
        ("http://127.0.0.1:0", "1 to 65535"),
        ("http://127.0.0.1:", "1 to 65535"),
        ("http://:8001", "host"),
        ("http://*:8001", "host"),
        ("http://[::1", "address"),
        ("http://a b:1", "address"),
        ("http://api:1/x y", "blanks"),
        ("http://api:1/\\u0007", "control"),
    ],
)
def test_an_address_that_cannot_be_asked(tmp_path: Path, address: str, told: str) -> None:
    line = mistake(SMOKE.format(address), tmp_path)
    assert line.startswith("cockpit.toml:3: smoke[0].base_url: ") and told in line


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8001", "https://api.example/v1", "http://[::1]:80/x", "http://my_host-1",
     "http://münchen.example:1"],
)  # fmt: skip
def test_an_address_that_can(tmp_path: Path, address: str) -> None:
    loads(SMOKE.format(address), tmp_path, {})


@pytest.mark.parametrize(
    "unit",
    ["*", "lab*.service", "lab?.service", "[ab].service", "--now", "-.mount", "a b", " lab", "lab ",
     "lab\\n", "lab\\u0000x", "lab/x", "$(id)", "lab;id", "läb"],
)  # fmt: skip
def test_a_unit_that_names_no_unit(tmp_path: Path, unit: str) -> None:
    with pytest.raises(ConfigErrors) as raised:
        loads(SERVICE.format("unit", unit), tmp_path, {})
    assert any("service[0].unit" in one.render("x") for one in raised.value.errors)


@pytest.mark.parametrize("unit", ["lab", "lab.service", "lab@a-1.service", "dev-\\\\x2dx.mount"])
def test_a_unit_that_names_one(tmp_path: Path, unit: str) -> None:
    loads(SERVICE.format("unit", unit), tmp_path, {})


@pytest.mark.parametrize(
    "task", ["*", "\\\\Lab\\\\*", "-x", "a/b", "a\\u001bb", " a", "\\\\Lab\\\\", "a:b"]
)
def test_a_task_that_names_none(tmp_path: Path, task: str) -> None:
    assert "scheduled task" in mistake(SERVICE.format("task", task), tmp_path)


@pytest.mark.parametrize("task", ["\\\\Lab\\\\engine", "My engine", "engine-1", "Läb"])
def test_a_task_that_names_one(tmp_path: Path, task: str) -> None:
    loads(SERVICE.format("task", task), tmp_path, {})


@pytest.mark.parametrize("path", ["/a\\nb", "/a\\u001b[2J"])
def test_a_path_with_control_characters(tmp_path: Path, path: str) -> None:
    line = mistake(SMOKE.format("http://h") + CHECK.format(path), tmp_path)
    assert "control characters" in line


@pytest.mark.parametrize(
    "token", ["   ", "\\t", " abcdefgh1", "abcdefgh1\\n", "abc\\u0007defgh", "äbcdefgh1"]
)
def test_a_token_that_cannot_be_sent_is_refused_and_not_quoted(tmp_path: Path, token: str) -> None:
    line = mistake(SMOKE.format("http://h") + f'token = "{token}"\n', tmp_path)
    assert "smoke[0].token" in line and ("blank" in line or "header" in line)
    assert "bcdefgh" not in line


def test_a_variable_that_is_blank_is_refused_as_well(tmp_path: Path) -> None:
    text = SMOKE.format("http://h") + 'token = "${API_TOKEN}"\n'
    assert "blank" in mistake(text, tmp_path, API_TOKEN="  ")
    assert "header" in mistake(text, tmp_path, API_TOKEN="value-of-a-file\n")
    loads(text, tmp_path, {"API_TOKEN": "value-of-a-file"})


def test_a_secret_written_out_is_warned_of(tmp_path: Path) -> None:
    config = tmp_path / "cockpit.toml"
    config.write_text(SMOKE.format("http://h") + 'token = "Lit3ral-of-the-file"\n')
    ended = cockpit("config", "validate", cwd=tmp_path)
    assert ended.returncode == 0 and "right" in ended.stdout
    assert "smoke[0].token: a secret is written out here" in ended.stderr
    assert "Lit3ral" not in ended.stdout + ended.stderr
    told = cockpit("doctor", cwd=tmp_path).stdout
    assert "written out: smoke[0].token" in told and "Lit3ral" not in told
    config.write_text(SMOKE.format("http://h"))
    assert cockpit("config", "validate", cwd=tmp_path).stderr == ""
