"""One thing for the writer to do, and who waits for its result."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cockpit.evidence.rules import Repository
from cockpit.evidence.sqlite_repository import SqliteRepository


@dataclass(slots=True)
class WriteJob:
    """Something to do to the repository. `on_tables` needs the real one, `otherwise` stands in."""

    run: Callable[[Repository], Any] | None = None
    on_tables: Callable[[SqliteRepository], Any] | None = None
    otherwise: Callable[[], Any] | None = None
    future: Future[Any] | None = None

    def on(self, repository: Repository) -> Any:
        """Do it; on plain memory only `otherwise` is left of a job for tables."""
        if self.run is not None:
            return self.run(repository)
        if self.on_tables is not None and isinstance(repository, SqliteRepository):
            return self.on_tables(repository)
        return self.otherwise() if self.otherwise is not None else None

    def resolve(self, result: object) -> None:
        """Hand the result to who waits for it."""
        if self.future is not None and self.future.set_running_or_notify_cancel():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Hand the error to who waits for the result."""
        if self.future is not None and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


_T = TypeVar("_T")


class WriteQueue(Generic[_T]):
    """Numbered items in order. Of the droppable ones only the newest `most` wait; the rest never
    goes: an overflow drops the oldest droppable item and counts it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: deque[tuple[int, bool, _T]] = deque()
        self._droppable = 0
        self._number = 0
        self._handled = 0
        self._taken = 0
        self._dropped = 0
        self._closed = False
        self._condition = threading.Condition()

    def put(self, item: _T, *, droppable: bool = False) -> bool:
        """Leave an item; False when the queue is closed and the item is not taken."""
        with self._condition:
            if self._closed:
                return False
            self._number += 1
            self._items.append((self._number, droppable, item))
            if droppable:
                self._droppable += 1
                if self._droppable > self._most:
                    self._drop_oldest()
            self._condition.notify_all()
            return True

    def _drop_oldest(self) -> None:
        for index, (_, droppable, _item) in enumerate(self._items):
            if droppable:
                del self._items[index]
                break
        self._droppable -= 1
        self._dropped += 1

    def take(self, most: int, wait: float) -> list[_T] | None:
        """Up to `most` items, waiting up to `wait` real seconds for the first.

        An empty list when none came, None when the queue is closed and empty. `done` has to follow.
        """
        with self._condition:
            if not self._items and not self._closed:
                self._condition.wait(wait)
            if not self._items:
                return None if self._closed else []
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._droppable -= sum(droppable for _, droppable, _ in taken)
            self._taken = taken[-1][0]
            return [item for _, _, item in taken]

    def done(self) -> None:
        """What was taken last has been dealt with."""
        with self._condition:
            self._handled = self._taken
            self._condition.notify_all()

    def wait_handled(self, timeout: float) -> bool:
        """Wait up to `timeout` real seconds until everything put before was dealt with."""
        with self._condition:
            mark = self._items[-1][0] if self._items else self._taken
            return self._condition.wait_for(lambda: self._handled >= mark, timeout)

    def take_dropped(self) -> int:
        """How many items were dropped since the last call."""
        with self._condition:
            dropped, self._dropped = self._dropped, 0
            return dropped

    def wake(self) -> None:
        """Let the reader look around before its wait is over."""
        with self._condition:
            self._condition.notify_all()

    def left(self) -> int:
        """How many items have not been dealt with; what is in hand counts as one."""
        with self._condition:
            return len(self._items) + (self._handled != self._taken)

    def close(self) -> None:
        """Take no more items; those here are still handed out."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
