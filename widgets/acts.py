"""What a row stands for, and the commands that keys make of it. Without Textual."""

from __future__ import annotations

from cockpit.feed import Reprobe, SetItem
from cockpit.model import Problem
from widgets.detail import Target
from widgets.rows.happenings import event_key
from widgets.view import View, split_key


def problem_of(view: View, key: str) -> Problem | None:
    """The open problem of that key."""
    return next((problem for problem in view.board.problems if problem.key == key), None)


def target_of(view: View, pane: str, key: str) -> Target | None:
    """What the row `key` of that pane stands for; None for a heading."""
    if not key:
        return None
    if pane == "problems":
        problem = problem_of(view, key)
        return Target(problem=problem) if problem else None
    if pane == "events":
        event = next((event for event in view.events if event_key(event) == key), None)
        return Target(event=event) if event else None
    return Target(key=key)


def reprobes(view: View, target: Target | None) -> list[Reprobe]:
    """A re-probe for each probe of the board behind a target."""
    known = {*view.board.observations, *view.board.waiting}
    return [Reprobe(name) for name in (target.probes if target else ()) if name in known]


def next_state(view: View, key: str) -> SetItem | None:
    """The command that moves the item of that row on; None when the row is not an item."""
    probe, item = split_key(key)
    observation = view.board.observations.get(probe)
    finding = observation.finding(item) if observation else None
    if finding is None or "status" not in finding.facts:
        return None
    seen = str(finding.facts["status"])
    return SetItem(probe, item, seen, str(finding.facts.get("anchor", "")))
