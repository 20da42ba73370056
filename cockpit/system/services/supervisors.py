"""The supervisor of a process or service: a reader for each kind, and the unit of a process."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cockpit.system.processes import process_table
from cockpit.system.processes.argv import is_bystander
from cockpit.system.processes.interpreters import program_kind
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


_MANAGER = re.compile(r"user@(\d+)\.service")


@dataclass(frozen=True, slots=True)
class UnitOfProcess:
    """The systemd service in whose control group a process runs; `uid` is whose user manager runs
    it, None for the system's."""

    kind: ServiceKind
    name: str
    uid: int | None = None


def parse_cgroup(text: str) -> UnitOfProcess | None:
    """The service unit of a `/proc/PID/cgroup` text; None without one.

    A unit is what stands below slices only. What runs in a session, in a container or in any other
    scope has none, whatever a service manager inside calls it; nor has a user's manager itself.
    """
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers in ("", "name=systemd") and (unit := _unit_at(path)) is not None:
            return unit
    return None


def _unit_at(path: str) -> UnitOfProcess | None:
    names = iter(path.split("/")[1:])
    name = _below_slices(names)
    manager = _MANAGER.fullmatch(name)
    if manager is not None:
        inner = _below_slices(names)
        if not inner.endswith(".service"):
            return None
        return UnitOfProcess("systemd-user", inner, int(manager[1]))
    return UnitOfProcess("systemd", name) if name.endswith(".service") else None


def _below_slices(names: Iterator[str]) -> str:
    """The first name that is no slice; empty without one. systemd puts an underscore before a name
    that the kernel would take for something else."""
    name = next((name for name in names if not name.endswith(".slice")), "")
    return name.removeprefix("_")


def unit_of(pid: int) -> UnitOfProcess | None:
    """The unit whose control group holds `pid`; None elsewhere than on systemd machines.

    That alone does not make it the unit's service: a job started by cron sits in cron's unit. See
    `supervisors.supervisor_of`.
    """
    if sys.platform != "linux":
        return None
    else:
        try:
            return parse_cgroup(Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace"))
        except OSError:
            return None
