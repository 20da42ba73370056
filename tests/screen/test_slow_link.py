"""A terminal that reads slowly, not at all, or is gone: never an old picture, never a busy loop."""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import DEADLINE, environment, save_over, until

if sys.platform == "win32":
    pytest.skip("needs a pseudo terminal", allow_module_level=True)

from driving import Paper
from terminals import Terminal

from cockpit.evidence.reader import Reader

ITEMS = 30
QUESTION = b"\x1b[6n"
ANSWER = b"\x1b[24;80R"
UNFINISHED = re.compile(r"\x1b[\[\]]?[?<>=]?[\d;$]*$|\x1b\][^\x07]*$")
"""A sequence whose end has not been read yet."""
MODES = re.compile(r"\x1b\[[?<>=][\d;$]*[A-Za-z]|\x18|\x1b\[6n")
PATIENT = (
    "import sys; from cockpit_widgets import link; link._UNDERWAY = 0.0;"
    "from cockpit.cli import run; sys.exit(run(sys.argv[1:]))"
)
"""The command, holding each frame until the last one was answered."""


class Watched:
    """A checklist on a screen; what the reader of the terminal takes is up to the test."""

    def __init__(self, folder: Path) -> None:
        self._list = folder / "LIST.md"
        self.store = folder / ".cockpit" / "evidence.db"
        self.tick(0)
        config = folder / "cockpit.toml"
        config.write_text('[[checklist]]\nname = "list"\nfile = "LIST.md"\n')
        argv = [sys.executable, "-c", PATIENT, "screen", "--config", config]
        self.terminal = Terminal(argv, cwd=folder, env=environment(folder))

    def tick(self, count: int) -> None:
        """So many items are done."""
        lines = (f"- [{'x' if n < count else ' '}] item {n}\n" for n in range(ITEMS))
        save_over(self._list, "".join(lines))

    def seen(self, count: int) -> None:
        """Wait until the cockpit has seen that many done."""

        def found() -> bool:
            with Reader(self.store) as reader:
                states = reader.probe_states()
                return (
                    "list" in states and f"{count}/{ITEMS}" in states["list"].observation.headline
                )

        until(found, f"{count} items done")

    def picture(self) -> str:
        """What the terminal shows, of all that was read."""
        paper = Paper(80, 24)
        whole = UNFINISHED.sub("", self.terminal.text())
        paper.replay(MODES.sub("", whole))
        return "\n".join(paper.lines())

    def read_until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, self.terminal.text()
            self.terminal._read(0.05)


def test_what_changes_while_a_frame_is_on_its_way_is_painted_as_it_is_then(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with watched.terminal as terminal:
        questions = terminal.drawn.count
        watched.read_until(lambda: questions(QUESTION) == 1)
        terminal.press(ANSWER)
        watched.read_until(lambda: questions(QUESTION) == 2)
        watched.seen(0)
        before = len(terminal.drawn)
        for count in range(1, 9):
            watched.tick(count)
            watched.seen(count)
        # All this while the terminal has read what was written, but has not said so.
        terminal._read(0)
        assert b"item 7" not in terminal.drawn[before:]
        terminal.press(ANSWER)
        watched.read_until(lambda: f"8/{ITEMS}" in watched.picture())
        assert not re.search(rf"[1-7]/{ITEMS}", MODES.sub("", terminal.text())[before:])
        terminal.press(ANSWER)
        terminal.press(b"q")
        assert terminal.end() == 0
        assert terminal.as_before


def test_after_a_slow_reader_the_picture_is_the_present_one(tmp_path: Path) -> None:
    """One that answers nothing, either: then the last frame waits for the system to take it."""
    watched = Watched(tmp_path)
    with watched.terminal as terminal:
        watched.read_until(lambda: f"0/{ITEMS}" in watched.picture())
        taken = 0
        for count in range(1, ITEMS + 1):
            watched.tick(count)
            watched.seen(count)
            if select.select([terminal._screen], [], [], 0)[0]:
                data = os.read(terminal._screen, 40)
                terminal.drawn += data
                taken += len(data)
        assert taken
        watched.read_until(lambda: f"{ITEMS}/{ITEMS}" in watched.picture())
        terminal.press(b"q")
        assert terminal.end() == 0


def test_a_screen_that_nobody_reads_is_left_in_order(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with watched.terminal as terminal:
        watched.read_until(lambda: f"0/{ITEMS}" in watched.picture())
        filler = os.open(os.ttyname(terminal._theirs), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            while True:
                os.write(filler, b" " * 512)
        except BlockingIOError:
            pass
        finally:
            os.close(filler)
        watched.tick(1)
        watched.seen(1)
        terminal.press(b"q")
        until(lambda: terminal.process.poll() is not None)
        assert terminal.process.returncode == 0
        assert terminal.as_before


def test_a_terminal_that_vanishes_without_a_signal_ends_the_screen(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with watched.terminal as terminal:
        watched.read_until(lambda: f"0/{ITEMS}" in watched.picture())
        os.close(terminal._theirs)
        os.close(terminal._screen)
        try:
            assert terminal.process.wait(DEADLINE) == 0
        finally:
            terminal._screen, terminal._theirs = os.openpty()
    with Reader(watched.store) as reader:
        assert reader.verify().ok
