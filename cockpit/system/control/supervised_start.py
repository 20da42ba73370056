"""Start a service through its systemd unit or scheduled task, and verify that exactly one runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cockpit.clock import Clock, SystemClock
from cockpit.permissions import ReadOnlyError
from cockpit.system.control.process_control import ProcessController
from cockpit.system.control.start import (
    MATCHING_SECONDS,
    StartOutcome,
    StartRequest,
    running_already,
    said,
)
from cockpit.system.control.target_lock import TargetBusy, TargetLock
from cockpit.system.matcher import Matcher, PatternError
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import matches, shown
from cockpit.system.services.service_state import ServiceKind
from cockpit.system.services.supervisors import reader_for
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.text import sanitize

SETTLE_SECONDS = 1.0
"""How long a service that serves no port must stay up to count as started."""
_POLL_SECONDS = 0.05
_ASK_SECONDS = 0.3
"""Between two questions to a supervisor's tool, which is a process each time."""
COMMAND_SECONDS = 30.0
"""How long a supervisor's tool may take to start it."""
_JOURNAL_SLACK = timedelta(seconds=0.01)


@dataclass(frozen=True, slots=True)
class Supervised:
    """The unit or task that starts the service."""

    kind: ServiceKind
    name: str


async def start_supervised(
    request: StartRequest,
    service: Supervised,
    source: ListenerSource,
    controller: ProcessController,
    *,
    clock: Clock | None = None,
    on_step: Callable[[str], None] | None = None,
) -> StartOutcome:
    """Run `request.argv`, which asks the supervisor to start `service`, and wait until it is ready.

    Refused when it runs already. The lock is held meanwhile. Where `request` names a port, exactly
    one service must listen there; without one, the supervisor must say that it runs, and it must
    stay the same process for `SETTLE_SECONDS`. `log_line` is looked for in what the supervisor
    keeps of its output; where that can't be read, the outcome has a note and the rest decides.
    Never raises for what the system or the service does.
    """
    tell = on_step or (lambda _: None)
    clock = clock or SystemClock()
    if controller.permissions.read_only:
        return StartOutcome(refused=str(ReadOnlyError("starting a service")))
    try:
        with TargetLock(request.lock, f"{request.who} is starting {shown(request.argv)}"):
            if running := await _already(request, service, source):
                return StartOutcome(refused=running)
            since = clock.now() - _JOURNAL_SLACK
            tell(f"running {shown(request.argv)}")
            result = await controller.run(request.argv, timeout=COMMAND_SECONDS)
            if result.exit_code != 0:
                said = result.error or result.stderr.decode("utf-8", "replace").strip()
                text = f"{request.argv[0]} ended with {result.exit_code}: {said}"
                return StartOutcome(error=sanitize(text, limit=300))
            end_at = clock.monotonic() + request.ready_within
            outcome = await _until_up(request, service, source, clock, end_at)
            if outcome.done and request.log_line:
                outcome = await _until_said(outcome, request, service, since, clock, end_at)
    except TargetBusy as busy:
        return StartOutcome(refused=str(busy))
    except OSError as error:
        return StartOutcome(refused=sanitize(f"{request.argv[0]} cannot be run: {error}"))
    who = outcome.identity.pid if outcome.identity else service.name
    tell("; ".join(filter(None, (outcome.error or f"{who} is up", outcome.note))))
    return outcome


async def _already(request: StartRequest, service: Supervised, source: ListenerSource) -> str:
    """The process that runs the service already, in words; empty without one."""
    if running := running_already(request, source):
        return running
    if request.port is None:
        state = await reader_for(service.kind).read(service.name)
        if state.running:
            return f"{service.name} runs already: {state.state}, main PID {state.main_pid or '?'}"
    return ""


async def _until_up(
    request: StartRequest,
    service: Supervised,
    source: ListenerSource,
    clock: Clock,
    end_at: float,
) -> StartOutcome:
    """Wait until it serves its port; without one, until it has run for a while."""
    poll = _POLL_SECONDS if request.port is not None else _ASK_SECONDS
    settle = 0.0 if request.port is not None else SETTLE_SECONDS
    since, before = clock.monotonic(), StartOutcome(error="not looked yet")
    while True:
        if request.port is not None:
            outcome = _serves(request, source)
        else:
            outcome = await _runs(request, service)
        now = clock.monotonic()
        if outcome != before:
            since, before = now, outcome
        if outcome.done and now - since >= settle:
            return outcome
        if now >= end_at and not outcome.done:
            return outcome
        await clock.sleep(poll)


def _serves(request: StartRequest, source: ListenerSource) -> StartOutcome:
    """The outcome by the port: exactly one service, the expected one, listens there."""
    assert request.port is not None
    try:
        listener = source.snapshot([request.port]).on(request.port)
    except (OSError, ValueError) as error:
        return StartOutcome(error=sanitize(f"who listens on {request.port} can't be seen: {error}"))
    if listener is None:
        return StartOutcome(error=f"nobody listens on port {request.port} yet")
    if listener.hidden:
        return StartOutcome(error=f"who listens on port {request.port} is hidden")
    if len(listener.services) != 1:
        count = len(listener.services)
        return StartOutcome(error=f"{count} services listen on port {request.port}")
    service = listener.services[0]
    argvs = [service.root.argv, *(owner.process.argv for owner in service.owners)]
    lacking = ""
    if request.words and not any(matches(argv, request.words) for argv in argvs):
        lacking = sanitize(f"port {request.port} is held by {service.root.command}")
    return StartOutcome(error=lacking, identity=service.root.identity)


async def _runs(request: StartRequest, service: Supervised) -> StartOutcome:
    """The outcome by the supervisor: it says that the service runs, and one process is it."""
    state = await reader_for(service.kind).read(service.name)
    if state.error or not state.running:
        return StartOutcome(error=state.error or f"{service.name} is {state.state}")
    main = None if state.main_pid is None else process_table.identity_of(state.main_pid)
    if not request.words:
        return StartOutcome(identity=main)
    found = process_table.tree_roots(process_table.find_by_words(request.words))
    if len(found) != 1:
        count = f"{len(found)} processes run" if found else "no process runs"
        return StartOutcome(error=sanitize(f"{count} {' '.join(request.words)}"), identity=main)
    root = found[0].identity
    if main is not None and main.pid not in (root.pid, *process_table.ancestors(root.pid)):
        text = f"{root.pid} is not below the main process {main.pid} of {service.name}"
        return StartOutcome(error=text, identity=root)
    return StartOutcome(identity=root)


async def _until_said(
    outcome: StartOutcome,
    request: StartRequest,
    service: Supervised,
    since: datetime,
    clock: Clock,
    end_at: float,
) -> StartOutcome:
    """Look for the expected line in what the supervisor keeps of the service's output."""
    with Matcher(MATCHING_SECONDS, each=True) as matcher:
        while True:
            output = await reader_for(service.kind).output(service.name, since)
            if output.error:
                return replace(outcome, note=f"ready_line was not looked for: {output.error}")
            try:
                if await said(request.log_line, output.text, matcher):
                    return outcome
            except PatternError as error:
                return replace(outcome, error=sanitize(f"ready_line was not found: {error}"))
            if clock.monotonic() >= end_at:
                return replace(outcome, error="no line of its journal fits ready_line")
            if outcome.identity is not None and not process_table.is_alive(outcome.identity):
                return replace(outcome, error="it ended before its journal had the expected line")
            await clock.sleep(_ASK_SECONDS)
