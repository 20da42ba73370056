"""Plan the start of a unit or task: what of it ends first, what is checked after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cockpit.config.models import LoadedConfig
from cockpit.engine.blocking import SerialExecutor
from cockpit.engine.commands.control_methods import read_service
from cockpit.engine.commands.start_job import StartJob, claimed, folder_of, unit_start_job
from cockpit.engine.commands.stop_job import StopJob
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.listener.table import ListenerTable
from cockpit.kinds.service.table import ServiceTable
from cockpit.system.control.conflicts import TargetService, find_conflicts
from cockpit.system.control.stop_plan import StopPlan, own_process, plan_stop
from cockpit.system.processes import process_table
from cockpit.system.services.service_state import ServiceState
from cockpit.system.sockets.listeners import ListenerSnapshot
from cockpit.text import sanitize


@dataclass(frozen=True, slots=True)
class ServiceStart:
    """The planned start. With a `refusal` nothing can be done, and it says why."""

    end: StopJob | None = None
    start: StartJob | None = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class _ServiceTarget:
    """The service's process by the config: its listener, its words, its folder."""

    listener: ListenerTable | None
    words: tuple[str, ...]
    folder: Path | None = None
    claimed: tuple[int, ...] = ()


async def plan_service_start(
    loaded: LoadedConfig,
    table: ServiceTable,
    snapshot: ListenerSnapshot,
    who: str,
    run: SerialExecutor,
    *,
    listener: ListenerTable | None = None,
) -> ServiceStart:
    """Plan the start of the service of `table`; what runs of it is stopped through it first.

    Ready is what `listener` says, or else the first listener or heartbeat that the table agrees
    with. Anybody else who holds its port or runs its program is a refusal: ended first, then asked
    again.
    """
    state = await read_service(table)
    if state.error:
        return ServiceStart(refusal=sanitize(f"{table.name}: not started: {state.error}"))
    if not state.found:
        text = f"{table.name}: the supervisor knows no {state.name}"
        return ServiceStart(refusal=sanitize(text))
    target = _target_of(loaded, table, listener)
    return await run(_planned, loaded, table, state, target, snapshot, who)


def _target_of(
    loaded: LoadedConfig, table: ServiceTable, listener: ListenerTable | None
) -> _ServiceTarget:
    agreed = table.agrees_with
    found = listener or next(
        (
            one
            for one in loaded.config.of(ListenerTable)
            if one.name in agreed and one.expect != "none"
        ),
        None,
    )
    words = found.process if found is not None else None
    for beat in loaded.config.of(HeartbeatTable):
        if not words and beat.name in agreed:
            words = beat.process
    return _ServiceTarget(
        found, tuple(words or ()), folder_of(loaded, found), claimed(loaded, found)
    )


def _planned(
    loaded: LoadedConfig,
    table: ServiceTable,
    state: ServiceState,
    target: _ServiceTarget,
    snapshot: ListenerSnapshot,
    who: str,
) -> ServiceStart:
    present = _present(target, snapshot)
    end: StopJob | None = None
    if state.running:
        pid = state.main_pid or (present[0] if len(present) == 1 else None)
        if pid is None:
            known = f"{len(present)} processes could be it" if present else "no row shows it"
            text = (
                f"{state.name} runs and tells no PID, and {known}: name its listener or heartbeat"
            )
            return ServiceStart(refusal=sanitize(f"{table.name}: {text} in `agrees_with`"))
        plan = _stop(pid, snapshot, state)
        if plan.refusal:
            return ServiceStart(refusal=plan.refusal)
        end = StopJob((plan,))
    family = set(end.pids) if end is not None else set()
    others = [pid for pid in present if pid not in family]
    if others:
        first = process_table.facts(others[0])
        command = first.command if first is not None else "?"
        text = f"not started: {others[0]} runs outside {state.name}, X ends it first: {command}"
        return ServiceStart(refusal=sanitize(f"{table.name}: {text}"))
    start = unit_start_job(
        loaded, table.name, state, who, listener=target.listener, words=target.words
    )
    return ServiceStart(end, start)


def _present(target: _ServiceTarget, snapshot: ListenerSnapshot) -> list[int]:
    """The processes that seem to be the service: roots on its port, and those with its words."""
    listener = snapshot.on(target.listener.port) if target.listener is not None else None
    found = [service.root.pid for service in listener.services] if listener is not None else []
    if target.words:
        port = target.listener.port if target.listener is not None else None
        service = TargetService(target.words, port, target.folder, claimed=target.claimed)
        roots = {one.pid for one in find_conflicts(service, snapshot).same}
        # A root that only wraps what listens is the same service, seen twice.
        found = [pid for pid in found if not roots.intersection(process_table.ancestors(pid))]
        found += [pid for pid in sorted(roots) if pid not in found]
    return found


def _stop(pid: int, snapshot: ListenerSnapshot, state: ServiceState) -> StopPlan:
    plan = plan_stop(pid, snapshot, exact=True, supervisor=state)
    if plan.refusal:
        # Whose it is may be all that speaks against it; then the owner's name is typed, too.
        actor = own_process(other_users=True)
        plan = plan_stop(pid, snapshot, exact=True, supervisor=state, actor=actor)
    return plan
