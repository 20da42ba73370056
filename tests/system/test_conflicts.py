"""Which process is the service that is to be started, and which only has the same words."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.system.control.conflicts import ConflictingInstances, TargetService, find_conflicts
from cockpit.system.sockets.sources import default_source

CODE = (
    "import socket, sys\n"
    "ports = [int(word) for word in sys.argv[1:] if word.isdigit()]\n"
    "held = [socket.create_server(('127.0.0.1', port)) for port in ports]\n"
    "print(*(one.getsockname()[1] for one in held), 'up', flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.fixture
def name(script) -> str:
    """A script of a name that nobody else runs."""
    made = f"rival_{os.getpid()}.py"
    script(made, CODE)
    return made


@pytest.fixture
def run(start, name: str, tmp_path: Path):
    """Run the script with these words in a folder; its `port` is what it listens on."""

    def running(folder: Path, *words: str):
        folder.mkdir(exist_ok=True)
        path = next(tmp_path.rglob(name))
        process = start([sys.executable, str(path), *words], ready=True, cwd=folder)
        first = process.first_line.split()[0]
        process.port = int(first) if first.isdigit() else None
        return process

    return running


def rivals(meant: TargetService, leaving: tuple[int, ...] = ()) -> ConflictingInstances:
    return find_conflicts(meant, default_source().snapshot(), leaving)


def pids(found) -> list[int]:
    return [one.pid for one in found]


def test_one_in_another_folder_is_another_service(run, name: str, tmp_path: Path) -> None:
    other = run(tmp_path / "elsewhere", "0")
    meant = TargetService((name,), port=other.port + 1, folder=tmp_path / "here")
    (tmp_path / "here").mkdir()
    found = rivals(meant)
    assert (pids(found.same), pids(found.others)) == ([], [other.pid])
    assert found.refusal == ""
    (note,) = found.notes
    assert f"{other.pid} in {tmp_path / 'elsewhere'} on port {other.port}" in note
    unknown = rivals(replace(meant, folder=None))
    assert pids(unknown.same) == [other.pid], "what is not known speaks for the same"
    assert f"in {tmp_path / 'elsewhere'} on port {other.port}" in unknown.refusal
    assert rivals(replace(meant, folder=None), (other.pid,)).refusal == ""


def test_on_another_port_the_command_line_decides(run, name: str, tmp_path: Path) -> None:
    astray = run(tmp_path / "here", "0")
    here = TargetService((name,), port=astray.port + 1, folder=tmp_path / "here")
    same = rivals(replace(here, arguments=("0",)))
    assert pids(same.same) == [astray.pid], "the very command, gone astray to another port"
    differs = rivals(replace(here, arguments=("--port", str(astray.port + 1))))
    assert pids(differs.others) == [astray.pid]
    named = rivals(replace(here, claimed=(astray.port,)))
    assert pids(named.others) == [astray.pid], "another listener of the config is there"
    assert pids(rivals(here).same) == [astray.pid]


def test_one_that_holds_the_port_or_none_is_the_same(run, name: str, tmp_path: Path) -> None:
    holder = run(tmp_path / "elsewhere", "0")
    at_port = TargetService((name,), port=holder.port, folder=tmp_path)
    assert pids(rivals(at_port).same) == [holder.pid]
    silent = run(tmp_path / "here")
    found = rivals(
        TargetService((name,), port=holder.port + 1, folder=tmp_path / "here", arguments=("x",)),
        (holder.pid,),
    )
    assert pids(found.same) == [silent.pid]
    assert "on no port" in found.refusal
