"""Where the engine leaves what it saw: the interface that the evidence store implements."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from cockpit.feed import Artefact
from cockpit.model import Event, Observation
from cockpit.probe_state import Advance


class Recorder(Protocol):
    """Takes evidence from any thread and returns at once; trouble shows in its own health."""

    def observe(
        self,
        observation: Observation,
        *,
        source: str = "collector",
        advance: bool = True,
        advanced: Advance | None = None,
    ) -> None:
        """Record an observation; `advance` False leaves the current state and policy alone.

        `advanced` is the step that was made over it: used where the state is still the one before.
        """
        ...

    def log(self, event: Event) -> None:
        """Record an event; events are never dropped."""
        ...

    def keep(self, artefact: Artefact) -> None:
        """Record raw evidence under its digest."""
        ...

    def acknowledge(self, problem: str, note: str, actor: str) -> Future[bool]:
        """Record that somebody knows of a problem; False when there is no such problem."""
        ...

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when everything given before is on disk."""
        ...
