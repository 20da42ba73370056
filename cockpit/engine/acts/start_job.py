"""Starting the service of a listener as one act: trusted, locked, recorded, verified."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
from collections.abc import Callable
from dataclasses import dataclass

from cockpit.config.models import ListenerTable, LoadedConfig
from cockpit.config.places import locks_folder, output_file, plain_name
from cockpit.engine.acts.act_log import ActLog
from cockpit.engine.acts.end_job import Tell, Tools
from cockpit.engine.blocking import BlockingLane
from cockpit.model import Facts
from cockpit.system import processes
from cockpit.system.argv import shown
from cockpit.system.listeners import Listener, ListenerSource
from cockpit.system.services import ServiceState, reader_for
from cockpit.system.starting import StartOutcome, StartRequest, start
from cockpit.system.unit_start import start_supervised
from cockpit.text import clean

_POLL_SECONDS = 0.2
_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class StartJob:
    """What would be started. `ready_path` must answer over HTTP on the port.

    With a `service` the request's argv asks that unit or task to start it, and its output is there.
    """

    name: str
    request: StartRequest
    ready_path: str = ""
    service: str = ""
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """What would be done, line by line."""
        request = self.request
        checks = [f"exactly one service listens on {request.port}"]
        checks += [f"{self.ready_path} answers"] if self.ready_path else []
        checks += [f"a line fits {request.log_line}"] if request.log_line else []
        if self.service:
            lines = [f"starts {self.service} by {shown(request.argv)}"]
        else:
            lines = [
                f"starts {shown(request.argv)}",
                f"in {request.cwd}, output to {request.output}",
            ]
        lines.append(f"then, within {request.ready_within:g} s: {', '.join(checks)}")
        return [clean(line) for line in (*lines, *self.notes)]


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
    )
    return StartJob(table.name, request, table.ready_path or "", notes=notes)


def unit_start_job(
    loaded: LoadedConfig, table: ListenerTable, service: ServiceState, who: str
) -> StartJob:
    """The start of a listener's service through the unit or task that supervises it."""
    request = StartRequest(
        argv=tuple(reader_for(service.kind).start_command(service.name)),
        words=tuple(table.process or ()),
        cwd=loaded.folder,
        output=output_file(loaded, table.name),
        lock=locks_folder(loaded) / f"{plain_name(table.name)}.lock",
        who=who,
        port=table.port,
        ready_within=table.ready_within,
    )
    unread = f"{table.ready_line} is not looked for: its output is the service's own"
    notes = (unread,) if table.ready_line else ()
    return StartJob(table.name, request, table.ready_path or "", service.name, notes)


async def carry_out_start(job: StartJob, tools: Tools, log: ActLog, tell: Tell) -> StartOutcome:
    """Start one, and only one. Raises NotRecorded before anything is started."""
    request = job.request
    where = {"service": job.service} if job.service else {"output": str(request.output)}
    facts: Facts = {"argv": shown(request.argv), **where}
    await log.begin(job.name, f"is starting {job.name}: {shown(request.argv)}", (), facts)
    outcome = StartOutcome(error="interrupted before it was verified")
    try:
        if job.service:
            outcome = await start_supervised(
                request, tools.source, tools.acts, clock=tools.clock, on_step=tell
            )
        else:
            outcome = await start(
                request,
                tools.source,
                tools.acts,
                clock=tools.clock,
                on_step=tell,
                on_exit=_exit_teller(job.name, log),
            )
        if outcome.done and job.ready_path and outcome.identity is not None:
            lacking = await _until_answered(job, tools, lambda: _alive(outcome))
            outcome = StartOutcome("", lacking, outcome.identity, outcome.output)
    finally:
        pids = () if outcome.identity is None else (outcome.identity.pid,)
        text = f"{job.name} {outcome.text}"
        await asyncio.shield(log.finish(job.name, text, pids, facts, done=outcome.done))
    return outcome


def _exit_teller(name: str, log: ActLog) -> Callable[[int, int], None]:
    """Records the exit of what was started, for as long as this cockpit lives."""
    loop = asyncio.get_running_loop()

    def tell(pid: int, code: int) -> None:
        # From a waiting thread; when the loop is closed, the cockpit ends and nobody records.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(log.exited, name, pid, code)

    return tell


def _alive(outcome: StartOutcome) -> bool:
    return outcome.identity is not None and processes.is_alive(outcome.identity)


async def _until_answered(job: StartJob, tools: Tools, alive: Callable[[], bool]) -> str:
    """Ask the path until it answers; what is lacking in the end, empty when nothing is."""
    assert job.request.port is not None
    lane = BlockingLane("ready", tools.clock)
    end_at = tools.clock.monotonic() + job.request.ready_within
    while True:
        lacking = await lane(_any_answers, tools.source, job.request.port, job.ready_path)
        if not lacking or tools.clock.monotonic() >= end_at:
            return lacking
        if not alive():
            return f"it ended; {lacking}"
        await tools.clock.sleep(_POLL_SECONDS)


def _any_answers(source: ListenerSource, port: int, path: str) -> str:
    """Why `path` does not answer where the service listens; empty when it does."""
    try:
        listener = source.snapshot([port]).on(port)
    except (OSError, ValueError) as error:
        return clean(f"where {port} listens can't be seen: {error}")
    if listener is None:
        return f"nobody listens on port {port}"
    return answers(port, path, host_of(listener))


def host_of(listener: Listener) -> str:
    """The address at which to ask what listens there: loopback where it listens on that."""
    if listener.ipv4 and {"*", "127.0.0.1"} & set(listener.addresses):
        return "127.0.0.1"
    if {"*", "::1"} & set(listener.addresses):
        return "::1"
    return listener.addresses[0]


def answers(port: int, path: str, host: str = "127.0.0.1") -> str:
    """Why `path` on `host` and `port` does not answer with 2xx or 3xx; empty when it does."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return clean(f"{path} does not answer: {str(error) or type(error).__name__}")
    finally:
        connection.close()
    return "" if 200 <= status < 400 else f"{path} answers {status}"
