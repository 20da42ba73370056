"""`load`: a whole config, its paths, and the file read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.config.errors import ConfigErrors
from cockpit.config.load import load, loads, reload

LISTENER = '[[listener]]\nname = "a"\n'
EVERYTHING = """\
[cockpit]
label = "LAB"

[[listener]]
name = "backend"
port = 8001
process = ["uvicorn", "app.main:app"]

[[heartbeat]]
name = "paper-live"
file = "data/heartbeat.json"
pidfile = "logs/engine.pid"
counter = "$.total"
warn_after = "250ms"
fail_after = 5

[[gate]]
name = "promotion"
json = "reports/weekly_*.json"
score = { each = "$.summary.gates", met = "met" }
pass = "80%"
max_age = "8d"

[[gate]]
name = "ops"
command = ["./gate.sh", "--strict"]
pattern = '(?P<met>\\d+)/(?P<total>\\d+)'

[[gate]]
name = "batch"
checklist = "PLAN"

[[gate]]
name = "batch file"
checklist = "PLAN.md"

[[checklist]]
file = "PLAN.md"
states = ["todo", "doing", "done"]

[[smoke]]
name = "options"
base_url = "http://127.0.0.1:8001"
token = "${API_TOKEN}"
symbols = ["SPY"]
checks = [{ name = "chain", path = "/chain/{symbol}", expect = { "$.data" = "nonempty" } }]
"""


def test_a_file_with_everything(folder: Path) -> None:
    path = folder / "cockpit.toml"
    path.write_text(EVERYTHING, encoding="utf-8")
    loaded = load(path, {"API_TOKEN": "s3cret"})
    config = loaded.config
    assert loaded.folder == folder and loaded.path == path
    assert [table.name for table in config.probes()] == [
        "backend", "paper-live", "promotion", "ops", "batch", "batch file", "options", "PLAN",
    ]  # fmt: skip
    assert (
        config.of_kind("heartbeat")[0].warn_after == 0.25
        and config.of_kind("heartbeat")[0].fail_after == 5.0
    )
    assert (
        config.of_kind("gate")[0].max_age == 8 * 86400 and config.of_kind("gate")[0].passes == "80%"
    )
    token = config.of_kind("smoke")[0].token
    assert token is not None and token.get_secret_value() == "s3cret"
    assert loaded.secret_sources == {"smoke[0].token": "${API_TOKEN}"}
    assert "s3cret" not in repr(loaded)
    assert loaded.store_path == folder / ".cockpit" / "evidence.db"


def test_an_empty_file_is_a_config(folder: Path) -> None:
    assert loads("", folder).config.probes() == []


def test_a_runbook_may_speak_of_variables(folder: Path) -> None:
    loads("[[listener]]\nname = \"a\"\nport = 1\nrunbook = 'echo ${HOME}'\n", folder, {})


def test_files_that_are_written_later_may_be_missing(folder: Path) -> None:
    loads(
        '[[heartbeat]]\nname = "h"\nfile = "h.json"\n[[gate]]\nname = "g"\n'
        'json = "r/*.json"\nscore = { value = "$.x" }\n',
        folder,
        {},
    )


def test_relative_paths_start_from_the_files_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "cockpit.toml").write_text('[[checklist]]\nfile = "PLAN.md"\n', encoding="utf-8")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    loaded = load(Path("..") / "cockpit.toml")
    assert loaded.folder.is_absolute() and loaded.resolve("PLAN.md").is_file()
    assert loaded.resolve("~nobody-has-this-name/x").is_absolute()
    assert loaded.resolve("~/x") == Path("~/x").expanduser()


def test_reload_reads_the_file_again(folder: Path) -> None:
    path = folder / "cockpit.toml"
    path.write_text(LISTENER + "port = 1\n", encoding="utf-8")
    old = load(path)
    path.write_text(LISTENER + "port = 2\n", encoding="utf-8")
    assert reload(old).config.of_kind("listener")[0].port == 2
    path.write_text("x =", encoding="utf-8")
    with pytest.raises(ConfigErrors):
        reload(old)
    in_memory = loads("", folder)
    assert reload(in_memory) is in_memory
