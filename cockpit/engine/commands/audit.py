"""The audit log of an operator: each act as an event, with its subject and ticket."""

from __future__ import annotations

from cockpit.clock import Clock
from cockpit.commands import Ticket
from cockpit.engine.commands.set_status import Log
from cockpit.evidence.interfaces import Recorder
from cockpit.facts import Facts, Json
from cockpit.model import Event, EventKind


class AuditLog:
    """Records the acts of one operator as events."""

    def __init__(self, recorder: Recorder, clock: Clock, who: str) -> None:
        self._recorder = recorder
        self._clock = clock
        self.who = who

    def about(self, subject: str, ticket: Ticket = "") -> Log:
        """What logs events of one act; `subject` is the probe it is about."""

        def log(kind: EventKind, text: str, data: Facts, payload: Json = None, /) -> None:
            self(kind, subject, ticket, text, data, payload)

        return log

    def __call__(
        self,
        kind: EventKind,
        subject: str,
        ticket: Ticket,
        text: str,
        data: Facts,
        payload: Json = None,
    ) -> None:
        """Record one event, now. `subject` is the probe the act was about."""
        self._recorder.log(
            Event(
                at=self._clock.now(),
                kind=kind,
                probe=subject,
                subject=subject,
                text=text,
                actor=self.who,
                ticket=ticket,
                data=data,
                payload=payload,
            )
        )
