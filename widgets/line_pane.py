"""The one base of every pane: rows in, and only the lines that differ go to the terminal.

A pane is a function from its state (rows, banner, filter, cursor, size) to as many lines as it is
high. Whatever changes the state, the new lines are compared with the painted ones and only those
that differ are refreshed. That is why it keeps its own offset instead of a `ScrollView`'s: a
virtual size that changes repaints the whole pane each time a row comes or goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.lines import Column, Line, Row, Span, changed, draw, fit, matching, merge, width_of
from widgets.look import STYLES, UNICODE, Glyphs, Tone

_GUTTER = 2
_TITLES_FROM = 8


class LinePane(Widget):
    """Rows of text with a banner line, a cursor and a filter.

    The cursor follows its row's key. Until somebody moves it, it rests on the first `home` row, or
    the first row that has a key; with `sticky_top` it rests there again when it is moved back to
    the first row, so that a list that grows at the top keeps showing its newest row. A `steady`
    cursor is drawn without focus too.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    LinePane { width: 1fr; height: 1fr; background: ansi_default; color: ansi_default; }
    """

    COLUMNS: ClassVar[tuple[Column, ...]] = ()

    class Opened(Message):
        """The operator wants to know more about the row `key`."""

        def __init__(self, pane: LinePane, key: str) -> None:
            super().__init__()
            self.pane = pane
            self.key = key

        @property
        def control(self) -> LinePane:
            return self.pane

    class Acted(Message):
        """The operator wants `intent` done to the row `key`."""

        def __init__(self, pane: LinePane, key: str, intent: str) -> None:
            super().__init__()
            self.pane = pane
            self.key = key
            self.intent = intent

        @property
        def control(self) -> LinePane:
            return self.pane

    class Moved(Message):
        """The operator moved the cursor."""

        def __init__(self, pane: LinePane) -> None:
            super().__init__()
            self.pane = pane

        @property
        def control(self) -> LinePane:
            return self.pane

    def __init__(
        self,
        *,
        columns: Sequence[Column] | None = None,
        label: str = "",
        glyphs: Glyphs = UNICODE,
        focusable: bool = True,
        sticky_top: bool = False,
        steady: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.can_focus = focusable
        self.columns = tuple(self.COLUMNS if columns is None else columns)
        self.label = label
        self.glyphs = glyphs
        self.filter = ""
        self.lost = False
        """The cursor's row went away by itself since the cursor was last moved."""
        self._sticky_top = sticky_top
        self._steady = steady
        self._rows: tuple[Row, ...] = ()
        self._visible: list[Row] = []
        self._banner: Line = ()
        self._pinned: str | None = None
        self._index = 0
        self._top = 0
        self._painted: list[Line] = []
        self._painted_size = Size(0, 0)
        self._strips: dict[Line, Strip] = {}

    # What is shown

    def show(self, rows: Sequence[Row], banner: Sequence[Span] = ()) -> int:
        """Take these rows; returns how many lines have to be repainted for it."""
        rows = tuple(rows)
        if rows == self._rows and tuple(banner) == self._banner:
            return 0
        self._banner = tuple(banner)
        if rows != self._rows:
            if self._pinned is not None and all(row.key != self._pinned for row in rows):
                self.lost = True
            self._rows = rows
            self._reselect()
        return self._repaint()

    def narrow(self, needle: str) -> int:
        """Show only rows that hold `needle`; an empty one shows all. Returns lines repainted."""
        self.filter = needle
        self._reselect()
        return self._repaint()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, filtered or not."""
        return self._rows

    @property
    def shown_rows(self) -> tuple[Row, ...]:
        """The rows that pass the filter."""
        return tuple(self._visible)

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self._visible[self._index] if self._index < len(self._visible) else None

    @property
    def cursor_key(self) -> str:
        """The key under the cursor, empty when there is none."""
        row = self.cursor_row
        return row.key if row else ""

    # Cursor

    def move(self, steps: int) -> int:
        """Move the cursor by that many rows that have a key; returns lines repainted."""
        self.lost = False
        stops = [index for index, row in enumerate(self._visible) if row.key]
        if not stops:
            return 0
        place = min(range(len(stops)), key=lambda at: abs(stops[at] - self._index))
        return self._go(stops[max(0, min(len(stops) - 1, place + steps))])

    def select(self, key: str) -> bool:
        """Put the cursor on the row of that key; False when it is not shown."""
        for index, row in enumerate(self._visible):
            if row.key == key:
                self.lost = False
                self._go(index)
                return True
        return False

    def forget(self) -> None:
        """Let the cursor rest where an untouched one does, without a filter."""
        self._pinned = None
        self.filter = ""
        self._index = self._top = 0
        self._reselect()

    @property
    def page(self) -> int:
        """Rows a page key moves by."""
        return max(1, self._room - 1)

    def open_row(self) -> None:
        """Ask for more about the row under the cursor."""
        if self.cursor_key:
            self.post_message(self.Opened(self, self.cursor_key))

    def act(self, intent: str) -> None:
        """Ask for `intent` on the row under the cursor."""
        self._pin()
        self.post_message(self.Acted(self, self.cursor_key, intent))

    def _go(self, index: int) -> int:
        self._index = index
        self._pin()
        if self._sticky_top and index == self._first():
            self._pinned = None
        self.post_message(self.Moved(self))
        return self._repaint()

    def _pin(self) -> None:
        self._pinned = self.cursor_key or None

    def _first(self) -> int:
        rows = enumerate(self._visible)
        return next((index for index, row in rows if row.key), 0)

    def _reselect(self) -> None:
        self._visible = matching(self._rows, self.filter)
        rows = self._visible
        if self._pinned is not None:
            places = [index for index, row in enumerate(rows) if row.key == self._pinned]
            if places:
                self._index = min(places, key=lambda index: abs(index - self._index))
                return
            stops = [index for index, row in enumerate(rows) if row.key]
            self._index = min(stops, key=lambda at: abs(at - self._index), default=0)
            self._pin()
            return
        homes = (index for index, row in enumerate(rows) if row.home and row.key)
        self._index = next(homes, self._first())

    # Drawing

    @property
    def _banner_lines(self) -> int:
        return 1 if self.label or self._banner else 0

    @property
    def _title_lines(self) -> int:
        """Column titles are worth a line where there are lines to spare."""
        titled = any(column.title for column in self.columns)
        return 1 if titled and self.size.height >= _TITLES_FROM else 0

    @property
    def _room(self) -> int:
        return max(0, self.size.height - self._banner_lines - self._title_lines)

    def _repaint(self) -> int:
        """Compare what should stand here with what does; refresh the lines that differ."""
        if not self.size:
            return 0
        lines = self.picture()
        dirty = changed(self._painted, lines)
        self._painted = lines
        if dirty:
            self.refresh(*(self._dirty_region(index) for index in dirty))
        return len(dirty)

    def _dirty_region(self, index: int) -> Region:
        return Region(0, index, self.size.width, 1)

    def picture(self) -> list[Line]:
        """The lines that should stand here now, each as wide as the pane."""
        self._painted_size = self.size
        width, height = self.size
        self._scroll()
        lines: list[Line] = []
        if self._banner_lines:
            lines.append(self._banner_line(width))
        if self._title_lines:
            lines.append(self._title_line(width))
        for index in range(self._top, min(len(self._visible), self._top + self._room)):
            lines.append(self._row_line(index, width))
        blank: Line = (Span(" " * width),)
        lines.extend(blank for _ in range(height - len(lines)))
        return lines[:height]

    def _scroll(self) -> None:
        room = self._room
        if self._index < self._top:
            self._top = self._index
        elif self._index >= self._top + room:
            self._top = self._index - room + 1
        self._top = max(0, min(self._top, len(self._visible) - room))
        if self._pinned is None and self._index >= room:
            # At rest the line is shown with what follows it, which says more than what led to it.
            self._top = max(0, min(self._index, len(self._visible) - room))
        # A heading above the first stop has no key; show it rather than hide it for good.
        if self._index == self._first() and self._index < room:
            self._top = 0

    def _row_line(self, index: int, width: int) -> Line:
        row = self._visible[index]
        if not self.can_focus:
            return draw(row, self.columns, width, self.glyphs)
        here = index == self._index and bool(row.key) and (self.has_focus or self._steady)
        tone = Tone.STRONG if self.has_focus else Tone.DIM
        mark = Span(self.glyphs.cursor, tone) if here else Span(" ")
        body = draw(row, self.columns, max(0, width - _GUTTER), self.glyphs)
        return merge(fit((mark, Span(" "), *body), width, self.glyphs))

    def _banner_line(self, width: int) -> Line:
        parts: list[Span] = []
        if self.label:
            key, _, name = self.label.partition(" ")
            parts = [
                Span(key, Tone.STRONG if self.has_focus else Tone.DIM),
                Span(" "),
                Span(name, Tone.LABEL if self.has_focus else Tone.STRONG),
                Span(" " * max(1, 10 - width_of([Span(self.label)]))),
            ]
        if self.filter:
            count = sum(1 for row in self._rows if row.key)
            found = f"/{self.filter}  {len(self._visible)} of {count}  "
            parts.append(Span(found, Tone.STRONG))
        return merge(fit((*parts, *self._banner), width, self.glyphs))

    def _title_line(self, width: int) -> Line:
        titles = Row("", tuple(column.title for column in self.columns), Tone.DIM)
        body = draw(titles, self.columns, max(0, width - _GUTTER), self.glyphs)
        return merge(fit((Span(" " * _GUTTER), *body), width, self.glyphs))

    def render_line(self, y: int) -> Strip:
        """The strip of line `y`; strips of equal lines are made once."""
        if self._painted_size != self.size:  # a layout draws before its resize event arrives
            self._painted = self.picture()
        if y >= len(self._painted):
            return Strip.blank(self.size.width)
        line = self._painted[y]
        strip = self._strips.get(line)
        if strip is None:
            if len(self._strips) > 4 * max(16, self.size.height):
                self._strips.clear()
            segments = [Segment(span.text, STYLES[span.tone]) for span in line]
            strip = self._strips[line] = Strip(segments, width_of(line))
        return strip

    # Events

    def on_resize(self, event: events.Resize) -> None:
        self._repaint()

    def watch_has_focus(self, _has_focus: bool) -> None:
        # Replaces the base's restyling: focus changes a mark and a label here, no style rule.
        self._repaint()

    def on_click(self, event: events.Click) -> None:
        index = self._top + event.y - self._banner_lines - self._title_lines
        if index < self._top or index >= len(self._visible):
            return
        row = self._visible[index]
        if row.key and index == self._index and self.has_focus:
            self.open_row()
        elif row.key:
            self._go(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.move(-3)
