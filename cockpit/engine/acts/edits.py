"""Ticking and noting items of a checklist, one edit at a time, with undo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import astuple
from functools import partial

from cockpit import checklists
from cockpit.checklists.annotate import ProgressNote, append_note, owner_note
from cockpit.checklists.safe_write import Written
from cockpit.clock import Clock
from cockpit.engine.acts.ticking import Done, Log, Ticker, Wish
from cockpit.engine.acts.trace import Trace
from cockpit.engine.blocking import BlockingLane
from cockpit.engine.plan import Plan
from cockpit.feed import NoteItem, Reply, SetItem, Ticket, ValidateProgress
from cockpit.model import EventKind, Facts, Observation
from cockpit.probes.checklist.memory import EditMemory
from cockpit.probes.checklist.probe import ChecklistProbe

_MOST_UNDO = 50


class ChecklistEdits:
    """The edits of one operator. Edits run one after the other, away from the event loop.

    `memory` is what the evidence remembers, `board` what is observed now: requirements need both.
    `flush` returns when everything recorded so far is on disk.
    """

    def __init__(
        self,
        plan: Callable[[], Plan],
        clock: Clock,
        trace: Trace,
        *,
        memory: EditMemory,
        board: Callable[[], Mapping[str, Observation]],
        flush: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._memory = memory
        self._trace = trace
        self._board = board
        self._lane = BlockingLane("edit", clock)
        self._turn = asyncio.Lock()
        self._ticker = Ticker(memory, clock, trace.who, flush)
        self._undo: list[tuple[str, str, checklists.EditResult]] = []

    async def set_item(self, command: SetItem, ticket: Ticket) -> Reply:
        """Set the item the operator saw, or say why not."""
        probe = self._checklist(command.probe)
        if probe is None:
            return self._unknown(command.probe, ticket)
        try:
            anchor = _anchor(command.anchor)
            seen = checklists.Status(command.seen)
            to = checklists.Status(command.to) if command.to else probe.next_status(seen)
        except (ValueError, KeyError, TypeError, checklists.ChecklistError) as error:
            return Reply(ticket, False, f"that item can't be edited: {error}")
        wish = Wish(probe.path, anchor, to, command.reason, command.item)
        log = self._log(command.probe, ticket)
        async with self._turn:
            done = await asyncio.shield(
                self._lane(
                    partial(
                        self._ticker.tick,
                        wish,
                        log,
                        probe=probe,
                        board=self._board(),
                    )
                )
            )
        if done.edit is not None and done.edit.changed:
            kept = [*self._undo, (command.probe, command.item, done.edit)]
            self._undo = kept[-_MOST_UNDO:]
        return _reply(ticket, done)

    async def undo_last(self, ticket: Ticket) -> Reply:
        """Take the last edit back under the same rules."""
        async with self._turn:
            if not self._undo:
                return Reply(ticket, False, "nothing to undo: no tick was made from this screen")
            name, item, result = self._undo[-1]
            log = self._log(name, ticket)
            undo = partial(self._ticker.undo, result, item, log, probe=self._checklist(name))
            done = await asyncio.shield(self._lane(undo))
            if done.ok:
                self._undo.pop()
        return _reply(ticket, done)

    async def note(self, command: NoteItem, ticket: Ticket) -> Reply:
        """Write a note or the owner below an item."""
        text = owner_note(command.text) if command.owner else command.text
        what = "owner" if command.owner else "note"
        facts: Facts = {"item": command.item, "note": command.text}
        return await self._annotate(
            command, [text], EventKind.NOTE, f"{what}: {command.text}", facts, ticket
        )

    async def validate(self, command: ValidateProgress, ticket: Ticket) -> Reply:
        """Keep the five answers in the evidence, and below the item when that is wanted."""
        note = ProgressNote(
            command.done, command.against_target, command.next, command.blockers, command.estimate
        )
        names = ("done", "against_target", "next", "blockers", "estimate")
        answers: Facts = dict(zip(names, astuple(note), strict=True))
        text = f"progress: {'; '.join(note.lines())}"
        facts: Facts = {"item": command.item, **answers}
        if command.below:
            kind = EventKind.PROGRESS
            return await self._annotate(command, note.lines(), kind, text, facts, ticket)
        probe = self._checklist(command.probe)
        if probe is None:
            return self._unknown(command.probe, ticket)
        log = self._log(command.probe, ticket)
        log(EventKind.PROGRESS, text, {"file": str(probe.path), **facts})
        return Reply(ticket, True, "progress recorded")

    def pending(self, name: str) -> bool:
        """Whether a mirror of that checklist is still to be written."""
        probe = self._checklist(name)
        return probe is not None and bool(self._memory.pending(probe.path))

    async def retry_mirrors(self, name: str | None, ticket: Ticket) -> tuple[str, ...]:
        """Write what is pending of one checklist's mirrors, or of all; a line for each."""
        told: list[str] = []
        for planned in self._plan().probes:
            probe = planned.probe
            if isinstance(probe, ChecklistProbe) and probe.mirrors and name in (None, probe.name):
                retry = partial(self._ticker.retry, probe.path, self._log(probe.name, ticket))
                async with self._turn:
                    told += await asyncio.shield(self._lane(retry))
        return tuple(told)

    async def _annotate(
        self,
        command: NoteItem | ValidateProgress,
        lines: list[str] | tuple[str, ...],
        kind: EventKind,
        text: str,
        facts: Facts,
        ticket: Ticket,
    ) -> Reply:
        probe = self._checklist(command.probe)
        if probe is None:
            return self._unknown(command.probe, ticket)
        log = self._log(command.probe, ticket)
        place: Facts = {"file": str(probe.path), **facts}
        try:
            write = partial(append_note, probe.path, _anchor(command.anchor), lines)
            async with self._turn:
                written: Written = await asyncio.shield(self._lane(write))
        except (ValueError, KeyError, TypeError, checklists.ChecklistError) as error:
            if kind is EventKind.PROGRESS:
                log(kind, f"{text} (not written below the item)", place)
            else:
                log(EventKind.EDIT_REFUSED, str(error), place)
            kept = "; kept in the evidence" if kind is EventKind.PROGRESS else ""
            return Reply(ticket, False, f"not written: {error}{kept}")
        log(kind, text, {**place, "method": written.method})
        return Reply(ticket, True, f"written below the item in {probe.path.name}")

    def _checklist(self, name: str) -> ChecklistProbe | None:
        probe = self._plan().probe(name)
        return probe if isinstance(probe, ChecklistProbe) else None

    def _unknown(self, name: str, ticket: Ticket) -> Reply:
        return Reply(ticket, False, f"{name!r} is no checklist of the present plan")

    def _log(self, name: str, ticket: Ticket) -> Log:
        return lambda kind, text, data: self._trace(kind, name, ticket, text, data)


def _anchor(text: str) -> checklists.Anchor:
    return checklists.Anchor.from_json(json.loads(text))


def _reply(ticket: Ticket, done: Done) -> Reply:
    return Reply(ticket, done.ok, "; ".join([done.text, *done.mirrors]), done.needs_reason)
