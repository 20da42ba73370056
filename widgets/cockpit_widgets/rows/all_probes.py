"""The rows of every probe, whatever its kind: verdict, name, kind, headline, when it was seen."""

from __future__ import annotations

from cockpit.model import Observation
from cockpit.rows import Column, Line, Row, Span, Tone, View, bad, join_key

COLUMNS = (
    Column("", 1),
    Column("PROBE", 16),
    Column("KIND", 9),
    Column("GOES", 7, from_width=100),
    Column("HEADLINE", 0),
)


def rows(view: View) -> list[Row]:
    """A row a probe in the order of the config; those still waiting last."""
    lines = [_row(view, one) for one in view.board.observations.values()]
    lines.extend(
        Row(join_key(name), (Span("?", Tone.UNKNOWN), name, "", "", "no answer yet"))
        for name in view.board.waiting
    )
    return lines or [Row("", ("no probe is configured",), Tone.DIM)]


def banner(view: View) -> Line:
    """How many probes there are."""
    return (Span(f"{len(view.board.observations)} probes", Tone.DIM),)


def _row(view: View, one: Observation) -> Row:
    goes = "RUN" if one.affects.value == "run" else "GO-LIVE"
    kinds = ", ".join(dict.fromkeys(doubt.kind.value for doubt in one.doubts))
    doubt = Span(f"  doubt: {kinds}" if kinds else "", Tone.DIM)
    told = (Span(view.text(one.headline)), doubt)
    cells = (view.mark(one.verdict), one.probe, one.kind, goes, told)
    tail = Span(f"seen {view.at(one.observed_at)}", Tone.DIM)
    return Row(join_key(one.probe), cells, tail=tail, home=bad(one.verdict))
