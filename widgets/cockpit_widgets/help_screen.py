"""The help screen: every key, the meaning of signs and doubts. Opaque, under the same header."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size

from cockpit.rows import Glyphs, View
from cockpit_widgets.header import BoardHeader
from cockpit_widgets.keys import HELP_BAR
from cockpit_widgets.line_pane import LinePane, OneLine
from cockpit_widgets.rows.help_text import guide_rows
from cockpit_widgets.rows.status import Frame, fitting_keys
from cockpit_widgets.textual_internals import QuietFocusScreen, RegionContainer


class HelpScreen(QuietFocusScreen, inherit_bindings=False):
    """The help screen; any closing key goes back to the board."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,?,enter", "close", "close"),
        Binding("j,down", "move(1)", "down"),
        Binding("k,up", "move(-1)", "up"),
        Binding("pagedown,space", "page(1)", "a page down"),
        Binding("pageup", "page(-1)", "a page up"),
    ]
    AUTO_FOCUS = "#guide"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._top = BoardHeader(glyphs)
        self._guide = LinePane(label="Esc HELP", glyphs=glyphs, id="guide")
        self._bar = OneLine(glyphs=glyphs, id="keys")
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        with RegionContainer(_regions):
            yield self._top
            yield self._guide
            yield self._bar

    def on_mount(self) -> None:
        self._guide.show(guide_rows(self._glyphs))
        self._bar.present(lambda width: fitting_keys(HELP_BAR, width))

    def show(self, view: View, frame: Frame) -> int:
        """Update the header; returns lines repainted."""
        return self._top.show(view, frame)

    def action_close(self) -> None:
        self.dismiss()

    def action_move(self, steps: int) -> None:
        self._guide.move(steps)

    def action_page(self, direction: int) -> None:
        self._guide.move(direction * self._guide.page)


def _regions(size: Size) -> dict[str, Region]:
    regions = {"top": Region(0, 0, size.width, 1)}
    if size.height > 2:
        regions["guide"] = Region(0, 1, size.width, size.height - 2)
        regions["keys"] = Region(0, size.height - 1, size.width, 1)
    return regions
