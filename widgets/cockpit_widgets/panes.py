"""The panes of the board: a letter, a name, columns and two pure functions each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cockpit.kinds.checklist import plan_rows
from cockpit.kinds.checklist import rows as checklist
from cockpit.kinds.gate import rows as gates
from cockpit.kinds.heartbeat import rows as engines
from cockpit.kinds.listener import rows as ports
from cockpit.kinds.smoke import rows as smoke
from cockpit.rows import Column, Glyphs, Line, Row, View
from cockpit_widgets.line_pane import LinePane, Source
from cockpit_widgets.rows import all_probes, events, problems


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """What makes a pane. `kinds` are the probe kinds it shows; with none on the board it idles.

    The rows of an `ageless` pane follow from its observations alone, so that a long list is made
    anew only when one of them has been replaced. `fitted` gives columns that follow the view.
    """

    id: str
    label: str
    columns: Sequence[Column]
    rows: Callable[[View], list[Row]]
    banner: Callable[[View], Line] | None = None
    kinds: tuple[str, ...] = ()
    sticky_top: bool = False
    ageless: bool = False
    fitted: Callable[[View], Sequence[Column]] | None = None

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
        source = (view.board.of_kind(*self.kinds), bool(view.board.waiting))
        if self.ageless and _same(source, pane.source):
            return 0
        pane.source = source
        if self.fitted is not None:
            pane.columns = tuple(self.fitted(view))
        return pane.show(self.rows(view), self.banner(view) if self.banner else ())


def _same(one: Source, other: Source | None) -> bool:
    """Whether both are made of the very same observations."""
    if other is None or one[1] != other[1] or len(one[0]) != len(other[0]):
        return False
    return all(here is there for here, there in zip(one[0], other[0], strict=True))


SPECS: tuple[PaneSpec, ...] = (
    PaneSpec("problems", "", (), problems.rows, fitted=problems.columns),
    PaneSpec("engines", "e ENGINE", engines.COLUMNS, engines.rows, engines.banner, engines.KINDS),
    PaneSpec("ports", "p PORTS", ports.COLUMNS, ports.rows, ports.banner, ports.KINDS),
    PaneSpec("gates", "g GATES", gates.COLUMNS, gates.rows, gates.banner, gates.KINDS),
    PaneSpec("smoke", "s SMOKE", smoke.COLUMNS, smoke.rows, smoke.banner, smoke.KINDS),
    PaneSpec(
        "checklist",
        "c LIST",
        (),
        checklist.rows,
        checklist.banner,
        checklist.KINDS,
        ageless=True,
    ),
    PaneSpec(
        "events",
        "v EVENTS",
        events.COLUMNS,
        events.rows,
        events.banner,
        sticky_top=True,
    ),
    PaneSpec("plan", "n PLAN", (), plan_rows.rows, plan_rows.banner, plan_rows.KINDS, ageless=True),
    PaneSpec("everything", "o PROBES", all_probes.COLUMNS, all_probes.rows, all_probes.banner),
)
