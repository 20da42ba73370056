"""The Textual app: the composition root of the screen.

A wake-up from the feed, from whatever thread, becomes one message; at most ten times a second the
board is read once and handed to the screen on top. Commands go the other way: a key, a message
from the board screen, `feed.submit`, and later a reply on the bottom line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial
from typing import ClassVar, TypeVar

from cockpit_widgets.board_screen import BoardScreen
from cockpit_widgets.detail import load_details
from cockpit_widgets.help_screen import HelpScreen
from cockpit_widgets.keys import APP_KEYS, BOARD_KEYS, keys_text
from cockpit_widgets.link import SLOW_AFTER
from cockpit_widgets.palette import Palette
from cockpit_widgets.replies import ReasonWanted, ReplyPresenter, Said
from cockpit_widgets.rows.detail import Details
from cockpit_widgets.rows.status import Frame
from cockpit_widgets.rows.stop_progress import progress_text
from cockpit_widgets.textual_internals import PacedApp
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from cockpit.clock import Clock, SystemClock
from cockpit.commands import Command, Question, Reply, Ticket
from cockpit.feed import Feed, FeedMode
from cockpit.model import Event, Observation, Verdict
from cockpit.rows import ASCII, UNICODE, View
from cockpit.text import localise

T = TypeVar("T")

_READ_EVERY = 5.0
"""Seconds between reads when nothing wakes the screen: for ages, expiry and the clock."""
_READ_GAP = 0.1
"""Seconds between two reads at least."""
_COUNT_EVERY = 1.0
_EVENTS_KEPT = 500


@dataclass(frozen=True, slots=True)
class PaletteCommand:
    """A command that the caller adds to the palette; what `run` returns is shown on the screen."""

    title: str
    help: str
    run: Callable[[], str]


class Woken(Message):
    """The feed has news."""


class CockpitApp(PacedApp):
    """The Textual app of the cockpit.

    `clock_zone` None means the machine's zone; `mouse` is what the caller passes to `run` as well;
    `painted` is called once the first picture is drawn; `hung_up`, from any thread, when the
    terminal is gone, by default as if somebody quits.
    """

    TITLE = "cockpit"
    BINDINGS: ClassVar[list[BindingType]] = list(APP_KEYS)
    CSS = "Screen { background: ansi_default; color: ansi_default; overflow: hidden; }"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        feed: Feed,
        *,
        ascii_glyphs: bool = False,
        mouse: bool = False,
        extra_commands: Sequence[PaletteCommand] = (),
        clock_zone: tzinfo | None = None,
        painted: Callable[[], None] = lambda: None,
        hung_up: Callable[[], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        # Told before the theme is: the base picks its NO_COLOR filter while it is made, and the one
        # for true colours turns the terminal's own red into a black that can't be read.
        super().__init__(
            monotonic=(clock or SystemClock()).monotonic,
            hung_up=hung_up or self.leave,
            ansi_color=True,
        )
        self.theme = "ansi-dark"
        self.mouse = mouse
        self._feed = feed
        self._glyphs = ASCII if ascii_glyphs else UNICODE
        self._zone = clock_zone
        self._extra = tuple(extra_commands)
        self._painted = painted
        self._view: View | None = None
        self._frame = Frame()
        self._events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        self._numbering = ""
        self._replies = ReplyPresenter()
        self._trouble = ""
        self._woken = False
        self._later: Timer | None = None
        self._counting: Timer | None = None
        self._leaving_asked = False
        self._read_at = float("-inf")
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._leaving = False
        self._startup_batch = ExitStack()
        self._stop_listening: Callable[[], None] = lambda: None
        self._board = BoardScreen(self._glyphs, self._load_details)

    def get_default_screen(self) -> Screen[None]:
        return self._board

    def on_load(self) -> None:
        # The screen is made level by level; nothing is painted before all of it is there and the
        # board is read, so that no empty frames go over the wire.
        self._startup_batch.enter_context(self.batch_update())
        view = self._guard(self._load_view, None)
        if view is not None:
            self._view, self._frame = view, Frame(self._feed.mode)
            self._board.show(view, self._frame)

    def on_ready(self) -> None:
        self._startup_batch.close()
        self.screen.refresh()
        self.call_after_refresh(self._painted)

    def on_mount(self) -> None:
        self._own_loop = asyncio.get_running_loop()
        if self._leaving:
            self.exit()
            return
        self._stop_listening = self._feed.subscribe(self._wake)
        self.set_interval(_READ_EVERY, self._read)
        self._read()

    def on_unmount(self) -> None:
        self._stop_listening()

    # From the feed to the screen

    def _wake(self) -> None:
        """Called by the feed from any thread; one message may stand for many calls."""
        if not self._woken:
            self._woken = True
            self.post_message(Woken())

    def on_woken(self, message: Woken) -> None:
        wait = self._read_at + _READ_GAP - self._loop_time()
        if wait <= 0:
            self._read()
        elif self._later is None:
            self._later = self.set_timer(wait, self._read)

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    def _read(self) -> None:
        """Read the board once and show it."""
        self._woken = False
        self._read_at = self._loop_time()
        if self._later is not None:
            self._later.stop()
            self._later = None
        before = self._view
        view = self._guard(self._load_view, None)
        broken = "" if view else self._trouble
        mode = self._guard(lambda: self._feed.mode, self._frame.mode)
        self._frame = replace(self._frame, mode=mode, broken=broken, late=self._lateness())
        if view is not None:
            self._view = view
            self._bell_on_failure(before, view)
        if self._view is not None:
            self._show(self._view)
        else:
            self._board.show_message(broken, ok=False)
        self._show_replies()

    def _lateness(self) -> int:
        """Whole seconds that the last frame took to leave, where the link is slow."""
        late = self.link.late
        return int(late) if late >= SLOW_AFTER else 0

    def before_late_frame(self) -> None:
        self._read()

    def _load_view(self) -> View:
        board = self._feed.snapshot()
        if board.watch.numbering != self._numbering:
            self._numbering = board.watch.numbering
            self._events.clear()
        since = max((event.seq for event in self._events), default=0)
        for event in self._feed.events(since, _EVENTS_KEPT):
            if event.seq or event not in self._events:
                self._events.append(event)
        return View(board, self._feed.now(), self._zone, self._glyphs, tuple(self._events))

    def _guard(self, read: Callable[[], T], default: T) -> T:
        """The result of `read`, or `default` and a message on the screen: a broken feed ends
        nothing."""
        try:
            value = read()
        except Exception as error:  # noqa: BLE001 - whatever the feed raises, the screen stays
            self._trouble = f"the feed failed: {type(error).__name__}: {error}"
            return default
        self._trouble = ""
        return value

    def _show(self, view: View) -> None:
        # A covered board is left alone: whatever it repaints, the cover would repaint as well.
        if isinstance(self.screen, BoardScreen | HelpScreen | Palette):
            self.screen.show(view, self._frame)
        self._count_down(bool(progress_text(view, self._frame.under_way)))

    def _count_down(self, on: bool) -> None:
        """While an act is under way, its line goes on by the second, and only that line."""
        if on and self._counting is None:
            self._counting = self.set_interval(_COUNT_EVERY, self._update_countdown)
        elif not on and self._counting is not None:
            self._counting.stop()
            self._counting = None

    def _update_countdown(self) -> None:
        if self._view is not None:
            now = self._guard(self._feed.now, self._view.now)
            view = replace(self._view, now=now)
            if self.screen is self._board:
                self._board.show_watch(view, self._frame)
            self._count_down(bool(progress_text(view, self._frame.under_way)))

    def _bell_on_failure(self, before: View | None, view: View) -> None:
        """Ring the bell once when RUN turns to FAIL; not for a board of the past."""
        failed = view.board.run.verdict is Verdict.FAIL
        if before is None or self._frame.mode is FeedMode.PAST:
            return
        if failed and before.board.run.verdict is not Verdict.FAIL:
            self.bell()

    def _show_replies(self) -> None:
        replies: Sequence[Reply] = self._guard(self._feed.replies, [])
        if not replies:
            return
        self._replies.take(replies)
        self._show_acts()
        match self._replies.present(replies, may_ask=self.screen is self._board):
            case Question() as question:
                self._board.ask_confirmation(question)
            case ReasonWanted(items, why):
                self._board.ask_reason(items, why)
            case Said(text, ok):
                self._board.show_message(localise(text, self._feed.now(), self._zone), ok=ok)

    def _show_acts(self) -> None:
        """Show what the replies told of arming and of an end of processes, where it is new."""
        before = self._frame
        armed_until, course = self._replies.armed_until, self._replies.under_way
        self._frame = replace(before, armed_until=armed_until, under_way=course)
        if course != before.under_way:
            self._leaving_asked = False
        if self._view is None:
            return
        if armed_until != before.armed_until:
            self._show(self._view)
        if course != before.under_way:
            self._update_countdown()
            self._count_down(course is not None)

    def _load_details(self, observations: Sequence[Observation]) -> Details:
        return self._guard(lambda: load_details(self._feed, observations), Details())

    # From the screen to the feed

    def on_board_screen_commands_requested(self, message: BoardScreen.CommandsRequested) -> None:
        given: list[tuple[Ticket, Command]] = []
        for command in message.commands:
            ticket = self._guard(partial(self._feed.submit, command), "")
            if self._trouble:
                break
            given.append((ticket, command))
        self._replies.submitted(given)
        if self._trouble:
            self._board.show_message(self._trouble, ok=False)
            return
        self._show_replies()

    # Leaving

    def leave(self) -> None:
        """Quit; may be called from any thread and from a signal handler, before the start too."""
        self._leaving = True
        if self._own_loop is not None:
            # Thread-safe also wakes a loop that sleeps, which a signal alone does not.
            self._own_loop.call_soon_threadsafe(self.exit)

    # Keys of every screen

    async def action_quit(self) -> None:
        course = self._frame.under_way
        if course is not None and course.alive and not self._leaving_asked:
            self._leaving_asked = True
            alive = " ".join(map(str, course.alive))
            self._board.show_message(
                f"{alive}: still being ended; q once more leaves it half done", ok=False
            )
            return
        self.exit()

    def action_say_quit(self) -> None:
        self._board.show_message("q quits")

    def action_help(self) -> None:
        self._cover(HelpScreen(self._glyphs))

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, Palette):
            self._cover(Palette(self._glyphs))

    def _cover(self, screen: HelpScreen | Palette) -> None:
        if self._view is not None:
            screen.show(self._view, self._frame)
        self.push_screen(screen, self._uncovered)

    def _uncovered(self, _result: object) -> None:
        if self._view is not None:
            self._board.show(self._view, self._frame)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        for act in self._extra:
            yield SystemCommand(act.title, act.help, partial(self._run_extra, act))
        for binding in BOARD_KEYS:
            if not (binding.id or "").startswith(("problem.", "move.", "page.")):
                act_of = partial(self._board.run_action, binding.action)
                yield SystemCommand(binding.description, f"key {keys_text(binding)}", act_of)
        yield SystemCommand("help: keys, signs, doubts", "key ?", self.action_help)
        yield SystemCommand("quit", "key q", self.action_quit)

    def _run_extra(self, act: PaletteCommand) -> None:
        told = self._guard(act.run, "")
        self._board.show_message(
            told or self._trouble or f"{act.title}: done", ok=not self._trouble
        )
