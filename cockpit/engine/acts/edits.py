"""Ticking and unticking items of a checklist, one edit at a time, with undo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from cockpit import checklists
from cockpit.clock import Clock
from cockpit.engine.acts.trace import Trace
from cockpit.engine.blocking import BlockingLane
from cockpit.engine.plan import Plan
from cockpit.feed import Reply, SetItem, Ticket
from cockpit.model import EventKind
from cockpit.probes.checklist import ChecklistProbe

_MOST_UNDO = 50


class ChecklistEdits:
    """The edits of one operator. Edits run one after the other, away from the event loop."""

    def __init__(self, plan: Callable[[], Plan], clock: Clock, trace: Trace) -> None:
        self._plan = plan
        self._trace = trace
        self._lane = BlockingLane("edit", clock)
        self._undo: list[tuple[str, checklists.EditResult]] = []

    async def set_item(self, command: SetItem, ticket: Ticket) -> Reply:
        """Set the item the operator saw, or say why not."""
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

    async def undo_last(self, ticket: Ticket) -> Reply:
        """Take the last edit back under the same rules."""
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
            result = await asyncio.shield(self._lane(work))
        except (checklists.ChecklistError, OSError) as error:
            self._trace(EventKind.EDIT_REFUSED, name, ticket, str(error), {"file": str(path)})
            return Reply(ticket, False, f"not changed: {error}")
        if not result.changed:
            return Reply(ticket, True, f"already {result.status_after}: {result.anchor.text}")
        word = "undone" if undoing else "set"
        text = (
            f"{word} {result.status_before} → {result.status_after}: {result.anchor.text} "
            f"({path.name}:{result.line})"
        )
        self._trace(
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
