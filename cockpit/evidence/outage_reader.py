"""The evidence of a store that may not be there just now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cockpit.board import Acknowledgement
from cockpit.evidence.errors import StoreError
from cockpit.evidence.lease import LeaseState
from cockpit.evidence.memory_repository import MemoryRepository
from cockpit.evidence.reader import Reader
from cockpit.feed import Artefact, HistoryPoint, Interval
from cockpit.model import Event
from cockpit.probe_state import ProbeState

_T = TypeVar("_T")


class OutageReader(Reader):
    """What the file at `path` has and, while it can't be written, what is kept in `memory()`.

    A file that can't be read then is no error: the memory answers. For one thread.
    """

    def __init__(self, path: Path, memory: Callable[[], MemoryRepository | None]) -> None:
        super().__init__(path)
        self._memory = memory
        self._seen_in_memory: tuple[bool, int, int] | None = None

    def _stored(self, question: Callable[[], _T], memory: MemoryRepository | None) -> _T | None:
        """What the file says; None when it can't be read, and there is the memory to ask."""
        try:
            return question()
        except StoreError:
            if memory is None:
                raise
            return None

    def probe_states(self) -> Mapping[str, ProbeState]:
        memory = self._memory()
        stored = self._stored(super().probe_states, memory)
        return {**(stored or {}), **(memory.probe_states() if memory else {})}

    def events(
        self,
        since: int = 0,
        limit: int = 500,
        *,
        kinds: Sequence[str] | None = None,
        probe: str | None = None,
    ) -> list[Event]:
        memory, read = self._memory(), super().events
        stored = self._stored(lambda: read(since, limit, kinds=kinds, probe=probe), memory)
        later = memory.events_since(since, limit, kinds=kinds, probe=probe) if memory else []
        return [*(stored or []), *later][-limit:]

    def history(self, probe: str, limit: int = 100) -> list[HistoryPoint]:
        memory, read = self._memory(), super().history
        stored = self._stored(lambda: read(probe, limit), memory)
        return [*(memory.history(probe, limit) if memory else []), *(stored or [])][:limit]

    def intervals(self, probe: str, since: datetime, until: datetime) -> list[Interval]:
        memory, read = self._memory(), super().intervals
        found = self._stored(lambda: read(probe, since, until), memory) or []
        later = memory.intervals(probe, since, until) if memory else []
        if found and later and found[-1].verdict is later[0].verdict:
            later[0] = replace(later[0], start=found.pop().start)
        return [*found, *later]

    def artefact(self, digest: str) -> Artefact | None:
        memory, read = self._memory(), super().artefact
        stored = self._stored(lambda: read(digest), memory)
        return memory.artefact(digest) if stored is None and memory is not None else stored

    def acks(self) -> Mapping[str, Acknowledgement]:
        memory = self._memory()
        if memory is None:
            return super().acks()
        return {problem: ack.given for problem, ack in memory.acks().items()}

    def lease(self) -> LeaseState | None:
        return self._stored(super().lease, self._memory())

    def changed(self) -> bool:
        memory = self._memory()
        stored = self._stored(super().changed, memory)
        now = (True, memory.last_seq, memory.observations) if memory else (False, 0, 0)
        changed, self._seen_in_memory = now != self._seen_in_memory, now
        return changed or bool(stored)

    def used(self) -> int:
        return self._stored(super().used, self._memory()) or 0
