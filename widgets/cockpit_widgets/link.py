"""The link to the terminal: whether the last frame has left, and how long it took.

Two things are known of a frame. That the system has taken it: on a slow link some 20 KB wait in
the system's own buffers after that. And, of a terminal that answers, that it has drawn it: every
now and then a frame ends with the question where the cursor is, and the answer comes after all
that was written before. While a frame is on its way the next one is not drawn; so none waits
behind another, and the one that follows shows the newest state.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

WHERE_IS_THE_CURSOR = "\x1b[6n"
"""Every terminal answers `ESC [ row ; column R`."""

SLOW_AFTER = 2.0
"""Seconds a frame takes to leave after which the screen says that its picture is old."""

_ASK_AFTER = 1024
"""Characters after which a terminal is asked again; on a slow link it is asked with each frame."""
_UNDERWAY = 0.25
"""Seconds an answer may take before frames wait for it: longer than on most links."""
_SLOWEST = 100
"""Characters a second of the slowest link on which an answer is waited for; and some seconds."""
_PATIENCE = 10.0


class Link:
    """Told by the threads that write and read, asked by the one that draws.

    `monotonic` gives seconds; `free` is called, from any thread, once a frame that had to wait need
    not any more.
    """

    def __init__(self, monotonic: Callable[[], float], free: Callable[[], None]) -> None:
        self._monotonic = monotonic
        self._free = free
        self._lock = threading.Lock()
        self._change = threading.Condition(self._lock)
        self._given = 0
        self._taken = 0
        self._frame_at = 0.0
        self._answers = False
        self._answered = 0
        self._asked: int | None = None
        self._asked_at = 0.0
        self._waiting = False
        self._late = 0.0

    @property
    def late(self) -> float:
        """Seconds the last frame took to leave."""
        with self._lock:
            return self._late

    def give(self, size: int) -> None:
        """So many characters go to the writer."""
        with self._lock:
            if self._taken >= self._given:
                self._frame_at = self._monotonic()
            self._given += size

    def ask(self, *, first: bool = False) -> bool:
        """Whether the terminal is to be asked now; then the question goes out right after this.

        The `first` time before there is a frame: only who has answered is waited for.
        """
        with self._lock:
            due = self._given - self._answered >= _ASK_AFTER or self._late > _UNDERWAY or first
            if self._asked is not None or not due:
                return False
            self._asked = self._given
            self._asked_at = self._monotonic()
            return True

    def took(self, size: int) -> None:
        """The system has taken so many characters more."""
        with self._lock:
            self._taken += size
            if self._taken == self._given and not self._answers:
                self._late = self._monotonic() - self._frame_at
            self._change.notify_all()
        self._release()

    def answer(self) -> None:
        """The terminal has answered."""
        with self._lock:
            self._answers = True
            if self._asked is not None:
                self._late = self._monotonic() - self._asked_at
                self._answered, self._asked = self._asked, None
            self._change.notify_all()
        self._release()

    def must_wait(self) -> bool:
        """Whether the next frame has to wait; then `free` is called once it need not."""
        with self._lock:
            self._waiting = self._is_busy()
            return self._waiting

    def settle(self, seconds: float) -> bool:
        """Wait so long for what is under way; whether all has left, and no answer is to come."""
        with self._lock:
            return self._change.wait_for(
                lambda: self._taken >= self._given and not self._is_asked(),
                seconds,
            )

    def lose_patience(self) -> None:
        """Stop waiting for an answer that must have been lost; the next one counts again."""
        with self._lock:
            if self._asked is None:
                return
            due = _PATIENCE + (self._asked - self._answered) / _SLOWEST
            if self._monotonic() - self._asked_at < due:
                return
            self._answers, self._answered, self._asked = False, self._asked, None
        self._release()

    def _is_busy(self) -> bool:
        if self._taken < self._given:
            return True
        return self._is_asked() and self._monotonic() - self._asked_at > _UNDERWAY

    def _is_asked(self) -> bool:
        return self._answers and self._asked is not None

    def _release(self) -> None:
        with self._lock:
            if not self._waiting or self._is_busy():
                return
            self._waiting = False
        self._free()
