"""The header line of every screen: identity and verdicts at the left, the clock at the right.

The clock is a widget apart so that its steps repaint a dozen cells and not the line.
"""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget

from cockpit.rows import Glyphs, Row, Span, Tone, View
from cockpit_widgets.line_pane import OneLine
from cockpit_widgets.rows.status import Frame, clock_text, top

_CLOCK_FROM = 36
"""Cells from which on there is room for a clock: the words of a verdict come first."""


class BoardHeader(Widget):
    """The header line: RUN, GO-LIVE, operator, host and checkout, and the time."""

    DEFAULT_CSS = """
    BoardHeader { layout: horizontal; height: 1; background: ansi_default; }
    BoardHeader > #clock { width: 14; }
    """

    def __init__(self, glyphs: Glyphs, *, id: str = "top") -> None:
        super().__init__(id=id)
        self._text = OneLine(glyphs=glyphs, id="identity")
        self._clock = OneLine(glyphs=glyphs, id="clock")

    def compose(self) -> ComposeResult:
        yield self._text
        yield self._clock

    def on_resize(self, event: events.Resize) -> None:
        self._clock.display = event.size.width >= _CLOCK_FROM

    def show(self, view: View, frame: Frame) -> int:
        """Show this view; returns how many of the two lines changed."""
        clock = clock_text(view.now, view.zone)
        row = Row("", ("",), tail=Span(clock, Tone.STRONG))
        changed = self._clock.show([row])
        return changed + self._text.present(lambda width: top(view, frame, width))
