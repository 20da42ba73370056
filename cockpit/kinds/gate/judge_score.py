"""From a score that was counted somewhere to a verdict: the one place for all sources. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.counts import Score, notes
from cockpit.kinds.gate.evaluate import Tally, judge_share, judge_tally, nothing, retold
from cockpit.kinds.gate.facts import ScoreFacts
from cockpit.kinds.gate.table import GateTable
from cockpit.model import Doubt, DoubtKind, Verdict


def judge_score(
    score: Score, table: GateTable, *, conflicts: Sequence[str] = (), cause: str = ""
) -> Judgement:
    """The gate over a counted score. `conflicts` are what the same source says against it."""
    if not score.measured:
        skipped = score.counts.skipped
        text = f"all {skipped} skipped: {score.line}" if skipped else score.line
        return nothing("GATE RED", f"nothing was measured: {text}", DoubtKind.VACUOUS, cause=cause)
    if score.share is not None:
        judged = judge_share(score.share, table.passes, said=score.line, cause=cause)
    else:
        met = min(score.met, score.total)
        judged = judge_tally(Tally(met, met, 0, score.total), table.passes, cause=cause)
    judged = _with_notes(judged, score, table.skips)
    judged = replace(judged, basis={**judged.basis, "score": score.line})
    told = list(conflicts[:5])
    if score.share is None and score.met > score.total:
        told.append(f"more met than there are: “{score.line}”")
    return not_believed(judged, told)


def not_believed(judged: Judgement, conflicts: Sequence[str]) -> Judgement:
    """Take an OK away from what the same source also says otherwise."""
    if not conflicts:
        return judged
    verdict = Verdict.UNKNOWN if judged.verdict is Verdict.OK else judged.verdict
    text = f"{judged.headline}; {conflicts[0]}"
    doubts = [Doubt(DoubtKind.CONTRADICTS, conflict) for conflict in conflicts[:5]]
    return retold(judged, verdict, text, doubts)


def not_all_ran(judged: Judgement, absent: Sequence[str]) -> Judgement:
    """Whatever was counted, the tests that had to run are not seen among it."""
    text = f"must have run, and no line tells of it: {', '.join(absent[:3])}"
    verdict = Verdict.UNKNOWN if judged.verdict is Verdict.OK else judged.verdict
    doubt = Doubt(DoubtKind.NOTHING_MEASURED, text)
    return retold(judged, verdict, f"{judged.headline}; {text}", [doubt])


def _with_notes(judged: Judgement, score: Score, expected_skips: int) -> Judgement:
    """What stands beside the count: skips with the other denominator, expected failures, …"""
    told = "; ".join(notes(score))
    text = f"{judged.headline}; {told}" if told else judged.headline
    counts = score.counts
    doubts: list[Doubt] = []
    verdict = judged.verdict
    if counts.skipped > expected_skips:
        if verdict is Verdict.OK and counts.skipped > score.total:
            doubts.append(Doubt(DoubtKind.VACUOUS, f"more than half was skipped: {told}"))
            verdict = Verdict.UNKNOWN
        else:
            expected = f", {expected_skips} expected" if expected_skips else ""
            doubts.append(Doubt(DoubtKind.SKIPPED, f"{counts.skipped} skipped{expected}"))
    if counts.flaky:
        doubts.append(Doubt(DoubtKind.FLAKY, f"{counts.flaky} green only at a second try"))
    judged = retold(judged, verdict, text, doubts)
    first, *rest = judged.findings
    facts = first.facts
    assert isinstance(facts, ScoreFacts), "the first finding of a gate is its score"
    facts = replace(facts, skipped=counts.skipped or None)
    metrics = {**judged.metrics, **({"skipped": float(counts.skipped)} if counts.skipped else {})}
    return replace(judged, findings=(replace(first, facts=facts), *rest), metrics=metrics)
