"""The target of a row, and the commands that keys make of it. Without Textual."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.commands import Reprobe, SetItem
from cockpit.kinds.checklist.facts import ItemFacts, OverwrittenEditFacts, PlanTaskFacts, item_key
from cockpit.model import Problem
from cockpit.rows import View, join_key, split_key
from cockpit_widgets.detail import Target
from cockpit_widgets.rows.events import event_key


def problem_of(view: View, key: str) -> Problem | None:
    """The open problem of that key."""
    return next((problem for problem in view.board.problems if problem.key == key), None)


def target_of(view: View, pane: str, key: str) -> Target | None:
    """The target that the row `key` of that pane stands for; None for a heading."""
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
    """The re-probe commands for the probes of the board behind a target."""
    known = {*view.board.observations, *view.board.waiting}
    return [Reprobe(name) for name in (target.probes if target else ()) if name in known]


@dataclass(frozen=True, slots=True)
class ItemRef:
    """A checklist item as commands name it."""

    probe: str
    item: str
    anchor: str
    status: str
    subject: str


def item_of(view: View, key: str) -> ItemRef | None:
    """The checklist item of that row; None when the row is not an item."""
    probe, item = split_key(key)
    observation = view.board.observations.get(probe)
    finding = observation.finding(item) if observation else None
    facts = finding.facts if finding is not None else None
    if finding is None or not isinstance(facts, ItemFacts | PlanTaskFacts) or facts.status is None:
        return None
    return ItemRef(probe, item_key(finding), facts.anchor or "", facts.status, finding.subject)


def set_state(view: View, key: str, to: str | None) -> SetItem | None:
    """The command that gives the item of that row the state `to`, or moves it on."""
    aim = item_of(view, key)
    return None if aim is None else SetItem(aim.probe, aim.item, aim.status, aim.anchor, to)


def reapply_edits(view: View, key: str) -> list[SetItem]:
    """The commands that repeat the edits that the problem `key` says were undone by another."""
    problem = problem_of(view, key)
    commands: list[SetItem] = []
    for probe in problem.probes if problem is not None else ():
        observation = view.board.observations.get(probe)
        for finding in observation.findings if observation is not None else ():
            undone = finding.facts
            if not isinstance(undone, OverwrittenEditFacts):
                continue
            if (finding.cause or f"{probe}/{finding.key}") != key:
                continue
            command = set_state(view, join_key(probe, finding.key), undone.reverted_from)
            if command is not None:
                commands.append(command)
    return commands
