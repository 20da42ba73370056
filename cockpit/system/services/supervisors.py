"""The supervisor of a process or service: a reader for each kind, and the unit of a process."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace

from cockpit.system.processes import process_table
from cockpit.system.processes.argv import is_bystander
from cockpit.system.processes.interpreters import program_kind
from cockpit.system.services.control_groups import unit_of
from cockpit.system.services.schtasks import ScheduledTasks
from cockpit.system.services.service_state import ServiceKind, ServiceReader, ServiceState
from cockpit.system.services.systemd import SystemdUnits

_WAITING = {
    "sh", "bash", "dash", "zsh", "ksh", "fish", "ash", "sudo", "runuser", "setpriv", "timeout",
    "flock", "time", "uv", "npm", "npx", "yarn", "pnpm", "tini", "dumb-init",
}  # fmt: skip
"""Programs that start another one and wait for it: when that ends, so do they, and the unit."""


def reader_for(kind: ServiceKind) -> ServiceReader:
    """The reader of that kind; on a system without the tool its answers carry an `error`."""
    if kind == "schtasks":
        return ScheduledTasks()
    return SystemdUnits(user=kind == "systemd-user")


async def supervisor_of(root_pid: int) -> ServiceState | None:
    """The service that keeps `root_pid` running, so that ending it would only restart it.

    That is the unit in whose control group it runs, when its main process is this one, or a script
    that started nothing else and waits for it. None when it runs in no unit. Where the unit could
    not be asked, or only holds the process (a job in cron's unit, something left over), the state
    has an `error` that says so: then it is not known.
    """
    unit = unit_of(root_pid)
    if unit is None:
        return None
    if unit.uid is not None and unit.uid != _own_uid():
        text = f"it runs in a unit of user {unit.uid}, who alone can ask about it"
        return ServiceState(unit.kind, unit.name, error=text)
    state = await reader_for(unit.kind).read(unit.name)
    if state.error or state.main_pid == root_pid:
        return state
    if not state.found:
        return replace(state, error="it runs there, but systemctl knows no such unit")
    return _of_another_main(root_pid, state)


def _of_another_main(pid: int, state: ServiceState) -> ServiceState:
    """The state for a process in the unit that is not its main process."""
    main = state.main_pid
    restart = f", Restart={state.restart_policy}" if state.restart_policy else ""
    if main is None:
        return replace(state, error=f"it runs there, but the unit names no main process{restart}")
    above = process_table.ancestors(pid)
    if main not in above:
        return replace(state, error=f"it runs there, but beside main process {main}{restart}")
    if _waits_for(pid, above[: above.index(main) + 1]):
        return state
    first = process_table.facts(main)
    command = first.command if first is not None else "which has ended"
    return replace(state, error=f"main process {main} started it there: {command}{restart}")


def _waits_for(pid: int, chain: Sequence[int]) -> bool:
    """Whether the processes above `pid`, up to the unit's main process, are there for it alone."""
    if not all(_is(one, _WAITING) for one in chain):
        return False
    parents = process_table.parent_table()
    mine = {pid, *chain, *process_table.descendants(pid, parents)}
    others = [one for one in process_table.descendants(chain[-1], parents) if one not in mine]
    return all(_stands_beside(one) for one in others)


def _is(pid: int, kinds: Collection[str]) -> bool:
    found = process_table.facts(pid)
    return found is not None and bool(found.argv) and program_kind(found.argv[0]) in kinds


def _stands_beside(pid: int) -> bool:
    """Whether it is nobody's service: `tee`, `sleep`, a shell, one that has ended."""
    found = process_table.facts(pid)
    return found is None or not found.argv or is_bystander(found.argv) or _is(pid, {"sleep"})


def _own_uid() -> int | None:
    if sys.platform == "win32":
        return None
    else:
        return os.getuid()
