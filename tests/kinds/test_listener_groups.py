"""A port among others, a group that ends one by one, owners that can't be seen, acts of operators.

On real processes where what matters is the order in which they go.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cockpit.config.load import loads
from cockpit.engine.probe_set import build
from cockpit.kinds.act_history import ActHistory
from cockpit.kinds.listener.evaluate import judge_port
from cockpit.kinds.listener.facts import OwnerFacts
from cockpit.kinds.listener.port_snapshot import PortSnapshot
from cockpit.kinds.listener.probe import SETTLE_SECONDS, ListenerProbe
from cockpit.kinds.listener.table import ListenerTable
from cockpit.model import Event, EventKind, Finding, Observation, Verdict
from cockpit.system.sockets.listeners import Listener, ListenerSnapshot
from cockpit.system.sockets.sources import default_source

needs_group = pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="no SO_REUSEPORT")
SERVER = """
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
print("up", flush=True)
sys.stdin.read()
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def group(tmp_path: Path, spawn: Any) -> Callable[[int], tuple[int, list[Any]]]:
    """So many independent servers on one port."""

    def start(count: int) -> tuple[int, list[Any]]:
        script = tmp_path / "serve.py"
        script.write_text(SERVER, encoding="utf-8")
        port = free_port()
        return port, [spawn(script, str(port)) for _ in range(count)]

    return start


def probe(port: int, folder: Path, acts: ActHistory | None = None, **values: Any) -> ListenerProbe:
    table = ListenerTable(name="backend", port=port, **values)
    return ListenerProbe(table, folder, source=default_source(), acts=acts)


def kill(process: Any) -> None:
    process.kill()
    process.wait()


def port_of(seen: Observation) -> Finding:
    return seen.findings[0]


@needs_group
def test_a_group_that_dies_one_by_one_is_told_of_once(
    tmp_path: Path, look: Any, group: Any, quick_clock: Any
) -> None:
    port, servers = group(3)
    watching = probe(port, tmp_path)
    first = look(watching).observation
    assert port_of(first).title == "3 OWNERS"
    left = list(servers)
    kill(left.pop())

    clock = quick_clock(lambda: kill(left.pop()) if left else None)
    gone = look(watching, first, clock=clock).observation
    assert port_of(gone).title == "NOT LISTENING", "the last one was not taken for a service"
    assert clock.sleeps == [SETTLE_SECONDS] * 2


@needs_group
def test_the_end_of_the_only_owner_is_told_at_once_and_a_survivor_soon(
    tmp_path: Path, look: Any, group: Any, quick_clock: Any
) -> None:
    port, servers = group(2)
    watching = probe(port, tmp_path)
    first = look(watching).observation
    kill(servers[0])
    clock = quick_clock()
    survivor = look(watching, first, clock=clock).observation
    assert survivor.verdict is Verdict.OK and clock.sleeps == [SETTLE_SECONDS]
    kill(servers[1])
    clock = quick_clock()
    assert look(watching, survivor, clock=clock).observation.verdict is Verdict.FAIL
    assert clock.sleeps == []


def act(phase: str, at: datetime, *pids: int, **data: Any) -> Event:
    told = {"phase": phase, "act": "a1", "pids": pids, **data}
    return Event(at, EventKind.PROCESS, "said", subject="x", actor="bob@vm", data=told)


@needs_group
def test_while_an_act_ends_a_group_its_last_member_is_not_well_again(
    tmp_path: Path, look: Any, group: Any
) -> None:
    port, servers = group(2)
    acts = ActHistory()
    watching = probe(port, tmp_path, acts)
    first = look(watching).observation
    pids = [server.pid for server in servers]
    now = datetime.now(UTC)
    acts.hear([act("intent", now, *pids, ports=(port,))])
    kill(servers[0])
    during = look(watching, first).observation
    assert (during.verdict, port_of(during).title) == (Verdict.FAIL, "BEING ENDED")
    assert port_of(during).text == f"{pids[1]}; bob@vm is ending it"
    acts.hear([act("outcome", now, *pids, ports=(port,), ended=(pids[0],))])
    survivor = look(watching, during).observation
    assert survivor.verdict is Verdict.OK, "that act is over, and it survived"


@needs_group
def test_who_is_left_alone_by_an_act_is_well_as_soon_as_the_others_are_gone(
    tmp_path: Path, look: Any, group: Any
) -> None:
    port, servers = group(2)
    acts = ActHistory()
    watching = probe(port, tmp_path, acts)
    first = look(watching).observation
    acts.hear([act("intent", datetime.now(UTC), servers[0].pid, ports=(port,))])
    kill(servers[0])
    assert look(watching, first).observation.verdict is Verdict.OK


@needs_group
def test_what_an_operator_started_says_so(tmp_path: Path, look: Any, group: Any) -> None:
    port, servers = group(1)
    acts = ActHistory()
    seen = look(probe(port, tmp_path, acts)).observation
    owner = seen.findings[1]
    assert "started by" not in owner.text
    assert isinstance(owner.facts, OwnerFacts) and owner.facts.started_at is not None
    started = owner.facts.started_at
    start = Event(
        started,
        EventKind.PROCESS,
        "is starting",
        subject="backend",
        actor="bob@vm",
        data={"phase": "intent", "act": "s1", "pids": (), "output": "/x"},
    )
    acts.hear([start])
    again = look(probe(port, tmp_path, acts)).observation.findings[1]
    assert again.facts.started_by == "bob@vm" and "started by bob@vm" in again.text
    assert again.facts.pid == servers[0].pid


def test_a_port_that_another_table_claims_is_no_drift(
    tmp_path: Path, look: Any, group: Any
) -> None:
    port, _ = group(1)
    words = 'process = ["serve.py"]'

    def title(other: str) -> str:
        text = f'[[listener]]\nname = "a"\nport = {port - 1}\n{words}\n{other}'
        loaded = loads(text, tmp_path)
        seen = look(build(loaded.config.of_kind("listener")[0], loaded)).observation
        return port_of(seen).title

    mine = f'[[listener]]\nname = "b"\nport = {port}\n'
    assert title("") == "PORT DRIFT"
    assert title(f"{mine}{words}\n") == "NOT LISTENING"
    assert title(mine) == "NOT LISTENING"
    assert title(f'{mine}process = ["other.py"]\n') == "PORT DRIFT", "it is not what b expects"
    assert title(f'{mine}expect = "none"\n') == "PORT DRIFT"
    assert title(f'{mine}expect = "any"\n') == "PORT DRIFT", "b expects nothing of it"


def hidden(uid: int, sockets: int = 1) -> PortSnapshot:
    listener = Listener(
        port=80,
        addresses=("*",),
        ipv4=True,
        ipv6=False,
        owners=(),
        services=(),
        sockets=sockets,
        shared=sockets > 1,
        hidden=sockets,
        hidden_uids=(uid,),
    )
    return PortSnapshot(ListenerSnapshot((listener,), "netlink"))


def test_hidden_owners_are_a_basis_for_some_only() -> None:
    for expect, count, verdict in (
        ("one", 1, Verdict.UNKNOWN),
        ("one", 3, Verdict.UNKNOWN),
        ("some", 1, Verdict.OK),
        ("some", 3, Verdict.OK),
        ("any", 3, Verdict.OK),
    ):
        table = ListenerTable(name="x", port=80, expect=expect)
        judged = judge_port(table, hidden(4321, count))
        assert judged.verdict is verdict, (expect, count)
        assert judged.doubts, "it stays a doubt"
    three = judge_port(ListenerTable(name="x", port=80), hidden(4321, 3))
    assert "3 sockets of one address (SO_REUSEPORT)" in three.headline


@pytest.mark.skipif(sys.platform == "win32", reason="user numbers")
def test_ones_own_hidden_process_is_not_said_to_be_another_users() -> None:
    judged = judge_port(ListenerTable(name="x", port=80), hidden(os.geteuid()))
    assert "another PID namespace" in judged.headline
    assert "another PID namespace" in judged.doubts[0].text
    assert "root" not in judged.findings[0].next_act
