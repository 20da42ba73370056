"""The list state of a pane: rows, filter, cursor and scroll offset. Without Textual."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.rows import Row
from cockpit_widgets.line_render import matching


class ListState:
    """Rows with a cursor that follows its row's key.

    Until somebody moves it, the cursor rests on the first `home` row, or the first row that has a
    key. With `sticky_top` it rests there again once it is moved back to the first row, so that a
    list that grows at the top keeps showing its newest row.
    """

    def __init__(self, *, sticky_top: bool = False) -> None:
        self.rows: tuple[Row, ...] = ()
        self.visible: list[Row] = []
        self.filter = ""
        self.index = 0
        self.top = 0
        self.cursor_lost = False
        """The cursor's row went away by itself since the cursor was last moved."""
        self._sticky_top = sticky_top
        self._pinned: str | None = None

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        row = self.visible[self.index] if self.index < len(self.visible) else None
        return row if row is not None and row.key else None

    @property
    def key(self) -> str:
        """The key under the cursor, empty when there is none."""
        return self.row.key if self.row else ""

    def replace(self, rows: Sequence[Row]) -> None:
        """Take other rows; the cursor stays on its key, or near where it was.

        A row that is there still, but passes the filter no longer, is gone for the cursor, too.
        """
        before = self._pinned
        self.rows = tuple(rows)
        self._place_cursor()
        if before is not None and self.key != before:
            self.cursor_lost = True

    def set_filter(self, needle: str) -> None:
        """Show only rows that hold `needle`; an empty one shows all."""
        self.filter = needle
        self._place_cursor()

    def move(self, steps: int) -> None:
        """Move the cursor by that many rows that have a key."""
        stops = self._selectable()
        if not stops:
            return
        place = min(range(len(stops)), key=lambda at: abs(stops[at] - self.index))
        self.go(stops[max(0, min(len(stops) - 1, place + steps))])

    def select(self, key: str) -> bool:
        """Put the cursor on the row of that key; False when it is not shown."""
        for index, row in enumerate(self.visible):
            if row.key == key:
                self.go(index)
                return True
        return False

    def go(self, index: int) -> None:
        """Put the cursor on a visible row by its index."""
        self.cursor_lost = False
        self.index = index
        self.pin()
        if self._sticky_top and index == self._selectable()[0]:
            self._pinned = None

    def pin(self) -> None:
        """Keep the cursor on the row it is on, whatever comes before it."""
        self._pinned = self.key or None

    def reset(self) -> None:
        """Clear the filter, put the cursor to rest and scroll to the first row."""
        self._pinned = None
        self.cursor_lost = False
        self.index = self.top = 0
        self.set_filter("")

    def scroll(self, room: int) -> None:
        """Scroll so that the cursor is among the `room` rows shown."""
        most = max(0, len(self.visible) - room)
        if self._pinned is None:
            # At rest a row is shown with what follows it, which says more than what led to it.
            self.top = self.index if self.index >= room else 0
        elif self.index < self.top:
            self.top = self.index
        elif self.index >= self.top + room:
            self.top = self.index - room + 1
        if self._before_first() and self.index < room:
            self.top = 0  # headings above the first stop could not be reached otherwise
        self.top = max(0, min(self.top, most))

    def _selectable(self) -> list[int]:
        return [index for index, row in enumerate(self.visible) if row.key]

    def _before_first(self) -> bool:
        return all(not row.key for row in self.visible[: self.index])

    def _place_cursor(self) -> None:
        self.visible = matching(self.rows, self.filter)
        stops = self._selectable()
        if self._pinned is None:
            homes = (index for index in stops if self.visible[index].home)
            self.index = next(homes, stops[0] if stops else 0)
            return
        same = [index for index in stops if self.visible[index].key == self._pinned]
        self.index = min(same or stops, key=lambda at: abs(at - self.index), default=0)
        self.pin()
