"""The wire format of Linux's netlink `sock_diag`: requests and replies for listening TCP sockets.

Pure functions on bytes. Formats: sock_diag(7), netlink(7), `linux/inet_diag.h`; all numbers in host
byte order, except the ports, which are in network order.
"""

from __future__ import annotations

import functools
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

AF_INET = 2
AF_INET6 = 10
IPPROTO_TCP = 6
TCP_LISTEN = 10

NLMSG_ERROR = 2
NLMSG_DONE = 3
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 0x01
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
INET_DIAG_SKV6ONLY = 11

_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48x")
_SOCKET = struct.Struct("=BBxx2s2s16s16sI8sIIIII")
_ATTRIBUTE = struct.Struct("=HH")


class WireError(ValueError):
    """A reply that does not follow the format."""


class Message(NamedTuple):
    """One netlink message: its type, flags and body."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class RawSocket:
    """One listening socket.

    `family` is 4 or 6, by the address: an IPv6 socket bound to an IPv4-mapped one answers IPv4
    only, and is written as IPv4. `inode` identifies the socket on this machine (0: unknown);
    `v6only` None means not known; `waiting` connections are not yet accepted, of at most `backlog`.
    """

    port: int
    family: int
    address: str
    inode: int
    uid: int | None = None
    v6only: bool | None = None
    waiting: int | None = None
    backlog: int | None = None


def listen_request(family: int, sequence: int) -> bytes:
    """A dump request for every TCP socket of `family` (AF_INET or AF_INET6) in state LISTEN."""
    body = _REQUEST.pack(family, IPPROTO_TCP, 0, 1 << TCP_LISTEN)
    flags = NLM_F_REQUEST | NLM_F_DUMP
    length = _HEADER.size + len(body)
    return _HEADER.pack(length, SOCK_DIAG_BY_FAMILY, flags, sequence, 0) + body


def messages(data: bytes) -> Iterator[Message]:
    """The messages of one datagram. Raises `WireError` when a length leads out of it."""
    offset = 0
    while offset < len(data):
        if offset + _HEADER.size > len(data):
            raise WireError(f"{len(data) - offset} bytes left, too few for a netlink header")
        length, kind, flags, _, _ = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size or offset + length > len(data):
            raise WireError(f"netlink message of {length} bytes in {len(data) - offset}")
        yield Message(kind, flags, data[offset + _HEADER.size : offset + length])
        offset += (length + 3) & ~3


def error_number(body: bytes) -> int:
    """The errno of an NLMSG_ERROR body (0: an acknowledgement)."""
    if len(body) < 4:
        raise WireError("netlink error message without a number")
    number: int = struct.unpack_from("=i", body)[0]
    return -number


@functools.lru_cache(maxsize=4096)
def parse_socket(body: bytes) -> RawSocket:
    """The socket of a SOCK_DIAG_BY_FAMILY reply. Raises `WireError` on anything else.

    The answers are remembered: from one dump to the next hardly any record differs.
    """
    if len(body) < _SOCKET.size:
        raise WireError(f"socket record of {len(body)} bytes, {_SOCKET.size} wanted")
    fields = _SOCKET.unpack_from(body)
    family, _state, sport, _dport, source, _destination, _interface, _cookie = fields[:8]
    _expires, waiting, backlog, uid, inode = fields[8:]
    if family not in (AF_INET, AF_INET6):
        raise WireError(f"socket record of address family {family}")
    packed = source[:4] if family == AF_INET else source
    return RawSocket(
        port=int.from_bytes(sport, "big"),
        family=address_family(packed),
        address=address_text(packed),
        inode=inode,
        uid=uid,
        v6only=_v6only(body) if family == AF_INET6 else None,
        waiting=waiting,
        backlog=backlog,
    )


def closed_port(body: bytes) -> int | None:
    """The port of a closed socket that never had a peer nor sent anything; None for another one.

    Such a socket listened, or was only bound: the announcement does not tell them apart. Sockets
    that tried to connect, or were taken down before anybody accepted them, have counted bytes.
    Raises `WireError` on a record that is too short.
    """
    if len(body) < _SOCKET.size:
        raise WireError(f"socket record of {len(body)} bytes, {_SOCKET.size} wanted")
    fields = _SOCKET.unpack_from(body)
    sport, dport, received, sent = fields[2], fields[3], fields[9], fields[10]
    if dport != b"\0\0" or received or sent:
        return None
    return int.from_bytes(sport, "big") or None


@functools.lru_cache(maxsize=4096)
def address_text(packed: bytes) -> str:
    """4 or 16 bytes as text; an IPv4-mapped IPv6 address as the IPv4 address it means."""
    return str(_address(packed))


@functools.lru_cache(maxsize=4096)
def address_family(packed: bytes) -> int:
    """4 or 6: the family of the connections that reach an address of 4 or 16 bytes."""
    return _address(packed).version


def _address(packed: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped


def _v6only(body: bytes) -> bool | None:
    offset = _SOCKET.size
    while offset + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size or offset + length > len(body):
            raise WireError(f"attribute of {length} bytes in {len(body) - offset}")
        if kind == INET_DIAG_SKV6ONLY and length > _ATTRIBUTE.size:
            return bool(body[offset + _ATTRIBUTE.size])
        offset += (length + 3) & ~3
    return None
