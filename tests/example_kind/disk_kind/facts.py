"""What a `disk` probe states."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.facts import FindingFacts


@dataclass(frozen=True, slots=True)
class DiskFacts(FindingFacts, type="disk.usage"):
    """How full a disk is; sizes in bytes, `used_percent` from 0 to 100."""

    total: int
    free: int
    used_percent: float
