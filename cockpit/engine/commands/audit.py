"""The audit log of an operator: each act as an event, with its subject and ticket."""

from __future__ import annotations

from cockpit.clock import Clock
from cockpit.engine.recorder import Recorder
from cockpit.facts import Facts
from cockpit.feed import Ticket
from cockpit.model import Event, EventKind


class AuditLog:
    """Records the acts of one operator as events."""

    def __init__(self, recorder: Recorder, clock: Clock, who: str) -> None:
        self._recorder = recorder
        self._clock = clock
        self.who = who

    def __call__(
        self, kind: EventKind, subject: str, ticket: Ticket, text: str, data: Facts
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
            )
        )
