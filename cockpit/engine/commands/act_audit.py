"""The record of one act on processes: the intent is on disk before anything is done."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Protocol

from cockpit.clock import Clock
from cockpit.commands import Ticket
from cockpit.engine.blocking import SerialExecutor
from cockpit.engine.commands.act_owner import this_process
from cockpit.facts import Facts, FactValue
from cockpit.model import Event, EventKind, Verdict
from cockpit.system.processes.exits import exit_text

FLUSH_SECONDS = 3.0
INTENT = "intent"
OUTCOME = "outcome"
EXIT = "exit"


class ActRecorder(Protocol):
    """The part of a recorder that an act needs."""

    def log(self, event: Event) -> None:
        """Record an event."""
        ...

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when everything given before is on disk."""
        ...


class NotRecorded(RuntimeError):
    """The intent could not be written, so the act must not be done."""


class ActLog:
    """Writes the events of one act: `begin` before it, `finish` after.

    Both carry the same `act` number, so that a reader can tell which acts are still under way, and
    `pids`, the processes concerned; the intent names its owner (see `act_owner`). What a
    start started is told of once more when it exits.
    """

    def __init__(
        self, recorder: ActRecorder, clock: Clock, who: str, *, ticket: Ticket = "", probe: str = ""
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._who = who
        self._ticket = ticket
        self._probe = probe
        self.act = secrets.token_hex(4)
        self._executor = SerialExecutor("act-log", clock)

    async def begin(
        self, subject: str, text: str, pids: Sequence[int], more: Facts | None = None
    ) -> None:
        """Record what is about to be done and wait until it is on disk. Raises NotRecorded."""
        owner = await self._executor(this_process)
        self._write(INTENT, subject, text, pids, {**(more or {}), **owner.facts()})
        if not await asyncio.shield(self._executor(self._recorder.flush, FLUSH_SECONDS)):
            why = "not done: the evidence store can't be written, and no record, no act"
            # Should both reach the disk after all, nobody is thought to be at it.
            self._write(OUTCOME, subject, why, pids, {}, Verdict.FAIL)
            raise NotRecorded(why)

    async def finish(
        self,
        subject: str,
        text: str,
        pids: Sequence[int],
        more: Facts | None = None,
        *,
        done: bool,
    ) -> None:
        """Record the outcome."""
        verdict = Verdict.OK if done else Verdict.FAIL
        self._write(OUTCOME, subject, text, pids, more or {}, verdict)
        await asyncio.shield(self._executor(self._recorder.flush, FLUSH_SECONDS))

    def exited(self, subject: str, pid: int, code: int) -> None:
        """Record that what this act started has ended; a negative `code` is a signal's number."""
        text = f"{subject} {pid} {exit_text(code)}"
        self._write(EXIT, subject, text, (pid,), {"exit_code": code})

    def _write(
        self,
        phase: str,
        subject: str,
        text: str,
        pids: Sequence[int],
        more: Facts,
        verdict: Verdict | None = None,
    ) -> None:
        data: dict[str, FactValue] = {
            "phase": phase,
            "act": self.act,
            "pids": tuple(pids),
            **more,
        }
        self._recorder.log(
            Event(
                at=self._clock.now(),
                kind=EventKind.PROCESS,
                probe=self._probe,
                subject=subject,
                text=text,
                verdict=verdict,
                actor=self._who,
                ticket=self._ticket,
                data=data,
            )
        )
