"""The short form of the trial of many processes on one store."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pytest

if sys.platform == "win32":
    pytest.skip("needs pseudo terminals", allow_module_level=True)

from trials.many_processes import told_twice, trial

from cockpit.model import Event, EventKind, Verdict

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def test_many_processes_on_one_store_tell_everything_once() -> None:
    outcome = trial(seconds=6, load=1)
    assert outcome.ok, outcome.table()
    assert outcome.done["of them transitions"] > 0


def change(at: float, verdict: Verdict, text: str) -> Event:
    return Event(
        at=NOW + timedelta(seconds=at),
        kind=EventKind.TRANSITION,
        probe="quality",
        subject="quality",
        text=text,
        verdict=verdict,
    )


def test_a_change_that_is_told_again_is_found() -> None:
    failed, healed = (
        change(1, Verdict.FAIL, "OK → FAIL: 1/2"),
        change(2, Verdict.OK, "FAIL → OK: 2/2"),
    )
    assert told_twice([failed, healed, change(3, Verdict.FAIL, "OK → FAIL: 1/2")]) == []
    assert len(told_twice([failed, failed, healed])) == 1
    later = change(1.5, Verdict.FAIL, "OK → FAIL: 0/2")
    assert len(told_twice([failed, later, healed])) == 1
    came = Event(at=NOW, kind=EventKind.PROCESS, probe="p", subject="7", text="+7 serve.py")
    assert len(told_twice([came, came])) == 1
