"""Commands on checklist items: set, note, progress, undo; one edit at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from cockpit import checklists
from cockpit.checklists.editing.notes import ProgressNote
from cockpit.clock import Clock
from cockpit.commands import NoteItem, RecordProgress, Reply, SetItem, Ticket
from cockpit.engine.blocking import SerialExecutor, StillHung
from cockpit.engine.commands.audit import AuditLog
from cockpit.engine.commands.notes import NoteResult, NoteTarget, write_note, write_progress
from cockpit.engine.commands.set_status import EditOutcome, EditRequest, Log, StatusEditor
from cockpit.engine.commands.undo import (
    UndoableChange,
    Undone,
    named_log,
    new_id,
    outcome_text,
    undo,
)
from cockpit.engine.probe_set import ProbeSet
from cockpit.kinds.checklist.edit_history import EditHistory
from cockpit.kinds.checklist.facts import OverwrittenEditFacts
from cockpit.kinds.checklist.findings import anchor_from
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.model import Observation
from cockpit.permissions import Permissions

_MOST_UNDO = 50
_LOOK_EVERY = 30.0
"""Seconds between looks at which mirrors there are: the config may change."""


@dataclass(slots=True)
class _Group:
    """Changes that are undone together."""

    batch: str
    changes: list[UndoableChange]


class ChecklistCommands:
    """The edits of one operator. Edits run one after the other, away from the event loop.

    `memory` is what the evidence remembers, `board` what is observed now: requirements need both.
    `flush` returns when everything recorded so far is on disk.
    """

    def __init__(
        self,
        plan: Callable[[], ProbeSet],
        clock: Clock,
        audit: AuditLog,
        *,
        memory: EditHistory,
        board: Callable[[], Mapping[str, Observation]],
        flush: Callable[[], bool],
        permissions: Permissions,
    ) -> None:
        self._plan = plan
        self._memory = memory
        self._audit = audit
        self._board = board
        self._clock = clock
        self._executor = SerialExecutor("edit", clock)
        self._edit_lock = asyncio.Lock()
        self._editor = StatusEditor(memory, clock, audit.who, flush, permissions=permissions)
        self._permissions = permissions
        self._undo: list[_Group] = []
        self._run = new_id()

    async def set_item(self, command: SetItem, ticket: Ticket) -> Reply:
        """Set the item the operator saw, or reply why not."""
        probe = self._checklist(command.probe)
        if probe is None:
            return self._unknown(command.probe, ticket)
        try:
            anchor = await self._executor(anchor_from, command.anchor, probe.path)
            seen = checklists.Status(command.seen)
            to = checklists.Status(command.to) if command.to else probe.next_status(seen)
        except (ValueError, KeyError, TypeError, OSError, checklists.ChecklistError) as error:
            return Reply(ticket, False, f"that item can't be edited: {error}")
        request = EditRequest(probe.path, anchor, to, command.reason, command.item)
        act, batch = new_id(), f"{self._run}-{command.batch}" if command.batch else ""
        log = named_log(self._log(command.probe, ticket), probe.path, act, batch)
        async with self._edit_lock:
            done = await asyncio.shield(
                self._executor(
                    partial(
                        self._editor.set_status,
                        request,
                        log,
                        probe=probe,
                        board=self._board(),
                    )
                )
            )
        if done.edit is not None and done.edit.changed:
            self._remember(
                UndoableChange(command.probe, command.item, done.edit, act, batch, text=done.text)
            )
        return _reply(ticket, done)

    async def undo_last(self, ticket: Ticket) -> Reply:
        """Undo the last change under the same rules: an edit, a note, or all the edits that were
        made in one go. What can't be undone stays, to be tried again."""
        async with self._edit_lock:
            if not self._undo:
                text = "nothing to undo: nothing was written from this screen"
                return Reply(ticket, False, text)
            group = self._undo[-1]
            undone: list[Undone] = []
            for change in reversed(group.changes):
                log = self._log(change.probe, ticket)
                probe = self._checklist(change.probe)
                act = partial(undo, change, log, self._editor, probe)
                undone.append(await asyncio.shield(self._executor(act)))
                if undone[-1].over:
                    group.changes.remove(change)
            if not group.changes:
                self._undo.pop()
        return Reply(ticket, *outcome_text(undone))

    def _remember(self, change: UndoableChange) -> None:
        """Remember for undo; edits of one batch together."""
        if change.batch and self._undo and self._undo[-1].batch == change.batch:
            self._undo[-1].changes.append(change)
        else:
            self._undo = [*self._undo, _Group(change.batch, [change])][-_MOST_UNDO:]

    async def accept_overwritten(self, problem: str, note: str, ticket: Ticket) -> bool:
        """Accept the states that another program's undoing of edits left: record them as wanted,
        which ends the problem for good. Writes no file. False when the problem is of another kind.
        """
        accepted = False
        for name, observation in self._board().items():
            probe = self._checklist(name)
            for finding in observation.findings if probe is not None else ():
                undone = finding.facts
                if probe is None or finding.cause != problem:
                    continue
                if not isinstance(undone, OverwrittenEditFacts):
                    continue
                anchor = await self._executor(anchor_from, undone.anchor, probe.path)
                request = EditRequest(probe.path, anchor, anchor.status, note, undone.reverted_item)
                act = partial(self._editor.set_status, request, self._log(name, ticket))
                async with self._edit_lock:
                    done = await asyncio.shield(self._executor(act))
                accepted = accepted or done.ok
        return accepted

    async def note(self, command: NoteItem, ticket: Ticket) -> Reply:
        """Write a note or the owner below an item."""

        def write(target: NoteTarget, log: Log) -> NoteResult:
            return write_note(
                target, command.text, log, owner=command.owner, permissions=self._permissions
            )

        return await self._write_below(command, write, ticket)

    async def record_progress(self, command: RecordProgress, ticket: Ticket) -> Reply:
        """Record the five answers of the progress form, and write them below the item when that is
        wanted."""
        note = ProgressNote(
            command.done, command.against_target, command.next, command.blockers, command.estimate
        )

        def write(target: NoteTarget, log: Log) -> NoteResult:
            return write_progress(
                target, note, log, below=command.below, permissions=self._permissions
            )

        return await self._write_below(command, write, ticket)

    def pending(self, name: str) -> bool:
        """Whether a mirror of that checklist is still to be written."""
        probe = self._checklist(name)
        return probe is not None and bool(self._memory.pending(probe.path))

    async def retry_mirrors(self, name: str | None, ticket: Ticket) -> tuple[str, ...]:
        """Write the pending mirrors of one checklist, or of all; a line for each."""
        told: list[str] = []
        for planned in self._plan().probes:
            probe = planned.probe
            if isinstance(probe, ChecklistProbe) and probe.mirrors and name in (None, probe.name):
                retry = partial(self._editor.retry, probe.path, self._log(probe.name, ticket))
                async with self._edit_lock:
                    told += await asyncio.shield(self._executor(retry))
        return tuple(told)

    async def keep_mirrors(self) -> None:
        """Retry pending mirrors until cancelled, each with the period of its checklist. Nothing is
        asked of anybody; what still fails stays on the board. Where this cockpit only looks they
        stay pending."""
        if self._permissions.read_only:
            return
        due: dict[str, float] = {}
        while True:
            now = self._clock.monotonic()
            for planned in self._plan().probes:
                probe = planned.probe
                if not isinstance(probe, ChecklistProbe) or not probe.mirrors:
                    continue
                if due.setdefault(probe.name, now + probe.every) > now:
                    continue
                due[probe.name] = now + probe.every
                pending = self._memory.pending(probe.path)
                if any(each.overdue(self._clock.now()) for each in pending):
                    with suppress(OSError, StillHung):
                        await self.retry_mirrors(probe.name, "")
            left = [at - now for at in due.values() if at > now]
            await self._clock.sleep(min([*left, _LOOK_EVERY]))

    async def _write_below(
        self,
        command: NoteItem | RecordProgress,
        write: Callable[[NoteTarget, Log], NoteResult],
        ticket: Ticket,
    ) -> Reply:
        probe = self._checklist(command.probe)
        if probe is None:
            return self._unknown(command.probe, ticket)
        try:
            anchor = await self._executor(anchor_from, command.anchor, probe.path)
            target = NoteTarget(probe.path, anchor, command.item)
        except (ValueError, KeyError, TypeError, OSError, checklists.ChecklistError) as error:
            return Reply(ticket, False, f"nothing can be written below that item: {error}")
        act = new_id()
        log = named_log(self._log(command.probe, ticket), probe.path, act)
        async with self._edit_lock:
            result = await asyncio.shield(self._executor(partial(write, target, log)))
        if result.hunk is not None:
            self._remember(
                UndoableChange(command.probe, command.item, result.hunk, act, text=result.text)
            )
        return Reply(ticket, result.ok, result.text)

    def _checklist(self, name: str) -> ChecklistProbe | None:
        probe = self._plan().probe(name)
        return probe if isinstance(probe, ChecklistProbe) else None

    def _unknown(self, name: str, ticket: Ticket) -> Reply:
        return Reply(ticket, False, f"{name!r} is no checklist of the present plan")

    def _log(self, name: str, ticket: Ticket) -> Log:
        return self._audit.about(name, ticket)


def _reply(ticket: Ticket, done: EditOutcome) -> Reply:
    text = "; ".join([done.text, *done.mirrors])
    changed = done.edit is None or done.edit.changed
    return Reply(ticket, done.ok, text, done.needs_reason, changed=changed)
