"""Recover acts that were abandoned: whose owner, the process that carried them out, has ended.

An intent without an outcome is an act under way as long as its owner lives. When that is gone, no
outcome can come any more; one is written by whoever finds it so.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.clock import Clock
from cockpit.engine.commands.act_audit import FLUSH_SECONDS, INTENT, OUTCOME, ActRecorder, owner_of
from cockpit.engine.commands.stop_job import lock_of
from cockpit.facts import Facts
from cockpit.model import Event, EventKind, Verdict
from cockpit.system.control.stop_result import PortAfter, pids_text, read_ports
from cockpit.system.control.target_lock import TargetBusy, TargetLock, notes_left_in
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessIdentity
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.text import sanitize

KINDS = (EventKind.PROCESS,)
NEWEST = 500
"""Events that are looked through for acts without an outcome."""
_TURN = 0.05
_TURNS = 40
"""Seconds between two tries to get the turn to close, and how many there are."""


def open_intents(events: Iterable[Event]) -> list[Event]:
    """The intents of `events`, oldest first, that have no outcome and name their owner. Pure."""
    found: dict[str, Event] = {}
    for event in events:
        act, phase = event.data.get("act"), event.data.get("phase")
        if event.kind not in KINDS or not isinstance(act, str) or event.subject == "cockpit":
            continue
        if phase == INTENT and owner_of(event) is not None:
            found[act] = event
        elif phase == OUTCOME:
            found.pop(act, None)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class AbandonedActs:
    """Finds and closes abandoned acts.

    It takes the recorder, a way to read its events back, the ports, the folder of the locks, and
    the operator who closes them.
    """

    recorder: ActRecorder
    read: Callable[[], Sequence[Event]]
    source: Callable[[], ListenerSource]
    locks: Path
    clock: Clock
    who: str

    def close(self) -> list[str]:
        """Close every abandoned act of this host with an outcome; a line for each.

        Blocking. `read` raises StoreError. Of two who notice the same at once one closes it.
        """
        if not self._abandoned():
            return []
        with _recovery_lock(self.locks / "cut-short.lock", self.who) as mine:
            found = self._abandoned() if mine else []
            events = [self._outcome(intent) for intent in found]
            for event in events:
                self.recorder.log(event)
            if events:
                self.recorder.flush(FLUSH_SECONDS)
        return [event.text for event in events]

    def _abandoned(self) -> list[Event]:
        intents = open_intents(self.read())
        return [one for one in intents if (who := owner_of(one)) is not None and who.is_gone]

    def _outcome(self, intent: Event) -> Event:
        text, facts = self._end(intent) if "starts" in intent.data else self._start(intent)
        owner = owner_of(intent)
        pid = owner.identity.pid if owner is not None else "?"
        return Event(
            at=self.clock.now(),
            kind=EventKind.PROCESS,
            probe=intent.probe,
            subject=intent.subject,
            text=f"{intent.actor} was cut short, its process {pid} is gone: {text}",
            verdict=Verdict.FAIL,
            actor=self.who,
            data={
                "phase": OUTCOME,
                "act": intent.data.get("act"),
                "pids": intent.data.get("pids", ()),
                "cut_short": True,
                "begun_by": intent.actor,
                **facts,
            },
        )

    def _end(self, intent: Event) -> tuple[str, Facts]:
        """The outcome of an abandoned stop: what was sent, who still runs, who holds the ports."""
        pids = _numbers(intent.data.get("pids"))
        starts = intent.data.get("starts")
        pairs = zip(pids, starts if isinstance(starts, tuple) else (), strict=False)
        known = [ProcessIdentity(pid, _seconds(start)) for pid, start in pairs]
        alive = tuple(one.pid for one in known if process_table.is_alive(one))
        gone = tuple(one.pid for one in known if one.pid not in alive)
        notes = self._notes(intent, pids)
        sent = "; ".join(notes) if notes else "no signal is noted"
        ports = read_ports(self.source(), _numbers(intent.data.get("ports")))
        parts = [
            f"it was ending {pids_text(pids)}",
            sent,
            f"still running: {pids_text(alive)}" if alive else "none of them runs any more",
            *(after.text for after in ports),
        ]
        facts: Facts = {
            "ended": gone,
            "survivors": alive,
            "steps": notes,
            "ports": _numbered(ports),
        }
        return sanitize("; ".join(parts)), facts

    def _start(self, intent: Event) -> tuple[str, Facts]:
        port = intent.data.get("port")
        told = [f"it was starting {intent.subject}, which was not verified"]
        if isinstance(port, int):
            told += [after.text for after in read_ports(self.source(), [port])]
        kept = {key: intent.data[key] for key in ("output", "service") if key in intent.data}
        return sanitize("; ".join(told)), kept

    def _notes(self, intent: Event, pids: Sequence[int]) -> tuple[str, ...]:
        """The lines that the owner noted in the lock, which it never released in good order."""
        act = f"{intent.data.get('act')} "
        lines = notes_left_in(lock_of(self.locks, pids[0])) if pids else ()
        return tuple(line.removeprefix(act) for line in lines if line.startswith(act))


@contextlib.contextmanager
def _recovery_lock(path: Path, who: str) -> Iterator[bool]:
    """Hold the lock of those who close abandoned acts, after a short wait; False when it can't be
    had."""
    pause = threading.Event()
    with contextlib.ExitStack() as held:
        mine = False
        for _ in range(_TURNS):
            try:
                held.enter_context(TargetLock(path, f"{who} is closing what was cut short"))
            except TargetBusy:
                pause.wait(_TURN)
            except OSError:
                break
            else:
                mine = True
                break
        yield mine


def _numbered(ports: Iterable[PortAfter]) -> tuple[int, ...]:
    return tuple(after.port for after in ports)


def _seconds(value: object) -> float:
    """A start time as it was written; 0 for one that nobody wrote so."""
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(one for one in value if isinstance(one, int)) if isinstance(value, tuple) else ()
