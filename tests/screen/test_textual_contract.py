"""What the widgets need of Textual beyond its documented ways: fails when a release changes it.

Each is there so that a change of focus, or of one row, repaints that and nothing else.
"""

from __future__ import annotations

import inspect
import sys

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.command import CommandInput, CommandList, CommandPalette, SearchIcon
from textual.containers import Vertical
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, LoadingIndicator


@pytest.mark.parametrize(
    ("owner", "name", "arguments"),
    [
        # `prevent_default` in our own handlers keeps exactly these from running.
        (Widget, "_on_focus", ["self", "event"]),
        (Widget, "_on_blur", ["self", "event"]),
        (App, "_on_app_focus", ["self", "event"]),
        (App, "_on_app_blur", ["self", "event"]),
        # Replaced by our own of the same name.
        (Widget, "watch_has_focus", ["self", "_has_focus"]),
        (Input, "_on_key", ["self", "event"]),
        (Input, "_on_paste", ["self", "event"]),
        (Layout, "arrange", ["self", "parent", "children", "size", "greedy"]),
        (Screen, "_compositor_refresh", ["self"]),
        (Screen, "set_focus", ["self", "widget", "scroll_visible", "from_app_focus"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_replaced_or_held_back_is_there(
    owner: type, name: str, arguments: list[str]
) -> None:
    assert name in vars(owner), f"Textual has no {owner.__name__}.{name} any more"
    assert list(inspect.signature(vars(owner)[name]).parameters) == arguments


def test_the_focus_of_a_screen_is_a_reactive_that_need_not_repaint() -> None:
    assert isinstance(vars(Screen)["focused"], Reactive)
    assert "repaint" in inspect.signature(Reactive).parameters


def test_a_widget_may_say_itself_which_layout_it_has() -> None:
    assert isinstance(vars(Widget)["layout"], property)


@pytest.mark.skipif(sys.platform == "win32", reason="the driver of POSIX terminals")
def test_the_driver_writes_through_a_thread_that_flushes_and_answers_are_events() -> None:
    from textual._xterm_parser import XTermParser
    from textual.drivers._writer_thread import WriterThread
    from textual.drivers.linux_driver import LinuxDriver

    for name in ("start_application_mode", "write", "process_message", "disable_input", "close"):
        assert name in vars(LinuxDriver), f"Textual has no LinuxDriver.{name} any more"
    assert list(inspect.signature(WriterThread.__init__).parameters) == ["self", "file"]
    file = Written()
    thread = WriterThread(file)  # type: ignore[arg-type]
    thread.start()
    thread.write("one")
    thread.write("two")
    thread.stop()
    assert (file.text, file.flushed) == ("onetwo", "onetwo")
    (answer,) = XTermParser().feed("\x1b[24;80R")
    assert isinstance(answer, events.CursorPosition)


class Written:
    """A file of which is known what was flushed."""

    text = flushed = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        self.flushed = self.text


class Quiet(Widget, can_focus=True):
    """Holds the base's handlers back, and does nothing instead."""

    DEFAULT_CSS = "Quiet { height: 1; }"
    watched: tuple[bool, ...] = ()

    def on_focus(self, event: events.Focus) -> None:
        event.prevent_default()

    def watch_has_focus(self, has_focus: bool) -> None:
        self.watched += (has_focus,)


class Deaf(Input):
    """Types nothing."""

    async def _on_key(self, event: events.Key) -> None:
        event.prevent_default()

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()


class Rows(Layout):
    """Every child in the row that `at` says."""

    name = "rows"
    at = 3

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        return [
            WidgetPlacement(Region(0, self.at, size.width, 1), NULL_OFFSET, NULL_SPACING, child)
            for child in children
        ]


class Placed(Widget):
    """Lays its children out by a layout of its own."""

    DEFAULT_CSS = "Placed { height: 10; }"
    rows = Rows()

    @property
    def layout(self) -> Layout:
        return self.rows


class Small(App[None]):
    def compose(self) -> ComposeResult:
        with Placed():
            yield Quiet(id="quiet")
        yield Deaf(id="deaf")


async def test_a_handler_that_prevents_the_default_replaces_the_bases() -> None:
    app = Small()
    async with app.run_test() as pilot:
        quiet = app.query_one(Quiet)
        quiet.focus()
        await pilot.pause()
        assert app.screen.focused is quiet
        assert not quiet.has_focus, "the base has set it all the same"
        quiet.has_focus = True
        assert quiet.watched[-1] is True


async def test_an_input_that_prevents_the_default_types_nothing() -> None:
    app = Small()
    async with app.run_test() as pilot:
        deaf = app.query_one(Deaf)
        deaf.focus()
        await pilot.press("a")
        deaf.post_message(events.Paste("b"))
        await pilot.pause()
        assert deaf.value == ""


async def test_a_childs_request_has_its_parent_arranged_anew() -> None:
    app = Small()
    async with app.run_test() as pilot:
        quiet, placed = app.query_one(Quiet), app.query_one(Placed)
        assert quiet.region.y == 3
        placed.rows.at = 5
        try:
            quiet.refresh(repaint=False, layout=True)
            await pilot.pause()
            assert quiet.region.y == 5
        finally:
            del placed.rows.at


async def test_the_command_palette_is_made_of_what_our_style_names() -> None:
    app = Small()
    async with app.run_test() as pilot:
        await app.push_screen(CommandPalette(id="--command-palette"))
        await pilot.pause()
        palette = app.screen
        assert palette.query_one("#--input")
        for part in (CommandInput, CommandList, SearchIcon, LoadingIndicator, Vertical):
            assert palette.query(part), f"the palette has no {part.__name__} any more"
