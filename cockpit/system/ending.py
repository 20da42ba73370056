"""Ends what a plan shows, and nothing else: checked again, asked first, killed later, verified."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cockpit.clock import Clock, SystemClock
from cockpit.system import processes
from cockpit.system.acts import Acts, ProcessHandle, ReadOnlyError
from cockpit.system.argv import program
from cockpit.system.end_plan import EndPlan, changed_owners
from cockpit.system.exits import ExitWatcher
from cockpit.system.listeners import ListenerSource
from cockpit.system.processes import ProcessFacts
from cockpit.text import clean

GRACE_SECONDS = 5.0
SETTLE_SECONDS = 1.0
_KILL_SECONDS = 2.0
_VERIFY_SECONDS = 2.0
_COMMAND_SECONDS = 30.0

OnStep = Callable[[str], None]
"""Gets one line for each thing that happens, as it happens."""


@dataclass(frozen=True, slots=True)
class PortAfter:
    """A port after the end: free, or who holds it. `free` None: it could not be seen."""

    port: int
    free: bool | None
    holders: tuple[ProcessFacts, ...] = ()
    hidden_uids: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        if self.free:
            return f"port {self.port} is free"
        if self.free is None:
            return f"whether port {self.port} is free could not be seen"
        names = [f"{one.pid} {one.command}" for one in self.holders]
        names += [f"a hidden owner (uid {uid})" for uid in self.hidden_uids]
        return clean(f"port {self.port} is held by {'; '.join(names) or 'an unknown owner'}")


@dataclass(frozen=True, slots=True)
class EndOutcome:
    """What came of it. With `refused` nothing was done at all; `error` says what went wrong later.

    `ended` are the PIDs that ended, `killed` those of them that had to be killed, `survivors` the
    planned ones that still run.
    """

    refused: str = ""
    error: str = ""
    ended: tuple[int, ...] = ()
    killed: tuple[int, ...] = ()
    survivors: tuple[int, ...] = ()
    ports: tuple[PortAfter, ...] = ()

    @property
    def done(self) -> bool:
        """Whether everything shown ended and every port that should be free is."""
        clean_end = not (self.refused or self.error or self.survivors)
        return clean_end and all(after.free is True for after in self.ports)

    @property
    def text(self) -> str:
        """The outcome as one line, for the event."""
        if self.refused:
            return f"refused: {self.refused}"
        parts = []
        if self.ended:
            parts.append(f"ended {_pids(self.ended)}")
        if self.killed:
            parts.append(f"killed after the grace: {_pids(self.killed)}")
        if self.survivors:
            parts.append(f"still running: {_pids(self.survivors)}")
        parts += [after.text for after in self.ports]
        return clean("; ".join([*parts, self.error] if self.error else parts))


def _pids(pids: Iterable[int]) -> str:
    return ", ".join(str(pid) for pid in pids)


async def end(
    plan: EndPlan,
    source: ListenerSource,
    acts: Acts,
    *,
    grace: float = GRACE_SECONDS,
    settle: float = SETTLE_SECONDS,
    clock: Clock | None = None,
    on_step: OnStep | None = None,
) -> EndOutcome:
    """Carry out `plan`. Never raises for what a process or the system does; cancelling it stops
    before the next signal.

    At the moment of the signal every victim must still be the process that was shown, run the same
    program, and the ports must still have the same owners; else nothing is done. `grace` is the
    time between asking and killing, `settle` how long a freed port must stay free, in seconds.
    """
    tell = on_step or (lambda _: None)
    clock = clock or SystemClock()
    if acts.read_only:
        return EndOutcome(refused=str(ReadOnlyError("ending a process")))
    if plan.refusal or not plan.victims:
        return EndOutcome(refused=plan.refusal or "the plan names nobody")
    handles: list[ProcessHandle] = []
    try:
        refused = _hold(plan, acts, handles) or _owners_changed(plan, source)
        if refused:
            return EndOutcome(refused=refused)
        return await _carry_out(plan, source, acts, handles, grace, settle, clock, tell)
    except ReadOnlyError as error:
        return EndOutcome(refused=str(error))
    finally:
        for handle in handles:
            handle.close()


def _hold(plan: EndPlan, acts: Acts, handles: list[ProcessHandle]) -> str:
    """Take hold of every victim; why not, when one is not what was shown."""
    for index, victim in enumerate(plan.victims):
        handle = acts.open(victim.identity)
        now = processes.facts(victim.pid) if handle is not None else None
        if handle is not None:
            handles.append(handle)
        if handle is None or now is None or not now.identity.same_as(victim.identity):
            if index == 0:
                return f"{victim.pid} has ended, or is another process now"
            continue  # a child that ended by itself is no reason to keep its parent
        if now.is_zombie and index == 0:
            return f"{victim.pid} has ended already"
        if now.argv != victim.argv and program(now.argv).names != program(victim.argv).names:
            return clean(f"{victim.pid} runs another program now: {now.command}")
        if now.uid != victim.uid:
            return f"{victim.pid} belongs to another user now"
    return ""


def _owners_changed(plan: EndPlan, source: ListenerSource) -> str:
    if not plan.ports:
        return ""
    try:
        snapshot = source.snapshot([hold.port for hold in plan.ports])
    except (OSError, ValueError) as error:
        return clean(f"who holds the ports can't be seen now: {error}")
    return changed_owners(plan.ports, snapshot)


async def _carry_out(
    plan: EndPlan,
    source: ListenerSource,
    acts: Acts,
    handles: list[ProcessHandle],
    grace: float,
    settle: float,
    clock: Clock,
    tell: OnStep,
) -> EndOutcome:
    watched = _Ends(handles, tell)
    killed: list[int] = []
    error = ""
    try:
        if plan.command:
            tell(clean(f"running {' '.join(plan.command)}"))
            result = await acts.run(
                plan.command, timeout=_COMMAND_SECONDS, folder=plan.command_folder
            )
            if result.exit_code != 0:
                said = result.error or result.stderr.decode("utf-8", "replace").strip()
                error = clean(f"{plan.command[0]} ended with {result.exit_code}: {said}", limit=300)
                tell(error)
            else:
                await watched.all(clock, grace)
        if not plan.supervised:
            error = await _signal_all(watched, grace, clock, tell, killed) or error
        ended = tuple(handle.identity.pid for handle in handles if handle not in watched.running)
        left = tuple(handle.identity.pid for handle in watched.running)
    finally:
        watched.close()
    ports = await _verify(plan, source, clock, settle)
    for after in ports:
        tell(after.text)
    done = tuple(pid for pid in killed if pid in ended)
    return EndOutcome("", error, ended, done, left, ports)


async def _signal_all(
    watched: _Ends, grace: float, clock: Clock, tell: OnStep, killed: list[int]
) -> str:
    """Ask all that run, root first, then kill what is left; an error in words."""
    error = ""
    for handle in list(watched.running):
        try:
            if handle.terminate():
                tell(f"asked {handle.identity.pid} to end, {grace:g} s grace")
        except ReadOnlyError:
            raise
        except OSError as problem:
            error = clean(f"{handle.identity.pid} could not be signalled: {problem}")
    await watched.all(clock, grace)
    for handle in list(watched.running):
        try:
            if handle.kill():
                killed.append(handle.identity.pid)
                tell(f"killed {handle.identity.pid}")
        except ReadOnlyError:
            raise
        except OSError as problem:
            error = clean(f"{handle.identity.pid} could not be killed: {problem}")
    await watched.all(clock, _KILL_SECONDS)
    return error


class _Ends:
    """Notices the end of each held process."""

    def __init__(self, handles: Iterable[ProcessHandle], tell: OnStep) -> None:
        self.running = [handle for handle in handles if handle.alive]
        self._tell = tell
        self._watcher = ExitWatcher()
        self._over = asyncio.Event()
        for handle in self.running:
            self._watch(handle)
        if not self.running:
            self._over.set()

    def _watch(self, handle: ProcessHandle) -> None:
        def ended(*_: object) -> None:
            self.running.remove(handle)
            self._tell(f"{handle.identity.pid} has ended")
            if not self.running:
                self._over.set()

        self._watcher.watch(handle.identity, ended)

    async def all(self, clock: Clock, seconds: float) -> None:
        """Wait until all have ended, but no longer than that."""
        if self._over.is_set():
            return
        ends = asyncio.ensure_future(self._over.wait())
        timer = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait({ends, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ends.cancel()
            timer.cancel()

    def close(self) -> None:
        self._watcher.close()


async def _verify(
    plan: EndPlan, source: ListenerSource, clock: Clock, settle: float
) -> tuple[PortAfter, ...]:
    """Each port that should be free now. Sockets may close a little late, and whoever keeps a
    program running starts it again a little later: both are waited for."""
    wanted = [hold.port for hold in plan.ports if hold.freed]
    if not wanted:
        return ()
    begin = clock.monotonic()
    while True:
        found = _look(source, wanted)
        elapsed = clock.monotonic() - begin
        if _taken(found, plan):
            return found
        free = all(after.free is not False for after in found)
        if elapsed >= (settle if free else max(settle, _VERIFY_SECONDS)):
            return found
        await clock.sleep(0.05)


def _taken(found: Iterable[PortAfter], plan: EndPlan) -> bool:
    """Whether somebody who was not to be ended holds one of the ports."""
    ended = [victim.identity for victim in plan.victims]
    return any(
        not any(one.identity.same_as(identity) for identity in ended)
        for after in found
        for one in after.holders
    )


def _look(source: ListenerSource, ports: list[int]) -> tuple[PortAfter, ...]:
    try:
        snapshot = source.snapshot(ports)
    except (OSError, ValueError):
        return tuple(PortAfter(port, None) for port in ports)
    found = []
    for port in ports:
        listener = snapshot.on(port)
        if listener is None:
            found.append(PortAfter(port, True if snapshot.complete else None))
        else:
            holders = tuple(owner.process for owner in listener.owners)
            found.append(PortAfter(port, False, holders, listener.hidden_uids))
    return tuple(found)
