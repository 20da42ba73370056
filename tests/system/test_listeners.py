"""Listeners: the same tests for every source, on real sockets of real processes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support import until

from cockpit.clock import ManualClock
from cockpit.system.processes import process_table
from cockpit.system.sockets import netlink_source
from cockpit.system.sockets.listeners import ListenerSource, listener_json
from cockpit.system.sockets.netlink_source import NetlinkListenerSource
from cockpit.system.sockets.psutil_source import PsutilListenerSource
from cockpit.system.sockets.sources import default_source

SERVERS = str(Path(__file__).with_name("servers.py"))
ROOT = Path(__file__).parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux's sockets")
SOURCES = [PsutilListenerSource] + ([NetlinkListenerSource] if sys.platform == "linux" else [])


@pytest.fixture(params=SOURCES, ids=lambda source: source.name)
def source(request: pytest.FixtureRequest) -> ListenerSource:
    return request.param()


@pytest.fixture
def serve(start):
    def run(kind: str, port: int = 0):
        process = start([sys.executable, SERVERS, kind, str(port)], ready=True)
        process.ports = [int(word) for word in process.first_line.split()]
        process.port = process.ports[0]
        return process

    return run


def test_a_plain_listener(source, serve) -> None:
    server = serve("plain")
    found = source.snapshot().on(server.port)
    assert found is not None
    assert found.addresses == ("127.0.0.1",)
    assert (found.ipv4, found.ipv6, found.loopback_only) == (True, False, True)
    assert found.pids == (server.pid,)
    assert (found.sockets, found.shared, found.hidden) == (1, False, 0)
    owner = found.owners[0].process
    assert owner.argv[1:] == (SERVERS, "plain", "0")
    assert owner.identity == process_table.identity_of(server.pid)
    (service,) = found.services
    assert (service.root.pid, service.pids, service.sockets) == (server.pid, (server.pid,), 1)


def test_only_the_asked_ports(source, serve) -> None:
    one, two = serve("plain"), serve("plain")
    assert source.snapshot([one.port]).ports == (one.port,)
    assert source.snapshot([]).listeners == ()
    both = source.snapshot().ports
    assert {one.port, two.port} <= set(both)
    assert list(both) == sorted(both)


def test_a_listener_that_closed_is_gone(source, serve) -> None:
    server = serve("plain")
    before = source.signature()
    assert source.snapshot().on(server.port) is not None
    server.kill()
    server.wait()
    until(lambda: source.snapshot([server.port]).on(server.port) is None, "the port is free")
    assert source.signature() != before


def test_both_families_of_one_process_are_one_row(source, serve) -> None:
    server = serve("both")
    found = source.snapshot([server.port]).on(server.port)
    assert found is not None
    assert found.addresses == ("127.0.0.1", "::1")
    assert (found.ipv4, found.ipv6, found.loopback_only) == (True, True, True)
    assert (found.sockets, found.shared, len(found.services)) == (2, False, 1)


def test_a_wildcard_is_one_star(source, serve) -> None:
    server = serve("wildcard")
    found = source.snapshot([server.port]).on(server.port)
    assert found is not None
    assert (found.addresses, found.loopback_only) == (("*",), False)
    assert (found.ipv4, found.ipv6) == (True, False)


def test_a_dual_stack_socket_answers_both(source, serve) -> None:
    server = serve("dual")
    found = source.snapshot([server.port]).on(server.port)
    assert found is not None
    assert (found.addresses, found.ipv4, found.ipv6) == (("*",), True, True)
    assert (found.sockets, found.pids) == (1, (server.pid,))


@linux
def test_a_v6only_socket_does_not_answer_ipv4(serve) -> None:
    server = serve("v6only")
    found = NetlinkListenerSource().snapshot([server.port]).on(server.port)
    assert found is not None
    assert (found.addresses, found.ipv4, found.ipv6) == (("*",), False, True)


def test_an_ipv6_socket_bound_to_a_mapped_address_answers_ipv4_only(source, serve) -> None:
    server = serve("mapped")
    found = source.snapshot([server.port]).on(server.port)
    assert found is not None
    assert (found.addresses, found.ipv4, found.ipv6) == (("127.0.0.1",), True, False)
    assert found.loopback_only
    told = listener_json(found)
    assert (told["ipv4"], told["ipv6"]) == (True, False)


@linux
def test_forked_workers_are_one_service(source, serve) -> None:
    server = serve("forked")
    found = source.snapshot([server.port]).on(server.port)
    assert found is not None
    workers = server.ports[1:]
    assert found.pids == tuple(sorted([server.pid, *workers]))
    assert (found.sockets, found.shared) == (1, False)
    (service,) = found.services
    assert service.root.pid == server.pid
    assert service.pids == found.pids


@linux
def test_reuse_port_workers_of_one_parent_are_one_service(source, serve) -> None:
    server = serve("reuse-workers")
    found = source.snapshot([server.port]).on(server.port)
    assert found is not None
    assert found.pids == tuple(sorted(server.ports[1:]))
    assert (found.sockets, found.shared) == (2, True)
    (service,) = found.services
    assert service.root.pid == server.pid


@linux
def test_two_programs_on_one_port_are_two_services(source, serve) -> None:
    one = serve("reuse")
    two = serve("reuse", one.port)
    found = source.snapshot([one.port]).on(one.port)
    assert found is not None
    assert (found.sockets, found.shared) == (2, True)
    assert [service.root.pid for service in found.services] == sorted([one.pid, two.pid])


@linux
def test_a_worker_that_appears_and_one_that_goes(source, serve) -> None:
    server = serve("plain")
    source.snapshot()
    other = serve("plain")
    assert source.snapshot().on(other.port).pids == (other.pid,)
    forked = serve("forked")
    assert len(source.snapshot().on(forked.port).pids) == 3
    os.kill(forked.ports[1], 9)
    until(
        lambda: forked.ports[1] not in source.snapshot().on(forked.port).pids, "the worker is gone"
    )
    assert source.snapshot().on(forked.port).pids == tuple(sorted([forked.pid, forked.ports[2]]))
    assert source.snapshot().on(server.port).pids == (server.pid,)


@linux
def test_orphans_that_kept_one_socket_are_one_service(source, serve) -> None:
    server = serve("orphans")
    server.wait()
    orphans = server.ports[1:]
    found = source.snapshot([server.port]).on(server.port)
    assert found is not None
    assert found.pids == tuple(sorted(orphans))
    (service,) = found.services
    assert service.root.pid in orphans
    assert service.pids == found.pids


@linux
@pytest.mark.parametrize("reused_pid", [False, True])
def test_a_worker_forked_later_is_found_without_a_new_socket(serve, reused_pid: bool) -> None:
    server = serve("late-worker")
    source = NetlinkListenerSource(ManualClock())
    assert source.snapshot().on(server.port).pids == (server.pid,)
    server.stdin.write("fork\n")
    server.stdin.flush()
    worker = int(server.stdout.readline())
    if reused_pid:
        source._owners._pids.add(worker)
    assert source.snapshot().on(server.port).pids == tuple(sorted([server.pid, worker]))
    os.kill(worker, 9)


@linux
async def test_a_socket_handed_over_is_found_at_the_next_rescan(serve, start) -> None:
    clock = ManualClock()
    source = NetlinkListenerSource(clock)
    server = serve("plain")
    ours, theirs = socket.socketpair()
    code = (
        "import socket, sys, time\n"
        "link = socket.socket(fileno=int(sys.argv[1]))\n"
        "print('up', flush=True)\n"
        "socket.recv_fds(link, 1, 1)\n"
        "print('got', flush=True)\n"
        "time.sleep(3600)\n"
    )
    holder = start(
        [sys.executable, "-c", code, str(theirs.fileno())], ready=True, pass_fds=[theirs.fileno()]
    )
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        assert source.snapshot([port]).on(port).pids == (os.getpid(),)
        socket.send_fds(ours, [b"x"], [own.fileno()])
        assert holder.stdout.readline().strip() == "got"
        await clock.advance(60)
        assert source.snapshot([port]).on(port).pids == tuple(sorted([os.getpid(), holder.pid]))
    assert source.snapshot([port]).on(port).pids == (holder.pid,)
    assert source.snapshot([server.port]).on(server.port).pids == (server.pid,)
    ours.close()
    theirs.close()


@linux
@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="needs a second user")
@pytest.mark.parametrize("name", ["netlink", "psutil"])
def test_an_owner_hidden_by_permissions_is_hidden_not_free(name: str, serve) -> None:
    server = serve("plain")
    code = (
        "import os, sys\n"
        "from cockpit.system.sockets.netlink_source import NetlinkListenerSource\n"
        "from cockpit.system.sockets.psutil_source import PsutilListenerSource\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sources = {'netlink': NetlinkListenerSource, 'psutil': PsutilListenerSource}\n"
        "source = sources[sys.argv[1]]()\n"
        "one = source.snapshot().on(int(sys.argv[2]))\n"
        "print(one.addresses, one.pids, one.hidden, one.hidden_uids, one.services)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, name, str(server.port)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert result.stdout.strip() == "('127.0.0.1',) () 1 (0,) ()"


@linux
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare")
def test_listeners_of_another_network_namespace_are_not_ours(start) -> None:
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("may not create a network namespace here")
    other = start(["unshare", "-n", sys.executable, SERVERS, "wildcard", "0"], ready=True)
    port = int(other.first_line)
    assert NetlinkListenerSource().snapshot([port]).on(port) is None
    inside = subprocess.run(
        [
            "nsenter", f"--net=/proc/{other.pid}/ns/net", sys.executable, "-c",
            "from cockpit.system.sockets.netlink_source import NetlinkListenerSource\n"
            "print([(o.port, o.pids) for o in NetlinkListenerSource().snapshot().listeners])",
        ],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert inside.stdout.strip() == str([(port, (other.pid,))])


@linux
def test_connections_that_wait_are_counted(serve) -> None:
    server = serve("plain")
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    found = NetlinkListenerSource().snapshot([server.port]).on(server.port)
    assert found is not None
    assert (found.waiting, found.backlog) == (3, 16)
    for client in clients:
        client.close()


@linux
def test_two_hundred_listeners(source, serve) -> None:
    server = serve("many", 200)
    snapshot = source.snapshot()
    assert set(server.ports) <= set(snapshot.ports)
    assert all(snapshot.on(port).pids == (server.pid,) for port in server.ports)


@linux
def test_sockets_that_open_and_close_at_once_do_no_harm() -> None:
    source = NetlinkListenerSource()
    with socket.create_server(("127.0.0.1", 0)) as steady:
        port = steady.getsockname()[1]
        for _ in range(30):
            with socket.create_server(("127.0.0.1", 0)) as brief:
                assert source.snapshot().on(brief.getsockname()[1]).pids == (os.getpid(),)
            assert source.snapshot([port]).on(port).pids == (os.getpid(),)


@linux
def test_a_socket_closed_while_its_owner_is_looked_for_is_not_hidden(monkeypatch) -> None:
    source = NetlinkListenerSource()
    source.snapshot()
    brief = socket.create_server(("127.0.0.1", 0))
    port = brief.getsockname()[1]
    real = netlink_source.FdOwners.update

    def closing(self, *args):
        brief.close()
        return real(self, *args)

    monkeypatch.setattr(netlink_source.FdOwners, "update", closing)
    assert source.snapshot().on(port) is None


@linux
def test_the_best_source_is_chosen_and_says_why(monkeypatch) -> None:
    assert default_source().name == "netlink"

    def refused() -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(netlink_source, "dump_listeners", refused)
    fallback = default_source()
    assert fallback.name == "psutil"
    assert "not permitted" in fallback.why


def test_a_listener_as_plain_data_masks_secrets(serve, start, script) -> None:
    path = script("api.py", Path(SERVERS).read_text(encoding="utf-8"))
    server = start([sys.executable, str(path), "plain", "0", "--token", "hunter2"], ready=True)
    found = default_source().snapshot().on(int(server.first_line))
    assert found is not None
    record = json.loads(json.dumps(listener_json(found)))
    (owner,) = record["owners"]
    assert owner["argv"][1:] == [str(path), "plain", "0", "--token", "***"]
    assert owner["pid"] == server.pid
    assert owner["started_at"].endswith("Z")
    assert (record["addresses"], record["hidden_owners"]) == (["127.0.0.1"], [])
    assert record["services"] == [{"root": server.pid, "pids": [server.pid], "sockets": 1}]


@linux
async def test_facts_of_known_owners_are_read_again(start) -> None:
    code = (
        "import os, socket, sys\n"
        "s = socket.create_server(('127.0.0.1', 0)); os.set_inheritable(s.fileno(), True)\n"
        "print(s.getsockname()[1], flush=True)\nsys.stdin.readline()\n"
        "os.execvp('sleep', ['sleep', '3600'])\n"
    )
    server = start([sys.executable, "-c", code], ready=True)
    port = int(server.first_line)
    clock = ManualClock()
    source = NetlinkListenerSource(clock)
    assert source.snapshot().on(port).owners[0].process.argv[0] == sys.executable
    server.stdin.write("\n")
    server.stdin.flush()
    until(lambda: process_table.facts(server.pid).argv[:1] == ("sleep",), "it is another program")
    await clock.advance(6)
    assert source.snapshot().on(port).owners[0].process.argv == ("sleep", "3600")
