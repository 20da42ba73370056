"""What the keys do to checklist items: set, mark, note, owner, progress. A part of the board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cockpit.commands import Command, NoteItem, RecordProgress, SetItem
from cockpit_widgets.intents import Aim, item_of, set_again, set_state
from cockpit_widgets.prompt import Above

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


class ItemActs:
    """Mixed into the board screen, which gives what the first methods stand for."""

    if TYPE_CHECKING:
        _view: View | None

        @property
        def _pane(self) -> LinePane: ...
        def say(self, text: str, *, ok: bool = True) -> None: ...
        def went_away(self, pane: LinePane) -> bool: ...
        def ask(self, purpose: str, label: str, *, above: Above | None = None) -> bool: ...
        def want(self, commands: Sequence[Command]) -> None: ...

    _then: Callable[[str], None] | None = None
    """What the answer to the present question is for."""
    _aim: Aim | None = None
    """The item it is about."""
    _batches = 0
    """How often several items were set in one go: those are undone in one go."""

    def action_tick(self) -> None:
        if self._pane.id in _PANES:
            self._pane.act("tick")
            return
        commands = set_again(self._view, self._pane.cursor_key) if self._view else []
        if self._pane.id == "problems" and commands:
            self.want(self._in_one_go(commands))
        else:
            self.say("space ticks a checklist item: press c and go to it first")

    def action_state(self, state: str) -> None:
        if self._pane.id in _PANES:
            self._pane.act(f"set {state}")
        else:
            self.say(f"this sets checklist items to {state}: press c and go to one first")

    def action_mark(self) -> None:
        pane = self._pane
        if pane.id not in _PANES or not self._view or not item_of(self._view, pane.cursor_key):
            self.say("m marks a checklist item: press c and go to it first")
            return
        if self.went_away(pane):
            return
        pane.mark()
        pane.move(1)
        self.say(f"{len(pane.marked)} marked: x done, ~ doing, ! blocked, - dropped, > deferred")

    def items_wanted(self, pane: LinePane, key: str, intent: str) -> None:
        """Turn a key on an item, or on all that are marked, into commands."""
        if self._view is None:
            return
        to = intent.partition(" ")[2]
        keys = pane.marked or (key,)
        if pane.marking and not pane.marked:
            pane.unmark()
            self.say("what was marked went away; nothing was set", ok=False)
            return
        found = [set_state(self._view, each, to or None) for each in keys]
        commands = [command for command in found if command is not None]
        if not commands:
            self.say("this line is not an item")
            return
        pane.unmark()
        self.want(self._in_one_go(commands))

    def _in_one_go(self, commands: list[SetItem]) -> list[SetItem]:
        """Several commands as one that is undone as a whole."""
        if len(commands) < 2:
            return commands
        self._batches += 1
        return [replace(command, batch=str(self._batches)) for command in commands]

    # Questions

    def action_note(self) -> None:
        self._about("note", "note", lambda text: self._note(text, owner=False))

    def action_owner(self) -> None:
        self._about("owner", "owner", lambda text: self._note(text, owner=True))

    def action_progress(self) -> None:
        self._about("progress", _QUESTIONS[0], lambda text: self._progress((text,)))

    def ask_reason(self, commands: Sequence[SetItem], why: str) -> None:
        """Ask why these are to be set although something speaks against it: all of that is shown,
        on lines of its own when it is long."""
        self.say(why, ok=False)

        def then(text: str) -> None:
            self._with_reason(commands, text)

        if len(why) <= _LONGEST_LABEL:
            self._question(f"{why} reason:", then)
        else:
            self._question("reason:", then, Above((why,), share=_SHARE))

    def answered(self, text: str) -> None:
        """Take the answer to the present question."""
        then, self._then = self._then, None
        if then is not None:
            then(text)

    def _question(
        self, label: str, then: Callable[[str], None], above: Above | None = None
    ) -> None:
        if self.ask("item", label, above=above):
            self._then = then

    def _about(self, what: str, label: str, then: Callable[[str], None]) -> None:
        pane = self._pane
        self._aim = item_of(self._view, pane.cursor_key) if self._view else None
        if pane.id not in _PANES or self._aim is None:
            self.say(f"a {what} belongs to a checklist item: press c and go to it first")
            return
        if self.went_away(pane):
            return
        if what == "progress":
            self._question(label, then)
        else:
            self._question(f"{label} below “{self._aim.subject[:24]}”:", then)

    def _note(self, text: str, *, owner: bool) -> None:
        if self._aim is None or not text:
            self.say("nothing was written", ok=False)
            return
        aim = self._aim
        self.want([NoteItem(aim.probe, aim.item, aim.anchor, text, owner)])

    def _progress(self, answers: tuple[str, ...]) -> None:
        if not answers[-1].strip() and len(answers) in _NEEDED:
            self.say("an answer is needed here; Esc leaves the form, nothing is recorded", ok=False)
            self._question(_QUESTIONS[len(answers) - 1], self._next_answer(answers[:-1]))
            return
        if len(answers) < len(_QUESTIONS):
            label = _QUESTIONS[len(answers)]
            self._question(label, self._next_answer(answers))
            return
        done, against_target, upcoming, blockers, estimate, below = answers
        if self._aim is None:
            return
        aim = self._aim
        command = RecordProgress(
            aim.probe,
            aim.item,
            aim.anchor,
            done=done,
            against_target=against_target,
            next=upcoming,
            blockers=blockers,
            estimate=estimate,
            below=below.lower() in ("y", "yes"),
        )
        self.want([command])

    def _next_answer(self, answers: tuple[str, ...]) -> Callable[[str], None]:
        return lambda text: self._progress((*answers, text))

    def _with_reason(self, commands: Sequence[SetItem], text: str) -> None:
        if not text:
            self.say("not set: a reason is needed", ok=False)
            return
        self.want([replace(command, reason=text) for command in commands])
