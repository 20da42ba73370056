"""From the parts of a gate to its verdict: what is met, what of that is proven. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cockpit.facts import Facts, Scalar
from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.facts import PartFacts, ScoreFacts
from cockpit.model import Doubt, DoubtKind, Finding, Verdict


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a gate as the source states it.

    `met` is None when the source does not say. `objection` is why a claim of being met proves
    nothing, `objection_kind` what sort of reason that is.
    """

    name: str
    met: bool | None
    required: Scalar = None
    current: Scalar = None
    objection: str = ""
    objection_kind: DoubtKind = DoubtKind.VACUOUS

    @property
    def proven(self) -> bool:
        """Met, and nothing speaks against believing it."""
        return self.met is True and not self.objection

    @property
    def verdict(self) -> Verdict:
        """OK when proven, FAIL when not met, UNKNOWN in between."""
        if self.met is False:
            return Verdict.FAIL
        return Verdict.OK if self.proven else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Tally:
    """Claimed, proven and unknown parts of a total."""

    met: int
    proven: int
    unknown: int
    total: int

    @staticmethod
    def of(parts: Sequence[Part]) -> Tally:
        """Count these parts."""
        proven = sum(part.proven for part in parts)
        unknown = sum(part.verdict is Verdict.UNKNOWN for part in parts)
        return Tally(sum(part.met is True for part in parts), proven, unknown, len(parts))


def needed(passes: int | float | str, total: int) -> int:
    """How many of `total` parts must be met: all of them, a count, or a share rounded up."""
    if passes == "all":
        return total
    if isinstance(passes, str):
        return math.ceil(Fraction(passes.rstrip("%")) * total / 100)
    return math.ceil(passes)


def decide(passes: int | float | str, tally: Tally) -> Verdict:
    """OK when enough is proven, FAIL when it can't be reached, UNKNOWN when it may be."""
    need = needed(passes, tally.total)
    if tally.total <= 0 or need <= 0:
        return Verdict.UNKNOWN
    if tally.proven >= need:
        return Verdict.OK
    return Verdict.UNKNOWN if tally.proven + tally.unknown >= need else Verdict.FAIL


def judge_parts(
    parts: Sequence[Part],
    passes: int | float | str,
    *,
    source: str,
    cause: str,
    doubts: Sequence[Doubt] = (),
) -> Judgement:
    """The gate over `parts`. `source` names what makes the claims (`file`, `output`)."""
    tally = Tally.of(parts)
    objections = [part for part in parts if part.met is True and part.objection]
    kinds = [part.objection_kind for part in objections]
    if decide(passes, tally) is Verdict.OK:
        # What the score does not need must not take the ground from under it.
        kinds = [DoubtKind.CONTRADICTS for _ in kinds]
    judged = judge_tally(tally, passes, cause=cause)
    text = judged.headline
    if tally.met != tally.proven:
        why = ", ".join(f"{part.name} {part.objection}" for part in objections[:3])
        text += f"; {source} says {tally.met}/{tally.total}: {why}"
    told = [
        Doubt(kind, f"{part.name}: {part.objection}")
        for kind, part in zip(kinds, objections, strict=True)
    ]
    judged = retold(judged, judged.verdict, text, [*doubts, *told])
    return replace(judged, findings=(*judged.findings, *part_findings(parts)))


_ACTS = {
    Verdict.FAIL: "mend what is not met, then have the gate measured again",
    Verdict.UNKNOWN: "have what is not proven measured, and its figures reported",
}


def judge_tally(tally: Tally, passes: int | float | str, *, cause: str) -> Judgement:
    """The gate over bare counts."""
    verdict = decide(passes, tally)
    text = f"{tally.proven}/{tally.total} proven"
    doubts: tuple[Doubt, ...] = ()
    if tally.total > 0 and needed(passes, tally.total) <= 0:
        text += f"; `pass` asks for {passes}, which nothing can miss"
        doubts = (Doubt(DoubtKind.VACUOUS, f"`pass` asks for {passes}"),)
    counts: dict[str, int] = {"met": tally.met, "proven": tally.proven, "total": tally.total}
    score = Finding(
        key="score",
        verdict=verdict,
        subject="score",
        text=text,
        title="" if verdict is Verdict.OK else "GATE RED",
        cause=cause,
        next_act=_ACTS.get(verdict, ""),
        facts=ScoreFacts(tally.met, tally.proven, tally.total),
    )
    metrics = {name: float(count) for name, count in counts.items()}
    return Judgement(verdict, text, (score,), doubts, dict(counts), metrics)


def judge_share(share: Fraction, passes: int | float | str, *, said: str, cause: str) -> Judgement:
    """The gate over a bare share, in percent points. It never becomes a count of parts.

    `said` is where it stands; "all" asks for the whole 100 %.
    """
    text = f"{float(share):g} %"
    if not isinstance(passes, str):
        reason = f"“{said}” is a share, `pass` asks for a count"
        return nothing("GATE RED", reason, DoubtKind.NOTHING_MEASURED, cause=cause)
    need = Fraction(100) if passes == "all" else Fraction(passes.rstrip("%"))
    doubts: tuple[Doubt, ...] = ()
    if need <= 0:
        verdict = Verdict.UNKNOWN
        text += f"; `pass` asks for {passes}, which nothing can miss"
        doubts = (Doubt(DoubtKind.VACUOUS, f"`pass` asks for {passes}"),)
    else:
        verdict = Verdict.OK if share >= need else Verdict.FAIL
        text += "" if verdict is Verdict.OK else f" of {float(need):g} %"
    score = Finding(
        key="score",
        verdict=verdict,
        subject="score",
        text=text,
        title="" if verdict is Verdict.OK else "GATE RED",
        cause=cause,
        next_act=_ACTS.get(verdict, ""),
        facts=ScoreFacts(0, 0, 0, share=float(share)),
    )
    points = float(share)
    return Judgement(verdict, text, (score,), doubts, {"share": points}, {"share": points})


def retold(
    judged: Judgement, verdict: Verdict, text: str, doubts: Sequence[Doubt] = ()
) -> Judgement:
    """`judged` with another verdict and text on its score, and further doubts."""
    score, *rest = judged.findings
    title = "" if verdict is Verdict.OK else score.title or "GATE RED"
    act = "" if verdict is Verdict.OK else score.next_act or _ACTS.get(verdict, "")
    score = replace(score, verdict=verdict, text=text, title=title, next_act=act)
    return replace(
        judged,
        verdict=verdict,
        headline=text,
        findings=(score, *rest),
        doubts=(*judged.doubts, *doubts),
    )


def part_findings(parts: Sequence[Part]) -> list[Finding]:
    """A row a part; keys stay distinct when two parts have one name."""
    findings = []
    seen: dict[str, int] = {}
    for part in parts:
        nth = seen[part.name] = seen.get(part.name, 0) + 1
        findings.append(
            Finding(
                key=f"gate:{part.name}" if nth == 1 else f"gate:{part.name}#{nth}",
                verdict=part.verdict,
                subject=part.name,
                text=_part_text(part),
                facts=PartFacts(part.required, part.current, part.met),
            )
        )
    return findings


def _part_text(part: Part) -> str:
    word = {True: "met", False: "not met", None: "not said"}[part.met]
    return f"{word}, {part.objection}" if part.objection and part.met else word


_NOTHING_ACTS = {
    "NO REPORT": "see why there is nothing to read, and whether the config names the right place",
    "GATE RED": "see why the gate measured nothing: as it is, it proves nothing",
}


def nothing(
    title: str,
    text: str,
    kind: DoubtKind,
    *,
    cause: str = "",
    next_act: str = "",
    basis: Facts | None = None,
    verdict: Verdict = Verdict.UNKNOWN,
) -> Judgement:
    """A gate with no score to show: why, and what to do (by default what fits its `title`)."""
    score = Finding(
        key="score",
        verdict=verdict,
        subject="score",
        text=text,
        title=title,
        cause=cause,
        next_act=next_act or _NOTHING_ACTS.get(title, ""),
        facts=ScoreFacts(met=0, proven=0, total=0),
    )
    doubts = (Doubt(kind, text),) if verdict is Verdict.UNKNOWN else ()
    return Judgement(
        verdict, f"{title.lower()}: {text}", (score,), doubts, {**(basis or {}), "total": 0}
    )
