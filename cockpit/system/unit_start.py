"""Starts a supervised service by its unit or task, and verifies that one serves its port."""

from __future__ import annotations

from collections.abc import Callable

from cockpit.clock import Clock, SystemClock
from cockpit.system.acts import Acts, ReadOnlyError
from cockpit.system.argv import matches, shown
from cockpit.system.listeners import ListenerSource, Service
from cockpit.system.starting import StartOutcome, StartRequest, already_there
from cockpit.system.target_lock import TargetBusy, TargetLock
from cockpit.text import clean

_POLL_SECONDS = 0.05
_COMMAND_SECONDS = 30.0


async def start_supervised(
    request: StartRequest,
    source: ListenerSource,
    acts: Acts,
    *,
    clock: Clock | None = None,
    on_step: Callable[[str], None] | None = None,
) -> StartOutcome:
    """Run `request.argv`, which asks a supervisor to start the service, and wait for its port.

    Refused when it runs already. The lock is held meanwhile. Never raises for what the system or
    the service does.
    """
    tell = on_step or (lambda _: None)
    clock = clock or SystemClock()
    if acts.read_only:
        return StartOutcome(refused=str(ReadOnlyError("starting a service")))
    try:
        with TargetLock(request.lock, f"{request.who} is starting {shown(request.argv)}"):
            if running := already_there(request, source):
                return StartOutcome(refused=running)
            tell(f"running {shown(request.argv)}")
            result = await acts.run(request.argv, timeout=_COMMAND_SECONDS)
            if result.exit_code != 0:
                said = result.error or result.stderr.decode("utf-8", "replace").strip()
                text = f"{request.argv[0]} ended with {result.exit_code}: {said}"
                return StartOutcome(error=clean(text, limit=300))
            return await _until_served(request, source, clock, tell)
    except TargetBusy as busy:
        return StartOutcome(refused=str(busy))
    except OSError as error:
        return StartOutcome(refused=clean(f"{request.argv[0]} cannot be run: {error}"))


async def _until_served(
    request: StartRequest, source: ListenerSource, clock: Clock, tell: Callable[[str], None]
) -> StartOutcome:
    end_at = clock.monotonic() + request.ready_within
    while True:
        service, lacking = _served(request, source)
        if not lacking or clock.monotonic() >= end_at:
            break
        await clock.sleep(_POLL_SECONDS)
    identity = service.root.identity if service is not None else None
    tell(lacking or f"{identity.pid if identity else '?'} is ready")
    return StartOutcome(error=lacking, identity=identity)


def _served(request: StartRequest, source: ListenerSource) -> tuple[Service | None, str]:
    """The one service on the port, and in words what is missing; empty when nothing is."""
    assert request.port is not None
    try:
        listener = source.snapshot([request.port]).on(request.port)
    except (OSError, ValueError) as error:
        return None, clean(f"who listens on {request.port} can't be seen: {error}")
    if listener is None:
        return None, f"nobody listens on port {request.port} yet"
    if listener.hidden:
        return None, f"who listens on port {request.port} is hidden"
    if len(listener.services) != 1:
        return None, f"{len(listener.services)} services listen on port {request.port}"
    service = listener.services[0]
    argvs = [service.root.argv, *(owner.process.argv for owner in service.owners)]
    if request.words and not any(matches(argv, request.words) for argv in argvs):
        return service, clean(f"port {request.port} is held by {service.root.command}")
    return service, ""
