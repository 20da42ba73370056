"""The key bar on the last line: the keys that work here, or for a while a message.

A message longer than the line gets up to three lines: a refusal that is cut says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.message import Message
from textual.timer import Timer

from cockpit.rows import Glyphs, Row, Span, Tone
from cockpit.text import sanitize
from cockpit_widgets.line_pane import OneLine
from cockpit_widgets.line_render import wrap
from cockpit_widgets.rows.status import fitting_keys

_KEEP = 10.0
_KEEP_REFUSAL = 60.0
_MOST_LINES = 3


class KeyBar(OneLine):
    """The key bar; a message stands in place of the keys."""

    class Resized(Message):
        """The message needs another number of lines than the one before."""

    def __init__(self, glyphs: Glyphs, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__(glyphs=glyphs, id="keys")
        self._keys = tuple(keys)
        self._message_text = ""
        self._ok = True
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._update()

    @property
    def message_text(self) -> str:
        """The message on the line; empty when the keys stand there."""
        return self._message_text

    def set_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Set the keys to show when there is no message."""
        self._keys = tuple(keys)
        self._update()

    def show_message(self, text: str, *, ok: bool = True) -> None:
        """Show `text` in place of the keys: ten seconds, a refusal for a minute."""
        self._message_text, self._ok = sanitize(text), ok
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_KEEP if ok else _KEEP_REFUSAL, self.clear_message)
        self._update()

    def clear_message(self) -> None:
        """Show the keys again."""
        if self._message_text:
            self._message_text = ""
            self._update()

    def lines(self, width: int) -> int:
        """How many lines the bar needs in that width."""
        return len(self._rows_in(width))

    def _update(self) -> None:
        self.post_message(self.Resized())
        self.present(self._rows_in)

    def _rows_in(self, width: int) -> list[Row]:
        if not self._message_text:
            return fitting_keys(self._keys, width)
        tone = Tone.STRONG if self._ok else Tone.WARN
        mark = "" if self._ok else f"{self.glyphs.text('▲')} "
        told = wrap(f"{mark}{self._message_text}", max(1, width))
        if len(told) > _MOST_LINES:
            told = [*told[: _MOST_LINES - 1], " ".join(told[_MOST_LINES - 1 :])]
        return [Row("", (Span(line, tone),)) for line in told]
