"""Judges what was read of a disk. Pure."""

from __future__ import annotations

from cockpit.model import Finding, Verdict
from disk_kind.facts import DiskFacts


def judge(facts: DiskFacts, fail_above: float) -> Finding:
    """Judge how full a disk is against the percent it may be."""
    full = facts.used_percent > fail_above
    return Finding(
        key="disk",
        verdict=Verdict.FAIL if full else Verdict.OK,
        subject="disk",
        text=f"{facts.used_percent:.0f} % in use, at most {fail_above:g} %",
        title="DISK FULL" if full else "",
        next_act="make room, or raise fail_above" if full else "",
        facts=facts,
    )
