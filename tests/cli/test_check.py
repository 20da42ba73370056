"""`cockpit check`: its exit code in each state, its JSON, and trouble that must be told apart."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import Listening, cockpit, until, write_config


def test_the_exit_code_is_the_verdict(tmp_path: Path) -> None:
    with Listening() as listening:
        config = write_config(tmp_path, listening.port)
        assert cockpit("check", "--only", "backend", cwd=tmp_path).returncode == 0
        assert cockpit("check", cwd=tmp_path).returncode == 1
        (tmp_path / "LIST.md").write_text("- [x] one\n")
        assert cockpit("check", cwd=tmp_path).returncode == 0
        (tmp_path / "LIST.md").write_text("no items here\n")
        assert cockpit("check", cwd=tmp_path).returncode == 3
        listening.end()
        assert cockpit("check", "--config", config, cwd=tmp_path).returncode == 2


def test_json_is_all_there_is_on_stdout(tmp_path: Path) -> None:
    with Listening() as listening:
        write_config(tmp_path, listening.port)
        done = cockpit("check", "--format", "json", cwd=tmp_path)
    board = json.loads(done.stdout)
    assert board["schema"] == 1
    assert (board["run"], board["readiness"]) == ("OK", "WARN")
    backend, checklist = board["probes"]
    assert backend["name"] == "backend"
    assert backend["basis"]["source"]
    assert backend["observed_at"].endswith("Z")
    assert set(backend) == {
        "name", "kind", "affects", "verdict", "headline", "observed_at", "valid_until",
        "duration_ms", "basis", "doubts", "metrics", "findings",
    }  # fmt: skip
    assert [finding["facts"]["line"] for finding in checklist["findings"]] == [3, 4]
    assert board["problems"] == []


def since(folder: Path) -> str:
    """Since when the one problem of a check stands."""
    done = cockpit("check", "--only", "backend", "--format", "json", cwd=folder)
    (problem,) = json.loads(done.stdout)["problems"]
    return str(problem["since"])


def a_second_later(than: str) -> None:
    """Wait until the clock shows another second, which is all that `since` tells."""
    until(lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") > than)


def test_since_when_is_known_where_only_checks_run(tmp_path: Path) -> None:
    write_config(tmp_path, 1)
    first = since(tmp_path)
    a_second_later(first)
    assert since(tmp_path) == first


def test_a_problem_that_was_gone_stands_since_it_came_back(tmp_path: Path) -> None:
    with Listening() as listening:
        port = listening.port
    write_config(tmp_path, port)
    first = since(tmp_path)
    with Listening(port):
        assert cockpit("check", "--only", "backend", cwd=tmp_path).returncode == 0
    a_second_later(first)
    assert since(tmp_path) > first


def test_a_broken_store_changes_no_verdict_and_is_told(tmp_path: Path) -> None:
    (tmp_path / ".cockpit").mkdir()
    store = tmp_path / ".cockpit" / "evidence.db"
    store.write_text("not a database, somebody's notes\n" * 50)
    before = store.read_bytes()
    with Listening() as listening:
        write_config(tmp_path, listening.port)
        done = cockpit("check", "--only", "backend", cwd=tmp_path)
    assert done.returncode == 0
    assert "not recorded" in done.stderr and "not a database" in done.stderr
    assert store.read_bytes() == before
    log = cockpit("evidence", "log", cwd=tmp_path)
    assert log.returncode == 66
    assert "not a database" in log.stderr


def test_a_store_path_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Listening() as listening:
        config = write_config(tmp_path, listening.port)
        text = config.read_text()
        config.write_text('[cockpit]\nstore = "file/evidence.db"\n' + text)
        done = cockpit("check", "--only", "backend", cwd=tmp_path)
    assert done.returncode == 0
    assert "not recorded" in done.stderr
    assert str(Path("file") / "evidence.db") in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["check", "--only", "backnd"], 64, "did you mean 'backend'"),
        (["check", "--format", "yaml"], 64, "yaml"),
        (["chekc"], 64, "chekc"),
        (["check", "--config", "."], 78, "folder"),
        (["check", "--config", "missing.toml"], 78, "missing.toml"),
        (["evidence", "show", "12"], 66, "no evidence store"),
        (["screen"], 64, "terminal"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_says_what_and_has_its_own_code(
    words: list[str], code: int, told: str, tmp_path: Path
) -> None:
    write_config(tmp_path, 1)
    done = cockpit(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert done.stdout == ""


def test_every_mistake_of_a_config_is_told_at_once(tmp_path: Path) -> None:
    config = write_config(tmp_path, 1)
    config.write_text(
        '[[listener]]\nname = "a"\nprot = 1\n\n[[heartbeat]]\nname = "a"\nfile = 3\n',
        encoding="utf-8",
    )
    done = cockpit("check", cwd=tmp_path)
    assert done.returncode == 78
    lines = done.stderr.splitlines()
    assert any(":3:" in line and "prot" in line and '"port"' in line for line in lines)
    assert any(":7:" in line and "file" in line for line in lines)
    assert any(":6:" in line and "name" in line for line in lines)


def test_nothing_to_go_by_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    done = cockpit("check", cwd=tmp_path)
    assert done.returncode == 78
    assert "cockpit init" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="modes are a POSIX matter")
def test_checks_leave_evidence_that_only_the_user_can_read(tmp_path: Path) -> None:
    with Listening() as listening:
        write_config(tmp_path, listening.port)
        cockpit("check", cwd=tmp_path)
    store = tmp_path / ".cockpit" / "evidence.db"
    assert oct(os.stat(store).st_mode & 0o777) == "0o600"
