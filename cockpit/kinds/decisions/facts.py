"""What the findings of decisions state: the rows that were read, and the stages they ended in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cockpit.facts import FindingFacts


@dataclass(frozen=True, slots=True)
class DecisionFacts(FindingFacts, type="decisions.rows"):
    """The last decisions: rows that count, copies left out, lines that could not be read.

    `no_trace` rows say no stage; `placeholders` stand on a price that stands for a missing one;
    `other_modes` as `TEST 12`. `newest` and `oldest` are UTC in whole seconds, `per_hour` is how
    many come in an hour.
    """

    rows: int
    approved: int
    executed: int | None = None
    copies: int = 0
    unreadable: int = 0
    no_trace: int = 0
    placeholders: int = 0
    other_modes: tuple[str, ...] = ()
    oldest: datetime | None = None
    newest: datetime | None = None
    per_hour: float | None = None


@dataclass(frozen=True, slots=True)
class StageFacts(FindingFacts, type="decisions.stage"):
    """How many of the rows ended in a stage, their share (0 to 1), the top reasons as `why 12`."""

    count: int
    share: float
    reasons: tuple[str, ...] = ()
