"""The key actions on checklist items: set, mark, note, owner, progress. A mixin of the board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cockpit.commands import Command, NoteItem, RecordProgress, SetItem
from cockpit.permissions import STARTED_SO
from cockpit_widgets.intents import ItemRef, item_of, reapply_edits, set_state
from cockpit_widgets.prompt import PromptContext

if TYPE_CHECKING:
    from cockpit.rows import View
    from cockpit_widgets.line_pane import LinePane

_QUESTIONS = (
    "1/5 what was done:",
    "2/5 status against target:",
    "3/5 what comes next:",
    "4/5 blockers (empty: none):",
    "5/5 estimate:",
    "write it below the item too? y/n:",
)
_NEEDED = (1, 2, 3, 5)
"""Questions that an empty line does not answer."""
_LONGEST_LABEL = 48
_SHARE = 3
"""What speaks against an item has a third of the screen at most."""
_PANES = ("checklist", "plan")
"""Where rows are items."""


class ChecklistActions:
    """Mixin of the board screen, which provides the methods declared first."""

    if TYPE_CHECKING:
        _view: View | None

        @property
        def _pane(self) -> LinePane: ...
        def show_message(self, text: str, *, ok: bool = True) -> None: ...
        def cursor_moved_by_itself(self, pane: LinePane) -> bool: ...
        def ask(
            self, purpose: str, label: str, *, context: PromptContext | None = None
        ) -> bool: ...
        def submit(self, commands: Sequence[Command]) -> None: ...

    _on_answer: Callable[[str], None] | None = None
    """What the answer to the present question is for."""
    _asked_item: ItemRef | None = None
    """The item it is about."""
    _batches = 0
    """How often several items were set in one go: those are undone in one go."""

    def action_tick(self) -> None:
        if self._pane.id in _PANES:
            self._pane.act("tick")
            return
        commands = reapply_edits(self._view, self._pane.cursor_key) if self._view else []
        if self._pane.id == "problems" and commands:
            self.submit(self._as_batch(commands))
        else:
            self.show_message("space ticks a checklist item: press c and go to it first")

    def action_state(self, state: str) -> None:
        if self._pane.id in _PANES:
            self._pane.act(f"set {state}")
        else:
            self.show_message(f"this sets checklist items to {state}: press c and go to one first")

    def action_mark(self) -> None:
        pane = self._pane
        if pane.id not in _PANES or not self._view or not item_of(self._view, pane.cursor_key):
            self.show_message("m marks a checklist item: press c and go to it first")
            return
        if self.cursor_moved_by_itself(pane):
            return
        pane.mark()
        pane.move(1)
        self.show_message(
            f"{len(pane.marked)} marked: x done, ~ doing, ! blocked, - dropped, > deferred"
        )

    def set_items(self, pane: LinePane, key: str, intent: str) -> None:
        """Turn a key on an item, or on all that are marked, into commands."""
        if self._view is None:
            return
        to = intent.partition(" ")[2]
        keys = pane.marked or (key,)
        if pane.marking and not pane.marked:
            pane.unmark()
            self.show_message("what was marked went away; nothing was set", ok=False)
            return
        found = [set_state(self._view, each, to or None) for each in keys]
        commands = [command for command in found if command is not None]
        if not commands:
            self.show_message("this line is not an item")
            return
        pane.unmark()
        self.submit(self._as_batch(commands))

    def _as_batch(self, commands: list[SetItem]) -> list[SetItem]:
        """Several commands as one that is undone as a whole."""
        if len(commands) < 2:
            return commands
        self._batches += 1
        return [replace(command, batch=str(self._batches)) for command in commands]

    # Questions

    def only_looks(self, act: str) -> bool:
        """Whether `act` is refused here, and why is said: nobody types an answer for nothing."""
        refused = self._view is not None and self._view.board.identity.read_only
        if refused:
            self.show_message(f"{act} refused: {STARTED_SO}", ok=False)
        return refused

    def action_note(self) -> None:
        self._ask_about_item("note", "note", lambda text: self._note(text, owner=False))

    def action_owner(self) -> None:
        self._ask_about_item("owner", "owner", lambda text: self._note(text, owner=True))

    def action_progress(self) -> None:
        self._ask_about_item("progress", _QUESTIONS[0], lambda text: self._progress((text,)))

    def ask_reason(self, commands: Sequence[SetItem], why: str) -> None:
        """Ask for the reason to set items whose requirements do not hold; `why` is shown in full,
        on lines of its own when it is long."""
        self.show_message(why, ok=False)

        def then(text: str) -> None:
            self._with_reason(commands, text)

        if len(why) <= _LONGEST_LABEL:
            self._ask_item(f"{why} reason:", then)
        else:
            self._ask_item("reason:", then, PromptContext((why,), share=_SHARE))

    def item_answered(self, text: str) -> None:
        """Take the answer to the present question."""
        then, self._on_answer = self._on_answer, None
        if then is not None:
            then(text)

    def _ask_item(
        self, label: str, then: Callable[[str], None], context: PromptContext | None = None
    ) -> None:
        if self.ask("item", label, context=context):
            self._on_answer = then

    def _ask_about_item(self, what: str, label: str, then: Callable[[str], None]) -> None:
        pane = self._pane
        self._asked_item = item_of(self._view, pane.cursor_key) if self._view else None
        if pane.id not in _PANES or self._asked_item is None:
            self.show_message(f"a {what} belongs to a checklist item: press c and go to it first")
            return
        if self.only_looks(f"a {what}") or self.cursor_moved_by_itself(pane):
            return
        if what == "progress":
            self._ask_item(label, then)
        else:
            self._ask_item(f"{label} below “{self._asked_item.subject[:24]}”:", then)

    def _note(self, text: str, *, owner: bool) -> None:
        if self._asked_item is None or not text:
            self.show_message("nothing was written", ok=False)
            return
        item = self._asked_item
        self.submit([NoteItem(item.probe, item.item, item.anchor, text, owner)])

    def _progress(self, answers: tuple[str, ...]) -> None:
        if not answers[-1].strip() and len(answers) in _NEEDED:
            self.show_message(
                "an answer is needed here; Esc leaves the form, nothing is recorded", ok=False
            )
            self._ask_item(_QUESTIONS[len(answers) - 1], self._next_answer(answers[:-1]))
            return
        if len(answers) < len(_QUESTIONS):
            label = _QUESTIONS[len(answers)]
            self._ask_item(label, self._next_answer(answers))
            return
        done, against_target, upcoming, blockers, estimate, below = answers
        if self._asked_item is None:
            return
        item = self._asked_item
        command = RecordProgress(
            item.probe,
            item.item,
            item.anchor,
            done=done,
            against_target=against_target,
            next=upcoming,
            blockers=blockers,
            estimate=estimate,
            below=below.lower() in ("y", "yes"),
        )
        self.submit([command])

    def _next_answer(self, answers: tuple[str, ...]) -> Callable[[str], None]:
        return lambda text: self._progress((*answers, text))

    def _with_reason(self, commands: Sequence[SetItem], text: str) -> None:
        if not text:
            self.show_message("not set: a reason is needed", ok=False)
            return
        self.submit([replace(command, reason=text) for command in commands])
