"""The choice of the best listener source of this machine."""

from __future__ import annotations

import sys

from cockpit.clock import Clock
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.system.sockets.psutil_source import PsutilListenerSource


def default_source(clock: Clock | None = None) -> ListenerSource:
    """The best source that works on this machine."""
    if sys.platform != "linux":
        return PsutilListenerSource(
            clock, why=f"netlink sock_diag is Linux only, this is {sys.platform}"
        )
    else:
        from cockpit.system.sockets.netlink_source import NetlinkListenerSource

        try:
            source = NetlinkListenerSource(clock)
            source.signature()
        except (OSError, ValueError) as error:
            return PsutilListenerSource(clock, why=f"netlink sock_diag does not work here: {error}")
        return source
