"""Start the service of a listener as one act: trusted, locked, recorded, verified."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cockpit.config.models import LoadedConfig
from cockpit.config.paths import locks_folder, output_file, plain_name
from cockpit.engine.blocking import SerialExecutor
from cockpit.engine.commands.act_audit import ActLog
from cockpit.engine.commands.stop_job import ActContext, OnStep
from cockpit.facts import Facts
from cockpit.kinds.listener.table import ListenerTable
from cockpit.permissions import ReadOnlyError
from cockpit.system.control.start import READY_SECONDS, StartOutcome, StartRequest, start
from cockpit.system.control.supervised_start import COMMAND_SECONDS, Supervised, start_supervised
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import shown
from cockpit.system.services.service_state import ServiceState
from cockpit.system.services.supervisors import reader_for
from cockpit.system.sockets.listeners import Listener, ListenerSource
from cockpit.text import format_utc, sanitize

_POLL_SECONDS = 0.2
_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class StartJob:
    """A start that was shown to the operator. `ready_path` must answer over HTTP on the port.

    With a `service` the request's argv asks that unit or task to start it, which keeps its output.
    """

    name: str
    request: StartRequest
    ready_path: str = ""
    service: Supervised | None = None
    notes: tuple[str, ...] = ()

    @property
    def expected_answer(self) -> str:
        """The text the operator types where nothing is ended: the port, or the service's name."""
        if self.request.port is not None:
            return str(self.request.port)
        return " ".join(sanitize(self.service.name if self.service else self.name).split())

    def lines(self) -> list[str]:
        """The lines of the question."""
        request = self.request
        service = self.service
        if request.port is not None:
            checks = [f"exactly one service listens on {request.port}"]
        else:
            one = f" and one process is {shown(request.words)}" if request.words else ""
            checks = [f"{service.name if service else 'it'} stays up{one}"]
        checks += [f"{self.ready_path} answers"] if self.ready_path else []
        if request.log_line and (service is None or service.kind != "schtasks"):
            checks.append(f"a line{' of its journal' if service else ''} fits {request.log_line}")
        if service is not None:
            lines = [f"starts {service.name} by {shown(request.argv)}"]
        else:
            lines = [
                f"starts {shown(request.argv)}",
                f"in {request.cwd}, output to {request.output}",
            ]
        lines.append(f"then, within {request.ready_within:g} s: {', '.join(checks)}")
        return [sanitize(line) for line in (*lines, *self.notes)]


def start_job(
    loaded: LoadedConfig, table: ListenerTable, who: str, *, notes: tuple[str, ...] = ()
) -> StartJob:
    """The start that a listener's table describes. ValueError when it describes none."""
    if table.start is None or table.process is None:
        raise ValueError(f'[[listener]] "{table.name}" has no `start`')
    cwd = loaded.resolve(table.cwd) if table.cwd else loaded.folder
    request = StartRequest(
        argv=tuple(table.start),
        words=tuple(table.process),
        cwd=cwd,
        output=output_file(loaded, table.name),
        lock=locks_folder(loaded) / f"{plain_name(table.name)}.lock",
        who=who,
        port=table.port,
        log_line=table.ready_line or "",
        ready_within=table.ready_within,
        folder=cwd,
        arguments=tuple(table.start[1:]),
        claimed=claimed(loaded, table),
    )
    return StartJob(table.name, request, table.ready_path or "", notes=notes)


def unit_start_job(
    loaded: LoadedConfig,
    name: str,
    state: ServiceState,
    who: str,
    *,
    listener: ListenerTable | None = None,
    words: Sequence[str] = (),
) -> StartJob:
    """The start of a service through the unit or task that supervises it.

    `listener` is what it must serve then; without one `words` tell its process. Whatever row it is
    asked for on, the lock is that of the unit or task.
    """
    task = state.kind == "schtasks"
    line = (listener.ready_line if listener is not None else None) or ""
    request = StartRequest(
        argv=tuple(reader_for(state.kind).start_command(state.name)),
        words=tuple(listener.process or ()) if listener is not None else tuple(words),
        cwd=loaded.folder,
        output=output_file(loaded, name),
        lock=locks_folder(loaded) / f"unit-{plain_name(state.name)}.lock",
        who=who,
        port=listener.port if listener is not None else None,
        log_line=line,
        ready_within=listener.ready_within if listener is not None else READY_SECONDS,
        folder=folder_of(loaded, listener),
        claimed=claimed(loaded, listener),
    )
    unread = f"ready_line {line} can't be looked for: the Task Scheduler keeps no output"
    return StartJob(
        name,
        request,
        (listener.ready_path if listener is not None else None) or "",
        Supervised(state.kind, state.name),
        (unread,) if line and task else (),
    )


def folder_of(loaded: LoadedConfig, table: ListenerTable | None) -> Path | None:
    """The configured folder of a listener's service; None without one."""
    return loaded.resolve(table.cwd) if table is not None and table.cwd else None


def claimed(loaded: LoadedConfig, table: ListenerTable | None) -> tuple[int, ...]:
    """The ports of the other listeners of the config."""
    return tuple(one.port for one in loaded.config.of(ListenerTable) if one is not table)


async def carry_out_start(
    job: StartJob, context: ActContext, log: ActLog, tell: OnStep
) -> StartOutcome:
    """Start the service, only once. Raises NotRecorded before anything is started."""
    request = job.request
    if context.controller.permissions.read_only:
        return StartOutcome(refused=str(ReadOnlyError(f"starting {job.name}")))
    where = {"service": job.service.name} if job.service else {"output": str(request.output)}
    facts: Facts = {
        "argv": shown(request.argv),
        **where,
        "port": request.port,
        "at_most": 2 * request.ready_within + COMMAND_SECONDS,
    }
    await log.begin(job.name, f"is starting {job.name}: {shown(request.argv)}", (), facts)
    outcome = StartOutcome(error="interrupted before it was verified")
    try:
        if job.service:
            outcome = await start_supervised(
                request,
                job.service,
                context.source,
                context.controller,
                clock=context.clock,
                on_step=tell,
            )
        else:
            outcome = await start(
                request,
                context.source,
                context.controller,
                clock=context.clock,
                on_step=tell,
                on_exit=_exit_recorder(job.name, log),
            )
        if outcome.done and job.ready_path and outcome.identity is not None:
            lacking = await _until_answered(job, context, lambda: _alive(outcome))
            outcome = replace(outcome, error=lacking)
    finally:
        pids = () if outcome.identity is None else (outcome.identity.pid,)
        text = f"{job.name} {outcome.text}"
        facts = {**facts, **_since(outcome)}
        await asyncio.shield(log.finish(job.name, text, pids, facts, done=outcome.done))
    return outcome


def _exit_recorder(name: str, log: ActLog) -> Callable[[int, int], None]:
    """Records the exit of what was started, for as long as this cockpit lives."""
    loop = asyncio.get_running_loop()

    def tell(pid: int, code: int) -> None:
        # From a waiting thread; when the loop is closed, the cockpit ends and nobody records.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(log.exited, name, pid, code)

    return tell


def _since(outcome: StartOutcome) -> Facts:
    """Since when it runs: what tells it from whatever else may run there later."""
    if outcome.identity is None:
        return {}
    return {"started_at": format_utc(datetime.fromtimestamp(outcome.identity.started_at, UTC))}


def _alive(outcome: StartOutcome) -> bool:
    return outcome.identity is not None and process_table.is_alive(outcome.identity)


async def _until_answered(job: StartJob, context: ActContext, alive: Callable[[], bool]) -> str:
    """Ask the path until it answers; what is lacking in the end, empty when nothing is."""
    assert job.request.port is not None
    lane = SerialExecutor("ready", context.clock)
    end_at = context.clock.monotonic() + job.request.ready_within
    while True:
        lacking = await lane(_ready_trouble, context.source, job.request.port, job.ready_path)
        if not lacking or context.clock.monotonic() >= end_at:
            return lacking
        if not alive():
            return f"it ended; {lacking}"
        await context.clock.sleep(_POLL_SECONDS)


def _ready_trouble(source: ListenerSource, port: int, path: str) -> str:
    """Why `path` does not answer where the service listens; empty when it does."""
    try:
        listener = source.snapshot([port]).on(port)
    except (OSError, ValueError) as error:
        return sanitize(f"where {port} listens can't be seen: {error}")
    if listener is None:
        return f"nobody listens on port {port}"
    return http_trouble(port, path, host_of(listener))


def host_of(listener: Listener) -> str:
    """The address to connect to for a listener: loopback where it listens on that."""
    if listener.ipv4 and {"*", "127.0.0.1"} & set(listener.addresses):
        return "127.0.0.1"
    if {"*", "::1"} & set(listener.addresses):
        return "::1"
    return listener.addresses[0]


def http_trouble(port: int, path: str, host: str = "127.0.0.1") -> str:
    """The reason why `path` on `host` and `port` does not answer with 2xx or 3xx; empty when it
    does."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return sanitize(f"{path} does not answer: {str(error) or type(error).__name__}")
    finally:
        connection.close()
    return "" if 200 <= status < 400 else f"{path} answers {status}"
