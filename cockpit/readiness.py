"""GO-LIVE in words: one table and one way to say what makes it so, for every face.

Pure, and free of kinds: it asks the observations behind the roll-up for the numbers that they
publish as metrics, `done` of `total` for items and `proven` of `total` for parts. Only like things
are counted together: gates with gates, items with items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cockpit.model import Board, Concern, DoubtKind, Observation, Verdict

WORDS = {
    Verdict.OK: "YES",
    Verdict.WARN: "NOT YET",
    Verdict.FAIL: "NO",
    Verdict.UNKNOWN: "NOT KNOWN",
}
"""What each verdict of the readiness roll-up is called."""


@dataclass(frozen=True, slots=True)
class GoLive:
    """The word, and the counts that make it so, the most telling first; `because` joins them.

    `places` names each probe that is not OK with its own numbers (`PLAN 1/5 items`).
    """

    word: str
    counts: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @property
    def because(self) -> str:
        """All counts, `1 of 3 gates green, 12 items open`; empty where nothing is counted."""
        return ", ".join(self.counts)


def go_live(board: Board) -> GoLive:
    """GO-LIVE as `board` has it."""
    rollup = board.readiness
    seen = [board.observations[name] for name in rollup.probes if name in board.observations]
    kinds = [[o for o in seen if o.kind == kind] for kind in dict.fromkeys(o.kind for o in seen)]
    counts = [text for alike in sorted(kinds, key=_telling) for text in _counts(alike)]
    by_exit = sum(_by_exit_code_alone(one) for one in seen)
    if by_exit:
        counts.append(f"{by_exit} by exit code alone")
    if unseen := len(rollup.probes) - len(seen):
        counts.append(f"{unseen} not observed yet")
    return GoLive(
        WORDS[rollup.verdict],
        tuple(counts),
        tuple(_place(one) for one in seen if one.verdict is not Verdict.OK),
    )


def unexplained(board: Board) -> str:
    """Why GO-LIVE is not YES where no problem says it: `GO-LIVE NOT YET: PLAN 1/5 items`.

    Empty when it is YES, when a problem says why, and while probes have not answered. That nothing
    speaks of it at all is said where there is no problem of any sort.
    """
    if board.readiness.verdict is Verdict.OK or board.waiting:
        return ""
    if any(problem.concern is Concern.READINESS for problem in board.problems):
        return ""
    if board.problems and not board.readiness.probes:
        return ""
    said = go_live(board)
    why = ", ".join(said.places) or "nothing that is watched here speaks of it"
    return f"GO-LIVE {said.word}: {why}"


def _counts(alike: Sequence[Observation]) -> list[str]:
    """What is to be counted of observations of one kind."""
    lists = [one for one in alike if _has_items(one)]
    others = [one for one in alike if not _has_items(one)]
    told: list[str] = []
    if len(others) == 1 and (parts := _numbers(others[0], "proven")) is not None:
        told.append(f"{parts[0]}/{parts[1]} proven")
    elif others:
        green = sum(one.verdict is Verdict.OK for one in others)
        many = "" if len(others) == 1 else "s"
        told.append(f"{green} of {len(others)} {others[0].kind}{many} green")
    left = sum(_open(one) for one in lists)
    if left:
        told.append(f"{left} item{'s' if left > 1 else ''} open")
    told.extend(
        f"{one.probe} {one.verdict}"
        for one in lists
        if not _open(one) and one.verdict is not Verdict.OK
    )
    return told


def _by_exit_code_alone(one: Observation) -> bool:
    return one.verdict is Verdict.OK and any(d.kind is DoubtKind.EXIT_ONLY for d in one.doubts)


def _telling(alike: Sequence[Observation]) -> int:
    """Where a kind's counts stand: what proves readiness, then what is to be done, then the rest.

    A narrow screen has room for the first.
    """
    if any(_numbers(one, "proven") is not None for one in alike):
        return 0
    return 1 if any(_has_items(one) for one in alike) else 2


def _has_items(one: Observation) -> bool:
    return _numbers(one, "done") is not None


def _open(one: Observation) -> int:
    """Items to be done yet; none are known of a list that is out of date."""
    counted = _numbers(one, "done")
    if counted is None or any(doubt.kind is DoubtKind.STALE for doubt in one.doubts):
        return 0
    return counted[1] - counted[0]


def _place(one: Observation) -> str:
    if any(doubt.kind is DoubtKind.STALE for doubt in one.doubts):
        return f"{one.probe} out of date"
    for name, what in (("done", "items"), ("proven", "proven")):
        if (counted := _numbers(one, name)) is not None:
            return f"{one.probe} {counted[0]}/{counted[1]} {what}"
    return f"{one.probe} {one.verdict}"


def _numbers(one: Observation, name: str) -> tuple[int, int] | None:
    """The metric `name` and what it is of; None unless both are there and there is any at all."""
    count, total = one.metrics.get(name), one.metrics.get("total")
    return None if count is None or not total else (int(count), int(total))
