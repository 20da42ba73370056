"""What is being done to processes just now, by whom, and what is asked before it is done."""

from __future__ import annotations

from datetime import timedelta

from cockpit.feed import Question
from cockpit.model import Event
from widgets.lines import Row, Span, wrap
from widgets.look import Tone
from widgets.view import View

_AT_MOST = timedelta(minutes=2)
"""An act without an outcome for so long was cut short: nobody is at it any more."""


def under_way(view: View) -> str:
    """`bob@spark is ending 18800` for the newest act that has no outcome yet; empty without one."""
    for event in reversed(view.events):
        if _phase(event) == "outcome" or event.subject == "cockpit":
            continue
        if _phase(event) != "intent" or view.now - event.at > _AT_MOST:
            continue
        act = event.data.get("act")
        if not any(_phase(one) == "outcome" and one.data.get("act") == act for one in view.events):
            return view.text(f"{event.actor} {event.text}")
    return ""


def _phase(event: Event) -> str:
    return str(event.data.get("phase", "")) if event.kind == "process" else ""


def question_rows(view: View, question: Question, width: int, most: int) -> list[Row]:
    """What would happen, wrapped, in `most` lines; the last one says when there are more."""
    rows: list[Row] = []
    for line in question.lines:
        for number, part in enumerate(wrap(view.text(line), max(20, width - 2))):
            tone = Tone.STRONG if number == 0 else Tone.PLAIN
            rows.append(Row(f"question {len(rows)}", (Span(f"  {part}", tone),)))
    if len(rows) <= most:
        return rows
    left_out = len(rows) - most + 1
    more = Span(f"  and {left_out} lines more: a higher terminal shows them", Tone.WARN)
    return [*rows[: most - 1], Row("question more", (more,))]
