"""The collector: the engine of the one process that holds the store's lease.

Only the holder runs the engine. Everybody else waits for its end: its exit is noticed at once, its
silence after a while.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any

from cockpit.clock import Clock
from cockpit.engine.probe_set import ProbeSet
from cockpit.engine.scheduler import Engine
from cockpit.evidence.base_recorder import LeasedRecorder
from cockpit.evidence.errors import StoreError
from cockpit.evidence.lease import BEAT_EVERY, Acquired, HeldBy, Holder
from cockpit.evidence.store import Store
from cockpit.model import Event, EventKind
from cockpit.system.processes.exits import ExitWatcher
from cockpit.system.processes.process_table import ProcessIdentity
from cockpit.triggers import Triggers


class Collector:
    """Lease, engine and beat of one process; `engine` is there while this process collects.

    All methods belong to the loop of the session.
    """

    def __init__(self, recorder: Store, holder: Holder, clock: Clock) -> None:
        self._recorder = recorder
        self._holder = holder
        self._clock = clock
        self.engine: Engine | None = None

    async def wait_for_lease(self, held: Callable[[], None]) -> None:
        """Return once the lease is this process's; `held` is called when another one has it.

        Without a store there is nobody to share with, nor while it can't be written.
        """
        taken = await self._acquire()
        if isinstance(taken, HeldBy):
            held()
        while isinstance(taken, HeldBy):
            await _wait_for_exit(taken.holder, self._holder.host, self._clock)
            taken = await self._acquire()

    async def _acquire(self) -> Acquired | HeldBy | None:
        try:
            return await asyncio.wrap_future(self._recorder.acquire(self._holder))
        except (StoreError, sqlite3.Error, OSError):
            return None

    async def run(
        self,
        plan: ProbeSet,
        *,
        started: Callable[[Engine], Callable[[], None]],
        beside: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Run the engine on `plan`, and `beside` with it, until the lease is lost.

        `started` is called with the engine before its first probe runs; what it returns is called
        when all has ended.
        """
        engine = Engine(
            plan,
            clock=self._clock,
            recorder=LeasedRecorder(self._recorder, self._holder),
            triggers=Triggers(self._clock),
            probe_states=self._recorder.probe_states,
            acks=lambda: self._recorder.acks,
        )
        self.engine = engine
        ended = started(engine)
        self._tell(f"collecting as {self._holder.kind} {self._holder.pid}")
        tasks = (asyncio.create_task(engine.run()), asyncio.create_task(beside()))
        try:
            await self._beat_until_lost(tasks[0])
        finally:
            self.engine = None
            ended()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _beat_until_lost(self, running: asyncio.Task[None]) -> None:
        while True:
            await self._clock.sleep(BEAT_EVERY)
            if running.done():
                running.result()
            if not await self._beat():
                self._tell("another process holds the lease: stepping down")
                return

    async def _beat(self) -> bool:
        """Say that this process still watches; False when the lease is another's.

        A beat that can't be written is no reason to stop watching: the next one may be.
        """
        try:
            return await asyncio.wrap_future(self._recorder.beat(self._holder))
        except (StoreError, sqlite3.Error, OSError):
            return True

    def _tell(self, text: str) -> None:
        self._recorder.log(
            Event(
                at=self._clock.now(),
                kind=EventKind.COLLECTOR,
                subject="cockpit",
                text=text,
                actor=self._holder.actor,
            )
        )


async def _wait_for_exit(holder: Holder, host: str, clock: Clock) -> None:
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
