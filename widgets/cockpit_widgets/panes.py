"""The panes of the board: those that the kinds bring, and the screen's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cockpit.kinds import registry
from cockpit.model import Board
from cockpit.rows import Column, Glyphs, Line, PaneRows, Row, View
from cockpit_widgets.arrange import PANES
from cockpit_widgets.line_pane import LinePane, Source
from cockpit_widgets.rows import all_probes, events, other_kinds, problems


@dataclass(frozen=True, slots=True)
class PaneSpec:
    """What makes a pane: `key` opens it, `opens` ends the sentence "open …" in the help.

    `kinds` are the probe kinds it shows; with none on the board it idles. One that is not in the
    `overview` is only opened. The rows of an `ageless` pane follow from its observations alone, so
    that a long list is made anew only when one of them has been replaced. `fitted` gives columns
    that follow the view.
    """

    id: str
    key: str
    label: str
    opens: str
    columns: Sequence[Column]
    rows: Callable[[View], list[Row]]
    banner: Callable[[View], Line] | None = None
    kinds: tuple[str, ...] = ()
    sticky_top: bool = False
    ageless: bool = False
    fitted: Callable[[View], Sequence[Column]] | None = None
    overview: bool = True

    def build(self, glyphs: Glyphs) -> LinePane:
        """The widget of this pane."""
        return LinePane(
            columns=self.columns,
            label=f"{self.key} {self.label}" if self.label else "",
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


def _of_kinds() -> tuple[PaneSpec, ...]:
    """The panes that the kinds bring, in board order; kinds that name the same one share it."""
    kinds: dict[str, list[str]] = {}
    found: dict[str, PaneRows] = {}
    for kind in registry.kinds_at_hand():
        for pane in kind.load_panes():
            found.setdefault(pane.id, pane)
            kinds.setdefault(pane.id, []).append(kind.name)
    return tuple(
        PaneSpec(
            id=pane.id,
            key=pane.key,
            label=pane.label,
            opens=pane.opens,
            columns=pane.columns,
            rows=pane.rows,
            banner=pane.banner,
            kinds=tuple(kinds[pane.id]),
            ageless=pane.ageless,
            overview=pane.overview,
        )
        for pane in sorted(found.values(), key=lambda pane: _place(pane.id))
    )


def _place(pane: str) -> int:
    """Its place on the screen; panes that the layout does not know come behind those it does."""
    return PANES.index(pane) if pane in PANES else len(PANES)


OF_KINDS = _of_kinds()
OTHER_KINDS = PaneSpec(
    id="others",
    key="O",
    label="OTHERS",
    opens="probes of kinds without a pane",
    columns=other_kinds.COLUMNS,
    rows=lambda view: other_kinds.rows(view, _claimed()),
    banner=lambda view: other_kinds.banner(view, _claimed()),
)
SPECS: tuple[PaneSpec, ...] = (
    PaneSpec("problems", "0", "", "all problems", (), problems.rows, fitted=problems.columns),
    *OF_KINDS,
    OTHER_KINDS,
    PaneSpec(
        id="events",
        key="v",
        label="EVENTS",
        opens="events",
        columns=events.COLUMNS,
        rows=events.rows,
        banner=events.banner,
        sticky_top=True,
    ),
    PaneSpec(
        id="everything",
        key="o",
        label="PROBES",
        opens="the list of all probes",
        columns=all_probes.COLUMNS,
        rows=all_probes.rows,
        banner=all_probes.banner,
        overview=False,
    ),
)


def _claimed() -> frozenset[str]:
    """The kinds that have a pane of their own."""
    return frozenset(kind for spec in OF_KINDS for kind in spec.kinds)


def idle_panes(board: Board) -> frozenset[str]:
    """The ids of the panes whose kinds are not watched here."""
    if board.waiting:
        return frozenset()
    return frozenset(spec.id for spec in OF_KINDS if not board.of_kind(*spec.kinds))


def further_panes(board: Board) -> tuple[str, ...]:
    """The ids of the panes beside the built-in ones that have something to show."""
    brought = [spec for spec in OF_KINDS if spec.overview and spec.id not in PANES]
    shown = [spec.id for spec in brought if board.of_kind(*spec.kinds)]
    if any(one.kind not in _claimed() for one in board.observations.values()):
        shown.append(OTHER_KINDS.id)
    return tuple(shown)
