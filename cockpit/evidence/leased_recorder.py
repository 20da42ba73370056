"""What a collector records counts only while the lease is its own.

A collector can be frozen (a stopped process, a suspended machine) and wake while another one
watches. What it then believes to know is old; it must not become the present.
"""

from __future__ import annotations

from concurrent.futures import Future

from cockpit.evidence.base_recorder import BaseRecorder
from cockpit.evidence.lease import Holder
from cockpit.feed import Artefact
from cockpit.model import Event, Observation


class LeasedRecorder:
    """The recorder of an engine that watches under the lease of `holder`."""

    def __init__(self, recorder: BaseRecorder, holder: Holder) -> None:
        self._recorder = recorder
        self._holder = holder

    def observe(
        self, observation: Observation, *, source: str = "collector", advance: bool = True
    ) -> None:
        """Record what a probe saw; for the history only once the lease is lost."""
        self._recorder.observe(observation, source=source, advance=advance, under=self._holder)

    def log(self, event: Event) -> None:
        """Record an event of the watching; it is left out once the lease is lost."""
        self._recorder.log(event, under=self._holder)

    def keep(self, artefact: Artefact) -> None:
        """Keep raw evidence: it is what it is, whoever watches."""
        self._recorder.keep(artefact)

    def acknowledge(self, problem: str, note: str, actor: str) -> Future[bool]:
        """Record that somebody knows of a problem: an operator's word needs no lease."""
        return self._recorder.acknowledge(problem, note, actor)

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when everything given before is on disk."""
        return self._recorder.flush(timeout)
