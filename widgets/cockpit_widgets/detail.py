"""The detail panel: the evidence behind one row, docked beside the panes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cockpit.feed import Feed
from cockpit.model import Event, Observation, Problem, Verdict
from cockpit.rows import Glyphs, Row, Span, View, split_key
from cockpit_widgets.line_pane import FittedPane
from cockpit_widgets.rows.detail import (
    HISTORY,
    Details,
    finding_detail,
    pairs_detail,
    problem_detail,
)
from cockpit_widgets.rows.events import event_detail

LoadDetails = Callable[[Sequence[Observation]], Details]


@dataclass(frozen=True, slots=True)
class Target:
    """The target of the panel: a problem, an event, or the row of a probe."""

    problem: Problem | None = None
    event: Event | None = None
    key: str = ""

    @property
    def probes(self) -> tuple[str, ...]:
        """The probes behind it."""
        if self.problem is not None:
            return self.problem.probes
        name = self.event.probe if self.event is not None else split_key(self.key)[0]
        return (name,) if name else ()


def load_details(feed: Feed, observations: Sequence[Observation]) -> Details:
    """History and raw evidence of these observations, from the feed."""
    history = {one.probe: tuple(feed.history(one.probe, HISTORY)) for one in observations}
    kept = {}
    for ref in (ref for one in observations for ref in one.artefacts):
        artefact = feed.artefact(ref.digest)
        if artefact is not None:
            kept[ref.digest] = artefact
    done = {one.probe: tuple(feed.item_events(one.probe)) for one in observations if _listed(one)}
    return Details(history, kept, done)


def _listed(observation: Observation) -> bool:
    return observation.kind == "checklist"


class DetailPanel(FittedPane):
    """Shows a target; fetches its details again only when a probe has answered since."""

    def __init__(self, glyphs: Glyphs, load_details: LoadDetails) -> None:
        super().__init__(label="Esc PROOF", glyphs=glyphs, id="detail")
        self.target: Target | None = None
        self._load_details = load_details
        self._details = Details()
        self._proved: tuple[object, ...] = ()

    def show_target(self, target: Target | None, view: View) -> None:
        """Show another target from its first line, or nothing."""
        self.target = target
        self._proved = ()
        self.reset()
        if target is None:
            self._details = Details()
        self.update_view(view)

    def update_view(self, view: View) -> int:
        """Follow the board; returns lines repainted."""
        if self.target is None:
            return 0
        target = self.target
        observations = [
            view.board.observations[name]
            for name in target.probes
            if name in view.board.observations
        ]
        stamp: tuple[object, ...] = tuple((one.probe, one.observed_at) for one in observations)
        if view.events and any(map(_listed, observations)):
            stamp = (*stamp, view.events[-1].seq)
        if stamp != self._proved:
            self._proved = stamp
            self._details = self._load_details(observations)
        return self.present(lambda width: self._rows_of(target, view, width - 2))

    def _rows_of(self, target: Target, view: View, width: int) -> list[Row]:
        if target.problem is not None:
            return _problem_rows(target.problem, view, self._details, width)
        if target.event is not None:
            return pairs_detail(view, "event", event_detail(view, target.event), width)
        probe, finding = split_key(target.key)
        observation = view.board.observations.get(probe)
        if observation is None:
            return pairs_detail(view, probe, [("state", "no answer yet")], width)
        found = observation.finding(finding) if finding else None
        return finding_detail(view, observation, found, self._details, width)


def _problem_rows(problem: Problem, view: View, details: Details, width: int) -> list[Row]:
    now = next((one for one in view.board.problems if one.key == problem.key), None)
    rows = problem_detail(view, now or problem, details, width)
    if now is None:
        gone = view.flag(Verdict.OK, "no longer a problem; this is how it stood")
        rows.insert(0, Row("gone", (Span(gone.text, gone.tone),)))
    return rows
