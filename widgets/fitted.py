"""Panes whose rows depend on their width: made anew when the width changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

from widgets.line_pane import LinePane
from widgets.lines import Row
from widgets.look import Glyphs

Make = Callable[[int], Sequence[Row]]


class FittedPane(LinePane):
    """A line pane that asks for its rows with the width it has."""

    _make: Make | None = None

    def present(self, make: Make) -> int:
        """Show what `make(width)` gives now and after each resize; returns lines repainted."""
        self._make = make
        return self.show(make(self.size.width)) if self.size.width else 0

    def on_resize(self, event: events.Resize) -> None:
        if self._make is not None:
            self.show(self._make(event.size.width))


class OneLine(FittedPane):
    """A single line that nobody can focus."""

    def __init__(self, *, glyphs: Glyphs, id: str) -> None:
        super().__init__(glyphs=glyphs, focusable=False, id=id)
