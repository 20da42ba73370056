"""The rows of the event timeline, newest first."""

from __future__ import annotations

from cockpit.model import Event, Verdict, named
from cockpit.rows import Column, Line, Row, Span, Tone, View

COLUMNS = (
    Column("", 12),
    Column("", 1),
    Column("", 12, from_width=100),
    Column("", 0),
)


def event_key(event: Event) -> str:
    """The row key of an event; one that is not stored yet is named by what it says."""
    return str(event.seq) if event.seq else f"{event.at.isoformat()} {event.text}"


def rows(view: View) -> list[Row]:
    """A row an event."""
    lines = [_row(view, event) for event in reversed(view.events)]
    return lines or [Row("", ("nothing has happened yet",), Tone.DIM)]


def banner(view: View) -> Line:
    """The order, since a timeline can run either way."""
    return (Span("newest first", Tone.DIM),) if view.events else ()


def _row(view: View, event: Event) -> Row:
    mark = Span(" ")
    tone = Tone.PLAIN
    if event.verdict is not None:
        mark = view.past_mark(event.verdict)
        tone = Tone.OK if event.verdict is Verdict.OK else Tone.PLAIN
    said = view.text(event.text)
    if event.kind != "process" or event.subject not in said:
        subject = event.probe if said.startswith(event.subject) and event.subject else event.subject
        who = named(event.probe, subject) if event.probe else subject
        if who and not said.startswith(who):
            said = f"{who} {said}"
    cells = (Span(view.short(event.at), Tone.DIM), mark, event.kind, said)
    return Row(event_key(event), cells, tone, tail=Span(event.actor, Tone.DIM))


def event_detail(view: View, event: Event) -> list[tuple[str, str]]:
    """Everything an event holds, as pairs of name and text."""
    pairs = [
        ("when", f"{view.at(event.at)} ({view.exact(event.at)} ago)"),
        ("kind", event.kind),
        ("text", view.text(event.text)),
        ("subject", event.subject),
        ("probe", event.probe),
        ("verdict", event.verdict.value if event.verdict else ""),
        ("actor", event.actor),
        ("ticket", event.ticket),
        ("number", str(event.seq) if event.seq else "not stored"),
    ]
    pairs.extend((name, view.text(str(value))) for name, value in event.data.items())
    return [(name, text) for name, text in pairs if text]
