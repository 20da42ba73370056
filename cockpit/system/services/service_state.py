"""The state of a supervised service, the same for systemd units and Windows scheduled tasks.

Probes and the ending of processes need not know which of the two it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cockpit.system.commands import CommandResult
from cockpit.text import sanitize

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


@dataclass(frozen=True, slots=True)
class ServiceOutput:
    """The output of a service, as far as its supervisor keeps it. `error`: why it can't be read."""

    text: str = ""
    error: str = ""


class ServiceReader(Protocol):
    """Asks one kind of supervisor about services."""

    async def read(self, name: str) -> ServiceState:
        """The service's state; never raises for a tool that is missing or fails."""
        ...

    def stop_command(self, name: str) -> list[str]:
        """The argv that stops it, so that its supervisor does not start it again."""
        ...

    def start_command(self, name: str) -> list[str]:
        """The argv that starts it."""
        ...

    async def output(self, name: str, since: datetime) -> ServiceOutput:
        """The end of what it printed from `since` on (aware); never raises."""
        ...


def tool_error(result: CommandResult) -> str:
    """The reason why a supervisor's tool gave no answer, in one line; empty when it did."""
    if result.missing:
        return f"{result.argv[0]} is not installed here"
    if result.timed_out:
        return f"{result.argv[0]} did not answer"
    if result.exit_code is None:
        return result.error
    if result.exit_code != 0:
        said = (result.stderr or result.stdout).decode("utf-8", "replace").strip()
        return sanitize(said, limit=200) or f"{result.argv[0]} ended with {result.exit_code}"
    return ""
