"""Cycle times of items and batches, from the recorded history of their states."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cockpit.checklists.parsing.items import Status


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One recorded change of an item's state."""

    key: str
    """Identity of the item."""
    batch: str
    """The section or batch it belongs to."""
    before: Status
    after: Status
    at: datetime
    """Aware, UTC."""
    undo: bool = False
    """It took the change before it back: a slip of a key is no work."""
    again: bool = False
    """It set again what another program had overwritten with an older version: no work, either."""


@dataclass(frozen=True, slots=True)
class ItemCycle:
    """The cycle of one item: from begun to done."""

    key: str
    batch: str
    state: Status
    """As last recorded."""
    begun: datetime | None
    """When somebody began it: the first `doing` since it was last todo. None when it was ticked
    off at once: then nobody knows how long it took."""
    done: datetime | None
    reopened: int
    """How often it was done and then not, also where another program took the tick away."""

    @property
    def duration(self) -> timedelta | None:
        """Cycle time, where both ends are known."""
        if self.begun is None or self.done is None:
            return None
        return self.done - self.begun


@dataclass(frozen=True, slots=True)
class BatchCycle:
    """The cycle of one batch: from its beginning to the last item done."""

    batch: str
    first: datetime
    last_done: datetime | None
    """None until every item of the batch is done or dropped."""
    begun: datetime | None
    """When an item of it first became `doing`. None where something was ticked off before that:
    then nobody knows how long the batch took."""
    first_done: datetime | None
    """The first tick."""
    items: int
    reopened: int
    median: timedelta | None
    """Of its items' cycle times, where known."""

    @property
    def duration(self) -> timedelta | None:
        """Cycle time of a finished batch, where its beginning is known."""
        if self.last_done is None or self.begun is None:
            return None
        return self.last_done - self.begun

    @property
    def at_least(self) -> timedelta | None:
        """How long a finished batch took at the least, where its beginning is not known: from the
        first tick to the last. None where that is no time at all."""
        if self.last_done is None or self.begun is not None or self.first_done is None:
            return None
        return self.last_done - self.first_done or None


def item_cycles(history: Iterable[StatusChange]) -> tuple[ItemCycle, ...]:
    """The cycle of each item, in the order of their first change."""
    return tuple(_item_cycle(changes) for changes in _by_item(history).values())


def _by_item(history: Iterable[StatusChange]) -> dict[str, list[StatusChange]]:
    """The changes that count of each item, in the order of their first; none without any."""
    found: dict[str, list[StatusChange]] = {}
    for change in sorted(history, key=lambda change: change.at):
        changes = found.setdefault(change.key, [])
        if change.undo and changes and changes[-1].after is change.before:
            changes.pop()
        elif not change.again:
            changes.append(change)
    return {key: changes for key, changes in found.items() if changes}


def _item_cycle(changes: Sequence[StatusChange]) -> ItemCycle:
    begun: datetime | None = None
    done: datetime | None = None
    reopened = 0
    state = changes[0].before
    for change in changes:
        # Between two changes somebody may have edited the file by other means.
        was_done = Status.DONE in (state, change.before)
        lost = state is Status.DONE and change.before is not Status.DONE
        if lost or (was_done and change.after is not Status.DONE):
            reopened += 1
            begun = None
        if change.after is Status.DONE:
            done = change.at
        else:
            done = None
            if change.after is Status.TODO:
                begun = None
            elif change.after is Status.DOING and begun is None:
                begun = change.at
        state = change.after
    last = changes[-1]
    return ItemCycle(last.key, last.batch, state, begun, done, reopened)


def batch_cycles(
    history: Iterable[StatusChange], unfinished: Container[str] = ()
) -> tuple[BatchCycle, ...]:
    """The cycle of each batch, in the order of their first change.

    Args:
        history: what was recorded.
        unfinished: batches with open items now: those that nobody touched are in no history.
    """
    listed = list(history)
    changes = _by_item(listed)
    batches: dict[str, list[Sequence[StatusChange]]] = {}
    for each in sorted(changes.values(), key=lambda each: each[0].at):
        batches.setdefault(each[-1].batch, []).append(each)
    items = {cycle.key: cycle for cycle in item_cycles(listed)}
    found = []
    for batch, among in batches.items():
        cycles = [items[each[-1].key] for each in among]
        every = sorted((change for each in among for change in each), key=lambda each: each.at)
        works = (each for each in every if each.after in (Status.DOING, Status.DONE))
        start = next(works, None)
        settled = all(each[-1].after in (Status.DONE, Status.DROPPED) for each in among)
        over = settled and batch not in unfinished
        found.append(
            BatchCycle(
                batch=batch,
                first=every[0].at,
                last_done=max(each[-1].at for each in among) if over else None,
                begun=start.at if start is not None and start.after is Status.DOING else None,
                first_done=next((c.at for c in every if c.after is Status.DONE), None),
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
