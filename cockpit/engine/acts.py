"""What a command of the screen does: re-probe, tick, undo, acknowledge. Each leaves its trace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from cockpit import checklists
from cockpit.clock import Clock
from cockpit.engine.blocking import BlockingLane
from cockpit.engine.plan import Plan
from cockpit.engine.recorder import Recorder
from cockpit.feed import Acknowledge, Command, Reply, Reprobe, SetItem, Ticket, UndoEdit
from cockpit.model import Event, EventKind, Observation
from cockpit.probes.checklist import ChecklistProbe

ProbeNow = Callable[[str | None], Awaitable[Sequence[Observation]]]
_MOST_UNDO = 50


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
        self._plan = plan
        self._clock = clock
        self._recorder = recorder
        self._who = who
        self._probe_now = probe_now
        self._edits = BlockingLane("edit", clock)
        self._undo: list[tuple[str, checklists.EditResult]] = []

    async def execute(self, command: Command, ticket: Ticket) -> Reply:
        """Do it; the reply says in one line what became of it."""
        match command:
            case Reprobe(probe):
                return await self._reprobe(probe, ticket)
            case SetItem():
                return await self._set_item(command, ticket)
            case UndoEdit():
                return await self._undo_last(ticket)
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

    async def _set_item(self, command: SetItem, ticket: Ticket) -> Reply:
        probe = self._plan().probe(command.probe)
        if not isinstance(probe, ChecklistProbe):
            return Reply(ticket, False, f"{command.probe!r} is no checklist of the present plan")
        try:
            anchor = checklists.Anchor.from_json(json.loads(command.anchor))
            seen = checklists.Status(command.seen)
            to = checklists.Status(command.to) if command.to else probe.next_status(seen)
        except (ValueError, KeyError, TypeError) as error:
            return Reply(ticket, False, f"that item can't be edited: {error}")
        return await self._edit(
            command.probe,
            probe.path,
            ticket,
            lambda: checklists.set_item(probe.path, anchor, to),
            undoing=False,
        )

    async def _undo_last(self, ticket: Ticket) -> Reply:
        if not self._undo:
            return Reply(ticket, False, "nothing to undo: no tick was made from this screen")
        name, result = self._undo[-1]
        reply = await self._edit(
            name, result.path, ticket, lambda: checklists.undo(result), undoing=True
        )
        if reply.ok:
            self._undo.pop()
        return reply

    async def _edit(
        self,
        name: str,
        path: Path,
        ticket: Ticket,
        work: Callable[[], checklists.EditResult],
        *,
        undoing: bool,
    ) -> Reply:
        try:
            result = await asyncio.shield(self._edits(work))
        except (checklists.ChecklistError, OSError) as error:
            self._log(EventKind.EDIT_REFUSED, name, ticket, str(error), {"file": str(path)})
            return Reply(ticket, False, f"not changed: {error}")
        if not result.changed:
            return Reply(ticket, True, f"already {result.status_after}: {result.anchor.text}")
        word = "undone" if undoing else "set"
        text = (
            f"{word} {result.status_before} → {result.status_after}: {result.anchor.text} "
            f"({path.name}:{result.line})"
        )
        self._log(
            EventKind.EDIT,
            name,
            ticket,
            text,
            {
                "file": str(path),
                "line": result.line,
                "offset": result.offset,
                "before": result.line_before,
                "after": result.line_after,
                "method": result.method,
                "sha256_before": result.sha256_before,
                "sha256_after": result.sha256_after,
            },
        )
        if not undoing:
            self._undo = [*self._undo, (name, result)][-_MOST_UNDO:]
        return Reply(ticket, True, text)

    def _log(
        self, kind: EventKind, name: str, ticket: Ticket, text: str, data: dict[str, str | int]
    ) -> None:
        self._recorder.log(
            Event(
                at=self._clock.now(),
                kind=kind,
                probe=name,
                subject=name,
                text=text,
                actor=self._who,
                ticket=ticket,
                data=data,
            )
        )
