"""The engine: runs each probe when it is due or triggered, records what it saw, tells who listens.

One task a probe, so a probe never overlaps itself and a stuck one stops nobody else. Starts are
spread over the first instants and over the periods after. All methods belong to the engine's event
loop; other threads come in through `loop_thread.LoopThread`.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cockpit.board import Acknowledgement, BoardComposer, ProbeInfo, compose
from cockpit.clock import Clock
from cockpit.engine.blocking import SerialExecutor
from cockpit.engine.probe_set import ConfiguredProbe, ProbeSet
from cockpit.engine.runner import ProbeRun, run_probe
from cockpit.engine.throttle import UpdateThrottle
from cockpit.engine.watchdog import Watchdog
from cockpit.evidence.interfaces import Recorder
from cockpit.kinds.base import Probe, ProbeContext
from cockpit.model import Board, Event, EventKind, Observation, Rollup, Verdict
from cockpit.probe_state import ProbeState, advance
from cockpit.readiness import WORDS
from cockpit.signals import Signal
from cockpit.system.processes.exits import exit_text
from cockpit.system.processes.process_table import ProcessIdentity
from cockpit.triggers import Triggers

FIRST_SPREAD = 0.015
"""Seconds between the first starts of two probes."""
LEAST_GAP = 0.025
"""Seconds between two starts of one probe, so that a burst of triggers is one run."""
_ROLLUPS = (("RUN", {verdict: str(verdict) for verdict in Verdict}), ("GO-LIVE", WORDS))
"""What the two roll-ups are called in events, and the words for their verdicts."""


@dataclass(slots=True)
class _Slot:
    planned: ConfiguredProbe
    lane: SerialExecutor
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    reasons: list[str] = field(default_factory=list)
    waiters: list[asyncio.Future[Observation]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    @property
    def probe(self) -> Probe:
        return self.planned.probe


class Engine:
    """Schedules the probes of a plan.

    `changed` notifies after each observation that says something new (see `throttle`) and after
    each expiry. `probe_states` may hold what is known from before a restart: it gives probes their
    last-good state and problems their age. `acks` are the acknowledgements in force.
    """

    def __init__(
        self,
        plan: ProbeSet,
        *,
        clock: Clock,
        recorder: Recorder,
        triggers: Triggers,
        probe_states: Mapping[str, ProbeState] | None = None,
        acks: Callable[[], Mapping[str, Acknowledgement]] = dict,
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._triggers = triggers
        self._acks = acks
        self._plan = plan
        self._slots: dict[str, _Slot] = {}
        self._throttle = UpdateThrottle()
        self._known = dict(probe_states or {})
        self._states: dict[str, ProbeState] = {}
        self._rollups = _rollups_before(plan, self._known)
        self._composer = BoardComposer()
        self._order = plan.order
        # Probe set and states for other threads: replaced whole, never changed.
        self._published: tuple[tuple[ProbeInfo, ...], Mapping[str, ProbeState]] = (self._order, {})
        self.watchdog = Watchdog(clock, recorder, self._on_beat)
        self.changed = Signal()

    @property
    def plan(self) -> ProbeSet:
        """What is being watched."""
        return self._plan

    @property
    def probe_states(self) -> Mapping[str, ProbeState]:
        """The present states, by name. For any thread."""
        return self._published[1]

    def board(self, now: datetime) -> Board:
        """The board at `now` (aware UTC), composed once an observation. For any thread."""
        order, states = self._published
        return self._composer.board(order, states, now, acks=self._acks())

    async def run(self) -> None:
        """Watch until cancelled; then every probe is cancelled and its watches are gone."""
        self._triggers.start(self.trigger, self._ended, self._came_and_went)
        self._start(self._plan.probes)
        try:
            await self.watchdog.run()
        finally:
            await self._stop(list(self._slots.values()))
            self._triggers.close()

    def trigger(self, name: str, reason: str) -> None:
        """Run a probe soon; unknown names (of an older plan) are ignored."""
        slot = self._slots.get(name)
        if slot is not None:
            if reason not in slot.reasons:
                slot.reasons.append(reason)
            slot.wake.set()

    async def probe_now(self, name: str | None, reason: str = "key") -> list[Observation]:
        """Run one probe, or all, and wait for what they see. KeyError for an unknown name."""
        names = list(self._slots) if name is None else [name]
        futures: list[asyncio.Future[Observation]] = []
        for each in names:
            future: asyncio.Future[Observation] = asyncio.get_running_loop().create_future()
            self._slots[each].waiters.append(future)
            futures.append(future)
            self.trigger(each, reason)
        return list(await asyncio.gather(*futures))

    async def replan(self, plan: ProbeSet) -> None:
        """Take a new plan: unchanged probes keep running, changed ones start afresh at once."""
        wanted = {p.probe.name: p for p in plan.probes}
        gone = [
            slot
            for name, slot in self._slots.items()
            if name not in wanted or wanted[name].fingerprint != slot.planned.fingerprint
        ]
        await self._stop(gone)
        kept = set(self._slots)
        merged = tuple(
            self._slots[p.probe.name].planned if p.probe.name in kept else p for p in plan.probes
        )
        self._plan = ProbeSet(plan.loaded, merged)
        self._order = self._plan.order
        for name in [n for n in self._states if n not in wanted]:
            del self._states[name]
        self._start(p for p in merged if p.probe.name not in kept)
        for name in kept:
            self.trigger(name, "new plan")
        self._published = (self._order, dict(self._states))
        self.changed.notify()

    def _start(self, planned: Iterable[ConfiguredProbe]) -> None:
        for index, each in enumerate(planned):
            slot = _Slot(each, SerialExecutor(each.probe.name, self._clock))
            self._slots[each.probe.name] = slot
            self._triggers.watch_files(each.probe.name, each.probe.watched_files)
            self._triggers.watch_ports(each.probe.name, each.probe.watched_ports())
            slot.task = asyncio.create_task(
                self._serve(slot, index * FIRST_SPREAD), name=f"probe {each.probe.name}"
            )

    async def _stop(self, slots: list[_Slot]) -> None:
        tasks = [slot.task for slot in slots if slot.task is not None]
        for task in tasks:
            task.cancel()
        for slot in slots:
            self._slots.pop(slot.probe.name, None)
            self._triggers.forget(slot.probe.name)
            self._throttle.forget(slot.probe.name)
            for waiter in slot.waiters:
                waiter.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, slot: _Slot, delay: float) -> None:
        probe = slot.probe
        # A share of the period that depends on the name alone spreads probes of equal period.
        share = (zlib.crc32(probe.name.encode()) % 1000) / 1000
        due = self._clock.monotonic() + delay
        first = True
        while True:
            await self._wait(slot, due)
            reasons, slot.reasons = tuple(slot.reasons) or ("clock",), []
            waiters, slot.waiters = slot.waiters, []
            started = self._clock.monotonic()
            seen = await self._look(slot, reasons)
            self._commit(slot, seen)
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(seen.observation)
            due = started + probe.every * (1 - share / 4 if first else 1)
            first = False
            turning = probe.next_due(seen.observation)
            if turning is not None:
                wait = (turning - self._clock.now()).total_seconds()
                if wait > 0:
                    due = min(due, self._clock.monotonic() + wait + 0.001)
            rest = LEAST_GAP - (self._clock.monotonic() - started)
            if rest > 0:
                await self._clock.sleep(rest)

    async def _wait(self, slot: _Slot, due: float) -> None:
        left = due - self._clock.monotonic()
        if left > 0 and not slot.wake.is_set():
            sleeping = asyncio.ensure_future(self._clock.sleep(left))
            waking = asyncio.ensure_future(slot.wake.wait())
            try:
                await asyncio.wait((sleeping, waking), return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeping.cancel()
                waking.cancel()
        slot.wake.clear()

    async def _look(self, slot: _Slot, reasons: tuple[str, ...]) -> ProbeRun:
        name = slot.probe.name
        probe_state = self._states.get(name) or self._known.get(name)
        ctx = ProbeContext(
            clock=self._clock,
            blocking=slot.lane,
            previous=probe_state.observation if probe_state else None,
            board={n: s.observation for n, s in self._states.items()},
            reasons=reasons,
        )
        seen = await run_probe(slot.probe, ctx)
        self._triggers.watch_processes(name, ctx.processes)
        return seen

    def _commit(self, slot: _Slot, seen: ProbeRun) -> None:
        name = slot.probe.name
        shown = self._states.get(name)
        advanced = advance(shown or self._known.get(name), seen.observation)
        self._states[name] = advanced.state
        for artefact in seen.artefacts:
            self._recorder.save_artefact(artefact)
        self._recorder.observe(seen.observation, advanced=advanced)
        for other in self._slots.values():
            if name in other.probe.depends_on():
                self.trigger(other.probe.name, f"{name} observed")
        self._publish(shown, seen.observation)

    def adopt(self, states: Iterable[ProbeState]) -> None:
        """Take over what the recorder made of it where that differs: another process may have
        probed in between, and what is stored counts. What is older than the own is left."""
        for state in states:
            seen = state.observation
            mine = self._states.get(seen.probe)
            if mine is None or mine is state or seen.observed_at < mine.observation.observed_at:
                continue
            self._states[seen.probe] = state
            self._publish(mine, seen)

    def _publish(self, before: ProbeState | None, seen: Observation) -> None:
        """Show the states after `seen` took the place of `before`; wake who listens if due."""
        self._published = (self._order, dict(self._states))
        self._tell_rollups()
        shown = before.observation if before else None
        if self._throttle.wakes(shown, seen, self._clock.monotonic()):
            self.changed.notify()

    def _ended(self, name: str, identity: ProcessIdentity, code: int) -> None:
        """Tell how a watched process ended, as soon as it is known."""
        self._recorder.log(
            Event(
                at=self._clock.now(),
                kind=EventKind.PROCESS,
                probe=name,
                subject=str(identity.pid),
                text=f"{identity.pid} {exit_text(code)}",
                data={"pids": (identity.pid,), "exit_code": code},
            )
        )

    def _came_and_went(self, name: str, port: int, count: int) -> None:
        """Tell of sockets that nobody could look at."""
        what = "a socket" if count == 1 else f"{count} sockets"
        text = f"{what} came and went on {port} between two looks: listening, or only bound"
        self._recorder.log(
            Event(
                at=self._clock.now(),
                kind=EventKind.PROCESS,
                probe=name,
                subject=f":{port}",
                text=text,
                data={"port": port, "sockets": count},
            )
        )

    def _on_beat(self, expired: bool, stepped: bool) -> None:
        if stepped:
            for name in self._slots:
                self.trigger(name, "clock step")
        if expired:
            self._tell_rollups()
            self.changed.notify()

    def _tell_rollups(self) -> None:
        board = self.board(self._clock.now())
        self.watchdog.expect(state.observation for state in self._states.values())
        if board.waiting:
            return
        before, self._rollups = self._rollups, (board.run, board.readiness)
        olds = before or (None, None)
        for (subject, words), old, new in zip(_ROLLUPS, olds, self._rollups, strict=True):
            if old is None or old.verdict is not new.verdict:
                word = words[new.verdict]
                change = f"{words[old.verdict]} → {word}" if old else f"is {word}"
                self._recorder.log(
                    Event(
                        at=board.taken_at,
                        kind=EventKind.ROLLUP,
                        subject=subject,
                        verdict=new.verdict,
                        text=f"{subject} {change}",
                    )
                )


def _rollups_before(
    plan: ProbeSet, known: Mapping[str, ProbeState]
) -> tuple[Rollup, Rollup] | None:
    """RUN and GO-LIVE as they were when all of this was last watched; None when it never was."""
    probe_states = {p.name: known[p.name] for p in plan.order if p.name in known}
    if len(probe_states) < len(plan.order) or not probe_states:
        return None
    moment = max(probe_state.observation.observed_at for probe_state in probe_states.values())
    board = compose(plan.order, probe_states, moment)
    return board.run, board.readiness
