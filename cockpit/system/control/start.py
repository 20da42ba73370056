"""Start a configured program once: locked, checked before, verified after."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit.clock import Clock, SystemClock
from cockpit.permissions import ReadOnlyError
from cockpit.system.control.conflicts import ConflictingInstances, TargetService, find_conflicts
from cockpit.system.control.output_file import open_private
from cockpit.system.control.process_control import ProcessController
from cockpit.system.control.target_lock import TargetBusy, TargetLock
from cockpit.system.matcher import Matcher, PatternError
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import shown
from cockpit.system.processes.process_table import ProcessIdentity
from cockpit.system.sockets.listeners import ListenerSource
from cockpit.text import format_utc, sanitize

READY_SECONDS = 15.0
_POLL_SECONDS = 0.05
_TAIL_BYTES = 65536
MATCHING_SECONDS = 3.0
"""How long one look for `log_line` may take."""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A program to start, and how to tell that it is ready.

    `argv` must be trusted by the caller; `words` recognise the running program (see
    `argv.matches`); `port` is where exactly one service must then listen; `log_line` a regular
    expression for a line of its output. `output` takes what it prints; `lock` is the target's lock
    file; `who` is written into both. `folder`, `arguments` and `claimed` tell it from other
    services with the same words (see `conflicts.TargetService`).
    """

    argv: tuple[str, ...]
    words: tuple[str, ...]
    cwd: Path
    output: Path
    lock: Path
    who: str
    port: int | None = None
    log_line: str = ""
    env: Mapping[str, str] | None = None
    ready_within: float = READY_SECONDS
    folder: Path | None = None
    arguments: tuple[str, ...] | None = None
    claimed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StartOutcome:
    """The outcome of a start. With `refused` nothing was started; `error` says why it is not ready,
    `note` what could not be checked."""

    refused: str = ""
    error: str = ""
    identity: ProcessIdentity | None = None
    output: Path | None = None
    note: str = ""

    @property
    def done(self) -> bool:
        return not self.refused and not self.error

    @property
    def text(self) -> str:
        """The outcome as one line, for the event."""
        if self.refused:
            return f"not started: {self.refused}"
        who = f"started {self.identity.pid}" if self.identity else "started"
        state = f"but {self.error}" if self.error else "ready"
        return sanitize(", ".join(filter(None, (who, state, self.note))))


async def start(
    request: StartRequest,
    source: ListenerSource,
    controller: ProcessController,
    *,
    clock: Clock | None = None,
    on_step: Callable[[str], None] | None = None,
    on_exit: Callable[[int, int], None] | None = None,
) -> StartOutcome:
    """Start a program unless it runs already, and wait until it is ready.

    The lock is held from the check before to the verification after. Never raises for what the
    system or the program does. What does not become ready is left running, and said so. `on_exit`
    is told of its end, however late; see `ProcessController.spawn`.
    """
    tell = on_step or (lambda _: None)
    clock = clock or SystemClock()
    if controller.permissions.read_only:
        return StartOutcome(refused=str(ReadOnlyError("starting a process")))
    try:
        with TargetLock(request.lock, f"{request.who} is starting {shown(request.argv)}"):
            if running := running_already(request, source):
                return StartOutcome(refused=running)
            return await _start(request, source, controller, clock, tell, on_exit)
    except TargetBusy as busy:
        return StartOutcome(refused=str(busy))
    except OSError as error:
        return StartOutcome(refused=sanitize(f"{request.argv[0]} cannot be started: {error}"))


def conflicts_of(
    request: StartRequest, source: ListenerSource, leaving: Collection[int] = ()
) -> ConflictingInstances:
    """The processes that run the program already, without the PIDs in `leaving`. Blocking."""
    target = TargetService(
        request.words, request.port, request.folder, request.arguments, request.claimed
    )
    return find_conflicts(target, source.snapshot(), leaving)


def running_already(request: StartRequest, source: ListenerSource) -> str:
    """The process that runs the service or holds its port already, in words; empty without one."""
    if running := conflicts_of(request, source).refusal:
        return running
    if request.port is not None:
        snapshot = source.snapshot([request.port])
        listener = snapshot.on(request.port)
        if listener is not None:
            owners = ", ".join(f"{o.pid} {o.process.command}" for o in listener.owners)
            return sanitize(f"port {request.port} is held by {owners or 'a hidden owner'}")
        if not snapshot.complete:
            return f"whether port {request.port} is free can't be seen here"
    return ""


async def _start(
    request: StartRequest,
    source: ListenerSource,
    controller: ProcessController,
    clock: Clock,
    tell: Callable[[str], None],
    on_exit: Callable[[int, int], None] | None,
) -> StartOutcome:
    head = sanitize(f"--- {format_utc(clock.now())} {request.who} starts {shown(request.argv)}")
    with open_private(request.output) as stream:
        stream.write(f"{head}\n".encode())
        begin = stream.tell()
    identity = controller.spawn(
        request.argv, cwd=request.cwd, env=request.env, output=request.output, on_exit=on_exit
    )
    if identity is None:
        return StartOutcome(error="it ended at once", output=request.output)
    tell(f"started {identity.pid} at {format_utc(clock.now())}, output in {request.output}")
    end_at = clock.monotonic() + request.ready_within
    with Matcher(MATCHING_SECONDS, each=True) as matcher:
        while lacking := (
            not_ready(request, source, identity) or await _unsaid(request, begin, matcher)
        ):
            if clock.monotonic() >= end_at or not process_table.is_alive(identity):
                break
            await clock.sleep(_POLL_SECONDS)
    if not process_table.is_alive(identity):
        lacking = f"it ended: {last_line(request.output, begin)}"
    tell(f"{identity.pid} {lacking or ('listens' if request.port else 'runs')}")
    return StartOutcome(error=lacking, identity=identity, output=request.output)


def not_ready(request: StartRequest, source: ListenerSource, identity: ProcessIdentity) -> str:
    """What still fails at the port, in words; empty when nothing does.

    Exactly one service must listen on it, and it must be the started process or one of its
    descendants.
    """
    if request.port is not None:
        try:
            listener = source.snapshot([request.port]).on(request.port)
        except (OSError, ValueError) as error:
            return sanitize(f"who listens on {request.port} can't be seen: {error}")
        if listener is None:
            return f"nobody listens on port {request.port} yet"
        family = {identity.pid, *process_table.descendants(identity.pid)}
        if listener.hidden or not set(listener.pids) <= family:
            return f"port {request.port} is held by another process, too"
    return ""


async def _unsaid(request: StartRequest, begin: int, matcher: Matcher) -> str:
    """Why its output does not say that it is ready, in words; empty when it does."""
    try:
        if await said(request.log_line, _output(request.output, begin), matcher):
            return ""
    except PatternError as error:
        return sanitize(f"ready_line was not found: {error}")
    return "the expected line is not in its output yet"


async def said(log_line: str, output: str, matcher: Matcher) -> bool:
    """Whether a line of `output` fits; every output fits an empty one. Raises PatternError."""
    if not log_line:
        return True
    work = functools.partial(matcher.fits, log_line, output, multiline=True)
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _output(path: Path, begin: int) -> str:
    """The end of what it printed, from byte `begin` on."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            begin = begin if begin <= size else 0  # it was cut meanwhile
            stream.seek(max(begin, size - _TAIL_BYTES))
            return stream.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def last_line(path: Path, begin: int = 0) -> str:
    """The last line of the program's output, cleaned; `no output` when there is none."""
    lines = [line for line in _output(path, begin).splitlines() if line.strip()]
    return sanitize(lines[-1], limit=300) if lines else "no output"
