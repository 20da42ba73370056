"""The text about processes that are being stopped or started now, and by whom."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from cockpit.commands import StopProgress
from cockpit.model import Event
from cockpit.rows import View

_AT_MOST = timedelta(minutes=2)
"""An act without an outcome for so long was cut short, where its intent gives no time itself."""
_MOST_NAMED = 8


def progress_text(view: View, own: StopProgress | None = None) -> str:
    """The progress of the `own` stop, else of the newest act of anybody that has no outcome yet.

    `ending 7245 7246: 3 s until KILL, 7246 still alive`, `bob@spark is ending 18800: 3 s until
    KILL`; empty when nothing goes on.
    """
    if own is not None:
        return _own(own, view.now)
    over = {event.data.get("act") for event in view.events if _phase(event) == "outcome"}
    for event in reversed(view.events):
        fresh = view.now - event.at <= _at_most(event)
        if _phase(event) != "intent" or event.subject == "cockpit" or not fresh:
            continue
        if event.data.get("act") not in over:
            return view.text(_others(view, event))
    return ""


def _own(own: StopProgress, now: datetime) -> str:
    what = f"ending {_named(own.pids)}"
    alive = f"{_named(own.alive)} still alive" if own.alive else ""
    if own.kill_at is not None:
        rest = f"{seconds_to(own.kill_at, now)} s until KILL"
        return f"{what}: {', '.join(filter(None, (rest, alive)))}"
    if own.alive and own.killed:
        return f"{what}: killed, {alive}"
    if own.alive:
        return f"{what}: {alive}"
    return f"{what}: all ended, looking at the ports"


def _others(view: View, event: Event) -> str:
    pids, grace = event.data.get("pids"), event.data.get("grace")
    told = f"{event.actor} {event.text}"
    if isinstance(pids, tuple) and pids and isinstance(grace, int | float):
        told = f"{event.actor} is ending {_named([one for one in pids if isinstance(one, int)])}"
        left = seconds_to(event.at + timedelta(seconds=grace), view.now)
        if not event.data.get("by"):
            told += f": {left} s until KILL" if left else ": its grace is over"
    host = event.data.get("author_host")
    here = view.board.identity.host
    if isinstance(host, str) and here and host != here:
        told += f" (on {host}, whether it goes on is not known here)"
    return told


def seconds_to(moment: datetime, now: datetime) -> int:
    """Whole seconds until then, counted up; 0 when it is past."""
    return max(0, math.ceil((moment - now).total_seconds()))


def _named(pids: Sequence[int]) -> str:
    """The PIDs, of many the first ones and how many more."""
    if len(pids) <= _MOST_NAMED:
        return " ".join(map(str, pids))
    first = " ".join(map(str, pids[: _MOST_NAMED - 1]))
    return f"{first} and {len(pids) - _MOST_NAMED + 1} more"


def _at_most(event: Event) -> timedelta:
    told = event.data.get("at_most")
    return timedelta(seconds=told) if isinstance(told, int | float) else _AT_MOST


def _phase(event: Event) -> str:
    return str(event.data.get("phase", "")) if event.kind == "process" else ""
