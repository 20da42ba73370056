"""What a run of tests or checks came to, in numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,9})"
"""A count as people write it: `1850` or `1,850`."""


def count_of(text: str) -> int:
    """The number of a text that matches `NUMBER`."""
    return int(text.replace(",", ""))


@dataclass(frozen=True, slots=True)
class Counts:
    """The outcomes of one run, each counted apart.

    `expected` are failures that the tests themselves expect (xfail), `unexpected` tests that passed
    although a failure was expected and that their runner lets pass; neither is a failure. `skipped`
    holds what is disabled as well; `deselected` was never asked for.
    """

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    expected: int = 0
    unexpected: int = 0
    deselected: int = 0
    flaky: int = 0

    @property
    def met(self) -> int:
        """What ran and ended as it should."""
        return self.passed + self.expected + self.unexpected

    @property
    def total(self) -> int:
        """What ran."""
        return self.met + self.failed + self.errors

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One run in an output: its counts, the closing line they stand on, and that line's place.

    `conflict` is what the same output says against them.
    """

    counts: Counts
    line: str
    at: int
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """`met` of `total` that ran, and the line it stands on.

    `share` stands instead of a count where the output gives only percent points. `closing` is the
    place of a test runner's closing line: only it and what comes after it speak for the run. None:
    every line does. `seen` tells outcomes apart where no summary came (`1 PASS, 1 ERROR`).
    """

    met: int
    total: int
    line: str
    share: Fraction | None = None
    counts: Counts = Counts()
    closing: int | None = None
    conflicts: tuple[str, ...] = ()
    seen: str = ""

    @property
    def full(self) -> bool:
        """Everything met, and something was there to be met."""
        return self.share >= 100 if self.share is not None else self.met >= self.total > 0

    @property
    def measured(self) -> bool:
        """Whether anything ran at all."""
        return self.share is not None or self.total > 0

    @property
    def all(self) -> int:
        """What would have run with nothing skipped."""
        return self.total + self.counts.skipped


def sum_of(runs: Iterable[Run]) -> Score | None:
    """All runs of one runner as one score; None where there is none."""
    found = list(runs)
    if not found:
        return None
    counts = sum((run.counts for run in found), Counts())
    line = found[-1].line if len(found) == 1 else f"{len(found)} runs, the last: {found[-1].line}"
    conflicts = tuple(run.conflict for run in found if run.conflict)
    at = max(run.at for run in found)
    return Score(counts.met, counts.total, line, None, counts, at, conflicts)


def notes(score: Score) -> Iterator[str]:
    """What stands beside the score: skipped, expected failures and the like, where there are any.

    `2 of 126 with skips`, `1 expected failure`, `3 deselected`.
    """
    counts = score.counts
    if counts.skipped:
        yield f"{score.met} of {score.all} with skips"
    for amount, one, many in (
        (counts.errors, "error", "errors"),
        (counts.expected, "expected failure", "expected failures"),
        (counts.unexpected, "unexpected pass", "unexpected passes"),
        (counts.deselected, "deselected", "deselected"),
        (counts.flaky, "green only at a second try", "green only at a second try"),
    ):
        if amount:
            yield f"{amount} {one if amount == 1 else many}"


def tally_of_words(words: Iterable[str]) -> str:
    """How often each outcome came: `3 PASS, 1 ERROR`, the good ones first."""
    counted: dict[str, int] = {}
    for word in words:
        counted[word] = counted.get(word, 0) + 1
    ordered = sorted(counted.items(), key=lambda pair: (pair[0] != "PASS", pair[0]))
    return ", ".join(f"{count} {word}" for word, count in ordered)


def numbers_before_words(text: str) -> dict[str, int]:
    """The counts of a line such as `3 failed, 5 passed`, by their word without a plural's s."""
    return {
        word.lower().rstrip("s"): count_of(amount)
        for amount, word in re.findall(rf"({NUMBER}) ([A-Za-z]+)", text)
    }
