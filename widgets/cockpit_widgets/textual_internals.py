"""The private ways through Textual, in one place: each with the reason that was measured.

None of these is promised by Textual's documentation, so each may break with a new version. The
figures are bytes sent to the terminal at 200×60 with six panes, Textual 8.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual import events
from textual.app import App
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

Regions = Callable[[Size], Mapping[str, Region]]
"""The region of each child, by its id, in a container of that size."""


class QuietFocusScreen(Screen[None]):
    """A screen that is not repainted when the focus moves.

    `Screen.focused` is a reactive that repaints: 25–38 KB for each Tab. Here the panes that lose
    and get the focus repaint what shows it, which is some hundred bytes.
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)


class QuietFocusWidget(Widget):
    """A widget that is neither restyled nor repainted when it gets or loses the focus.

    `focus_changed` is called instead. Textual's own handlers set `has_focus` and refresh the whole
    widget, its watcher of `has_focus` updates the styles; no style rule here depends on the focus.
    """

    def focus_changed(self) -> None:
        """Repaint what shows the focus."""

    def watch_has_focus(self, _has_focus: bool) -> None:
        self.focus_changed()

    def on_focus(self, event: events.Focus) -> None:
        event.prevent_default()
        self.has_focus = True

    def on_blur(self, event: events.Blur) -> None:
        event.prevent_default()
        self.has_focus = False


class QuietFocusApp(App[None]):
    """An app that is not repainted when the terminal's window gets or loses the focus.

    Textual's own handlers set `App.app_focus`, which restyles and repaints the whole screen:
    25–38 KB each time somebody changes windows.
    """

    def on_app_focus(self, event: events.AppFocus) -> None:
        event.prevent_default()

    def on_app_blur(self, event: events.AppBlur) -> None:
        event.prevent_default()


class RegionLayout(Layout):
    """Children by id at given regions; a child without a region is not shown.

    Places come from a pure function of the size, so that an opened pane or a longer message moves
    what has to move and nothing else; layouts of Textual would measure and repaint all children.
    """

    name = "regions"

    def __init__(self, regions: Regions) -> None:
        self._regions = regions

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        regions = self._regions(size)
        return [
            WidgetPlacement(regions[child.id], NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id is not None and child.id in regions
        ]


class RegionContainer(Widget):
    """A container that fills the screen and places its children by `RegionLayout`."""

    DEFAULT_CSS = "RegionContainer { width: 100%; height: 100%; background: ansi_default; }"

    def __init__(self, regions: Regions) -> None:
        super().__init__()
        self._regions = regions
        self._region_layout = RegionLayout(regions)

    @property
    def layout(self) -> Layout:
        return self._region_layout

    def regions(self) -> Mapping[str, Region]:
        """Where the children stand now."""
        return self._regions(self.size)

    def rearrange(self) -> None:
        """Place the children anew; only what moved is painted."""
        # A child has to ask: a widget's own request does not clear its cached arrangement.
        for child in self.children[:1]:
            child.refresh(repaint=False, layout=True)
