"""A cache of all command lines on Linux, so that not each is read at each question.

What was read of a PID is kept for ten seconds. A process that is younger than that to this cache
may be about to become another program (fork, then exec), so it is read each time; a PID that the
kernel gave out since the look before is a new process, whatever had that number.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from cockpit.clock import Clock, SystemClock
from cockpit.system.processes import linux_backend
from cockpit.system.processes.argv import matches
from cockpit.system.processes.linux_backend import in_new_range, last_pid

KEPT_SECONDS = 10.0
"""No answer rests on an argv that was read longer ago."""
_MOST_QUESTIONS = 32


class _Kept(NamedTuple):
    argv: tuple[str, ...]
    first_seen: float
    read_at: float


class ArgvCache:
    """The PIDs that run a program, from cached command lines. Blocking; safe in any thread."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._kept: dict[int, _Kept] = {}
        self._last: int | None = None
        self._matched: dict[tuple[str, ...], dict[int, tuple[_Kept, bool]]] = {}

    def find(self, words: Sequence[str]) -> list[int]:
        """The PIDs whose argv is the program that `words` describe (`argv.matches`)."""
        asked = tuple(words)
        with self._lock:
            self._update(self._clock.monotonic())
            known = self._matched.get(asked, {})
            answers: dict[int, tuple[_Kept, bool]] = {}
            for pid, kept in self._kept.items():
                before = known.get(pid)
                if before is None or before[0] is not kept:
                    before = (kept, matches(kept.argv, asked))
                answers[pid] = before
            # Neither table can grow for ever: one holds what runs, one the questions in use.
            if asked not in self._matched and len(self._matched) >= _MOST_QUESTIONS:
                self._matched.clear()
            self._matched[asked] = answers
            return [pid for pid, (_, answer) in answers.items() if answer]

    def _update(self, now: float) -> None:
        """Read the argv of what is new, young or was read too long ago."""
        last = last_pid()  # before the list: what starts in between is new next time as well
        before, comparable = self._last, last is not None and self._last is not None
        fresh: dict[int, _Kept] = {}
        for pid in linux_backend.all_pids():
            kept = self._kept.get(pid) if comparable else None
            if kept is None or (last != before and in_new_range(pid, before or 0, last or 0)):
                fresh[pid] = _Kept(linux_backend.read_argv(pid), now, now)
            elif now - kept.first_seen < KEPT_SECONDS or now - kept.read_at >= KEPT_SECONDS:
                fresh[pid] = _again(pid, kept, now)
            else:
                fresh[pid] = kept
        self._kept, self._last = fresh, last


def _again(pid: int, kept: _Kept, now: float) -> _Kept:
    return _Kept(linux_backend.read_argv(pid), kept.first_seen, now)
