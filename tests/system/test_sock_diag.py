"""The netlink wire format and /proc/net tables: any bytes, and what goes in comes out."""

from __future__ import annotations

import ipaddress
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.system.processes import linux_backend
from cockpit.system.sockets import psutil_source, sock_diag
from cockpit.system.sockets.sock_diag import WireError


def record(family: int, port: int, source: bytes, **more: int) -> bytes:
    head = struct.pack("=BBBB", family, sock_diag.TCP_LISTEN, 0, 0)
    identity = struct.pack("!HH", port, 0) + source.ljust(16, b"\0") + bytes(16) + bytes(12)
    values = (more.get(key, 0) for key in ("expires", "waiting", "backlog", "uid", "inode"))
    body = head + identity + struct.pack("=5I", *values)
    if "v6only" in more:
        other = struct.pack("=HHB3x", 5, 8, 0)
        body += other + struct.pack("=HHB3x", 5, sock_diag.INET_DIAG_SKV6ONLY, more["v6only"])
    return body


def framed(kind: int, body: bytes, flags: int = 0) -> bytes:
    padded = body + bytes(-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + padded


numbers = st.integers(0, 2**32 - 1)
mapped = st.ip_addresses(v=4).map(lambda ip: ipaddress.ip_address(f"::ffff:{ip}"))
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), mapped)


def meant(ip):
    """The IPv4 address that an IPv4-mapped one stands for; any other as it is."""
    return (ip.ipv4_mapped if ip.version == 6 else None) or ip


@given(st.lists(st.tuples(st.integers(1, 65535), addresses, numbers, numbers), max_size=5))
def test_sockets_come_back_as_they_were_written(wanted) -> None:
    data = b"".join(
        framed(
            sock_diag.SOCK_DIAG_BY_FAMILY,
            record(2 if ip.version == 4 else 10, port, ip.packed, uid=uid, inode=inode),
        )
        for port, ip, uid, inode in wanted
    )
    found = [sock_diag.parse_socket(message.body) for message in sock_diag.messages(data)]
    assert [(s.port, s.uid, s.inode) for s in found] == [
        (port, uid, inode) for port, _, uid, inode in wanted
    ]
    for raw, (_, ip, _, _) in zip(found, wanted, strict=True):
        assert ipaddress.ip_address(raw.address) == meant(ip)
        assert raw.family == meant(ip).version


@pytest.mark.parametrize("value", [0, 1])
def test_v6only_is_read_behind_other_attributes(value: int) -> None:
    assert sock_diag.parse_socket(record(10, 1, bytes(16), v6only=value)).v6only is bool(value)
    assert sock_diag.parse_socket(record(10, 1, bytes(16))).v6only is None


@given(st.binary(max_size=400))
def test_any_bytes_give_messages_or_a_wire_error(data: bytes) -> None:
    try:
        for message in sock_diag.messages(data):
            sock_diag.parse_socket(message.body)
    except WireError:
        return


@given(st.binary(max_size=60))
def test_any_attributes_give_a_socket_or_a_wire_error(tail: bytes) -> None:
    try:
        assert sock_diag.parse_socket(record(10, 80, bytes(16)) + tail).port == 80
    except WireError:
        return


def test_errors_carry_their_number() -> None:
    assert sock_diag.error_number(struct.pack("=i", -13) + bytes(16)) == 13
    with pytest.raises(WireError):
        sock_diag.error_number(b"\0")


def test_a_request_asks_for_listening_tcp_only() -> None:
    request = sock_diag.listen_request(sock_diag.AF_INET6, 7)
    length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", request)
    assert (length, kind, flags, sequence) == (len(request), 20, 0x301, 7)
    assert struct.unpack_from("=BBBxI", request, 16) == (10, 6, 0, 1 << 10)


HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


@given(st.integers(1, 65535), addresses, st.integers(0, 70000), st.integers(1, 2**32 - 1))
def test_proc_net_rows_come_back(port: int, ip, uid: int, inode: int) -> None:
    packed = ip.packed
    words = "".join(
        f"{int.from_bytes(packed[i : i + 4], sys.byteorder):08X}" for i in range(0, len(packed), 4)
    )
    zero = "0" * len(words)
    row = (
        f"   0: {words}:{port:04X} {zero}:0000 0A 00000000:00000000 00:00000000 00000000"
        f" {uid:5d}        0 {inode} 1 0000000000000000 100 0 0 10 0\n"
    )
    established = row.replace(" 0A ", " 01 ")
    (found,) = psutil_source.parse_table(HEADER + row + established + "  7: torn")
    assert (found.port, found.uid, found.inode) == (port, uid, inode)
    assert found.family == meant(ip).version


@given(st.text(max_size=300))
def test_any_table_is_read_without_complaint(text: str) -> None:
    psutil_source.parse_table(text)


@given(st.integers(1, 100), st.integers(1, 100), st.integers(1, 100))
def test_new_pids_follow_the_last_one_around_the_circle(before: int, last: int, pid: int) -> None:
    given_out = set()
    position = before
    while position != last:
        position = position % 100 + 1
        given_out.add(position)
    assert linux_backend.in_new_range(pid, before, last) is (pid in given_out)


@given(st.integers(1, 65535), st.sampled_from([2, 10]), numbers, numbers)
def test_a_closed_socket_without_peer_and_bytes_listened_or_was_bound(
    port: int, family: int, received: int, sent: int
) -> None:
    body = record(family, port, bytes(16), waiting=received, backlog=sent)
    assert sock_diag.closed_port(body) == (None if received or sent else port)
    assert sock_diag.closed_port(record(family, port, bytes(16))) == port
    client = bytearray(record(family, port, bytes(16)))
    client[6:8] = b"\x1f\x41"
    assert sock_diag.closed_port(bytes(client)) is None
    with pytest.raises(WireError):
        sock_diag.closed_port(body[:40])
