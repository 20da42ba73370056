"""Checklists: a heading a file and a section, a row an item; the cursor rests on the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from cockpit.model import Finding, Observation, Verdict
from widgets.lines import Line, Row, Span
from widgets.look import Tone
from widgets.rows.common import named, summary
from widgets.view import View, fact, join_key, numbers

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
    doubt = f"  {observation.doubts[0].text}" if observation.doubts else ""
    return (*name, Span(f" {told}{view.text(doubt)}"))


def _file(view: View, observation: Observation, *, several: bool) -> list[Row]:
    lines: list[Row] = []
    if several or not observation.findings:
        told = view.text(observation.headline)
        text = (*named(view, observation), Span(f"  {told}", Tone.DIM))
        lines.append(Row(join_key(observation.probe), (text,)))
    waiting = True
    listed = [one for one in observation.findings if not fact(one, "plan")]
    for section, run in groupby(listed, key=lambda one: fact(one, "section")):
        items = list(run)
        if section:
            lines.append(_section(section, items))
        for finding in items:
            row = _item(view, observation, finding)
            if waiting and fact(finding, "status") not in _CLOSED:
                waiting = False
                row = replace(row, home=True)
            lines.append(row)
    return lines


def _section(name: str, items: Sequence[Finding]) -> Row:
    """A heading and how much of what stands under it is closed."""
    closed = sum(1 for one in items if fact(one, "status") in _CLOSED)
    return Row("", ((Span(name, Tone.STRONG), Span(f"  {closed}/{len(items)}", Tone.DIM)),))


def _item(view: View, observation: Observation, finding: Finding) -> Row:
    status = fact(finding, "status")
    key = join_key(observation.probe, finding.key)
    if not status:  # not an item: the file itself could not be read
        told = finding.text if finding.key == "file" else f"{finding.subject} {finding.text}"
        what = (view.flag(finding.verdict, finding.title), Span(f" {view.text(told)}"))
        return Row(key, (what,))
    depth = finding.facts.get("depth")
    indent = "  " * min(depth, 8) if isinstance(depth, int) else ""
    box = _BOXES.get(status, "[?]")
    tone = Tone.DIM if status in _CLOSED else Tone.PLAIN
    text = (Span(f"{indent}{box} {finding.subject}", tone),)
    loud = finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN) or bool(finding.title)
    word = status if status not in ("todo", "done") else ""
    if finding.title and finding.title != "BLOCKED":
        word = finding.title
    where = f"line {fact(finding, 'line')}"
    mark = (view.mark(finding.verdict), Span(" ")) if loud else ()
    tail = (*mark, Span(word, Tone.STRONG if loud else Tone.PLAIN), Span(f" {where:>9}", Tone.DIM))
    return Row(key, (text,), tone, tail=tail)
