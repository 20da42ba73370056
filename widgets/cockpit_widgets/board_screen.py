"""The board screen: panes, detail panel and bottom line, and what each key does there.

Keys turn into `CommandsRequested` messages with a command for the feed; the app submits them. The
screen reads nothing by itself: it is handed a view of the board whenever there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.widget import Widget

from cockpit.commands import Acknowledge, Command, PlanCommit, Reprobe, UndoEdit
from cockpit.rows import Glyphs, View
from cockpit_widgets.arrange import arrange, tab_order
from cockpit_widgets.checklist_actions import ChecklistActions
from cockpit_widgets.detail import DetailPanel, LoadDetails, Target
from cockpit_widgets.header import BoardHeader
from cockpit_widgets.intents import problem_of, reprobes, target_of
from cockpit_widgets.key_bar import KeyBar
from cockpit_widgets.keys import BOARD_KEYS, DETAIL_BAR, OPENED_BAR, OVERVIEW_BAR
from cockpit_widgets.line_pane import LinePane, OneLine
from cockpit_widgets.panes import SPECS, further_panes, idle_panes
from cockpit_widgets.process_actions import ProcessActions
from cockpit_widgets.prompt import Prompt, PromptContext
from cockpit_widgets.rows.problems import next_act
from cockpit_widgets.rows.status import Frame, watch
from cockpit_widgets.textual_internals import QuietFocusScreen, RegionContainer

_ONLY_OPENED = (*(spec.id for spec in SPECS if not spec.overview), "detail")


class BoardScreen(ChecklistActions, ProcessActions, QuietFocusScreen, inherit_bindings=False):
    """The screen of the board."""

    BINDINGS: ClassVar[list[BindingType]] = list(BOARD_KEYS)
    AUTO_FOCUS = "#problems"

    class CommandsRequested(Message):
        """The operator wants these commands submitted."""

        def __init__(self, commands: Sequence[Command]) -> None:
            super().__init__()
            self.commands = tuple(commands)

    def __init__(self, glyphs: Glyphs, load_details: LoadDetails) -> None:
        super().__init__()
        self._view: View | None = None
        self._frame = Frame()
        self._opened = ""
        self._asking = False
        self._idle: frozenset[str] = frozenset()
        self._further: tuple[str, ...] = ()
        self._top = BoardHeader(glyphs)
        self._panes = {spec.id: spec.build(glyphs) for spec in SPECS}
        self._next = OneLine(glyphs=glyphs, id="next")
        self._detail = DetailPanel(glyphs, load_details)
        self._watch = OneLine(glyphs=glyphs, id="watch")
        self._bar = KeyBar(glyphs, OVERVIEW_BAR)
        self._context_pane = OneLine(glyphs=glyphs, id="question")
        self._prompt = Prompt(id="prompt")
        self._return_to: LinePane | None = None
        self._asked_from: LinePane | None = None
        self._prompt_context = PromptContext()
        self._container = RegionContainer(self._regions)

    def compose(self) -> ComposeResult:
        with self._container:
            yield self._top
            yield from self._panes.values()
            yield self._next
            yield self._detail
            yield self._watch
            yield self._bar
            yield self._context_pane
            yield self._prompt

    def _regions(self, size: Size) -> Mapping[str, Region]:
        regions = arrange(
            size.width,
            size.height,
            opened=self._opened,
            detail=self._detail.target is not None,
            idle=self._idle,
            further=self._further,
            said=1 + len(self._prompt_context.rows(self._view, size))
            if self._asking
            else self._bar.lines(size.width),
        )
        if self._asking and "keys" in regions:
            asked = regions.pop("keys")
            if asked.height > 1:
                regions["question"], asked = asked.split_horizontal(asked.height - 1)
            regions["prompt"] = asked
        return regions

    # Showing

    def show(self, view: View, frame: Frame) -> int:
        """Show this view of the board; returns how many lines were repainted for it."""
        self._view, self._frame = view, frame
        idle, further = idle_panes(view.board), further_panes(view.board)
        if (idle, further) != (self._idle, self._further):
            self._idle, self._further = idle, further
            self._container.rearrange()
        return self._redraw()

    def show_message(self, text: str, *, ok: bool = True) -> None:
        """Put a message on the bottom line."""
        self._bar.show_message(text, ok=ok)

    def _redraw(self) -> int:
        view = self._view
        if view is None:
            return 0
        shown = self._regions(self.size)
        lines = self._top.show(view, self._frame)
        for spec in SPECS:
            if spec.id in shown:
                lines += spec.fill(self._panes[spec.id], view)
        lines += self._next.show(next_act(view, self._panes["problems"].cursor_key))
        lines += self.show_watch(view, self._frame)
        return lines + self._detail.update_view(view)

    def show_watch(self, view: View, frame: Frame) -> int:
        """Show the monitoring line, nothing else; returns how many lines were repainted."""
        return self._watch.present(lambda width: watch(view, frame, width))

    def on_key_bar_resized(self) -> None:
        height = self._bar.size.height
        if not self._asking and height and height != self._bar.lines(self.size.width):
            self._container.rearrange()

    def _rearrange(self) -> None:
        if self._detail.target is not None:
            self._bar.set_keys(DETAIL_BAR)
        else:
            self._bar.set_keys(OPENED_BAR if self._opened else OVERVIEW_BAR)
        self._container.rearrange()
        self._redraw()

    # What is selected

    def set_focus(
        self,
        widget: Widget | None,
        scroll_visible: bool = True,
        from_app_focus: bool = False,
    ) -> None:
        super().set_focus(widget, scroll_visible, from_app_focus)
        self._show_one_cursor()

    def _show_one_cursor(self) -> None:
        """Show the cursor of one pane only: the focused one, the one the question is about, or the
        one whose row the panel details."""
        spoken = self._asked_from if self._asking else self.focused
        spoken = self._return_to if spoken is self._detail else spoken
        chosen = spoken if isinstance(spoken, LinePane) else self._panes["problems"]
        for pane in self._panes.values():
            pane.set_steady(pane is chosen)

    @property
    def _pane(self) -> LinePane:
        """The pane that keys act on."""
        return self.focused if isinstance(self.focused, LinePane) else self._panes["problems"]

    def _target(self, pane: LinePane, key: str) -> Target | None:
        """The target that a row stands for."""
        if self._view is None or pane is self._detail:
            return self._detail.target
        return target_of(self._view, pane.id or "", key)

    # Moving about

    def action_problem(self, number: int) -> None:
        problems = self._view.board.problems if self._view else ()
        if number > len(problems):
            self.show_message(f"there is no problem {number}")
            return
        self._bar.clear_message()
        if self._opened not in ("", "problems"):
            self._opened = ""
            self._rearrange()
        pane = self._panes["problems"]
        self.set_focus(pane)
        pane.set_filter("")
        pane.select(problems[number - 1].key)
        if self._detail.target is not None:
            pane.open_row()

    def action_open(self, name: str) -> None:
        self._bar.clear_message()
        self._close_detail()
        self._opened = "" if self._opened == name else name
        self.set_focus(
            self._panes[name if self._opened or name in tab_order(self._further) else "problems"]
        )
        self._rearrange()

    def action_why(self) -> None:
        self._pane.open_row()

    def action_back(self) -> None:
        if self._asking:
            if self._prompt.purpose == "filter" and self._asked_from is not None:
                self._asked_from.set_filter("")
            self._close_prompt()
        elif self._detail.target is not None:
            self._close_detail()
            self._rearrange()
        elif self._pane.filter:
            self._pane.set_filter("")
        elif self._bar.message_text:
            self._pane.unmark()
            self._bar.clear_message()
        elif self._pane.unmark():
            self._redraw()
        elif self._opened:
            self._opened = ""
            self._rearrange()
        if self._pane.id not in tab_order(self._further) and not self._opened:
            self.set_focus(self._panes["problems"])

    def action_move(self, steps: int) -> None:
        if not self._asking:
            self._pane.move(steps)
        elif self._prompt_context.scroll(self._view, self.size, steps):
            self._show_context()

    def action_page(self, direction: int) -> None:
        lines = (
            max(1, self._prompt_context.max_lines(self.size.height) - 2)
            if self._asking
            else self._pane.page
        )
        self.action_move(direction * lines)

    def on_prompt_scrolled(self, message: Prompt.Scrolled) -> None:
        self.action_move(message.steps)

    def _show_context(self) -> None:
        self._context_pane.present(lambda _: self._prompt_context.rows(self._view, self.size))

    def action_pane(self, direction: int) -> None:
        if self._asking:
            return
        self._bar.clear_message()
        shown = self._regions(self.size)
        order = [name for name in (*tab_order(self._further), *_ONLY_OPENED) if name in shown]
        here = order.index(self._pane.id or "") if self._pane.id in order else -direction
        name = order[(here + direction) % len(order)]
        self.set_focus(self._detail if name == "detail" else self._panes[name])

    def on_line_pane_moved(self, message: LinePane.Moved) -> None:
        if self._view is not None and message.pane.id == "problems":
            self._next.show(next_act(self._view, message.pane.cursor_key))

    def on_line_pane_opened(self, message: LinePane.Opened) -> None:
        target = self._target(message.pane, message.key)
        if target is None or message.pane is self._detail or self._view is None:
            return
        self._bar.clear_message()
        self._return_to = message.pane
        self._detail.show_target(target, self._view)
        self._rearrange()
        self.set_focus(self._detail)

    def _close_detail(self) -> None:
        if self._detail.target is None or self._view is None:
            return
        self._detail.show_target(None, self._view)
        self.set_focus(self._return_to or self._panes["problems"])

    # Acts

    def action_reprobe(self) -> None:
        pane = self._pane
        target = self._target(pane, pane.cursor_key)
        commands = reprobes(self._view, target) if self._view else []
        if commands:
            self.post_message(self.CommandsRequested(commands))
        else:
            self.show_message("no probe stands behind this line; R probes everything")

    def action_reprobe_all(self) -> None:
        self.post_message(self.CommandsRequested([Reprobe()]))

    def on_line_pane_acted(self, message: LinePane.Acted) -> None:
        # What is marked is meant wherever the cursor is.
        if message.pane.marking or not self.cursor_moved_by_itself(message.pane):
            self.set_items(message.pane, message.key, message.intent)

    def cursor_moved_by_itself(self, pane: LinePane) -> bool:
        """Whether the cursor came to stand on another row by itself: then that is shown, once, and
        the key that was pressed must do nothing."""
        row = pane.cursor_row
        if not pane.take_cursor_lost():
            return False
        here = row.text() if row else "nothing"
        self.show_message(f"the item went away; now on: {here}; press again to act", ok=False)
        return True

    def submit(self, commands: Sequence[Command]) -> None:
        """Ask the app to submit these commands."""
        self.post_message(self.CommandsRequested(commands))

    def action_undo(self) -> None:
        self.post_message(self.CommandsRequested([UndoEdit()]))

    def action_commit(self) -> None:
        self.post_message(self.CommandsRequested([PlanCommit()]))

    def action_copy(self) -> None:
        row = self._pane.cursor_row
        if row is None:
            self.show_message("there is no line to copy")
            return
        self.app.copy_to_clipboard(row.text())
        self.show_message("the line is copied, if the terminal allows it (OSC 52)")

    # The bottom line as a question

    def action_ack(self) -> None:
        pane = self._panes["problems"]
        aimed = self._detail.target.problem if self._detail.target else None
        chosen = problem_of(self._view, pane.cursor_key) if self._view else None
        problem = aimed or chosen
        if problem is None:
            self.show_message("there is no problem to acknowledge")
        elif not self.only_looks("acknowledging"):
            name = f"{problem.title or problem.verdict} {problem.subject}"
            self.ask(f"ack {problem.key}", f"ack {name}, note:")

    def action_filter(self) -> None:
        pane = self._pane
        name = pane.label.partition(" ")[2] or "PROBLEMS"
        self.ask("filter", f"filter {name}:", pane.filter)

    def ask(
        self,
        purpose: str,
        label: str,
        text: str = "",
        *,
        discard_typeahead: bool = False,
        context: PromptContext | None = None,
        scroll_keys: Mapping[str, int] = MappingProxyType({}),
    ) -> bool:
        """Open the prompt on the bottom line, with `context` on the lines over it; False when one
        is open already. `discard_typeahead` and `scroll_keys` as for `Prompt.ask`."""
        if self._asking:
            return False
        self._asked_from = self._pane
        self._asking = True
        self._prompt_context = context or PromptContext()
        self._container.rearrange()
        self._show_context()
        self._prompt.ask(
            purpose, label, text, discard_typeahead=discard_typeahead, scroll_keys=scroll_keys
        )
        return True

    def _close_prompt(self) -> None:
        self._asking = False
        self._prompt_context = PromptContext()
        self._container.rearrange()
        self.set_focus(self._asked_from or self._panes["problems"])

    def on_prompt_edited(self, message: Prompt.Edited) -> None:
        if self._asking and message.purpose == "filter" and self._asked_from is not None:
            self._asked_from.set_filter(message.text)

    def on_prompt_answered(self, message: Prompt.Answered) -> None:
        if not self._asking:
            return
        pane = self._asked_from
        self._close_prompt()
        purpose, _, key = message.purpose.partition(" ")
        if purpose == "filter" and pane is not None:
            pane.set_filter(message.text)
        elif purpose == "item":
            self.item_answered(message.text)
        elif purpose == "act":
            self.confirmation_answered(key, message.text)
        elif purpose == "ack" and not message.text:
            self.show_message("not acknowledged: a note is needed", ok=False)
        elif purpose == "ack":
            self.post_message(self.CommandsRequested([Acknowledge(key, message.text)]))
