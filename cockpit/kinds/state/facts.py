"""What the findings of a state file state: each switch with its value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cockpit.facts import FindingFacts, Scalar


@dataclass(frozen=True, slots=True)
class SwitchFacts(FindingFacts, type="state.switch"):
    """A switch or a field: where it stands, what it says, what it should say.

    `modified_at` is the file's (UTC, whole seconds); None where the file is not there.
    """

    at: str
    value: Scalar = None
    wanted: tuple[str, ...] = ()
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StateParityFacts(FindingFacts, type="state.parity"):
    """What the file says beside the probes that say otherwise, as `probe: headline`."""

    against: tuple[str, ...] = ()
