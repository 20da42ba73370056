"""The incidents of the lab: ways to break it, and to mend it again.

Each act has taken effect when it returns: a watcher of files, listeners or exits can see it from
that moment on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cockpit.lab.lab_config import FAIL_AFTER, WARN_AFTER
from cockpit.lab.process import Child, LabError

API, ENGINE, ZOMBIE = "options-api", "engine", "zombie"


class Stack(Protocol):
    """The part of the lab that an incident needs."""

    port: int

    def child(self, name: str) -> Child | None: ...
    def start_engine(self) -> Child: ...
    def start_api(self) -> Child: ...
    def start_zombie(self) -> Child: ...
    def write_gate_report(self, *, worse: bool) -> Path: ...


@dataclass(frozen=True, slots=True)
class Incident:
    """A way to break the lab. `title` is a few words for a menu; both acts return a sentence."""

    name: str
    title: str
    strike: Callable[[Stack], str]
    undo: Callable[[Stack], str]


def named(name: str) -> Incident:
    """The incident of that name. Raises ValueError that lists the names there are."""
    for incident in INCIDENTS:
        if incident.name == name:
            return incident
    raise ValueError(f"no incident {name!r}; there are: {', '.join(i.name for i in INCIDENTS)}")


def _zombie(lab: Stack) -> str:
    zombie = lab.child(ZOMBIE)
    if zombie is None:
        if lab.child(API) is None:
            lab.start_api()
        zombie = lab.start_zombie()
    seen = "the listener shows two owners"
    if sys.platform.startswith("linux"):
        seen += " and most options requests answer a plain-text 500 while health says ok"
    else:
        seen += "; which of them a request reaches is up to this system"
    return f"Started a leftover server (PID {zombie.pid}) on port {lab.port} as well: {seen}."


def _end_zombie(lab: Stack) -> str:
    zombie = lab.child(ZOMBIE)
    if zombie is not None:
        zombie.kill()
    if lab.child(API) is None:
        lab.start_api()  # the operator may have ended the wrong one of the two
    return f"Ended the leftover server: port {lab.port} has one owner and the options answer."


def _stall(lab: Stack) -> str:
    engine = _needed(lab, ENGINE, "recover kill")
    engine.order("stall")
    return (
        f"The engine (PID {engine.pid}) lives on but does not beat any more: "
        f"the heartbeat turns WARN after {WARN_AFTER} and FAIL after {FAIL_AFTER}."
    )


def _resume(lab: Stack) -> str:
    engine = lab.child(ENGINE)
    if engine is None:
        engine = lab.start_engine()
    else:
        engine.order("resume")
    return f"The engine (PID {engine.pid}) beats again."


def _kill(lab: Stack) -> str:
    engine = lab.child(ENGINE)
    if engine is None:
        return "The engine is gone already: pidfile and state still claim that it runs."
    engine.kill()
    return (
        f"Killed the engine (PID {engine.pid}) hard: pidfile and state still claim that it runs, "
        "the heartbeat shows at once that the process is gone."
    )


def _restart(lab: Stack) -> str:
    engine = lab.child(ENGINE) or lab.start_engine()
    return f"The engine runs (PID {engine.pid}): pidfile, heartbeat and process agree."


def _break_greeks(lab: Stack) -> str:
    _needed(lab, API, "recover zombie").order("break-greeks")
    return (
        "Deployed Greeks in percent with gamma's sign turned: every reply is still a 200, "
        "the smoke checks name a call delta above 1 and a negative gamma."
    )


def _mend_greeks(lab: Stack) -> str:
    if lab.child(API) is None:
        lab.start_api()
    else:
        _needed(lab, API, "recover zombie").order("mend-greeks")
    return "Deployed the right Greeks: deltas between -1 and 1, gamma above 0."


def _worsen_gate(lab: Stack) -> str:
    path = lab.write_gate_report(worse=True)
    return (
        f"Rewrote {path.name} with three gates lost: the file counts 2 of 7 met, "
        "the gate shows 1 proven, because max_drawdown was met on zero trades."
    )


def _restore_gate(lab: Stack) -> str:
    path = lab.write_gate_report(worse=False)
    return f"Rewrote {path.name} as it was: the file counts 5 of 7 met, 4 of them proven."


def _needed(lab: Stack, name: str, remedy: str) -> Child:
    child = lab.child(name)
    if child is None:
        raise LabError(f"{name} does not run; {remedy} starts it again")
    return child


INCIDENTS = (
    Incident("zombie", "A second server on the backend's port", _zombie, _end_zombie),
    Incident("stall", "The engine lives but stops beating", _stall, _resume),
    Incident("kill", "The engine is killed hard", _kill, _restart),
    Incident("greeks", "A deploy breaks the Greeks", _break_greeks, _mend_greeks),
    Incident("gate", "The gate report turns worse", _worsen_gate, _restore_gate),
)
NAMES = tuple(incident.name for incident in INCIDENTS)
