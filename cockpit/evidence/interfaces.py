"""Interfaces to the evidence: recorder, store, reader and health, whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from cockpit.board import Acknowledgement
from cockpit.evidence.lease import Acquired, HeldBy, Holder, LeaseState
from cockpit.feed import Artefact, HistoryPoint, Interval
from cockpit.model import Event, MonitoringGap, Observation
from cockpit.probe_state import Advance, ProbeState

Subscriber: TypeAlias = Callable[[list[Event], list[ProbeState]], None]


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How recording is doing. `used` and `cap` are bytes; `lost` counts observations dropped.

    `trouble` is empty while recording, `mend` says what an operator can do about it; `note` is
    something to know that stops nothing.
    """

    recording: bool
    trouble: str = ""
    used: int = 0
    cap: int = 0
    lost: int = 0
    note: str = ""
    pruning: bool = False
    mend: str = ""


class EvidenceReader(Protocol):
    """The stored past. Used by one thread; what can't be read raises StoreError."""

    def probe_states(self) -> Mapping[str, ProbeState]: ...

    def events(
        self,
        since: int = 0,
        limit: int = 500,
        *,
        kinds: Sequence[str] | None = None,
        probe: str | None = None,
    ) -> list[Event]:
        """Events with `seq` above `since`, oldest first; the newest `limit` of them."""
        ...

    def history(self, probe: str, limit: int = 100) -> list[HistoryPoint]:
        """Past observations of a probe, newest first."""
        ...

    def intervals(self, probe: str, since: datetime, until: datetime) -> list[Interval]:
        """The verdicts of a probe as stretches of one verdict each, oldest first.

        Observations from `since` to `until` (aware, both included) count, whoever made them; a
        stretch that reaches over one of these moments is cut there.
        """
        ...

    def artefact(self, digest: str) -> Artefact | None: ...

    def gaps(self, limit: int = 20) -> tuple[MonitoringGap, ...]:
        """The newest stretches in which nobody watched, oldest first."""
        ...

    def acks(self) -> Mapping[str, Acknowledgement]: ...

    def lease(self) -> LeaseState | None: ...

    def changed(self) -> bool:
        """Whether anything was committed since the last call; true on the first."""
        ...

    def used(self) -> int:
        """Bytes on disk."""
        ...

    def close(self) -> None: ...


class Recorder(Protocol):
    """Takes evidence from any thread and returns at once; trouble shows in the store's health."""

    def observe(
        self,
        observation: Observation,
        *,
        source: str = "collector",
        advance: bool = True,
        advanced: Advance | None = None,
    ) -> None:
        """Record what a probe saw; source "check" never advances state or policy.

        `advanced` is the step that was made over it: used where the state is still the one before.
        """
        ...

    def log(self, event: Event, *, source: str = "collector") -> None:
        """Record an event; never dropped. One without actor gets the recorder's."""
        ...

    def save_artefact(self, artefact: Artefact) -> None:
        """Store raw evidence, once by its digest; to be called before the observation naming it."""
        ...

    def acknowledge(self, problem: str, note: str, actor: str, *, ticket: str = "") -> Future[bool]:
        """Say that a problem is known; the future is False when there is no such problem."""
        ...

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; True when everything given before is on disk."""
        ...


class EvidenceStore(Recorder, Protocol):
    """A recorder that also knows what it holds, gives the lease and tells subscribers.

    Subscribers hear, from the recorder's own thread and after it is safe, every event with its
    number and the newest state of each probe, other processes' included. They must not wait for
    the recorder.
    """

    @property
    def health(self) -> StoreHealth: ...

    @property
    def probe_states(self) -> Mapping[str, ProbeState]:
        """The newest state of each probe, as far as it has been dealt with."""
        ...

    @property
    def acks(self) -> Mapping[str, Acknowledgement]: ...

    @property
    def gaps(self) -> tuple[MonitoringGap, ...]:
        """The newest gaps in the watching, oldest first."""
        ...

    @property
    def last_seq(self) -> int:
        """The number of the newest event told to subscribers."""
        ...

    @property
    def numbering(self) -> int:
        """Grows when events that were told before have other numbers now, or are another's."""
        ...

    def acquire(self, holder: Holder) -> Future[Acquired | HeldBy]:
        """Ask for the lease; the future raises StoreError while the store can't be written."""
        ...

    def beat(self, holder: Holder) -> Future[bool]:
        """Say that the holder still watches; False means step down.

        True while the store can't be written: nobody can take the lease either.
        """
        ...

    def release(self, holder: Holder) -> Future[bool]: ...

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` after each commit; returns the way to stop it."""
        ...

    def reader(self) -> EvidenceReader:
        """A new reader of what is kept, for one thread."""
        ...

    def close(self, timeout: float = 0.5) -> int:
        """Write what is left, waiting up to `timeout` seconds.

        Returns how many records were not written.
        """
        ...
