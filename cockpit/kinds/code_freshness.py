"""Whether a process runs older code than what lies on disk, looked at now and then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cockpit.model import Verdict
from cockpit.system.process_match import CodeAge, code_age, code_roots
from cockpit.system.processes.process_table import ProcessFacts

CODE_EVERY = 30.0
"""Seconds between two looks at the age of code files, which may be thousands."""
OLD_CODE = {"ignore": Verdict.OK, "warn": Verdict.WARN, "fail": Verdict.FAIL}
Started = Mapping[int, tuple[ProcessFacts, datetime]]
"""By PID: the process that tells where the code lies, and when the youngest of its tree started."""


class CodeAges:
    """The age of the code of a few processes, remembered for `CODE_EVERY`. One thread; blocking."""

    def __init__(self) -> None:
        self._starts: Mapping[int, datetime] = {}
        self._at = float("-inf")
        self._ages: dict[int, CodeAge] = {}

    def look(self, started: Started, now: float) -> Mapping[int, CodeAge]:
        """By PID; read anew when it is due or the processes changed. `now`: monotonic seconds."""
        starts = {pid: at for pid, (_, at) in started.items()}
        if starts != self._starts or now - self._at >= CODE_EVERY:
            self._starts, self._at = starts, now
            self._ages = {
                pid: code_age(at, code_roots(process)) for pid, (process, at) in started.items()
            }
        return self._ages


def defunct_words(defunct: tuple[int, ...]) -> str:
    """`, 2 defunct children`; empty without any."""
    if not defunct:
        return ""
    return f", {len(defunct)} defunct {'child' if len(defunct) == 1 else 'children'}"
