"""What is asked on the bottom lines: the text above the line to type on, and moving through it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.geometry import Size

from widgets.lines import Row, Span, wrap
from widgets.look import Tone
from widgets.view import View

_KEPT = 5
"""Lines of the screen that the text leaves to what is watched, and to the line to type on."""
_NARROWEST = 20


@dataclass(slots=True)
class Above:
    """The text above the line to type on. `share` is the part of the screen it may take at most:
    1 nearly all, 3 a third, with the line to type on. `top` is the first line in sight, from 0.
    """

    lines: tuple[str, ...] = ()
    share: int = 1
    top: int = 0

    def most(self, height: int) -> int:
        """The lines there are for it on a screen of that height."""
        return max(1, height - _KEPT if self.share == 1 else height // self.share - 1)

    def move(self, view: View | None, size: Size, steps: int) -> bool:
        """Go down by that many lines, or up; False when nothing moves."""
        last = self._last_top(len(self._wrapped(view, size.width)), size.height)
        before, self.top = self.top, min(max(0, self.top + steps), last)
        return self.top != before

    def rows(self, view: View | None, size: Size) -> list[Row]:
        """The lines in sight; the last one tells where they are when there are more."""
        rows, room = self._wrapped(view, size.width), self.most(size.height)
        if len(rows) <= room:
            return rows
        top = min(self.top, self._last_top(len(rows), size.height))
        shown = rows[top : top + room - 1]
        place = f"  {top + 1}-{top + len(shown)} of {len(rows)} lines, PgDn PgUp: more"
        return [*shown, Row("question place", (Span(place, Tone.WARN),))]

    def _last_top(self, whole: int, height: int) -> int:
        room = self.most(height)
        return whole - room + 1 if whole > room else 0

    def _wrapped(self, view: View | None, width: int) -> list[Row]:
        rows: list[Row] = []
        for line in self.lines:
            told = view.text(line) if view is not None else line
            for number, part in enumerate(wrap(told, max(_NARROWEST, width - 2))):
                tone = Tone.STRONG if number == 0 else Tone.PLAIN
                rows.append(Row(f"question {len(rows)}", (Span(f"  {part}", tone),)))
        return rows
