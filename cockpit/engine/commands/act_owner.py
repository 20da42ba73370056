"""The process that carries out an act, so that others can tell whether it still runs."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cockpit.facts import Facts
from cockpit.model import Event
from cockpit.system.host import host_name
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessIdentity


@dataclass(frozen=True, slots=True)
class ActOwner:
    """The process that carries out an act, on a host."""

    identity: ProcessIdentity
    host: str

    def facts(self) -> Facts:
        """The owner as the data of an intent."""
        return {
            "author_pid": self.identity.pid,
            "author_started": self.identity.started_at,
            "author_host": self.host,
        }

    @property
    def is_gone(self) -> bool:
        """Whether that process has ended. Of another host's it is never known."""
        return self.host == host_name() and not process_table.is_alive(self.identity)


def this_process() -> ActOwner:
    """The process that runs this. Reads it from the system."""
    pid = os.getpid()
    return ActOwner(process_table.identity_of(pid) or ProcessIdentity(pid, 0.0), host_name())


def owner_of(event: Event) -> ActOwner | None:
    """The owner that an intent names; None when it names none."""
    pid, started = event.data.get("author_pid"), event.data.get("author_started")
    host = event.data.get("author_host")
    if isinstance(pid, int) and isinstance(started, int | float) and isinstance(host, str):
        return ActOwner(ProcessIdentity(pid, float(started)), host)
    return None
