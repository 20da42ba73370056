"""Is it the process that was meant: words, folder, executable, code age, drifted port."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cockpit.system.process_match import (
    code_age,
    code_roots,
    listeners_nearby,
    mismatches,
    service_code_age,
    unreadable,
)
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity
from cockpit.system.sockets.sources import default_source

SERVERS = str(Path(__file__).with_name("servers.py"))
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def fake(*argv: str, cwd: str | None = None, executable: str | None = None) -> ProcessFacts:
    return ProcessFacts(
        ProcessIdentity(7, NOW.timestamp()), argv, "x", "u", 1, cwd, executable, 1, None, "running"
    )


def touched(path: Path, when: datetime) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


def test_a_process_as_expected_has_no_mismatch(start, tmp_path: Path) -> None:
    server = start([sys.executable, SERVERS, "plain", "0"], ready=True, cwd=tmp_path)
    process = process_table.facts(server.pid)
    assert process is not None
    words = ["servers.py", "plain"]
    assert mismatches(process, words=words, cwd=tmp_path, executable=sys.executable) == []
    assert unreadable(process, words=words, cwd=tmp_path, executable=sys.executable) == []


def test_each_mismatch_says_what_is_wrong(tmp_path: Path) -> None:
    process = fake("python", "other.py", cwd="/srv/old", executable="/usr/bin/python3.9 (deleted)")
    found = mismatches(process, words=["engine.py"], cwd=tmp_path, executable="/usr/bin/python3.12")
    assert found[0] == "runs python other.py, expected engine.py"
    assert found[1].startswith("works in /srv/old")
    assert found[2] == "is /usr/bin/python3.9, expected /usr/bin/python3.12"
    assert "deleted" in found[3]


def test_what_cannot_be_read_is_neither_right_nor_wrong() -> None:
    process = fake()
    asked = {"words": ["engine.py"], "cwd": "/srv", "executable": "/bin/x"}
    assert mismatches(process, **asked) == []
    assert unreadable(process, **asked) == ["command line", "working directory", "executable"]
    assert unreadable(process) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_folders_are_compared_with_links_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    process = fake("x", cwd=str(tmp_path / "real"))
    assert mismatches(process, cwd=tmp_path / "link") == []


def test_a_program_on_a_port_nearby_is_drift(start) -> None:
    server = start([sys.executable, SERVERS, "plain", "0"], ready=True)
    port = int(server.first_line)
    snapshot = default_source().snapshot()
    (found,) = listeners_nearby(snapshot, port - 1, ["servers.py", "plain"])
    assert (found.port, found.pids) == (port, (server.pid,))
    assert listeners_nearby(snapshot, port, ["servers.py", "plain"]) == []
    assert listeners_nearby(snapshot, port - 30, ["servers.py", "plain"]) == []
    assert listeners_nearby(snapshot, port - 1, ["servers.py", "other"]) == []
    assert listeners_nearby(snapshot, port - 1, []) == []


def test_code_newer_than_the_process(tmp_path: Path) -> None:
    old = touched(tmp_path / "old.py", NOW - timedelta(hours=1))
    same = touched(tmp_path / "same.py", NOW + timedelta(seconds=1))
    fresh = touched(tmp_path / "app" / "fresh.py", NOW + timedelta(minutes=1))
    freshest = touched(tmp_path / "app" / "freshest.py", NOW + timedelta(minutes=9))
    for skipped in (".venv/a.py", "node_modules/a.js", "__pycache__/a.py", "notes.txt"):
        touched(tmp_path / skipped, NOW + timedelta(days=1))
    found = code_age(NOW, [tmp_path])
    assert found.newer == (freshest, fresh)
    assert (found.scanned, found.complete) == (4, True)
    assert found.newest_at == NOW + timedelta(minutes=9)
    assert found.text.endswith("changed 2026-01-05T12:09:00Z and 1 more")
    assert code_age(NOW, [old, same]).text == ""


def test_too_many_files_are_said_to_be_too_many(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("cockpit.system.process_match._FILE_LIMIT", 3)
    for number in range(5):
        touched(tmp_path / f"{number}.py", NOW)
    found = code_age(NOW, [tmp_path])
    assert (found.scanned, found.complete) == (3, False)


def test_where_the_code_of_a_process_lies(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "tool.py").touch()
    touched(tmp_path / "src" / "engine.py", NOW)
    touched(tmp_path / "venv" / "bin" / "uvicorn", NOW)
    here = str(tmp_path)
    assert code_roots(fake("python", "src/engine.py", "run", cwd=here)) == [tmp_path / "src"]
    assert code_roots(fake("python", "-m", "app.main", cwd=here)) == [tmp_path / "app"]
    assert code_roots(fake("python", "-m", "tool", cwd=here)) == [tmp_path / "tool.py"]
    assert code_roots(fake("uvicorn", "app.main:app", cwd=here)) == [tmp_path / "app"]
    launched = fake("python", "venv/bin/uvicorn", "app.main:app", cwd=here)
    assert code_roots(launched) == [tmp_path / "venv" / "bin" / "uvicorn", tmp_path / "app"]
    assert code_roots(fake("python", "src/engine.py")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="starts a server that listens")
def test_a_service_that_runs_old_code(start, script, tmp_path: Path) -> None:
    path = script("api.py", Path(SERVERS).read_text(encoding="utf-8"))
    server = start([sys.executable, str(path), "plain", "0"], ready=True)
    found = default_source().snapshot().on(int(server.first_line))
    assert found is not None
    (service,) = found.services
    assert service_code_age(service).newer == ()
    later = service.root.started_at + timedelta(seconds=30)
    touched(tmp_path / "helper.py", later)
    assert service_code_age(service).newer == (tmp_path / "helper.py",)
    worker = replace(
        service.owners[0],
        process=replace(
            service.root, identity=ProcessIdentity(1, (later + timedelta(seconds=9)).timestamp())
        ),
    )
    reloaded = replace(service, owners=(*service.owners, worker))
    assert service_code_age(reloaded).newer == ()


def test_an_own_socket_has_this_process_as_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = default_source().snapshot().on(server.getsockname()[1])
    assert found is not None
    assert found.pids == (os.getpid(),)
