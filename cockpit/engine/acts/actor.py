"""Carries out what a screen asks for: re-probe, tick, undo, acknowledge."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from cockpit.clock import Clock
from cockpit.engine.acts.edits import ChecklistEdits
from cockpit.engine.acts.trace import Trace
from cockpit.engine.plan import Plan
from cockpit.engine.recorder import Recorder
from cockpit.feed import Acknowledge, Command, Reply, Reprobe, SetItem, Ticket, UndoEdit
from cockpit.model import Observation

ProbeNow = Callable[[str | None], Awaitable[Sequence[Observation]]]


class Actor:
    """Carries out commands for one operator, one edit at a time.

    `probe_now` is the engine's own in a collector; in an attached screen it probes by itself.
    """

    def __init__(
        self,
        plan: Callable[[], Plan],
        *,
        clock: Clock,
        recorder: Recorder,
        who: str,
        probe_now: ProbeNow,
    ) -> None:
        self._recorder = recorder
        self._who = who
        self._probe_now = probe_now
        self._edits = ChecklistEdits(plan, clock, Trace(recorder, clock, who))

    async def execute(self, command: Command, ticket: Ticket) -> Reply:
        """Do it; the reply says in one line what became of it."""
        match command:
            case Reprobe(probe):
                return await self._reprobe(probe, ticket)
            case SetItem():
                return await self._edits.set_item(command, ticket)
            case UndoEdit():
                return await self._edits.undo_last(ticket)
            case Acknowledge(problem, note):
                done = self._recorder.acknowledge(problem, note, self._who)
                if not await asyncio.wrap_future(done):
                    return Reply(ticket, False, f"there is no problem {problem!r} any more")
                return Reply(ticket, True, f"acknowledged {problem}: {note}")

    async def _reprobe(self, name: str | None, ticket: Ticket) -> Reply:
        try:
            seen = await self._probe_now(name)
        except KeyError:
            return Reply(ticket, False, f"no probe is named {name!r} in the present plan")
        if len(seen) == 1:
            text = f"{seen[0].probe} {seen[0].verdict}: {seen[0].headline}"
        else:
            text = f"probed {len(seen)} again"
        return Reply(ticket, True, text)
