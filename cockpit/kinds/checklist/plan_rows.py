"""The plan of all checklists: what can start now, what waits for what, the critical path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from cockpit.kinds.checklist.facts import (
    CLOSED,
    ItemFacts,
    PlanFacts,
    PlanPart,
    PlanTaskFacts,
    PlanTotalFacts,
)
from cockpit.model import Finding, Observation
from cockpit.rows import Line, PaneRows, Row, Span, Tone, View, fact_text, join_key, named

KINDS = ("checklist",)
_PARTS: tuple[tuple[PlanPart, str], ...] = (
    ("ready", "can start now"),
    ("doing", "under way"),
    ("blocked", "can not start yet"),
    ("path", "critical path"),
    ("parallel", "may run at the same time"),
    ("sequence", "one after the other"),
    ("problem", "not clear in the plan"),
)
_TOLD = ("parallel", "sequence")
"""Parts whose rows say more than the words of the document."""
_WHOLE: tuple[tuple[PlanPart, str], ...] = (("work", "open work"), ("repeated", "IDs"))
"""Parts that are one line for all checklists."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row-to-be: a finding, what it states, and the checklist that told it."""

    observation: Observation
    finding: Finding
    facts: PlanFacts


def rows(view: View) -> list[Row]:
    """One plan: a heading a checklist, then a heading a part and a row a task, whatever its file.

    A checklist in which nothing depends on anything has its first open item among what can start;
    one that is a mirror of another is left out, since that one tells the same.
    """
    observations = _telling(view)
    if not observations:
        return [Row("", ("no checklist is configured",), Tone.DIM)]
    lines = [Row(join_key(one.probe), (_head(view, one),)) for one in observations]
    several = len(observations) > 1
    for part, heading in _PARTS:
        entries = list(_entries(observations, part))
        firsts = [_first(one, several) for one in observations] if part == "ready" else []
        found = list(_tasks(view, entries, several))
        found += [row for row in firsts if row is not None]
        if found:
            told = _whole(observations, part)
            lines.append(Row("", ((Span(heading, Tone.STRONG), Span(told, Tone.DIM)),)))
            lines.extend(found)
    if len(lines) == len(observations):
        lines.append(Row("", (Span("nothing is open", Tone.DIM),)))
    for part, heading in _WHOLE:
        one = _newest(observations, part)
        if one is not None:
            told = " ".join(text for text in (one.subject, one.text) if text)
            line = (Span(heading, Tone.STRONG), Span(f"  {view.text(told)}", Tone.DIM))
            lines.append(Row("", (line,)))
    return lines


def banner(view: View) -> Line:
    """How much can start: tasks of plans, and the next item of each list without one."""
    observations = _telling(view)
    ready = sum(
        isinstance(one.facts, PlanFacts) and one.facts.plan == "ready"
        for observation in observations
        for one in observation.findings
    )
    ready += sum(_first(one, several=False) is not None for one in observations)
    return (Span(f"{ready} can start now", Tone.DIM),) if ready else ()


def _telling(view: View) -> list[Observation]:
    return [one for one in view.board.of_kind(*KINDS) if "mirror_of" not in one.basis]


def _head(view: View, observation: Observation) -> Line:
    told = view.text(observation.headline)
    return (*named(view, observation), Span(f"  {told}", Tone.DIM))


def _entries(observations: Sequence[Observation], part: PlanPart) -> Iterator[_Entry]:
    """What the checklists tell of a part; the critical path in its own order through them."""
    found = [
        _Entry(observation, one, one.facts)
        for observation in observations
        for one in observation.findings
        if isinstance(one.facts, PlanFacts)
        and one.facts.plan == part
        and not isinstance(one.facts, PlanTotalFacts)
    ]
    if part == "path":
        found.sort(key=_order)
    return iter(found)


def _order(entry: _Entry) -> int:
    return (entry.facts.order or 0) if isinstance(entry.facts, PlanTaskFacts) else 0


def _newest(observations: Sequence[Observation], part: PlanPart) -> Finding | None:
    """What holds for all checklists, from the one whose probe ran last."""
    found = [
        (observation.observed_at, one)
        for observation in observations
        for one in observation.findings
        if isinstance(one.facts, PlanTotalFacts) and one.facts.plan == part
    ]
    return max(found, key=lambda each: each[0])[1] if found else None


def _whole(observations: Sequence[Observation], part: PlanPart) -> str:
    one = _newest(observations, part)
    return f"  {one.text}" if one is not None else ""


def _tasks(view: View, entries: Sequence[_Entry], several: bool) -> Iterator[Row]:
    """A row a task; what several in a row wait for stands once above them."""
    for why, run in groupby(entries, key=_why):
        if why:
            yield Row("", ((Span(f"  {view.text(why)}", Tone.DIM),),))
        for entry in run:
            yield _task(entry, several, indent="    " if why else "  ")


def _why(entry: _Entry) -> str:
    return entry.finding.text if entry.facts.plan == "blocked" else ""


def _task(entry: _Entry, several: bool, indent: str) -> Row:
    one, facts = entry.finding, entry.facts
    told = f"  {one.text}" if one.text and facts.plan in _TOLD else ""
    text = (Span(f"{indent}{one.subject}"), Span(told, Tone.DIM))
    where = _where(entry.observation, facts.line, several)
    hours = facts.hours if isinstance(facts, PlanTaskFacts) else ""
    tail = (Span(hours), Span(f" {where:>9}", Tone.DIM))
    key = join_key(entry.observation.probe, one.key)
    return Row(key, (text,), tail=tail, home=facts.plan == "ready")


def _where(observation: Observation, line: int | None, several: bool) -> str:
    """`line 12`; where there are several checklists, which one it is."""
    if line is None or not several:
        return f"line {line}" if line is not None else ""
    return f"{fact_text(observation.basis.get('file')).rpartition('/')[2]}:{line}"


def _first(observation: Observation, several: bool) -> Row | None:
    """The first open item of a checklist in which nothing depends on anything."""
    if any(isinstance(one.facts, PlanFacts) for one in observation.findings):
        return None
    items = [(one, one.facts) for one in observation.findings if isinstance(one.facts, ItemFacts)]
    left = [(one, at) for one, at in items if at.counted and at.status not in CLOSED]
    if not left:
        return None
    first, facts = left[0]
    more = f"  and {len(left) - 1} more open" if len(left) > 1 else ""
    text = (Span("  next: ", Tone.DIM), Span(first.subject), Span(more, Tone.DIM))
    where = _where(observation, facts.line, several)
    key = join_key(observation.probe, first.key)
    return Row(key, (text,), tail=Span(where, Tone.DIM), home=True)


PANE = PaneRows(
    id="plan",
    key="n",
    label="PLAN",
    opens="the plan: what can start, what waits",
    rows=rows,
    banner=banner,
    ageless=True,
    overview=False,
)
