"""Base of the recorder: the queue, the writer, the subscribers and what they were told.

What a collector records counts only while the lease is its own. It can be frozen (a stopped
process, a suspended machine) and wake while another one watches; what it then believes to know is
old and must not become the present. `LeasedRecorder` sees to that.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import Any

from cockpit.board import Acknowledgement
from cockpit.clock import Clock
from cockpit.evidence import lease, rules
from cockpit.evidence.interfaces import StoreHealth, Subscriber
from cockpit.evidence.lease import Holder
from cockpit.evidence.rules import CHECK, Ack, Repository, SettingsOf
from cockpit.evidence.sqlite_repository import SqliteRepository
from cockpit.evidence.write_queue import WriteJob, WriteQueue
from cockpit.evidence.writer import Writer
from cockpit.feed import Artefact
from cockpit.model import Event, MonitoringGap, Observation
from cockpit.permissions import Permissions
from cockpit.probe_state import Advance, ProbeState

MOST_WAITING = 5000
GAPS_TOLD = 20

logger = logging.getLogger(__name__)


class BaseRecorder:
    """Base of the store: what is handed over, what is known, who listens."""

    def __init__(
        self, clock: Clock, actor: str, settings: SettingsOf, permissions: Permissions
    ) -> None:
        self._clock = clock
        self._actor = actor
        self._settings = settings
        self._permissions = permissions
        self._queue = WriteQueue(MOST_WAITING)
        self._lock = threading.Lock()
        self._subscribers: list[Subscriber] = []
        self._probe_states: Mapping[str, ProbeState] = {}
        self._acks: Mapping[str, Acknowledgement] = {}
        self._gaps: deque[MonitoringGap] = deque(maxlen=GAPS_TOLD)
        self._last_seq = 0
        self._writer: Writer

    # -- what is known

    @property
    def health(self) -> StoreHealth:
        """How recording is doing, as of the latest write."""
        return self._writer.health

    @property
    def probe_states(self) -> Mapping[str, ProbeState]:
        """The newest state of each probe."""
        return MappingProxyType(self._probe_states)

    @property
    def acks(self) -> Mapping[str, Acknowledgement]:
        """The acknowledgements in force, by problem."""
        return MappingProxyType(self._acks)

    @property
    def gaps(self) -> tuple[MonitoringGap, ...]:
        """The newest gaps in the watching, oldest first."""
        with self._lock:
            return tuple(self._gaps)

    @property
    def last_seq(self) -> int:
        """The number of the newest event told to subscribers."""
        return self._last_seq

    @property
    def numbering(self) -> int:
        """Grows when events that were told before have other numbers now, or are another's."""
        return self._writer.renumbered

    # -- what is handed over

    def observe(
        self,
        observation: Observation,
        *,
        source: str = "collector",
        advance: bool = True,
        advanced: Advance | None = None,
        under: Holder | None = None,
    ) -> None:
        """Record what a probe saw. For the history only with `advance` False, with source "check",
        and when the lease is no longer that of the holder `under` which it was seen.

        `advanced` is the step that was made over it: used where the state is still the one before.
        """
        advances = advance and source != CHECK
        actor, settings = self._actor, self._settings
        self._queue.put(
            WriteJob(
                lambda to: rules.observe(
                    to,
                    observation,
                    source=source,
                    advanced=advanced,
                    advances=advances and _leased(to, under),
                    actor=actor,
                    settings=settings,
                ),
                droppable=True,
            )
        )

    def log(self, event: Event, *, source: str = "collector", under: Holder | None = None) -> None:
        """Record an event; it is never dropped, but for one that a holder of the lease told of
        its watching (`under`) when the lease was another's already: that one is not true."""

        def append(to: Repository) -> None:
            if _leased(to, under):
                rules.log(to, event, source=source, actor=self._actor)

        self._queue.put(WriteJob(append))

    def save_artefact(self, artefact: Artefact) -> None:
        """Store raw evidence, once by its digest. Dropped like observations when too much waits."""
        now = self._clock.now()
        self._queue.put(WriteJob(lambda to: to.save_artefact(artefact, now), droppable=True))

    def acknowledge(self, problem: str, note: str, actor: str, *, ticket: str = "") -> Future[bool]:
        """Say that a problem is known; the future is False when there is no such problem.

        The acknowledgement ends by itself when the problem does. Raises ReadOnlyError where this
        cockpit only looks.
        """
        self._permissions.demand(f"acknowledging {problem}")
        now = self._clock.now()
        return self._ask(
            lambda to: rules.acknowledge_problem(
                to, problem, note, actor, now, source="operator", ticket=ticket
            )
        )

    def _ask(self, run: Callable[[Repository], Any], *, record: bool = True) -> Future[Any]:
        future: Future[Any] = Future()
        if not self._queue.put(WriteJob(run, future, record=record)):
            future.set_exception(RuntimeError("the recorder is closed"))
        return future

    # -- who listens

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback(events, probe_states)` from the writer's thread after each commit."""
        with self._lock:
            self._subscribers.append(callback)

        def stop() -> None:
            with self._lock:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return stop

    def _publish(
        self, events: list[Event], probe_states: list[ProbeState], acks: dict[str, Ack]
    ) -> None:
        if probe_states:
            self._probe_states = {
                **self._probe_states,
                **{probe_state.observation.probe: probe_state for probe_state in probe_states},
            }
        self._acks = {problem: ack.given for problem, ack in acks.items()}
        if not events and not probe_states:
            return
        with self._lock:
            for event in events:
                if (gap := lease.gap_of(event)) is not None:
                    self._gaps.append(gap)
                elif (seen := lease.watched_of(event)) is not None:
                    left = lease.unwatched(self._gaps, [seen])
                    self._gaps = deque(left, maxlen=GAPS_TOLD)
            subscribers = tuple(self._subscribers)
        if events:
            self._last_seq = events[-1].seq
        for callback in subscribers:
            try:
                callback(list(events), list(probe_states))
            except Exception:
                logger.exception("a subscriber of the evidence failed")

    # -- the end

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when everything given before is on disk."""
        return self._queue.wait_handled(timeout) and self._writer.recorded

    def close(self, timeout: float = 0.5) -> int:
        """Take nothing more and write what is left, waiting up to `timeout` seconds.

        Returns how many records were not written by then, those kept in memory included.
        """
        self._queue.close()
        if threading.current_thread() is not self._writer:
            self._writer.join(timeout)
        return self._queue.left() + self._writer.unwritten


def _leased(to: Repository, holder: Holder | None) -> bool:
    """Whether what `holder` says counts; asked inside the transaction that writes it."""
    if holder is None or not isinstance(to, SqliteRepository):
        return True
    return lease.holds(to.connection, holder)


class LeasedRecorder:
    """The recorder of an engine that watches under the lease of `holder`."""

    def __init__(self, recorder: BaseRecorder, holder: Holder) -> None:
        self._recorder = recorder
        self._holder = holder

    def observe(
        self,
        observation: Observation,
        *,
        source: str = "collector",
        advance: bool = True,
        advanced: Advance | None = None,
    ) -> None:
        """Record what a probe saw; for the history only once the lease is lost."""
        self._recorder.observe(
            observation, source=source, advance=advance, advanced=advanced, under=self._holder
        )

    def log(self, event: Event, *, source: str = "collector") -> None:
        """Record an event of the watching; it is left out once the lease is lost."""
        self._recorder.log(event, source=source, under=self._holder)

    def save_artefact(self, artefact: Artefact) -> None:
        """Store raw evidence: it is what it is, whoever watches."""
        self._recorder.save_artefact(artefact)

    def acknowledge(self, problem: str, note: str, actor: str, *, ticket: str = "") -> Future[bool]:
        """Record that somebody knows of a problem: an operator's word needs no lease."""
        return self._recorder.acknowledge(problem, note, actor, ticket=ticket)

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when everything given before is on disk."""
        return self._recorder.flush(timeout)
