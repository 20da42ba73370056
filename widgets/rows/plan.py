"""The plan of the checklists: what can start now, what waits for what, the critical path."""

from __future__ import annotations

from cockpit.model import Finding, Observation, Verdict
from widgets.lines import Line, Row, Span
from widgets.look import Tone
from widgets.rows.common import named
from widgets.view import View, fact, join_key

KINDS = ("checklist",)
_PARTS = (
    ("ready", "can start now"),
    ("doing", "under way"),
    ("blocked", "can not start yet"),
    ("path", "critical path"),
    ("parallel", "may run at the same time"),
    ("problem", "not clear in the plan"),
)


def rows(view: View) -> list[Row]:
    """A heading a checklist and a part, a row a task."""
    lines: list[Row] = []
    for observation in view.board.of_kind(*KINDS):
        lines.append(Row(join_key(observation.probe), (_head(view, observation),)))
        planned = [one for one in observation.findings if fact(one, "plan")]
        if planned:
            for part, heading in _PARTS:
                lines.extend(_part(view, observation, planned, part, heading))
        else:
            lines.append(_without_plan(observation))
    return lines or [Row("", ("no checklist is configured",), Tone.DIM)]


def banner(view: View) -> Line:
    """How much can start."""
    ready = sum(
        fact(one, "plan") == "ready"
        for observation in view.board.of_kind(*KINDS)
        for one in observation.findings
    )
    return (Span(f"{ready} can start now", Tone.DIM),) if ready else ()


def _head(view: View, observation: Observation) -> Line:
    told = view.text(observation.headline)
    return (*named(view, observation), Span(f"  {told}", Tone.DIM))


def _part(
    view: View, observation: Observation, planned: list[Finding], part: str, heading: str
) -> list[Row]:
    mine = [one for one in planned if fact(one, "plan") == part]
    if not mine:
        return []
    whole = next((one for one in mine if part == "path" and one.key.endswith(":0")), None)
    told = f"  {whole.text}" if whole is not None else ""
    lines = [Row("", ((Span(heading, Tone.STRONG), Span(told, Tone.DIM)),))]
    lines += [_task(view, observation, one) for one in mine if one is not whole]
    return lines


def _task(view: View, observation: Observation, one: Finding) -> Row:
    told = one.text and fact(one, "plan") in ("blocked", "parallel")
    why = f"  {view.text(one.text)}" if told else ""
    line = fact(one, "line")
    where = f"line {line}" if line else ""
    text = (Span(f"  {one.subject}"), Span(why, Tone.DIM))
    tail = (Span(fact(one, "hours")), Span(f" {where:>9}", Tone.DIM))
    key = join_key(observation.probe, one.key)
    return Row(key, (text,), tail=tail, home=fact(one, "plan") == "ready")


def _without_plan(observation: Observation) -> Row:
    """Where nothing depends on anything, the first open item is the next one."""
    for one in observation.findings:
        if one.verdict is not Verdict.OK and fact(one, "status") in ("todo", "doing"):
            return Row(
                join_key(observation.probe, one.key),
                ((Span("  next: ", Tone.DIM), Span(one.subject)),),
                tail=Span(f"line {fact(one, 'line')}", Tone.DIM),
            )
    return Row("", ((Span("  nothing is open", Tone.DIM)),))
