"""The container that puts its children where `arrange` says, at every layout anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

Plan = Callable[[Size], Mapping[str, Region]]


class PlannedLayout(Layout):
    """Children by id at the regions of a plan; a child the plan does not name is not shown."""

    name = "planned"

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        regions = self._plan(size)
        return [
            WidgetPlacement(regions[child.id], NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id is not None and child.id in regions
        ]


class Deck(Widget):
    """Fills the screen with children placed by a plan."""

    DEFAULT_CSS = "Deck { width: 100%; height: 100%; background: ansi_default; }"

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        self._planned = PlannedLayout(plan)

    @property
    def layout(self) -> Layout:
        return self._planned

    def regions(self) -> Mapping[str, Region]:
        """Where the children stand now."""
        return self._plan(self.size)

    def rearrange(self) -> None:
        """Place the children anew; only what moved is painted."""
        # A child has to ask: a widget's own request does not clear its cached arrangement.
        for child in self.children[:1]:
            child.refresh(repaint=False, layout=True)
