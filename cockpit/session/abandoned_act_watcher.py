"""Notices acts on processes whose author ended over them: at the start, and as it happens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from cockpit.clock import Clock
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import locks_folder
from cockpit.engine.commands.act_audit import owner_of
from cockpit.engine.commands.recovery import KINDS, NEWEST, AbandonedActs, open_intents
from cockpit.evidence.errors import StoreError
from cockpit.evidence.store import Store
from cockpit.model import Event
from cockpit.system.host import host_name
from cockpit.system.processes.exits import ExitHandle, ExitWatcher
from cockpit.system.sockets.sources import default_source

READ_AGAIN = 5.0
"""Seconds until a store that could not be read is read again."""

_T = TypeVar("_T")


class AbandonedActWatcher:
    """Watches the processes that are at an act, others' of this host, by their exits.

    `hear` may be called from any thread, `call` runs a function in the loop of `run`.
    """

    def __init__(
        self,
        recorder: Store,
        loaded: LoadedConfig,
        clock: Clock,
        who: str,
        call: Callable[[Callable[[], object]], None],
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._call = call
        self._closing = AbandonedActs(
            recorder, self._read, lambda: default_source(clock), locks_folder(loaded), clock, who
        )
        self._exits = ExitWatcher()
        self._watched: dict[str, ExitHandle] = {}
        self._ended = asyncio.Event()

    def hear(self, events: Sequence[Event], _standings: object) -> None:
        """Take in what was recorded, by anybody."""
        if mine := [event for event in events if event.kind in KINDS]:
            self._call(lambda: self._take(mine))

    async def run(self) -> None:
        """Close what is found cut short, for ever."""
        try:
            self._take(await self._until_read(self._read))
            while True:
                await self._ended.wait()
                self._ended.clear()
                await self._until_read(self._closing.close)
        finally:
            self._exits.close()

    async def _until_read(self, work: Callable[[], _T]) -> _T:
        """What `work` gives, once the store can be read; the board says while it can't."""
        while True:
            try:
                return await asyncio.to_thread(work)
            except StoreError:
                await self._clock.sleep(READ_AGAIN)

    def _read(self) -> Sequence[Event]:
        """The newest events of acts, oldest first. Raises StoreError."""
        reader = self._recorder.reader()
        try:
            return reader.events(0, NEWEST, kinds=KINDS)
        finally:
            reader.close()

    def _take(self, events: Sequence[Event]) -> None:
        for intent in open_intents(events):
            author, act = owner_of(intent), str(intent.data.get("act"))
            ours = author is not None and author.host == host_name()
            if author is None or not ours or act in self._watched:
                continue
            if author.identity.pid != os.getpid() or author.is_gone:
                self._watched[act] = self._exits.watch(
                    author.identity, lambda identity, code: self._ended.set()
                )
        for event in events:
            if event.data.get("phase") == "outcome":
                handle = self._watched.pop(str(event.data.get("act")), None)
                if handle is not None:
                    handle.cancel()
