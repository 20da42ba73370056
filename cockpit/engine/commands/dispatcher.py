"""Dispatch the commands of a screen: re-probe, edit, undo, commit, acknowledge, stop, start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cockpit.clock import Clock
from cockpit.commands import (
    Acknowledge,
    Arm,
    Command,
    Confirm,
    NoteItem,
    PlanCommit,
    PlanEnd,
    PlanReset,
    PlanStart,
    RecordProgress,
    Reply,
    Reprobe,
    SetItem,
    Ticket,
    UndoEdit,
)
from cockpit.engine.commands.audit import AuditLog
from cockpit.engine.commands.checklist_commands import ChecklistCommands
from cockpit.engine.commands.commit_commands import CommitCommands, Recorded
from cockpit.engine.commands.process_commands import ProcessCommands
from cockpit.engine.probe_set import ProbeSet
from cockpit.evidence.interfaces import Recorder
from cockpit.kinds.checklist.edit_history import EditHistory
from cockpit.model import Observation
from cockpit.permissions import Permissions, ReadOnlyError

FLUSH = 1.0
"""Seconds that the intent to write a mirror may take to reach the disk."""
ProbeNow = Callable[[str | None], Awaitable[Sequence[Observation]]]


class CommandDispatcher:
    """Carries out commands for one operator, one edit at a time.

    `probe_now` is the engine's own in a collector; in an attached screen it probes by itself.
    `recorded` reads events back from the evidence; `permissions` is asked where a thing is done.
    """

    def __init__(
        self,
        plan: Callable[[], ProbeSet],
        *,
        clock: Clock,
        recorder: Recorder,
        who: str,
        probe_now: ProbeNow,
        memory: EditHistory | None = None,
        board: Callable[[], Mapping[str, Observation]] = dict,
        processes: ProcessCommands | None = None,
        recorded: Recorded | None = None,
        permissions: Permissions,
    ) -> None:
        self._processes = processes
        self._recorder = recorder
        self._who = who
        self._probe_now = probe_now
        self._edits = ChecklistCommands(
            plan,
            clock,
            AuditLog(recorder, clock, who),
            memory=memory or EditHistory(),
            board=board,
            flush=lambda: recorder.flush(FLUSH),
            permissions=permissions,
        )
        self._commits = CommitCommands(
            lambda: plan().loaded,
            clock,
            AuditLog(recorder, clock, who),
            recorded=recorded or (lambda _: ()),
            flush=lambda: recorder.flush(FLUSH),
            permissions=permissions,
        )

    async def execute(self, command: Command, ticket: Ticket) -> Reply:
        """Carry out a command; the reply tells the outcome in one line."""
        try:
            return await self._execute(command, ticket)
        except ReadOnlyError as error:
            return Reply(ticket, False, str(error))

    async def _execute(self, command: Command, ticket: Ticket) -> Reply:
        match command:
            case Reprobe(probe):
                return await self._reprobe(probe, ticket)
            case SetItem():
                reply = await self._edits.set_item(command, ticket)
                if self._edits.pending(command.probe):
                    await self._probe_now(command.probe)
                return reply
            case UndoEdit():
                return await self._edits.undo_last(ticket)
            case NoteItem():
                return await self._edits.note(command, ticket)
            case RecordProgress():
                return await self._edits.record_progress(command, ticket)
            case PlanCommit():
                return await self._commits.plan(ticket)
            case Confirm(plan) if self._commits.is_open(plan):
                return await self._commits.carry_out(command, ticket)
            case Arm() | PlanEnd() | PlanReset() | PlanStart() | Confirm():
                if self._processes is None:
                    return Reply(ticket, False, "processes can't be acted on from here")
                return await self._processes.execute(command, ticket)
            case Acknowledge(problem, note):
                done = self._recorder.acknowledge(problem, note, self._who)
                if not await asyncio.wrap_future(done):
                    return Reply(ticket, False, f"there is no problem {problem!r} any more")
                accepted = await self._edits.accept_overwritten(problem, note, ticket)
                text = f"acknowledged {problem}: {note}"
                return Reply(ticket, True, f"{text}; it stays as it is" if accepted else text)

    async def keep_mirrors(self) -> None:
        """Write mirrors that could not be written, as soon as they can; until cancelled."""
        await self._edits.keep_mirrors()

    async def _reprobe(self, name: str | None, ticket: Ticket) -> Reply:
        mirrors = await self._edits.retry_mirrors(name, ticket)
        try:
            seen = await self._probe_now(name)
        except KeyError:
            return Reply(ticket, False, f"no probe is named {name!r} in the present plan")
        if len(seen) == 1:
            text = f"{seen[0].probe} {seen[0].verdict}: {seen[0].headline}"
        else:
            text = f"probed {len(seen)} again"
        return Reply(ticket, True, "; ".join([text, *mirrors]))
