"""The private ways through Textual, in one place: each with the reason that was measured.

None of these is promised by Textual's documentation, so each may break with a new version. The
figures are bytes sent to the terminal at 200×60 with six panes, Textual 8.2.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from textual import events
from textual.app import App
from textual.driver import Driver
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from cockpit_widgets.link import Link

if TYPE_CHECKING:
    _AnyScreen = Screen[None]
else:
    _AnyScreen = object

_LATE = 0.1
"""Seconds a frame has waited after which what it shows is brought up to date first."""
_SOON = 0.05
_LOOK_EVERY = 1.0
"""Seconds between looks whether an answer that is waited for must have been lost."""

Regions = Callable[[Size], Mapping[str, Region]]
"""The region of each child, by its id, in a container of that size."""


class PacedFrames(_AnyScreen):
    """The part of a screen that draws nothing while the last frame is on its way: see `PacedApp`.

    Stands before the class of the screen.
    """

    def _compositor_refresh(self) -> None:
        app = self.app
        if not isinstance(app, PacedApp) or not self.is_current:
            super()._compositor_refresh()
        elif app.may_draw():
            super()._compositor_refresh()
            app.frame_drawn()
        else:
            # What has to be painted is kept by the compositor until it is.
            self._dirty_widgets.clear()


class QuietFocusScreen(PacedFrames, Screen[None]):
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


class LinkFree(Message):
    """A frame that had to wait may go now."""


class PacedApp(QuietFocusApp):
    """An app that draws a frame only when the last one has left.

    Textual's own writes into a queue of 30, and then its thread waits: on a link of 200 bytes a
    second the picture was 172 s old. Here what has changed meanwhile is painted at once, as it is
    then. `monotonic` gives seconds; `hung_up` is called from any thread when the terminal is gone.
    """

    def __init__(
        self, *, monotonic: Callable[[], float], hung_up: Callable[[], None], ansi_color: bool
    ) -> None:
        self.link = Link(monotonic, self._link_is_free)
        self.hung_up = hung_up
        self._held_since: float | None = None
        self._look: Timer | None = None
        super().__init__(driver_class=_paced_driver(), ansi_color=ansi_color)

    def may_draw(self) -> bool:
        """Whether a frame may go now; else one is drawn as soon as it may."""
        if not self.link.must_wait():
            self._held_since = None
            return True
        if self._held_since is None:
            self._held_since = asyncio.get_running_loop().time()
        if self._look is None:
            self._look = self.set_interval(_LOOK_EVERY, self.link.lose_patience)
        return False

    def frame_drawn(self) -> None:
        """Textual has written a frame."""
        if self._look is not None:
            self._look.stop()
            self._look = None
        end_frame = getattr(self._driver, "end_frame", None)
        if end_frame is not None:
            end_frame()

    def before_late_frame(self) -> None:
        """Bring what is shown up to date: a frame that had to wait may go now."""

    def _link_is_free(self) -> None:
        """Called by threads of the driver."""
        self.post_message(LinkFree())

    def on_link_free(self, _message: LinkFree) -> None:
        if self._held_since is None:
            return
        if asyncio.get_running_loop().time() - self._held_since < _LATE:
            self._draw_held()
            return
        self.before_late_frame()
        # What that changes comes as a frame of its own, with all the rest; if nothing does, now.
        self.set_timer(_SOON, self._draw_held)

    def _draw_held(self) -> None:
        if self._held_since is not None and self.is_running:
            self.screen._compositor_refresh()


def _paced_driver() -> type[Driver] | None:
    """The driver that tells the link; on Windows Textual's own."""
    if sys.platform != "win32":
        from cockpit_widgets.paced_driver import PacedDriver

        return PacedDriver
    return None


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
