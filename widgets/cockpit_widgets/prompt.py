"""The prompt on the bottom line: a label and a line to type on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label

from cockpit.rows import Row, Span, Tone, View
from cockpit.text import drawable, sanitize
from cockpit_widgets.line_render import wrap

_LONGEST = 200
_TO_READ = 0.3
"""Seconds from the painted question to the first key that counts, when it must be read first."""


class _PromptInput(Input):
    """The input of the prompt; while it ignores keys only Esc works.

    `scroll_keys` are letters that are not typed but move the text above it.
    """

    ignores_keys = False
    scroll_keys: Mapping[str, int] = MappingProxyType({})

    async def _on_key(self, event: events.Key) -> None:
        steps = self.scroll_keys.get(event.key)
        if (self.ignores_keys and event.key != "escape") or steps is not None:
            event.stop()
            event.prevent_default()
        if steps is not None:
            self.post_message(Prompt.Scrolled(steps))

    def _on_paste(self, event: events.Paste) -> None:
        if self.ignores_keys:
            event.stop()
            event.prevent_default()


class Prompt(Widget):
    """Asks for one line of text; answers with `Answered`, `Edited` while it is typed."""

    DEFAULT_CSS = """
    Prompt { layout: horizontal; height: 1; background: ansi_default; }
    Prompt > Label { width: auto; height: 1; text-style: bold; background: ansi_default; }
    Prompt > Input {
        width: 1fr; height: 1; border: none; padding: 0;
        background: ansi_default; color: ansi_default;
        &:focus { border: none; background: ansi_default; background-tint: ansi_default 0%; }
        & > .input--cursor { color: ansi_default; background: ansi_default; text-style: reverse; }
    }
    """

    class Edited(Message):
        """The text was edited."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    class Scrolled(Message):
        """The text above is to scroll down by that many lines."""

        def __init__(self, steps: int) -> None:
            super().__init__()
            self.steps = steps

    class Answered(Message):
        """The text was entered."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.purpose = ""
        self._label = Label("", markup=False)
        self._input = _PromptInput(select_on_focus=False, max_length=_LONGEST, compact=True)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._input

    @property
    def ignores_keys(self) -> bool:
        """Whether keys are thrown away because the question can't have been read yet."""
        return self._input.ignores_keys

    def ask(
        self,
        purpose: str,
        label: str,
        text: str = "",
        *,
        discard_typeahead: bool = False,
        scroll_keys: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Open the prompt; `purpose` comes back with the answer.

        `discard_typeahead`: what was typed before the question stood there to be read is thrown
        away. `scroll_keys` are letters that no answer holds: they move the text above by that many
        lines.
        """
        self.purpose = purpose
        self._input.scroll_keys = scroll_keys
        self._input.ignores_keys = discard_typeahead
        if discard_typeahead:
            self.call_after_refresh(self._accept_keys_soon)
        self._label.update(f"{sanitize(label)} ")
        with self.prevent(Input.Changed):
            self._input.value = text
        self._input.cursor_position = len(text)
        self._input.focus(scroll_visible=False)

    def _accept_keys_soon(self) -> None:
        self.set_timer(_TO_READ, self._accept_keys)

    def _accept_keys(self) -> None:
        self._input.ignores_keys = False

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self.purpose, _typed(event.value)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Answered(self.purpose, _typed(event.value).strip()))


_LONGEST = 2000
"""Characters of an answer; more are cut off."""


def _typed(text: str) -> str:
    """What was typed, as it is: the operator's own words go to the operator's own file."""
    return drawable(text[:_LONGEST])


_KEPT = 5
"""Lines of the screen that the text leaves to what is watched, and to the line to type on."""
_NARROWEST = 20


@dataclass(slots=True)
class PromptContext:
    """The text shown above the prompt, which can be scrolled.

    `share` is the part of the screen it may take at most: 1 nearly all, 3 a third, with the line to
    type on. `top` is the first line shown, from 0.
    """

    lines: tuple[str, ...] = ()
    share: int = 1
    top: int = 0

    def max_lines(self, height: int) -> int:
        """The number of lines there are for it on a screen of that height."""
        return max(1, height - _KEPT if self.share == 1 else height // self.share - 1)

    def scroll(self, view: View | None, size: Size, steps: int) -> bool:
        """Scroll down by that many lines, or up; False when nothing moves."""
        last = self._last_top(len(self._wrapped(view, size.width)), size.height)
        before, self.top = self.top, min(max(0, self.top + steps), last)
        return self.top != before

    def rows(self, view: View | None, size: Size) -> list[Row]:
        """The rows shown; the last one tells where they are when there are more."""
        rows, room = self._wrapped(view, size.width), self.max_lines(size.height)
        if len(rows) <= room:
            return rows
        top = min(self.top, self._last_top(len(rows), size.height))
        shown = rows[top : top + room - 1]
        place = f"  {top + 1}-{top + len(shown)} of {len(rows)} lines, PgDn PgUp: more"
        return [*shown, Row("question place", (Span(place, Tone.WARN),))]

    def _last_top(self, whole: int, height: int) -> int:
        room = self.max_lines(height)
        return whole - room + 1 if whole > room else 0

    def _wrapped(self, view: View | None, width: int) -> list[Row]:
        rows: list[Row] = []
        for line in self.lines:
            told = view.text(line) if view is not None else line
            for number, part in enumerate(wrap(told, max(_NARROWEST, width - 2))):
                tone = Tone.STRONG if number == 0 else Tone.PLAIN
                rows.append(Row(f"question {len(rows)}", (Span(f"  {part}", tone),)))
        return rows
