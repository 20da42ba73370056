"""Supervised services: systemd units and Windows scheduled tasks, read by the system's own tools.

One shape for both, so that a probe and the ending of a process need not know which it is.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cockpit.system.commands import CommandResult
from cockpit.text import clean

ServiceKind = Literal["systemd", "systemd-user", "schtasks"]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service as its supervisor describes it. None: the supervisor does not tell.

    `found` False: the supervisor knows no such service. `error` is set when the supervisor could
    not be asked; then nothing else here counts. `state` is the supervisor's own word
    (`active/running`, a task's status in the system's language). `enabled`: it is started at boot
    or logon. `linger`: a user's services run without that user being logged in.
    """

    kind: ServiceKind
    name: str
    found: bool = False
    running: bool | None = None
    state: str = ""
    main_pid: int | None = None
    restarts: int | None = None
    restart_policy: str = ""
    enabled: bool | None = None
    linger: bool | None = None
    command: str = ""
    last_result: int | None = None
    error: str = ""


class ServiceReader(Protocol):
    """Asks one kind of supervisor."""

    async def read(self, name: str) -> ServiceState:
        """The service's state; never raises for a tool that is missing or fails."""
        ...

    def stop_command(self, name: str) -> list[str]:
        """The argv that stops it, so that its supervisor does not start it again."""
        ...

    def start_command(self, name: str) -> list[str]:
        """The argv that starts it."""
        ...


def reader_for(kind: ServiceKind) -> ServiceReader:
    """The reader of that kind; on a system without the tool its answers carry an `error`."""
    from cockpit.system.schtasks import ScheduledTasks
    from cockpit.system.systemd import SystemdUnits

    if kind == "schtasks":
        return ScheduledTasks()
    return SystemdUnits(user=kind == "systemd-user")


def tool_error(result: CommandResult) -> str:
    """Why a supervisor's tool gave no answer, in one line; empty when it did."""
    if result.missing:
        return f"{result.argv[0]} is not installed here"
    if result.timed_out:
        return f"{result.argv[0]} did not answer"
    if result.exit_code is None:
        return result.error
    if result.exit_code != 0:
        said = (result.stderr or result.stdout).decode("utf-8", "replace").strip()
        return clean(said, limit=200) or f"{result.argv[0]} ended with {result.exit_code}"
    return ""


@dataclass(frozen=True, slots=True)
class UnitOfProcess:
    """The systemd unit in whose control group a process runs."""

    kind: ServiceKind
    name: str


_UNIT = re.compile(r"/([^/]+\.service)(?=/|$)")


def parse_cgroup(text: str) -> UnitOfProcess | None:
    """The innermost service unit of a `/proc/PID/cgroup` text (cgroups(7)); None without one.

    The manager of a user's services (`user@1000.service`) is no service of its own here.
    """
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers not in ("", "name=systemd"):
            continue
        units = _UNIT.findall(path)
        user = any(unit.startswith("user@") for unit in units)
        own = [unit for unit in units if not unit.startswith("user@")]
        if own:
            name = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), own[-1])
            return UnitOfProcess("systemd-user" if user else "systemd", name)
    return None


def unit_of(pid: int) -> UnitOfProcess | None:
    """The unit whose control group holds `pid`; None elsewhere than on systemd machines.

    That alone does not make it the unit's service: a job started by cron sits in cron's unit.
    Compare with `ServiceState.main_pid`.
    """
    if sys.platform != "linux":
        return None
    else:
        try:
            return parse_cgroup(Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace"))
        except OSError:
            return None


async def supervisor_of(root_pid: int) -> ServiceState | None:
    """The service whose main process `root_pid` is, so that ending it would only restart it.

    None when no unit claims it as its main process. A unit that could not be asked is returned with
    its `error`: then it is not known.
    """
    unit = unit_of(root_pid)
    if unit is None:
        return None
    state = await reader_for(unit.kind).read(unit.name)
    if state.error or state.main_pid == root_pid:
        return state
    return None
