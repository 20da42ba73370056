"""Runs the app on a terminal made of paper: what is written is kept and replayed into a grid.

The grid understands just what Textual writes: cursor positions, styles (skipped), text with wide
characters. So a test can ask what stands on the terminal after many partial updates, and how many
bytes it took.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from recorded import RecordedFeed
from recorded_makers import ZONE
from rich.cells import cell_len
from support import until_async
from textual import events
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.keys import _character_to_key
from textual.pilot import Pilot

from cockpit.app import CockpitApp
from cockpit.model import Board

_PART = re.compile(
    r"\x1b\[(\??[\d;]*)([A-Za-z])"  # a control sequence: its numbers and its letter
    r"|\x1b\][^\x07]*\x07|\x1b[=>78]|\x07|\n"
    r"|[^\x1b\x07\n]+"
)


class PaperDriver(HeadlessDriver):
    """Keeps what is written."""

    written: list[str]
    bells = 0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.written = []

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.written.append(data)
        self.bells += data == "\a"

    def flush(self) -> None:
        """Nothing waits to be written."""


class Paper:
    """A grid of cells that escape sequences are replayed into."""

    def __init__(self, width: int, height: int) -> None:
        self.cells = [[" "] * width for _ in range(height)]

    def replay(self, data: str) -> None:
        x = y = 0
        position = 0
        while position < len(data):
            match = _PART.match(data, position)
            assert match is not None, f"not understood: {data[position : position + 20]!r}"
            position = match.end()
            text = match[0]
            if match[2] == "H":
                row, _, column = match[1].partition(";")
                y, x = int(row or 1) - 1, int(column or 1) - 1
            elif text == "\n":
                x, y = 0, y + 1
            elif text[0] not in "\x1b\x07":
                for character in text:
                    size = cell_len(character)
                    if not size:
                        self.cells[y][x - 1] += character
                        continue
                    self.cells[y][x : x + size] = [character, *[""] * (size - 1)]
                    x += size

    def lines(self) -> list[str]:
        return ["".join(line) for line in self.cells]


class Stage:
    """A running app with its terminal."""

    def __init__(self, app: CockpitApp, pilot: Pilot[None], feed: RecordedFeed) -> None:
        self.app = app
        self.pilot = pilot
        self.feed = feed

    @property
    def driver(self) -> PaperDriver:
        driver = self.app._driver
        assert isinstance(driver, PaperDriver)
        return driver

    def written(self) -> str:
        """What has been written since the last time this was asked."""
        data, self.driver.written = "".join(self.driver.written), []
        return data

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each handled before the next."""
        for key in keys:
            character = {"space": " "}.get(key, key if len(key) == 1 else None)
            name = _character_to_key(key) if len(key) == 1 else key
            self.app.post_message(events.Key(name, character))
            await self._handled()
        await self.settle()

    async def settle(self) -> None:
        """Until nothing is left to be handled or painted."""
        for _ in range(200):
            await self._handled()
            screen = self.app.screen
            waiting = (screen._dirty_widgets, screen._layout_required, screen._repaint_required)
            if not any(waiting):
                break
            await asyncio.sleep(0.01)

    async def _handled(self) -> None:
        # A key travels from the app to the screen to a widget, and a message back again.
        for _ in range(4):
            await self.pilot._wait_for_screen()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that a timer of the app brings about."""
        await until_async(condition)

    async def news(self, board: Board | None = None) -> None:
        """Let the feed have news and wait until they have been read and painted."""
        reads = self.feed.reads
        self.feed.change(board or self.feed.board)
        await self.until(lambda: self.feed.reads > reads)
        await self.settle()

    def lines(self) -> list[str]:
        """The lines of the screen as the compositor has them."""
        return screen_lines(self.app)

    def text(self) -> str:
        return "\n".join(self.lines())


def screen_lines(app: App[Any]) -> list[str]:
    """A fresh rendering of everything, as text."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


@asynccontextmanager
async def stage(
    feed: RecordedFeed, size: tuple[int, int] = (80, 24), **options: Any
) -> AsyncIterator[Stage]:
    """The app on a recorded feed and a paper terminal."""
    app = CockpitApp(feed, clock_zone=options.pop("clock_zone", ZONE), **options)
    app.driver_class = PaperDriver
    async with app.run_test(headless=False, size=size) as pilot:
        playing = Stage(app, pilot, feed)
        await playing.settle()
        yield playing
