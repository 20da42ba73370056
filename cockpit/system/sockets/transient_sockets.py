"""Listening sockets that came and went between two looks: only the kernel's news tells of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

AWAITED_SECONDS = 5.0
"""How long the announcement of a socket that was seen to go may take. It always comes later: the
kernel takes a socket off the list first, and announces its end from a queue."""

QUIET_SECONDS = 60.0
"""So long a port of which was told is not told of again."""


class TransientSockets:
    """Sets the sockets that were announced as closed against those that were seen to go."""

    def __init__(self) -> None:
        self._awaited: dict[int, list[float]] = {}

    def unseen(
        self, closed: Mapping[int, int], gone: Mapping[int, int], now: float
    ) -> dict[int, int]:
        """How many closed sockets nobody ever saw, by port.

        `closed` counts what was announced by port, before the look that found `gone` missing; `now`
        is monotonic seconds.
        """
        for port, count in gone.items():
            self._awaited.setdefault(port, []).extend([now + AWAITED_SECONDS] * count)
        unseen: Counter[int] = Counter()
        for port, count in closed.items():
            awaited = [until for until in self._awaited.pop(port, ()) if until > now]
            if count > len(awaited):
                unseen[port] = count - len(awaited)
            elif awaited[count:]:
                self._awaited[port] = awaited[count:]
        for port in [p for p, untils in self._awaited.items() if untils[-1] <= now]:
            del self._awaited[port]
        return dict(unseen)


class RateLimiter:
    """Tells of a port at once, and then at most once a minute, with all that came meanwhile."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[float, int]] = {}

    def due(self, port: int, count: int, now: float) -> int:
        """How many are to be told of now, `count` new ones among them; 0: not yet.

        `now` is monotonic seconds.
        """
        until, kept = self._held.get(port, (now, 0))
        kept += count
        if now < until:
            self._held[port] = (until, kept)
            return 0
        self._held[port] = (now + QUIET_SECONDS, 0)
        return kept
