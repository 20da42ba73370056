"""Evidence in plain memory: what a recorder has while, or where, nothing can be written."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from cockpit.alerting.policy import AlertState
from cockpit.evidence.rules import Ack
from cockpit.feed import Artefact, HistoryPoint, Interval
from cockpit.model import Event, Observation
from cockpit.probe_state import ProbeState

HISTORY = 500
STORE = "store"
"""The source of what the store tells of itself."""
ARTEFACT_BYTES = 16 * 1024 * 1024


class MemoryRepository:
    """Probe states, policy, acks, all events, and a bounded history and set of artefacts.

    Written by one thread, read by any. Each of `events` has to reach the store later; `forget` is
    for a store that does not come back, and `forgotten` counts what it took.
    """

    def __init__(
        self,
        *,
        probe_states: Mapping[str, ProbeState] | None = None,
        alerts: Mapping[str, AlertState] | None = None,
        acks: Mapping[str, Ack] | None = None,
        last_seq: int = 0,
    ) -> None:
        self._lock = threading.Lock()
        self._probe_states = dict(probe_states or {})
        self._alerts = dict(alerts or {})
        self._acks = dict(acks or {})
        self._seq = last_seq
        self._history: dict[str, deque[HistoryPoint]] = {}
        self._artefacts: OrderedDict[str, Artefact] = OrderedDict()
        self._artefact_bytes = 0
        self.events: deque[tuple[Event, str]] = deque()
        self.sources: dict[str, str] = {}
        self.changed_acks: set[str] = set()
        self.observations = 0
        self.forgotten = 0
        self.fresh_events: list[Event] = []
        self.fresh_probe_states: dict[str, ProbeState] = {}

    @property
    def last_seq(self) -> int:
        """The number of the newest event."""
        return self._seq

    def probe_state(self, probe: str) -> ProbeState | None:
        return self._probe_states.get(probe)

    def probe_states(self) -> dict[str, ProbeState]:
        with self._lock:
            return dict(self._probe_states)

    def alert(self, probe: str) -> AlertState:
        return self._alerts.get(probe, AlertState())

    def acks(self) -> dict[str, Ack]:
        with self._lock:
            return dict(self._acks)

    def record(self, observation: Observation, source: str) -> None:
        self.observations += 1
        point = HistoryPoint(
            observation.observed_at,
            observation.verdict,
            observation.headline,
            dict(observation.metrics),
        )
        with self._lock:
            self._history.setdefault(observation.probe, deque(maxlen=HISTORY)).appendleft(point)

    def save_current(self, probe_state: ProbeState, source: str) -> None:
        probe = probe_state.observation.probe
        with self._lock:
            self._probe_states[probe] = probe_state
        self.sources[probe] = source
        self.fresh_probe_states[probe] = probe_state

    def set_alert(self, probe: str, state: AlertState) -> None:
        self._alerts[probe] = state

    def set_ack(self, problem: str, ack: Ack | None) -> None:
        with self._lock:
            if ack is None:
                self._acks.pop(problem, None)
            else:
                self._acks[problem] = ack
        self.changed_acks.add(problem)

    def append(self, event: Event, source: str) -> Event:
        self._seq += 1
        event = replace(event, seq=self._seq)
        with self._lock:
            self.events.append((event, source))
        self.fresh_events.append(event)
        return event

    def save_artefact(self, artefact: Artefact, now: datetime) -> None:
        with self._lock:
            if artefact.digest in self._artefacts:
                return
            self._artefacts[artefact.digest] = artefact
            self._artefact_bytes += len(artefact.body)
            while self._artefact_bytes > ARTEFACT_BYTES:
                self._artefact_bytes -= len(self._artefacts.popitem(last=False)[1].body)

    def take_fresh(self) -> tuple[list[Event], list[ProbeState]]:
        """The events and states since the last call: what subscribers are told."""
        events, probe_states = self.fresh_events, list(self.fresh_probe_states.values())
        self.fresh_events, self.fresh_probe_states = [], {}
        return events, probe_states

    @property
    def unwritten(self) -> int:
        """How many records are only here: observations and events, but for the store's own."""
        with self._lock:
            told = sum(source != STORE for _, source in self.events)
        return self.observations + told + self.forgotten

    def forget(self, most: int) -> None:
        """Keep the newest `most` events only."""
        with self._lock:
            while len(self.events) > most:
                self.events.popleft()
                self.forgotten += 1

    def events_since(
        self,
        since: int,
        limit: int,
        *,
        kinds: Sequence[str] | None = None,
        probe: str | None = None,
    ) -> list[Event]:
        """Events above `since`, oldest first, the newest `limit` of them."""
        with self._lock:
            newest = itertools.takewhile(lambda entry: entry[0].seq > since, reversed(self.events))
            wanted = (
                event
                for event, _ in newest
                if (kinds is None or event.kind in kinds)
                and (probe is None or event.probe == probe)
            )
            return list(itertools.islice(wanted, limit))[::-1]

    def history(self, probe: str, limit: int) -> list[HistoryPoint]:
        """Past observations of a probe, newest first."""
        with self._lock:
            return list(itertools.islice(self._history.get(probe, ()), limit))

    def intervals(self, probe: str, since: datetime, until: datetime) -> list[Interval]:
        """The verdicts of a probe as stretches of one verdict each, oldest first."""
        with self._lock:
            # As they came in, so that two of one moment stay in that order.
            came = list(reversed(self._history.get(probe, ())))
        points = sorted((p for p in came if since <= p.at <= until), key=lambda point: point.at)
        return stretches(points)

    def artefact(self, digest: str) -> Artefact | None:
        with self._lock:
            return self._artefacts.get(digest)


def stretches(points: Iterable[HistoryPoint]) -> list[Interval]:
    """Points of one probe, oldest first, as stretches of one verdict each."""
    found: list[Interval] = []
    for point in points:
        start = point.at
        if found and found[-1].verdict is point.verdict:
            start = found.pop().start
        found.append(Interval(point.verdict, start, point.at, point.headline, point.metrics))
    return found
