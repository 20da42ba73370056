"""The key actions on processes: arm, end, start, free ports. A mixin of the board.

Nothing is done by a key alone: each asks for a plan, the plan is shown, and what it names is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from cockpit.commands import Arm, Command, Confirm, PlanEnd, PlanReset, PlanStart, Question
from cockpit.kinds.heartbeat.facts import EngineParityFacts
from cockpit.kinds.listener.facts import PortFacts
from cockpit.kinds.process_facts import ProcessFindingFacts
from cockpit.kinds.service.facts import ServiceParityFacts, UnitFacts
from cockpit.model import Finding, Verdict
from cockpit.rows import View, split_key
from cockpit.text import format_utc
from cockpit_widgets.detail import Target
from cockpit_widgets.prompt import PromptContext

if TYPE_CHECKING:
    from cockpit_widgets.line_pane import LinePane
    from cockpit_widgets.rows.status import Frame

MakeCommand: TypeAlias = Callable[[View, Target | None], Command | str]
_MOVES = {"j": 1, "k": -1}
_POINT = "point at a port, an owner or an engine first"


class ProcessActions:
    """Mixin of the board screen, which provides the methods declared first."""

    if TYPE_CHECKING:
        _view: View | None
        _frame: Frame

        @property
        def _pane(self) -> LinePane: ...
        def _target(self, pane: LinePane, key: str) -> Target | None: ...
        def show_message(self, text: str, *, ok: bool = True) -> None: ...
        def ask(
            self,
            purpose: str,
            label: str,
            text: str = "",
            *,
            discard_typeahead: bool = False,
            context: PromptContext | None = None,
            scroll_keys: Mapping[str, int] = {},
        ) -> bool: ...
        def submit(self, commands: Sequence[Command]) -> None: ...

    def action_arm(self) -> None:
        if self._view is not None:
            self.submit([Arm(not self._frame.armed(self._view.now))])

    def action_end(self) -> None:
        self._submit_or_explain(end_command)

    def action_start(self) -> None:
        self._submit_or_explain(start_command)

    def action_free_ports(self) -> None:
        if self._view is not None:
            wanted = reset_command(self._view)
            if isinstance(wanted, str):
                self.show_message(wanted)
            else:
                self.submit([wanted])

    def _submit_or_explain(self, make: MakeCommand) -> None:
        if self._view is None:
            return
        wanted = make(self._view, self._target(self._pane, self._pane.cursor_key))
        if isinstance(wanted, str):
            self.show_message(wanted)
        else:
            self.submit([wanted])

    def ask_confirmation(self, question: Question) -> None:
        """Show what would happen and ask for the text to be typed; j and k scroll what is shown,
        unless they are to be typed."""
        label = f"type {question.expected} to do this, Esc not to:"
        scroll_keys = {key: by for key, by in _MOVES.items() if key not in question.expected}
        context = PromptContext(question.lines)
        if not self.ask(
            f"act {question.plan}",
            label,
            discard_typeahead=True,
            context=context,
            scroll_keys=scroll_keys,
        ):
            self.show_message("answer the present question first, then ask again", ok=False)

    def confirmation_answered(self, plan: str, typed: str) -> None:
        """The answer to the question."""
        if typed:
            self.submit([Confirm(plan, typed)])
        else:
            self.show_message("nothing was done")


def _found(view: View, target: Target | None) -> tuple[str, Finding] | None:
    """The probe and the finding behind a row or a problem."""
    if target is None or target.event is not None:
        return None
    if target.problem is not None:
        problem = target.problem
        places = [(name, problem.finding) for name in problem.probes]
    else:
        places = [split_key(target.key)]
    for probe, key in places:
        observation = view.board.observations.get(probe)
        finding = observation.finding(key) if observation else None
        if finding is not None:
            return probe, finding
    return None


def end_command(view: View, target: Target | None) -> Command | str:
    """The command of X on that row; or what to do instead, in words."""
    found = _found(view, target)
    if found is None:
        return f"X ends a process: {_POINT}"
    probe, finding = found
    match finding.facts:
        case ProcessFindingFacts(pid=pid, started_at=started):
            return PlanEnd(pid, format_utc(started) if started else "", probe)
        case UnitFacts(pid=int(pid)):
            return PlanEnd(pid, "", probe)
        case PortFacts() as port:
            return _end_on_port(port)
        case ServiceParityFacts(strangers=pids) | EngineParityFacts(engines=pids) if pids:
            if len(pids) == 1:
                return PlanEnd(pids[0], "", probe)
            return f"{' and '.join(map(str, pids))}: press e, go to the one to end, then X"
    return f"X ends a process: {_POINT}"


def _end_on_port(facts: PortFacts) -> Command | str:
    if facts.owners:
        return PlanReset((facts.port,))
    if facts.hidden_uid is not None:
        return f"the owner of {facts.port} is hidden: run as uid {facts.hidden_uid} or root"
    return f"nobody to end on {facts.port}"


def start_command(view: View, target: Target | None) -> Command | str:
    """The command of S on that row; or what to do instead, in words.

    Of several probes behind a problem the one that tells most about the start: a listener, which
    has a `start` and a port to look at, then a service, then a heartbeat.
    """
    kinds: dict[str, str] = {}
    for name in target.probes if target is not None else ():
        observation = view.board.observations.get(name)
        if observation is not None:
            kinds.setdefault(observation.kind, name)
    for kind in ("listener", "service", "heartbeat"):
        if kind in kinds:
            return PlanStart(kinds[kind])
    return "S starts a service: point at its port, its unit or its engine first"


def reset_command(view: View) -> Command | str:
    """The command that frees every configured port that is red and held; or that there is none."""
    ports = tuple(
        finding.facts.port
        for observation in view.board.observations.values()
        for finding in observation.findings
        if isinstance(finding.facts, PortFacts)
        if finding.verdict is Verdict.FAIL and finding.facts.owners
    )
    return PlanReset(ports) if ports else "no port is held by what should not hold it"
