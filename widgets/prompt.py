"""The bottom line as a question: a label and a line to type on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Label

from cockpit.text import clean

_LONGEST = 200
_TO_READ = 0.3
"""Seconds from the painted question to the first key that counts, when it must be read first."""


class _Line(Input):
    """The line that is typed on; while it is deaf only Esc is heard.

    `moves` are letters that are not typed but move the text above it.
    """

    deaf = False
    moves: Mapping[str, int] = MappingProxyType({})

    async def _on_key(self, event: events.Key) -> None:
        steps = self.moves.get(event.key)
        if (self.deaf and event.key != "escape") or steps is not None:
            event.stop()
            event.prevent_default()
        if steps is not None:
            self.post_message(Prompt.Moved(steps))

    def _on_paste(self, event: events.Paste) -> None:
        if self.deaf:
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
        """The text so far."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    class Moved(Message):
        """The text above is to go down by that many lines."""

        def __init__(self, steps: int) -> None:
            super().__init__()
            self.steps = steps

    class Answered(Message):
        """The text as it was entered."""

        def __init__(self, purpose: str, text: str) -> None:
            super().__init__()
            self.purpose = purpose
            self.text = text

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.purpose = ""
        self._label = Label("", markup=False)
        self._input = _Line(select_on_focus=False, max_length=_LONGEST, compact=True)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._input

    @property
    def deaf(self) -> bool:
        """Whether keys are thrown away because the question can't have been read yet."""
        return self._input.deaf

    def ask(
        self,
        purpose: str,
        label: str,
        text: str = "",
        *,
        afresh: bool = False,
        moves: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Start asking; `purpose` comes back with the answer.

        `afresh`: what was typed before the question stood there to be read is thrown away. `moves`
        are letters that no answer holds: they move the text above by that many lines.
        """
        self.purpose = purpose
        self._input.moves = moves
        self._input.deaf = afresh
        if afresh:
            self.call_after_refresh(self._hear_soon)
        self._label.update(f"{clean(label)} ")
        with self.prevent(Input.Changed):
            self._input.value = text
        self._input.cursor_position = len(text)
        self._input.focus(scroll_visible=False)

    def _hear_soon(self) -> None:
        self.set_timer(_TO_READ, self._hear)

    def _hear(self) -> None:
        self._input.deaf = False

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Edited(self.purpose, clean(event.value)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Answered(self.purpose, clean(event.value).strip()))
