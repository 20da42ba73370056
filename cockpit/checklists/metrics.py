"""How long items and batches take, from the recorded history of their states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .items import Status


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded change of an item's state."""

    key: str
    """Identity of the item."""
    batch: str
    """The section or batch it belongs to."""
    before: Status
    after: Status
    at: datetime
    """Aware, UTC."""


@dataclass(frozen=True, slots=True)
class ItemCycle:
    """One item's way from begun to done."""

    key: str
    batch: str
    begun: datetime | None
    """When it last left todo for anything but done; None when it was ticked off at once: then
    nobody knows how long it took."""
    done: datetime | None
    reopened: int
    """How often it was done and then not."""

    @property
    def duration(self) -> timedelta | None:
        """Cycle time, where both ends are known."""
        if self.begun is None or self.done is None:
            return None
        return self.done - self.begun


@dataclass(frozen=True, slots=True)
class BatchCycle:
    """One batch: from the first change in it to the last item done."""

    batch: str
    first: datetime
    last_done: datetime | None
    """None until every item that was touched is done or dropped."""
    items: int
    reopened: int
    median: timedelta | None
    """Of its items' cycle times, where known."""

    @property
    def duration(self) -> timedelta | None:
        """Cycle time of a finished batch."""
        return self.last_done - self.first if self.last_done is not None else None


def item_cycles(history: Iterable[Change]) -> tuple[ItemCycle, ...]:
    """One cycle an item, in the order of their first change."""
    changes: dict[str, list[Change]] = {}
    for change in sorted(history, key=lambda change: change.at):
        changes.setdefault(change.key, []).append(change)
    return tuple(_item_cycle(list_of) for list_of in changes.values())


def _item_cycle(changes: Sequence[Change]) -> ItemCycle:
    begun: datetime | None = None
    done: datetime | None = None
    reopened = 0
    for change in changes:
        if change.after is Status.DONE:
            done = change.at
        else:
            if change.before is Status.DONE:
                reopened += 1
                begun = None
            done = None
            if change.after is Status.TODO:
                begun = None
            elif begun is None:
                begun = change.at
    last = changes[-1]
    return ItemCycle(last.key, last.batch, begun, done, reopened)


def batch_cycles(history: Iterable[Change]) -> tuple[BatchCycle, ...]:
    """One cycle a batch, in the order of their first change."""
    changes = sorted(history, key=lambda change: change.at)
    items = item_cycles(changes)
    final = {change.key: change for change in changes}
    batches = dict.fromkeys(change.batch for change in changes)
    found = []
    for batch in batches:
        first = next(change.at for change in changes if change.batch == batch)
        cycles = [item for item in items if item.batch == batch]
        ends = [final[item.key] for item in cycles]
        settled = all(end.after in (Status.DONE, Status.DROPPED) for end in ends)
        found.append(
            BatchCycle(
                batch=batch,
                first=first,
                last_done=max(end.at for end in ends) if ends and settled else None,
                items=len(cycles),
                reopened=sum(item.reopened for item in cycles),
                median=_median([c.duration for c in cycles if c.duration is not None]),
            )
        )
    return tuple(found)


def _median(durations: list[timedelta]) -> timedelta | None:
    if not durations:
        return None
    durations.sort()
    middle = len(durations) // 2
    if len(durations) % 2:
        return durations[middle]
    return (durations[middle - 1] + durations[middle]) / 2
