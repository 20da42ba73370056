"""Listening sockets as /proc/net/tcp and /proc/net/tcp6 list them (proc(5)); Linux only."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cockpit.system.sock_diag import RawSocket, address_text

_LISTEN = "0A"
_ROW = re.compile(
    r"^\s*\d+: ([0-9A-Fa-f]{8}|[0-9A-Fa-f]{32}):([0-9A-Fa-f]{4}) [0-9A-Fa-f:]+ ([0-9A-Fa-f]{2})"
    r" [0-9A-Fa-f:]+ [0-9A-Fa-f:]+ [0-9A-Fa-f]+\s+(\d+)\s+\d+ (\d+)"
)


def parse_table(text: str) -> list[RawSocket]:
    """The listening sockets of one table; lines that are not rows are left out."""
    found = []
    for line in text.splitlines():
        match = _ROW.match(line)
        if match is None or match[3] != _LISTEN:
            continue
        words = [match[1][i : i + 8] for i in range(0, len(match[1]), 8)]
        packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
        found.append(
            RawSocket(
                port=int(match[2], 16),
                family=4 if len(words) == 1 else 6,
                address=address_text(packed),
                inode=int(match[5]),
                uid=int(match[4]),
            )
        )
    return found


def listening() -> list[RawSocket]:
    """Both tables of this network namespace; empty where there are none."""
    found = []
    for name in ("tcp", "tcp6"):
        table = Path("/proc/self/net", name)
        try:
            found += parse_table(table.read_text("utf-8", "replace"))
        except OSError:
            continue
    return found
