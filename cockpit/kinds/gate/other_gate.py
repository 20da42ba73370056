"""`gate`: another gate's verdict, or how many of its parts are proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cockpit.facts import Facts
from cockpit.kinds.base import Judgement, ProbeContext
from cockpit.kinds.gate.evaluate import nothing
from cockpit.kinds.gate.facts import PartFacts, ScoreFacts
from cockpit.kinds.gate.probe import GateProbe
from cockpit.kinds.gate.table import GateTable
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict, expire

_KEEP_AN_OK = {
    DoubtKind.EXIT_ONLY,
    DoubtKind.SKIPPED,
    DoubtKind.FLAKY,
    DoubtKind.UNCOMPARED,
}
_ACT = "see the other gate: what it lacks is what this one lacks"


class OtherGateProbe(GateProbe):
    """A gate over another gate of the plan. `gates` maps each gate to the one it looks at."""

    local = True

    def __init__(self, table: GateTable, folder: Path, *, gates: Mapping[str, str | None]) -> None:
        super().__init__(table, folder)
        self._other = table.gate or ""
        self._circle = _circle(table.name, gates)

    def depends_on(self) -> tuple[str, ...]:
        # Gates that wait for one another would wake each other for ever.
        return () if self._circle else (self._other,)

    async def run(self, ctx: ProbeContext) -> Observation:
        now = ctx.clock.now()
        basis: Facts = {"gate": self._other}
        seen = ctx.board.get(self._other)
        if self._circle:
            text = f"the gates go round in a circle: {' → '.join(self._circle)}"
            act = "let one of them have a source of its own"
            kind = DoubtKind.NOTHING_MEASURED
            return self.seen(now, nothing("NO REPORT", text, kind, next_act=act, basis=basis))
        if seen is None:
            text = f"{self._other} has not been looked at yet"
            kind = DoubtKind.NOTHING_MEASURED
            return self.seen(now, nothing("NO REPORT", text, kind, basis=basis))
        judged = judge_other(expire(seen, now), self._table.at_least)
        return self.seen(now, replace(judged, basis={**basis, **judged.basis}))


def judge_other(other: Observation, at_least: int | None) -> Judgement:
    """What another gate's observation, as it counts now, comes to. Pure."""
    found = other.finding("score")
    facts = found.facts if found is not None and isinstance(found.facts, ScoreFacts) else None
    facts = ScoreFacts(0, 0, 0) if facts is None else replace(facts, kept_at=None, bytes=None)
    cause = next((finding.cause for finding in other.findings if finding.cause), "")
    verdict, text = other.verdict, f"{other.probe}: {other.headline}"
    doubts = other.doubts
    if at_least is not None:
        verdict, why = _enough(other, facts, at_least)
        text = f"{other.probe}: {facts.proven} proven, {at_least} needed"
        text += f"; {why}" if why else ""
        if verdict is Verdict.OK:
            # What the parts lack beyond those needed is told, and takes nothing away.
            doubts = tuple(
                doubt if doubt.kind in _KEEP_AN_OK else Doubt(DoubtKind.PARTIAL_READ, doubt.text)
                for doubt in doubts
            )
    if verdict is Verdict.UNKNOWN and not doubts:
        doubts = (Doubt(DoubtKind.NOTHING_MEASURED, text),)
    good = verdict is Verdict.OK
    score = Finding(
        key="score",
        verdict=verdict,
        subject="score",
        text=text,
        title="" if good else "GATE RED",
        cause="" if good else cause,
        next_act="" if good else _ACT,
        facts=facts,
    )
    return Judgement(verdict, text, (score,), doubts, {"total": facts.total}, dict(other.metrics))


def _enough(other: Observation, facts: ScoreFacts, at_least: int) -> tuple[Verdict, str]:
    """Whether that many are proven, whatever the other gate itself asks for."""
    parts = [finding for finding in other.findings if isinstance(finding.facts, PartFacts)]
    whole = [
        doubt.text
        for doubt in other.doubts
        if doubt.kind not in _KEEP_AN_OK
        and not any(doubt.text.startswith(f"{part.subject}: ") for part in parts)
    ]
    if whole:
        return Verdict.UNKNOWN, whole[0]
    if facts.total <= 0:
        return Verdict.UNKNOWN, "it counts nothing"
    if facts.proven >= at_least:
        return (Verdict.WARN if other.verdict is Verdict.WARN else Verdict.OK), ""
    open_ = sum(part.verdict is Verdict.UNKNOWN for part in parts)
    possible = facts.proven + open_ >= at_least or (other.verdict is Verdict.UNKNOWN and not parts)
    return (Verdict.UNKNOWN if possible else Verdict.FAIL), ""


def _circle(name: str, gates: Mapping[str, str | None]) -> tuple[str, ...]:
    """The way from a gate back to one that it has passed; empty where it ends."""
    way = [name]
    while (following := gates.get(way[-1])) is not None:
        if following in way:
            return (*way, following)
        way.append(following)
    return ()
