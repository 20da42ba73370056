"""Carry out stop plans: check the processes again, terminate, kill later, verify the ports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence

from cockpit.clock import Clock, SystemClock
from cockpit.permissions import ReadOnlyError
from cockpit.system.control.process_control import ProcessController, ProcessHandle
from cockpit.system.control.stop_plan import PortHold, StopPlan, changed_owners, combined_ports
from cockpit.system.control.stop_result import (
    VERIFY_SECONDS,
    StopResult,
    pids_text,
    read_ports,
    wait_for_free_ports,
)
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import program
from cockpit.system.processes.exits import ExitWatcher
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.text import sanitize

GRACE_SECONDS = 5.0
SETTLE_SECONDS = 1.0
_KILL_SECONDS = 2.0
_COMMAND_SECONDS = 30.0

OnStep = Callable[[str], None]
"""Gets one line for each thing that happens, as it happens."""


def longest_duration(
    plans: Iterable[StopPlan], grace: float, settle: float = SETTLE_SECONDS
) -> float:
    """The seconds that carrying out the plans takes at most."""
    by_command = any(plan.command for plan in plans)
    seconds = grace + _KILL_SECONDS + max(settle, VERIFY_SECONDS)
    return seconds + (_COMMAND_SECONDS + grace if by_command else 0.0)


class StopState:
    """The progress of a stop: for who watches it, and for the record when it is interrupted.

    `asked` and `killed` are the PIDs that were signalled, `alive` those that still run, `kill_at`
    the monotonic second at which these are killed, None while no grace runs.
    """

    def __init__(self, moved: Callable[[], None] = lambda: None) -> None:
        self._moved = moved
        self.asked: tuple[int, ...] = ()
        self.killed: tuple[int, ...] = ()
        self.alive: tuple[int, ...] = ()
        self.kill_at: float | None = None

    def notify(self) -> None:
        """Call the callback: something changed."""
        self._moved()


async def stop(
    plans: StopPlan | Sequence[StopPlan],
    source: ListenerSource,
    controller: ProcessController,
    *,
    grace: float = GRACE_SECONDS,
    settle: float = SETTLE_SECONDS,
    clock: Clock | None = None,
    on_step: OnStep | None = None,
    state: StopState | None = None,
) -> StopResult:
    """Carry out all of `plans` in one go. Never raises for what a process or the system does;
    cancelling it stops before the next signal, and `interrupted_result` tells then how it stands.

    At the moment of the signal every victim of every plan must still be the process that was shown,
    run the same program, and the ports must still have the same owners; else nothing at all is
    done. `grace` is the time between asking and killing, the same for all, `settle` how long a
    freed port must stay free, in seconds.
    """
    plans = (plans,) if isinstance(plans, StopPlan) else tuple(plans)
    if controller.permissions.read_only:
        return StopResult(refused=str(ReadOnlyError("ending a process")))
    refused = next((plan.refusal for plan in plans if plan.refusal), "")
    if refused or not plans or not all(plan.victims for plan in plans):
        return StopResult(refused=refused or "the plan names nobody")
    held: list[tuple[StopPlan, list[ProcessHandle]]] = [(plan, []) for plan in plans]
    try:
        for plan, handles in held:
            if refused := _hold(plan, controller, handles):
                return StopResult(refused=refused)
        holds = combined_ports(plans)
        if refused := _owners_changed(holds, source):
            return StopResult(refused=refused)
        run = _StopRun(
            controller, clock or SystemClock(), on_step or (lambda _: None), state or StopState()
        )
        return await run.carry_out(held, holds, source, grace, settle)
    except ReadOnlyError as error:
        return StopResult(refused=str(error))
    finally:
        for _, handles in held:
            for handle in handles:
                handle.close()


def interrupted_result(
    plans: Sequence[StopPlan], source: ListenerSource, state: StopState
) -> StopResult:
    """The result of a stop that was cancelled: who was signalled, who still runs, the state of the
    ports.

    Blocking, a look at the processes and the ports.
    """
    victims = [victim.identity for plan in plans for victim in plan.victims]
    alive = tuple(one.pid for one in victims if process_table.is_alive(one))
    if state.killed:
        done = f"KILL was sent to {pids_text(state.killed)}"
    elif state.asked:
        done = f"TERM was sent to {pids_text(state.asked)}, no KILL"
    else:
        done = "no signal was sent"
    return StopResult(
        interrupted=f"interrupted: {done}",
        asked=state.asked,
        ended=tuple(one.pid for one in victims if one.pid not in alive),
        survivors=alive,
        ports=read_ports(source, [hold.port for hold in combined_ports(plans)]),
    )


def _hold(plan: StopPlan, controller: ProcessController, handles: list[ProcessHandle]) -> str:
    """Open a handle on every victim; the reason when one is not what was shown."""
    for index, victim in enumerate(plan.victims):
        handle = controller.open(victim.identity)
        now = process_table.facts(victim.pid) if handle is not None else None
        if handle is not None:
            handles.append(handle)
        if handle is None or now is None or not now.identity.same_as(victim.identity):
            if index == 0:
                return f"{victim.pid} has ended, or is another process now"
            continue  # a child that ended by itself is no reason to keep its parent
        if now.is_zombie and index == 0:
            return f"{victim.pid} has ended already"
        if now.argv != victim.argv and program(now.argv).names != program(victim.argv).names:
            return sanitize(f"{victim.pid} runs another program now: {now.command}")
        if now.uid != victim.uid:
            return f"{victim.pid} belongs to another user now"
    return ""


def _owners_changed(holds: Sequence[PortHold], source: ListenerSource) -> str:
    if not holds:
        return ""
    try:
        snapshot = source.snapshot([hold.port for hold in holds])
    except (OSError, ValueError) as error:
        return sanitize(f"who holds the ports can't be seen now: {error}")
    return changed_owners(holds, snapshot)


class _StopRun:
    """A stop that is being carried out."""

    def __init__(
        self, controller: ProcessController, clock: Clock, tell: OnStep, state: StopState
    ) -> None:
        self._controller = controller
        self._clock = clock
        self._tell = tell
        self._state = state
        self._errors: list[str] = []

    async def carry_out(
        self,
        held: Sequence[tuple[StopPlan, list[ProcessHandle]]],
        holds: Sequence[PortHold],
        source: ListenerSource,
        grace: float,
        settle: float,
    ) -> StopResult:
        handles = [handle for _, mine in held for handle in mine]
        watched = _ExitTracker(handles, self._tell, self._state)
        try:
            commands = [(plan, mine) for plan, mine in held if plan.command]
            await asyncio.gather(*(self._command(*one, watched, grace) for one in commands))
            ours = [handle for plan, mine in held if not plan.supervised for handle in mine]
            await self._signal(watched, ours, grace)
            left = tuple(handle.identity.pid for handle in watched.running)
        finally:
            watched.close()
        victims = [victim.identity for plan, _ in held for victim in plan.victims]
        freed, kept = await wait_for_free_ports(victims, holds, source, self._clock, settle)
        for after in (*freed, *kept):
            self._tell(after.text)
        ended = tuple(one.identity.pid for one in handles if one.identity.pid not in left)
        return StopResult(
            error="; ".join(self._errors),
            asked=self._state.asked,
            ended=ended,
            killed=tuple(pid for pid in self._state.killed if pid in ended),
            survivors=left,
            ports=freed,
            kept=kept,
        )

    async def _command(
        self, plan: StopPlan, handles: Sequence[ProcessHandle], watched: _ExitTracker, grace: float
    ) -> None:
        self._tell(sanitize(f"running {' '.join(plan.command)}"))
        result = await self._controller.run(
            plan.command, timeout=_COMMAND_SECONDS, folder=plan.command_folder
        )
        if result.exit_code == 0:
            await watched.gone(handles, self._clock, grace)
            return
        said = result.error or result.stderr.decode("utf-8", "replace").strip()
        self._failed(f"{plan.command[0]} ended with {result.exit_code}: {said}")
        self._tell(self._errors[-1])

    async def _signal(
        self, watched: _ExitTracker, handles: Sequence[ProcessHandle], grace: float
    ) -> None:
        """Ask all that run, roots first, then kill what is left."""
        state = self._state
        for handle in watched.still(handles):
            if self._sent(handle.terminate, f"{handle.identity.pid} could not be signalled"):
                state.asked = (*state.asked, handle.identity.pid)
        if not state.asked:
            return
        state.kill_at = self._clock.monotonic() + grace
        self._tell(f"asked {pids_text(state.asked)} to end, {grace:g} s grace")
        state.notify()
        await watched.gone(handles, self._clock, grace)
        state.kill_at = None
        for handle in watched.still(handles):
            if self._sent(handle.kill, f"{handle.identity.pid} could not be killed"):
                state.killed = (*state.killed, handle.identity.pid)
        if state.killed:
            self._tell(f"killed {pids_text(state.killed)}")
        state.notify()
        await watched.gone(handles, self._clock, _KILL_SECONDS)

    def _sent(self, send: Callable[[], bool], failed: str) -> bool:
        try:
            return send()
        except ReadOnlyError:
            raise
        except OSError as problem:
            self._failed(f"{failed}: {problem}")
            return False

    def _failed(self, text: str) -> None:
        self._errors.append(sanitize(text, limit=300))


class _ExitTracker:
    """Tracks the exits of the held processes."""

    def __init__(self, handles: Iterable[ProcessHandle], tell: OnStep, state: StopState) -> None:
        self.running = [handle for handle in handles if handle.alive]
        self._tell = tell
        self._state = state
        self._watcher = ExitWatcher()
        self._over = {id(handle): asyncio.Event() for handle in self.running}
        state.alive = tuple(handle.identity.pid for handle in self.running)
        for handle in list(self.running):
            self._watch(handle)

    def _watch(self, handle: ProcessHandle) -> None:
        def ended(*_: object) -> None:
            self.running.remove(handle)
            self._state.alive = tuple(one.identity.pid for one in self.running)
            self._over[id(handle)].set()
            self._tell(f"{handle.identity.pid} has ended")
            self._state.notify()

        self._watcher.watch(handle.identity, ended)

    def still(self, handles: Iterable[ProcessHandle]) -> list[ProcessHandle]:
        """Those of `handles` that run."""
        return [handle for handle in handles if handle in self.running]

    async def gone(self, handles: Collection[ProcessHandle], clock: Clock, seconds: float) -> None:
        """Wait until all of `handles` have ended, but no longer than that."""
        left = [self._over[id(handle)] for handle in self.still(handles)]
        if not left:
            return
        ends = asyncio.ensure_future(_all_set(left))
        timer = asyncio.ensure_future(clock.sleep(seconds))
        try:
            await asyncio.wait({ends, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ends.cancel()
            timer.cancel()

    def close(self) -> None:
        self._watcher.close()


async def _all_set(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()
