"""Checklists: a heading a file and a section, a row an item; the cursor rests on the next one.

Of a section the last heading comes first: where a line is cut, it is not what tells them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import takewhile

from cockpit.model import Finding, Observation, Verdict
from cockpit.rows import (
    Line,
    PaneRows,
    Row,
    Span,
    Tone,
    View,
    fact,
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
_CLOSED = {"done", "dropped"}
_HEADS = ("status-line", "heading")
"""Forms of items that are the heading of a section."""
_BESIDE = {"emoji": "emoji", "cell": "cell"}
"""What is told of items that progress does not count, if they are no heads of others."""
_STEP = " > "


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
    if several or not observation.findings:
        told = view.text(observation.headline)
        text = (*named(view, observation), Span(f"  {told}", Tone.DIM))
        lines.append(Row(join_key(observation.probe), (text,)))
    if len(observation.doubts) > 1:  # a single one stands in the banner
        lines.extend(
            Row("", ((Span(f"  doubt  {view.text(doubt.text)}", Tone.DIM),),))
            for doubt in observation.doubts
        )
    listed = [one for one in observation.findings if not fact(one, "plan")]
    outline = _Outline(listed)
    waiting = True
    for finding in listed:
        if (heading := outline.heading(finding)) is not None:
            lines.append(heading)
        row = _item(view, observation, finding, outline)
        if waiting and _counts(finding) and fact(finding, "status") not in _CLOSED:
            waiting = False
            row = replace(row, home=True)
        lines.append(row)
    return lines


class _Outline:
    """Sections and tasks above their items. A task with a status line is the head of the boxes
    below its heading: it takes the place of the heading."""

    def __init__(self, listed: Sequence[Finding]) -> None:
        items = [one for one in listed if fact(one, "status")]
        own: dict[str, list[int]] = {}
        for one in items:
            tally = own.setdefault(fact(one, "section"), [0, 0])
            if _counts(one):
                tally[0] += fact(one, "status") in _CLOSED
                tally[1] += 1
        self._tallies: dict[str, list[int]] = {}
        """Closed items and all, by section with what is under it."""
        for section, (closed, total) in own.items():
            for path in _and_above(section) if total else ():
                tally = self._tallies.setdefault(path, [0, 0])
                tally[0] += closed
                tally[1] += total
        heads = {_below(one) for one in items if _is_head(one)}
        self._heads = heads
        self._under = {path for path in own if not heads.isdisjoint(_and_above(path))}
        """Sections in which items stand below a task."""
        self._common = _common(own)
        self._at = ""

    def heading(self, finding: Finding) -> Row | None:
        """The heading to stand above a row, where it begins another section."""
        section = fact(finding, "section")
        if not section or section == self._at or not fact(finding, "status"):
            return None
        within = self._at.startswith(f"{section}{_STEP}")
        self._at = section
        if section in self._heads or (within and _is_head(finding)):
            return None  # the row of the task says it, or the section goes on with its next task
        *above, own = section.split(_STEP)
        ancestors = list(reversed(above[self._common :]))
        where = f"  in {', '.join(ancestors)}" if ancestors else ""
        told = self._score(section)
        line = (Span(own, Tone.STRONG), Span(f"{told}{where}", Tone.DIM))
        return Row("", (line,))

    def indent(self, finding: Finding) -> str:
        """Boxes stand under the task they belong to."""
        depth = finding.facts.get("depth")
        under = fact(finding, "section") in self._under
        return "  " * (min(depth if isinstance(depth, int) else 0, 8) + under)

    def below(self, finding: Finding) -> str:
        """The score of the boxes below a task; empty where there are none."""
        return self._score(_below(finding)) if _is_head(finding) else ""

    def finished(self, finding: Finding) -> bool:
        """Whether a task is open although all the boxes below it are closed."""
        done, total = self._tallies.get(_below(finding), (0, 0))
        return _is_head(finding) and 0 < total == done and fact(finding, "status") not in _CLOSED

    def _score(self, path: str) -> str:
        """How much of what stands under it is closed."""
        tally = self._tallies.get(path)
        return f"  {tally[0]}/{tally[1]}" if tally is not None else ""


def _is_head(finding: Finding) -> bool:
    """Whether it is the heading of a section."""
    return finding.facts.get("form") in _HEADS


def _below(finding: Finding) -> str:
    """The section that a heading task is the heading of."""
    section = fact(finding, "section")
    return f"{section}{_STEP}{finding.subject}" if section else finding.subject


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


def _counts(finding: Finding) -> bool:
    """Whether progress counts it: beside boxes it counts nothing else."""
    return bool(fact(finding, "status")) and "counted" not in finding.facts


def _item(view: View, observation: Observation, finding: Finding, outline: _Outline) -> Row:
    status = fact(finding, "status")
    key = join_key(observation.probe, finding.key)
    if not status:  # not an item: the file itself could not be read
        told = finding.text if finding.key == "file" else f"{finding.subject} {finding.text}"
        what = (view.flag(finding.verdict, finding.title), Span(f" {view.text(told)}"))
        return Row(key, (what,))
    box = _BOXES.get(status, "[?]")
    tone = Tone.DIM if status in _CLOSED else Tone.PLAIN
    text = (
        Span(f"{outline.indent(finding)}{box} {finding.subject}", tone),
        Span(outline.below(finding), Tone.DIM),
    )
    loud = (finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN) and _counts(finding)) or bool(
        finding.title
    )
    word = status if status not in ("todo", "done") else ""
    if finding.title and finding.title != "BLOCKED":
        word = finding.title
    elif outline.finished(finding):
        word = f"still {status}"
    elif not _counts(finding):
        word = f"{word} {_BESIDE.get(fact(finding, 'form'), '')}".strip()
    where = f"line {fact(finding, 'line')}"
    mark = (view.mark(finding.verdict), Span(" ")) if loud else ()
    tail = (*mark, Span(word, Tone.STRONG if loud else Tone.PLAIN), Span(f" {where:>9}", Tone.DIM))
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
