"""`LinePane`, the base of every pane: rows in, and only the lines that differ are sent to the
terminal.

A pane is a function from its state (rows, banner, filter, cursor, size) to as many lines as it is
high. Whatever changes the state, the new lines are compared with the painted ones and only those
that differ are refreshed. That is why it keeps its own offset instead of a `ScrollView`'s: a
virtual size that changes repaints the whole pane each time a row comes or goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from cockpit.model import Observation
from cockpit.rows import UNICODE, Column, Glyphs, Line, Row, Span, Tone
from cockpit_widgets.line_render import changed, draw, fit, merge, reach, width_of
from cockpit_widgets.list_state import ListState
from cockpit_widgets.textual_internals import QuietFocusWidget

Source: TypeAlias = tuple[tuple[Observation, ...], bool]
"""The observations a pane's rows were made of, and whether others were still awaited."""

_MadeOf: TypeAlias = tuple[Row, Span, Span]
"""A row, its margin and its mark."""
_GUTTER = 2
_LABEL = 10
_TITLES_FROM = 8
_STRIPS_KEPT = 256


class PaneMessage(Message):
    """A message of a pane about the row `key`."""

    def __init__(self, pane: LinePane, key: str) -> None:
        super().__init__()
        self.pane = pane
        self.key = key

    @property
    def control(self) -> LinePane:
        return self.pane


class LinePane(QuietFocusWidget):
    """Rows of text under a banner line, with a cursor and a filter (see `ListState`).

    A `steady` cursor is drawn without focus too. A pane that is not `focusable` has no cursor and
    no margin.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LinePane { width: 1fr; height: 1fr; background: ansi_default; color: ansi_default; }
    """

    class Moved(PaneMessage):
        """The operator moved the cursor."""

    class Opened(PaneMessage):
        """The operator wants to know more about the row `key`."""

    class Acted(PaneMessage):
        """The operator wants `intent` done to the row `key`."""

        def __init__(self, pane: LinePane, key: str, intent: str) -> None:
            super().__init__(pane, key)
            self.intent = intent

    def __init__(
        self,
        *,
        columns: Sequence[Column] = (),
        label: str = "",
        glyphs: Glyphs = UNICODE,
        focusable: bool = True,
        sticky_top: bool = False,
        steady: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.can_focus = focusable
        self.columns = tuple(columns)
        self.label = label
        self.glyphs = glyphs
        self.source: Source | None = None
        self._steady = steady
        self._list = ListState(sticky_top=sticky_top)
        self._marked: set[str] = set()
        self._banner: Line = ()
        self._shown: tuple[object, ...] = ()
        self._painted: list[Line] = []
        self._painted_size = Size(0, 0)
        self._strips: dict[Line, Strip] = {}
        # The lines of the last picture, by what they were made of: most rows stay as they are.
        self._drawn: dict[_MadeOf, Line] = {}
        self._drawing: dict[_MadeOf, Line] = {}
        self._drawn_for: tuple[int, tuple[Column, ...]] = (0, ())

    # Rows and filter

    def show(self, rows: Sequence[Row], banner: Sequence[Span] = ()) -> int:
        """Show these rows; returns how many lines have to be repainted for it."""
        said = (tuple(rows), tuple(banner), self.columns, self.size)
        if said == self._shown:
            return 0
        self._shown = said
        self._banner = tuple(banner)
        if said[0] != self._list.rows:
            before = self._list.key
            self._list.replace(rows)
            if self.has_focus and before and self._list.key != before:
                self._list.cursor_lost = (
                    True  # also where an untouched cursor moved on to the next row
                )
        return self._repaint()

    def set_filter(self, needle: str) -> int:
        """Show only rows that hold `needle`; an empty one shows all. Returns lines repainted."""
        self._list.set_filter(needle)
        return self._repaint()

    def reset(self) -> None:
        """Clear the filter and put the cursor back to its resting place."""
        self._list.reset()

    @property
    def filter(self) -> str:
        """The text that shown rows hold; empty without a filter."""
        return self._list.filter

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, filtered or not."""
        return self._list.rows

    # Cursor

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self._list.row

    @property
    def cursor_key(self) -> str:
        """The key under the cursor, empty when there is none."""
        return self._list.key

    @property
    def page(self) -> int:
        """The number of rows a page key moves by."""
        return max(1, self._row_space - 1)

    def move(self, steps: int) -> int:
        """Move the cursor by that many rows that have a key; returns lines repainted."""
        self._list.move(steps)
        return self._moved()

    def select(self, key: str) -> bool:
        """Put the cursor on the row of that key; False when it is not shown."""
        found = self._list.select(key)
        self._moved()
        return found

    def open_row(self) -> None:
        """Post `Opened` for the row under the cursor."""
        if self.cursor_key:
            self.post_message(self.Opened(self, self.cursor_key))

    def act(self, intent: str) -> None:
        """Post `Acted` with `intent` for the row under the cursor."""
        self._list.pin()
        self.post_message(self.Acted(self, self.cursor_key, intent))

    def mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        if self.cursor_key:
            self._list.pin()
            self._marked ^= {self.cursor_key}
            self._repaint()

    def unmark(self) -> bool:
        """Take every mark away; False when there was none."""
        had, self._marked = bool(self._marked), set()
        self._repaint()
        return had

    @property
    def marking(self) -> bool:
        """Whether something was marked, be it there still or not."""
        return bool(self._marked)

    @property
    def marked(self) -> tuple[str, ...]:
        """Keys of the marked rows that are still there, in the order of the rows."""
        return tuple(row.key for row in self._list.rows if row.key in self._marked)

    def set_steady(self, on: bool) -> None:
        """Set whether the cursor is drawn without focus too."""
        if on is not self._steady:
            self._steady = on
            self._repaint()

    def take_cursor_lost(self) -> bool:
        """Whether the cursor's row went away by itself since it was last moved; true only once."""
        lost, self._list.cursor_lost = self._list.cursor_lost, False
        return lost

    def _moved(self) -> int:
        self.post_message(self.Moved(self, self.cursor_key))
        return self._repaint()

    # Drawing

    @property
    def _banner_lines(self) -> int:
        return 1 if self.label or self._banner or self.filter else 0

    @property
    def _title_lines(self) -> int:
        """Column titles are worth a line where there are lines to spare."""
        titled = any(column.title for column in self.columns)
        return 1 if titled and self.size.height >= _TITLES_FROM else 0

    @property
    def _row_space(self) -> int:
        return max(0, self.size.height - self._banner_lines - self._title_lines)

    def _repaint(self) -> int:
        """Compare the present lines with the painted ones; refresh those that differ."""
        if not self.size:
            return 0
        width = self.size.width
        before, self._painted = self._painted, self.compose_lines()
        dirty = changed(before, self._painted)
        if dirty:
            # A region can be cut short on its right side only: on the left the strip is whole.
            sizes = [
                reach(before[index], self._painted[index]) if index < len(before) else width
                for index in dirty
            ]
            regions = zip(dirty, sizes, strict=True)
            self.refresh(*(Region(0, index, size, 1) for index, size in regions if size))
        return len(dirty)

    def compose_lines(self) -> list[Line]:
        """The lines of the pane now, each as wide as the pane."""
        self._painted_size = self.size
        width, height = self.size
        room = self._row_space
        self._list.scroll(room)
        lines: list[Line] = []
        if self._banner_lines:
            lines.append(self._banner_line(width))
        if self._title_lines:
            lines.append(self._title_line(width))
        last = min(len(self._list.visible), self._list.top + room)
        drawn_for = (width, self.columns)
        if drawn_for != self._drawn_for:
            self._drawn, self._drawn_for = {}, drawn_for
        self._drawing = {}
        lines.extend(self._row_line(index, width) for index in range(self._list.top, last))
        self._drawn = self._drawing
        blank: Line = (Span(" " * width),)
        lines.extend(blank for _ in range(height - len(lines)))
        return lines[:height]

    def _row_line(self, index: int, width: int) -> Line:
        row = self._list.visible[index]
        if not self.can_focus:
            return draw(row, self.columns, width, self.glyphs)
        mark = Span("*", Tone.STRONG) if row.key in self._marked else Span(" ")
        made_of = (row, self._margin(index, row), mark)
        line = self._drawn.get(made_of)
        if line is None:
            body = draw(row, self.columns, max(0, width - _GUTTER), self.glyphs)
            line = merge(fit((*made_of[1:], *body), width, self.glyphs))
        self._drawing[made_of] = line
        return line

    def _margin(self, index: int, row: Row) -> Span:
        """The cursor, or whether rows go on above the first line shown or below the last one."""
        if index == self._list.index and row.key and (self.has_focus or self._steady):
            return Span(self.glyphs.cursor, Tone.STRONG if self.has_focus else Tone.DIM)
        if index == self._list.top + self._row_space - 1 and index < len(self._list.visible) - 1:
            return Span(self.glyphs.below, Tone.DIM)
        if index == self._list.top and index > 0:
            return Span(self.glyphs.above, Tone.DIM)
        return Span(" ")

    def _banner_line(self, width: int) -> Line:
        parts: list[Span] = []
        if self.label:
            key, _, name = self.label.partition(" ")
            parts = [
                Span(key, Tone.STRONG if self.has_focus else Tone.DIM),
                Span(" "),
                Span(name, Tone.LABEL if self.has_focus else Tone.STRONG),
                Span(" " * max(1, _LABEL - width_of([Span(self.label)]))),
            ]
        if self.filter:
            count = sum(1 for row in self.rows if row.key)
            found = f"/{self.filter}  {len(self._list.visible)} of {count}  "
            parts.append(Span(found, Tone.STRONG))
        return merge(fit((*parts, *self._banner), width, self.glyphs))

    def _title_line(self, width: int) -> Line:
        titles = Row("", tuple(column.title for column in self.columns), Tone.DIM)
        body = draw(titles, self.columns, max(0, width - _GUTTER), self.glyphs)
        return merge(fit((Span(" " * _GUTTER), *body), width, self.glyphs))

    def render_line(self, y: int) -> Strip:
        """The strip of line `y`; strips of equal lines are made once."""
        if self._painted_size != self.size:  # a layout draws before its resize event arrives
            self._painted = self.compose_lines()
        if y >= len(self._painted):
            return Strip.blank(self.size.width)
        line = self._painted[y]
        strip = self._strips.get(line)
        if strip is None:
            if len(self._strips) >= _STRIPS_KEPT:
                self._strips.clear()
            segments = [Segment(span.text, STYLES[span.tone]) for span in line]
            strip = self._strips[line] = Strip(segments, width_of(line))
        return strip

    # Events

    def on_resize(self, event: events.Resize) -> None:
        self._repaint()

    def focus_changed(self) -> None:
        self._repaint()

    def on_click(self, event: events.Click) -> None:
        line = event.y - self._banner_lines - self._title_lines
        index = self._list.top + line
        if not self.can_focus or line < 0 or index >= len(self._list.visible):
            return
        if not self._list.visible[index].key:
            return
        if index == self._list.index and self.has_focus:
            self.open_row()
        else:
            self._list.go(index)
            self._moved()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.move(-3)


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
    """A single line without focus."""

    def __init__(self, *, glyphs: Glyphs, id: str) -> None:
        super().__init__(glyphs=glyphs, focusable=False, id=id)


STYLES: Mapping[Tone, Style] = {
    Tone.PLAIN: Style(),
    Tone.DIM: Style(dim=True),
    Tone.STRONG: Style(bold=True),
    Tone.LABEL: Style(bold=True, underline=True),
    Tone.OK: Style(dim=True),
    Tone.WARN: Style(bold=True),
    Tone.UNKNOWN: Style(bold=True, color="magenta"),
    Tone.FAIL: Style(bold=True, reverse=True, color="red"),
}
