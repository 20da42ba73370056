"""What a cockpit may change: everything, or nothing at all with `--read-only`.

One object is made where a command line is read and handed down to whatever acts: the writer of
checklists, the control of processes and services, the commit, the runner of gate commands, the
requests that create something, the acknowledgements. Each asks it right before the act, so that no
key, verb or second way in can go past it. Looking, and recording what was seen, ask nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

STARTED_SO = "this cockpit was started with --read-only"


READ_ONLY_CAUSE = "read-only"
"""The cause of a finding that was not measured since this cockpit only looks."""


class ReadOnlyError(PermissionError):
    """An act was asked for although this cockpit only looks."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} refused: {STARTED_SO}")


@dataclass(frozen=True, slots=True)
class Permissions:
    """What may be done besides looking and recording."""

    read_only: bool = False

    def demand(self, act: str) -> None:
        """Return when `act` ("ending process 7") may be done. Raises ReadOnlyError."""
        if self.read_only:
            raise ReadOnlyError(act)


ALL_ALLOWED = Permissions()
