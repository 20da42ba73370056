"""The name of this machine."""

from __future__ import annotations

import socket

from cockpit.text import sanitize


def host_name() -> str:
    """This machine's name without its domain."""
    return sanitize(socket.gethostname().split(".")[0]) or "localhost"
