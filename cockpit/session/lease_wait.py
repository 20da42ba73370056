"""Waiting for the end of the process that holds the lease."""

from __future__ import annotations

import asyncio

from cockpit.clock import Clock
from cockpit.evidence.lease import BEAT_EVERY, Holder
from cockpit.system.processes.exits import ExitWatcher
from cockpit.system.processes.process_table import ProcessIdentity


async def wait_for_exit(holder: Holder, host: str, clock: Clock) -> None:
    """Wait for the holder's exit; a while at most, to find one that hangs or is elsewhere.

    `host` is the one this runs on.
    """
    ended = asyncio.Event()
    exits = ExitWatcher()
    if holder.host == host:
        exits.watch(
            ProcessIdentity(holder.pid, holder.started_at), lambda identity, code: ended.set()
        )
    waiting = asyncio.ensure_future(ended.wait())
    sleeping = asyncio.ensure_future(clock.sleep(BEAT_EVERY))
    try:
        await asyncio.wait((waiting, sleeping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        sleeping.cancel()
        exits.close()
