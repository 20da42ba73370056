"""The command palette, opaque and under the same header as everything else."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.command import CommandPalette

from cockpit.rows import Glyphs, View
from cockpit_widgets.header import BoardHeader
from cockpit_widgets.rows.status import Frame
from cockpit_widgets.textual_internals import PacedFrames


class Palette(PacedFrames, CommandPalette):
    """Textual's palette; opaque, since under a translucent one every update repaints everything."""

    CSS = """
    Palette, Palette:ansi { background: ansi_default; }
    Palette > BoardHeader { dock: top; }
    Palette > Vertical { margin-top: 1; }
    Palette SearchIcon { display: none; }
    Palette #--input { border: none; }
    Palette #--input CommandInput { margin-top: 0; }
    Palette LoadingIndicator { display: none; }
    Palette CommandList { border: none; scrollbar-size: 0 0; }
    Palette CommandList:nocolor > .option-list--option-highlighted {
        text-style: bold underline;
    }
    Palette CommandInput > .input--cursor {
        color: ansi_default; background: ansi_default; text-style: reverse;
    }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(placeholder="a command, by any part of its name", id="--command-palette")
        self._top = BoardHeader(glyphs)

    def compose(self) -> ComposeResult:
        yield self._top
        yield from super().compose()

    def show(self, view: View, frame: Frame) -> int:
        """Update the header; returns lines repainted."""
        return self._top.show(view, frame)
