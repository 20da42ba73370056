"""The queue of the writer: jobs in order; only what may be lost is ever dropped."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from cockpit.evidence.rules import Repository


@dataclass(frozen=True, slots=True)
class WriteJob:
    """Something to do to the repository, and who waits for its result.

    A `droppable` one may be lost when more comes than can be written. One that is no `record`, such
    as a question about the lease, is no loss when it is not done.
    """

    run: Callable[[Repository], Any]
    future: Future[Any] | None = None
    droppable: bool = False
    record: bool = True

    def resolve(self, result: object) -> None:
        """Hand the result to who waits for it."""
        if self.future is not None and self.future.set_running_or_notify_cancel():
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Hand the error to who waits for the result."""
        if self.future is not None and self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


class WriteQueue:
    """Jobs in order, from any thread to one. Of the droppable ones only the newest `most` wait; the
    rest never goes: an overflow drops the oldest droppable job and counts it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: deque[tuple[int, WriteJob]] = deque()
        self._droppable = 0
        self._number = 0
        self._handled = 0
        self._taken = 0
        self._in_hand = 0
        self._dropped = 0
        self._closed = False
        self._condition = threading.Condition()

    def put(self, job: WriteJob) -> bool:
        """Leave a job; False when the queue is closed and the job is not taken."""
        with self._condition:
            if self._closed:
                return False
            self._number += 1
            self._jobs.append((self._number, job))
            if job.droppable:
                self._droppable += 1
                if self._droppable > self._most:
                    self._drop_oldest()
            self._condition.notify_all()
            return True

    def _drop_oldest(self) -> None:
        for index, (_, job) in enumerate(self._jobs):
            if job.droppable:
                del self._jobs[index]
                break
        self._droppable -= 1
        self._dropped += 1

    def take(self, most: int, wait: float) -> list[WriteJob] | None:
        """Up to `most` jobs, waiting up to `wait` real seconds for the first.

        An empty list when none came, None when the queue is closed and empty. `done` has to follow.
        """
        with self._condition:
            if not self._jobs and not self._closed:
                self._condition.wait(wait)
            if not self._jobs:
                return None if self._closed else []
            taken = [self._jobs.popleft() for _ in range(min(most, len(self._jobs)))]
            self._droppable -= sum(job.droppable for _, job in taken)
            self._taken = taken[-1][0]
            self._in_hand = sum(job.record for _, job in taken)
            return [job for _, job in taken]

    def done(self) -> None:
        """What was taken last has been dealt with."""
        with self._condition:
            self._handled = self._taken
            self._in_hand = 0
            self._condition.notify_all()

    def wait_handled(self, timeout: float) -> bool:
        """Wait up to `timeout` real seconds until everything put before was dealt with."""
        with self._condition:
            mark = self._jobs[-1][0] if self._jobs else self._taken
            return self._condition.wait_for(lambda: self._handled >= mark, timeout)

    def take_dropped(self) -> int:
        """How many jobs were dropped since the last call."""
        with self._condition:
            dropped, self._dropped = self._dropped, 0
            return dropped

    def left(self) -> int:
        """How many records have not been dealt with, those in hand included."""
        with self._condition:
            return sum(job.record for _, job in self._jobs) + self._in_hand

    def close(self) -> None:
        """Take no more jobs; those here are still handed out."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
