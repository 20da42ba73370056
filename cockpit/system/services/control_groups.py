"""The systemd unit of a process, by its control group (cgroups(7), systemd.unit(5))."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cockpit.system.services.service_state import ServiceKind

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
