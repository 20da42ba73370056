"""The facts of a gate's findings: its score, and each of its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cockpit.facts import FindingFacts, Scalar


@dataclass(frozen=True, slots=True)
class ScoreFacts(FindingFacts, type="gate.score"):
    """The counts of a gate: parts claimed to be met, parts proven, all parts.

    All three are 0 when nothing was counted. `share` is in percent points, where the source gives
    no counts but a share. `skipped` never ran and is not in `total`. `kept_at` (aware UTC) and
    `bytes` are of the copy of a command's output, where one was kept.
    """

    met: int
    proven: int
    total: int
    share: float | None = None
    skipped: int | None = None
    kept_at: datetime | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class PartFacts(FindingFacts, type="gate.part"):
    """One condition of a gate as its source states it: what it needs, what it has, whether met.

    `required` and `current` are in the source's own unit. None: the source does not say.
    """

    required: Scalar = None
    current: Scalar = None
    met: bool | None = None
