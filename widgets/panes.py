"""The panes of the board: a letter, a name, columns and two pure functions each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from widgets.line_pane import LinePane
from widgets.lines import Column, Line, Row
from widgets.look import Glyphs
from widgets.rows import (
    checklist,
    engines,
    everything,
    gates,
    happenings,
    ports,
    problems,
    smoke,
)
from widgets.view import View


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """What makes a pane. `kinds` are the probe kinds it shows; with none on the board it idles."""

    id: str
    label: str
    columns: Sequence[Column]
    rows: Callable[[View], list[Row]]
    banner: Callable[[View], Line] | None = None
    kinds: tuple[str, ...] = ()
    sticky_top: bool = False

    def build(self, glyphs: Glyphs) -> LinePane:
        """The widget of this pane."""
        return LinePane(
            columns=self.columns,
            label=self.label,
            glyphs=glyphs,
            sticky_top=self.sticky_top,
            steady=self.id == "problems",
            id=self.id,
        )

    def fill(self, pane: LinePane, view: View) -> int:
        """Show the view in the pane; returns lines repainted."""
        return pane.show(self.rows(view), self.banner(view) if self.banner else ())


SPECS: tuple[PaneSpec, ...] = (
    PaneSpec("problems", "", problems.COLUMNS, problems.rows),
    PaneSpec("engines", "e ENGINE", engines.COLUMNS, engines.rows, engines.banner, engines.KINDS),
    PaneSpec("ports", "p PORTS", ports.COLUMNS, ports.rows, ports.banner, ports.KINDS),
    PaneSpec("gates", "g GATES", gates.COLUMNS, gates.rows, gates.banner, gates.KINDS),
    PaneSpec("smoke", "s SMOKE", smoke.COLUMNS, smoke.rows, smoke.banner, smoke.KINDS),
    PaneSpec("checklist", "c LIST", (), checklist.rows, checklist.banner, checklist.KINDS),
    PaneSpec(
        "events",
        "v EVENTS",
        happenings.COLUMNS,
        happenings.rows,
        happenings.banner,
        sticky_top=True,
    ),
    PaneSpec("everything", "o PROBES", everything.COLUMNS, everything.rows, everything.banner),
)
