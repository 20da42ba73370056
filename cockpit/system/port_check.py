"""Whether ports became free once processes were ended, or who took them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cockpit.clock import Clock
from cockpit.system.end_outcome import PortAfter
from cockpit.system.end_plan import PortHold
from cockpit.system.listeners import ListenerSource
from cockpit.system.processes import ProcessIdentity

VERIFY_SECONDS = 2.0
"""How long a port may take to become free."""


async def verify(
    victims: Sequence[ProcessIdentity],
    holds: Sequence[PortHold],
    source: ListenerSource,
    clock: Clock,
    settle: float,
) -> tuple[tuple[PortAfter, ...], tuple[PortAfter, ...]]:
    """Each port that should be free now, and each that others were to keep. Sockets may close a
    little late, and whoever keeps a program running starts it again a little later: both are
    waited for, `settle` seconds at least until a port counts as free."""
    wanted = [hold.port for hold in holds if hold.freed]
    kept = [hold.port for hold in holds if not hold.freed]
    begin = clock.monotonic()
    while wanted:
        found = look_at_ports(source, wanted)
        elapsed = clock.monotonic() - begin
        if _taken(found, victims):
            return found, look_at_ports(source, kept)
        free = all(after.free is not False for after in found)
        if elapsed >= (settle if free else max(settle, VERIFY_SECONDS)):
            return found, look_at_ports(source, kept)
        await clock.sleep(0.05)
    return (), look_at_ports(source, kept)


def _taken(found: Iterable[PortAfter], victims: Sequence[ProcessIdentity]) -> bool:
    """Whether somebody who was not to be ended holds one of the ports."""
    return any(
        not any(one.identity.same_as(identity) for identity in victims)
        for after in found
        for one in after.holders
    )


def look_at_ports(source: ListenerSource, ports: Sequence[int]) -> tuple[PortAfter, ...]:
    """Each of `ports` as it is now. Blocking."""
    if not ports:
        return ()
    try:
        snapshot = source.snapshot(list(ports))
    except (OSError, ValueError):
        return tuple(PortAfter(port, None) for port in ports)
    found = []
    for port in ports:
        listener = snapshot.on(port)
        if listener is None:
            found.append(PortAfter(port, True if snapshot.complete else None))
        else:
            holders = tuple(owner.process for owner in listener.owners)
            found.append(PortAfter(port, False, holders, listener.hidden_uids))
    return tuple(found)
