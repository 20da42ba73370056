"""The record of one act on processes: the intent is on disk before anything is done."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cockpit.clock import Clock
from cockpit.commands import Ticket
from cockpit.engine.blocking import SerialExecutor
from cockpit.facts import Facts, FactValue
from cockpit.model import Event, EventKind, Verdict
from cockpit.system.host import host_name
from cockpit.system.processes import process_table
from cockpit.system.processes.exits import exit_text
from cockpit.system.processes.process_table import ProcessIdentity

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


@dataclass(frozen=True, slots=True)
class ActOwner:
    """The process that carries out an act, on a host."""

    identity: ProcessIdentity
    host: str

    def facts(self) -> Facts:
        """The owner as the data of an intent."""
        return {
            "author_pid": self.identity.pid,
            "author_started": self.identity.started_at,
            "author_host": self.host,
        }

    @property
    def is_gone(self) -> bool:
        """Whether that process has ended. Of another host's it is never known."""
        return self.host == host_name() and not process_table.is_alive(self.identity)


def this_process() -> ActOwner:
    """The process that runs this. Reads it from the system."""
    pid = os.getpid()
    return ActOwner(process_table.identity_of(pid) or ProcessIdentity(pid, 0.0), host_name())


def owner_of(event: Event) -> ActOwner | None:
    """The owner that an intent names; None when it names none."""
    pid, started = event.data.get("author_pid"), event.data.get("author_started")
    host = event.data.get("author_host")
    if isinstance(pid, int) and isinstance(started, int | float) and isinstance(host, str):
        return ActOwner(ProcessIdentity(pid, float(started)), host)
    return None
