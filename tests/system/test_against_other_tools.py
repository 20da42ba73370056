"""The same sockets and the same owners as `ss` and `lsof` name, also among many processes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import until

from cockpit.system.sockets.netlink_source import NetlinkListenerSource
from cockpit.system.sockets.psutil_source import PsutilListenerSource

SERVERS = str(Path(__file__).with_name("servers.py"))
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ss and netlink are Linux")
Owners = dict[int, set[int]]


@pytest.fixture
def zoo(start) -> dict[int, set[int]]:
    """One of each kind of server: port to the PIDs that hold it."""
    found: Owners = {}
    for kind, port in (
        ("plain", 0), ("wildcard", 0), ("dual", 0), ("v6only", 0), ("both", 0), ("forked", 0),
        ("reuse-workers", 0), ("many", 20),
    ):  # fmt: skip
        server = start([sys.executable, SERVERS, kind, str(port)], ready=True)
        numbers = [int(word) for word in server.first_line.split()]
        if kind == "many":
            found |= {number: {server.pid} for number in numbers}
        elif kind == "forked":
            found[numbers[0]] = {server.pid, *numbers[1:]}
        elif kind == "reuse-workers":
            found[numbers[0]] = set(numbers[1:])
        else:
            found[numbers[0]] = {server.pid}
    return found


def as_seen(source) -> Owners:
    return {one.port: set(one.pids) for one in source.snapshot().listeners}


def only(found: Owners, ports: Owners) -> Owners:
    return {port: pids for port, pids in found.items() if port in ports}


@pytest.mark.parametrize("source", [NetlinkListenerSource, PsutilListenerSource])
def test_every_owner_of_every_kind(source, zoo: Owners) -> None:
    assert only(as_seen(source()), zoo) == zoo


def by_ss() -> Owners:
    text = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    found: Owners = {}
    for line in text.splitlines():
        port = int(line.split()[3].rsplit(":", 1)[1])
        found.setdefault(port, set()).update(int(pid) for pid in re.findall(r"pid=(\d+)", line))
    return found


def by_lsof() -> Owners:
    words = ["lsof", "-nP", "-iTCP", "-sTCP:LISTEN", "-Fpn"]
    text = subprocess.run(words, capture_output=True, text=True).stdout
    found: Owners = {}
    pid = 0
    for line in text.splitlines():
        if line.startswith("p"):
            pid = int(line[1:])
        elif line.startswith("n"):
            found.setdefault(int(line.rsplit(":", 1)[1]), set()).add(pid)
    return found


@pytest.mark.parametrize(("tool", "ask"), [("ss", by_ss), ("lsof", by_lsof)])
def test_other_tools_name_the_same(tool: str, ask, zoo: Owners) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    assert only(as_seen(NetlinkListenerSource()), zoo) == zoo
    # On a busy machine such a tool can miss a process while others come and go: ask it again.
    until(lambda: only(ask(), zoo) == zoo, f"{tool} names the same owners")


Place = tuple[frozenset[str], bool, bool, int]
"""Addresses (`*` for any wildcard), IPv4, IPv6, sockets of one port."""


def places_by_ss() -> dict[int, Place]:
    text = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    by_port: dict[int, list[str]] = {}
    for line in text.splitlines():
        address, port = line.split()[3].rsplit(":", 1)
        by_port.setdefault(int(port), []).append(address)
    found = {}
    for port, addresses in by_port.items():
        # ss writes `*` for a socket of both families, `[::]` for one of IPv6 alone.
        plain = {"*" if a in ("*", "[::]", "0.0.0.0") else a.strip("[]") for a in addresses}
        ipv4 = any(a == "*" or "." in a for a in addresses)
        ipv6 = any(a == "*" or a.startswith("[") for a in addresses)
        found[port] = (frozenset(plain), ipv4, ipv6, len(addresses))
    return found


def places_as_seen() -> dict[int, Place]:
    return {
        one.port: (frozenset(one.addresses), one.ipv4, one.ipv6, one.sockets)
        for one in NetlinkListenerSource().snapshot().listeners
    }


def test_ss_names_the_same_sockets_families_and_addresses(zoo: Owners) -> None:
    if shutil.which("ss") is None:
        pytest.skip("ss is not installed")

    def agree() -> bool:
        ours, theirs = places_as_seen(), places_by_ss()
        return all(ours[port] == theirs[port] for port in zoo)

    until(agree, "ss names the same sockets")
    kinds = {(ipv4, ipv6) for _, ipv4, ipv6, _ in (places_as_seen()[port] for port in zoo)}
    assert kinds == {(True, False), (True, True), (False, True)}, "one of each kind was there"


def test_among_a_thousand_processes_new_ones_are_still_found(start) -> None:
    source = NetlinkListenerSource()
    source.snapshot()
    start([sys.executable, SERVERS, "crowd", "1000"], ready=True)
    server = start([sys.executable, SERVERS, "forked", "0"], ready=True)
    port, *workers = (int(word) for word in server.first_line.split())
    assert source.snapshot([port]).on(port).pids == tuple(sorted([server.pid, *workers]))
    many = start([sys.executable, SERVERS, "many", "200"], ready=True)
    ports = [int(word) for word in many.first_line.split()]
    seen = as_seen(source)
    assert all(seen[number] == {many.pid} for number in ports)
    assert len(seen[port]) == 3
