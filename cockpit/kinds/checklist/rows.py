"""Checklists: a heading a file and a section, a row an item; the cursor rests on the next one.

Of a section the last heading comes first: where a line is cut, it is not what tells them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from cockpit.kinds.checklist.facts import CLOSED, ItemFacts, PlanFacts, UnreadableFacts
from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import (
    Line,
    PaneRows,
    Row,
    Span,
    Tone,
    View,
    join_key,
    named,
    numbers,
    summary,
)

KINDS = ("checklist",)

_BOXES = {
    "todo": "[ ]",
    "doing": "[~]",
    "done": "[x]",
    "dropped": "[-]",
    "deferred": "[>]",
    "blocked": "[!]",
}
_HEADS = ("status-line", "heading")
"""Forms of items that are the heading of a section."""
_BESIDE = {"emoji": "emoji", "cell": "cell"}
"""What is told of items that progress does not count, if they are no heads of others."""
_STEP = " > "


@dataclass(frozen=True, slots=True)
class _Listed:
    """An item to be drawn: its finding and what that states."""

    finding: Finding
    facts: ItemFacts

    @property
    def closed(self) -> bool:
        """Whether it is no work any more."""
        return self.facts.status in CLOSED

    @property
    def is_head(self) -> bool:
        """Whether it is the heading of a section."""
        return self.facts.form in _HEADS

    @property
    def below(self) -> str:
        """The section that it is the heading of, where it is one."""
        section, own = self.facts.section, self.finding.subject
        return f"{section}{_STEP}{own}" if section else own


def rows(view: View) -> list[Row]:
    """Items in the order of their files."""
    lines: list[Row] = []
    observations = view.board.of_kind(*KINDS)
    for observation in observations:
        lines.extend(_file(view, observation, several=len(observations) > 1))
    return lines


def banner(view: View) -> Line:
    """Each file's score in one line."""
    observations = view.board.of_kind(*KINDS)
    if not observations:
        return summary(view, ())
    parts: list[Span] = []
    for observation in observations:
        if parts:
            parts.append(Span("   "))
        parts.extend(_score(view, observation))
    return tuple(parts)


def _score(view: View, observation: Observation) -> Line:
    score = numbers(observation, "done", "total")
    told = f"{score[0]:.0f}/{score[1]:.0f}" if score else view.text(observation.headline)
    flagged = observation.verdict in (Verdict.FAIL, Verdict.UNKNOWN)
    name = named(view, observation) if flagged else (Span(observation.probe),)
    doubts = observation.doubts
    doubt = f"  {doubts[0].text}" if len(doubts) == 1 else ""
    doubt = f"  {len(doubts)} doubts: {doubts[0].text}" if len(doubts) > 1 else doubt
    return (*name, Span(f" {told}{view.text(doubt)}"))


def _file(view: View, observation: Observation, *, several: bool) -> list[Row]:
    lines: list[Row] = []
    listed = list(_listed(observation))
    if several or not listed:
        told = view.text(observation.headline)
        text = (*named(view, observation), Span(f"  {told}", Tone.DIM))
        lines.append(Row(join_key(observation.probe), (text,)))
    if len(observation.doubts) > 1:  # a single one stands in the banner
        lines.extend(
            Row("", ((Span(f"  doubt  {view.text(doubt.text)}", Tone.DIM),),))
            for doubt in observation.doubts
        )
    outline = _Outline([one for one in listed if isinstance(one, _Listed)])
    waiting = True
    for one in listed:
        if isinstance(one, Finding):
            lines.append(_other(view, observation, one))
            continue
        if (heading := outline.heading(one)) is not None:
            lines.append(heading)
        row = _item(view, observation, one, outline)
        if waiting and one.facts.counted and not one.closed:
            waiting = False
            row = replace(row, home=True)
        lines.append(row)
    return lines


def _listed(observation: Observation) -> Iterator[_Listed | Finding]:
    """Items, and what else is worth a line: the plan has rows of its own, and facts that an older
    cockpit stored say nothing here until the file is read again."""
    for finding in observation.findings:
        if isinstance(finding.facts, ItemFacts):
            yield _Listed(finding, finding.facts)
        elif finding.title and not isinstance(finding.facts, PlanFacts):
            yield finding


class _Outline:
    """Sections and tasks above their items. A task with a status line is the head of the boxes
    below its heading: it takes the place of the heading."""

    def __init__(self, items: Sequence[_Listed]) -> None:
        own: dict[str, list[int]] = {}
        for one in items:
            tally = own.setdefault(one.facts.section, [0, 0])
            if one.facts.counted:
                tally[0] += one.closed
                tally[1] += 1
        self._tallies: dict[str, list[int]] = {}
        """Closed items and all, by section with what is under it."""
        for section, (closed, total) in own.items():
            for path in _and_above(section) if total else ():
                tally = self._tallies.setdefault(path, [0, 0])
                tally[0] += closed
                tally[1] += total
        heads = {one.below for one in items if one.is_head}
        self._heads = heads
        self._under = {path for path in own if not heads.isdisjoint(_and_above(path))}
        """Sections in which items stand below a task."""
        self._common = _common(own)
        self._at = ""

    def heading(self, one: _Listed) -> Row | None:
        """The heading to stand above a row, where it begins another section."""
        section = one.facts.section
        if not section or section == self._at:
            return None
        within = self._at.startswith(f"{section}{_STEP}")
        self._at = section
        if section in self._heads or (within and one.is_head):
            return None  # the row of the task says it, or the section goes on with its next task
        *above, own = section.split(_STEP)
        ancestors = list(reversed(above[self._common :]))
        where = f"  in {', '.join(ancestors)}" if ancestors else ""
        told = self._score(section)
        line = (Span(own, Tone.STRONG), Span(f"{told}{where}", Tone.DIM))
        return Row("", (line,))

    def indent(self, one: _Listed) -> str:
        """Boxes stand under the task they belong to."""
        under = one.facts.section in self._under
        return "  " * (min(max(one.facts.depth, 0), 8) + under)

    def below(self, one: _Listed) -> str:
        """The score of the boxes below a task; empty where there are none."""
        return self._score(one.below) if one.is_head else ""

    def finished(self, one: _Listed) -> bool:
        """Whether a task is open although all the boxes below it are closed."""
        done, total = self._tallies.get(one.below, (0, 0))
        return one.is_head and 0 < total == done and not one.closed

    def _score(self, path: str) -> str:
        """How much of what stands under it is closed."""
        tally = self._tallies.get(path)
        return f"  {tally[0]}/{tally[1]}" if tally is not None else ""


def _and_above(section: str) -> list[str]:
    """A section and those around it."""
    parts = section.split(_STEP)
    return [_STEP.join(parts[:n]) for n in range(len(parts), 0, -1)] if section else []


def _common(sections: Collection[str]) -> int:
    """How many headings all sections have in common: said of each of them they say nothing."""
    paths = [section.split(_STEP) for section in sections if section]
    if len(paths) < 2:
        return 0
    steps = takewhile(lambda step: len(set(step)) == 1, zip(*paths, strict=False))
    return sum(1 for _ in steps)


def _other(view: View, observation: Observation, finding: Finding) -> Row:
    """What is no item: the file can't be read, a mirror is still to be written."""
    unreadable = isinstance(finding.facts, UnreadableFacts)
    told = finding.text if unreadable else f"{finding.subject} {finding.text}"
    what = (view.flag(finding.verdict, finding.title), Span(f" {view.text(told)}"))
    return Row(join_key(observation.probe, finding.key), (what,))


def _item(view: View, observation: Observation, one: _Listed, outline: _Outline) -> Row:
    finding, facts = one.finding, one.facts
    box = _BOXES.get(facts.status, "[?]")
    tone = Tone.DIM if one.closed else Tone.PLAIN
    text = (
        Span(f"{outline.indent(one)}{box} {finding.subject}", tone),
        Span(outline.below(one), Tone.DIM),
    )
    loud = (finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN) and facts.counted) or bool(
        finding.title
    )
    word = facts.status if facts.status not in ("todo", "done") else ""
    if finding.title and finding.title != "BLOCKED":
        word = finding.title
    elif outline.finished(one):
        word = f"still {facts.status}"
    elif not facts.counted:
        word = f"{word} {_BESIDE.get(facts.form, '')}".strip()
    where = f"line {facts.line}"
    mark = (view.mark(finding.verdict), Span(" ")) if loud else ()
    tail = (*mark, Span(word, Tone.STRONG if loud else Tone.PLAIN), Span(f" {where:>9}", Tone.DIM))
    key = join_key(observation.probe, finding.key)
    return Row(key, (text,), tone, tail=tail)


PANE = PaneRows(
    id="checklist",
    key="c",
    label="LIST",
    opens="checklists",
    rows=rows,
    banner=banner,
    ageless=True,
)
