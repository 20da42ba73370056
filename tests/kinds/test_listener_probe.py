"""The listener probe on real sockets and on made-up ones."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cockpit.kinds.listener.evaluate import judge_port
from cockpit.kinds.listener.port_snapshot import PortSnapshot
from cockpit.kinds.listener.probe import ListenerProbe
from cockpit.kinds.listener.table import ListenerTable
from cockpit.model import DoubtKind, Verdict
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity
from cockpit.system.sockets.listeners import Listener, ListenerSnapshot, Owner, Service
from cockpit.system.sockets.sources import default_source

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC).timestamp()
SERVER = """
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen()
print("up", flush=True)
sys.stdin.read()
"""


def process(pid: int, *argv: str, uid: int | None = 1000) -> ProcessFacts:
    return ProcessFacts(
        identity=ProcessIdentity(pid, START + pid),
        argv=argv or ("uvicorn", "app.main:app", "--port", "8001"),
        name="uvicorn",
        user="ops",
        uid=uid,
        cwd="/srv",
        executable=None,
        ppid=1,
        parent_name="systemd",
        status="sleeping",
    )


def service(root: ProcessFacts, *workers: ProcessFacts) -> Service:
    owners = tuple(Owner(p, (p.pid,)) for p in workers or (root,))
    return Service(root, owners, len(owners))


def listener(*services: Service, hidden: int = 0) -> Listener:
    owners = tuple(owner for one in services for owner in one.owners)
    return Listener(
        port=8001,
        addresses=("*", "127.0.0.1"),
        ipv4=True,
        ipv6=True,
        owners=owners,
        services=services,
        sockets=len(owners) + hidden,
        shared=False,
        hidden=hidden,
        hidden_uids=(1001,) if hidden else (),
    )


def snapshot(*listeners: Listener, complete: bool = True) -> ListenerSnapshot:
    notes = () if complete else ("other users' sockets are not listed",)
    return ListenerSnapshot(listeners, "netlink", complete, notes)


def table(**changes: Any) -> ListenerTable:
    return ListenerTable.model_validate({"name": "backend", "port": 8001, **changes})


ONE = listener(service(process(4412)))
WORKERS = listener(service(process(4412), process(4413), process(4414)))
TWO = listener(service(process(4412)), service(process(9120)))
THREE = listener(*(service(process(pid)) for pid in (1, 2, 3)))
HIDDEN = listener(hidden=1)


@pytest.mark.parametrize(
    ("changes", "seen", "verdict", "title"),
    [
        ({}, ONE, Verdict.OK, ""),
        ({}, WORKERS, Verdict.OK, ""),
        ({}, TWO, Verdict.FAIL, "TWO OWNERS"),
        ({}, THREE, Verdict.FAIL, "3 OWNERS"),
        ({}, None, Verdict.FAIL, "NOT LISTENING"),
        ({"expect": "none"}, None, Verdict.OK, ""),
        ({"expect": "none"}, ONE, Verdict.FAIL, "UNEXPECTED LISTENER"),
        ({"expect": "none"}, HIDDEN, Verdict.FAIL, "UNEXPECTED LISTENER"),
        ({"expect": "some"}, TWO, Verdict.OK, ""),
        ({"expect": "some"}, None, Verdict.FAIL, "NOT LISTENING"),
        ({"process": ["uvicorn", "app.main:app"]}, ONE, Verdict.OK, ""),
        ({"process": ["gunicorn"]}, ONE, Verdict.FAIL, "WRONG PROCESS"),
        ({"expect": "some", "process": ["gunicorn"]}, TWO, Verdict.FAIL, "WRONG PROCESS"),
        ({"process": ["uvicorn"]}, HIDDEN, Verdict.UNKNOWN, "OWNER HIDDEN"),
        ({}, HIDDEN, Verdict.UNKNOWN, "OWNER HIDDEN"),
        ({}, listener(hidden=3), Verdict.UNKNOWN, "OWNER HIDDEN"),
        ({}, listener(service(process(4412)), hidden=1), Verdict.UNKNOWN, "OWNER HIDDEN"),
        ({"expect": "some"}, HIDDEN, Verdict.OK, ""),
        ({"expect": "any"}, None, Verdict.OK, ""),
        ({"expect": "any"}, TWO, Verdict.OK, ""),
        ({"expect": "any"}, HIDDEN, Verdict.OK, ""),
        ({"expect": "any"}, listener(service(process(4412)), hidden=1), Verdict.OK, ""),
    ],
)
def test_what_is_expected(
    changes: dict[str, Any], seen: Listener | None, verdict: Verdict, title: str
) -> None:
    judged = judge_port(table(**changes), PortSnapshot(snapshot(*([seen] if seen else []))))
    assert (judged.verdict, judged.findings[0].title) == (verdict, title)
    assert judged.findings[0].cause == "port:8001"
    if seen is HIDDEN:
        assert judged.doubts[0].kind is DoubtKind.PARTIAL_PERMISSION
        assert "1001" in judged.doubts[0].text
        assert "free" not in judged.headline


@pytest.mark.parametrize("expect", ["one", "none", "some"])
def test_what_cannot_be_seen_is_never_free(expect: str) -> None:
    judged = judge_port(table(expect=expect), PortSnapshot(snapshot(complete=False)))
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.doubts[0].kind is DoubtKind.NOTHING_MEASURED


def test_rows_and_headline() -> None:
    judged = judge_port(table(), PortSnapshot(snapshot(TWO)))
    assert judged.headline == "8001 two, want one: 4412 9120"
    assert [f.key for f in judged.findings] == ["port:8001", "owner:8001:4412", "owner:8001:9120"]
    assert judged.findings[0].facts.services == 2
    assert judged.findings[1].facts.parent == "systemd"
    assert judged.basis["listeners"] == 2


def test_argv_secrets_are_masked() -> None:
    seen = listener(service(process(7, "uvicorn", "app:app", "--api-token", "hunter2hunter2")))
    judged = judge_port(table(), PortSnapshot(snapshot(seen)))
    assert "hunter2" not in repr(judged)


def test_what_cannot_be_read_is_unknown_not_a_match() -> None:
    seen = snapshot(listener(service(process(4412))))
    blind = PortSnapshot(seen, odd={4412: ()}, unread={4412: ("executable",)})
    judged = judge_port(table(executable="/x"), blind)
    assert judged.verdict is Verdict.UNKNOWN
    assert judged.doubts[0].kind is DoubtKind.PARTIAL_PERMISSION


class _Blind:
    name = "netlink"
    why = ""

    def snapshot(self, ports: Collection[int] | None = None) -> ListenerSnapshot:
        raise PermissionError(13, "Permission denied")

    def signature(self) -> frozenset[tuple[int, int]]:
        return frozenset()


def test_a_source_without_permission_is_unknown(tmp_path: Path, look: Any) -> None:
    probe = ListenerProbe(table(expect="none"), tmp_path, source=_Blind())
    seen = look(probe).observation
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.doubts[0].kind is DoubtKind.NOTHING_MEASURED


def test_a_real_socket_of_this_process(tmp_path: Path, look: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        probe = ListenerProbe(table(port=port), tmp_path, source=default_source())
        seen = look(probe)
        assert seen.observation.verdict is Verdict.OK
        assert [identity.pid for identity in seen.ctx.processes] == [os.getpid()]
    assert look(probe).observation.finding(f"port:{port}").title == "NOT LISTENING"


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="no SO_REUSEPORT here")
def test_a_leftover_second_server(tmp_path: Path, look: Any, spawn: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    first = spawn(script, "127.0.0.1", str(port))
    second = spawn(script, "127.0.0.1", str(port))
    probe = ListenerProbe(table(port=port), tmp_path, source=default_source())
    seen = look(probe)
    assert seen.observation.findings[0].title == "TWO OWNERS"
    assert {identity.pid for identity in seen.ctx.processes} == {first.pid, second.pid}
    second.kill()
    second.wait()
    assert look(probe, seen.observation).observation.verdict is Verdict.OK
