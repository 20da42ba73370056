"""`cockpit ports`: list every listener of this machine; `cockpit ports reset`: free ports."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cockpit.cli.common import (
    as_option,
    config_option,
    load_config,
    operator,
    read_only_option,
    tell_unrecorded,
)
from cockpit.cli.exits import (
    CANNOT_CREATE,
    NO_PERMISSION,
    UNAVAILABLE,
    USAGE,
    CommandError,
)
from cockpit.clock import SystemClock
from cockpit.config.load import find
from cockpit.config.preview import learn_secrets
from cockpit.kinds.listener.table import ListenerTable
from cockpit.permissions import Permissions
from cockpit.system.sockets.listeners import ListenerSnapshot, ListenerSource
from cockpit.system.sockets.sources import default_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cockpit.clock import Clock
    from cockpit.config.models import LoadedConfig
    from cockpit.engine.commands.act_audit import ActRecorder
    from cockpit.engine.commands.stop_job import ActContext, StopJob
    from cockpit.evidence.store import Store
    from cockpit.model import Event
    from cockpit.system.control.stop_result import StopResult
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

from cockpit.cli.common import on_end_signals

LEFT_ALONE = 1
NOT_ENDED = 2
_PORT = click.IntRange(1, 65535)


@click.group("ports", invoke_without_command=True)
@config_option
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")
@click.option("--port", "only", multiple=True, type=_PORT, help="Only this port; may be repeated.")
@click.pass_context
def command(
    context: click.Context, config_path: Path | None, format_: str, only: tuple[int, ...]
) -> int:
    """Every listening TCP port of this machine and who holds it; needs no config."""
    if context.invoked_subcommand is not None:
        return 0
    if config_path is not None and not only:
        only = tuple(table.port for table in load_config(config_path).config.of(ListenerTable))
    if (found := config_path or find(Path.cwd())) is not None:
        learn_secrets(found)
    snapshot = _snapshot(default_source(), only or None)
    if format_ == "json":
        from cockpit.system.sockets.listeners import listener_json

        records = [listener_json(one) for one in snapshot.listeners]
        click.echo(json.dumps(records, ensure_ascii=False, indent=2))
    elif snapshot.listeners:
        from cockpit.output.ports_table import render

        click.echo(render(snapshot.listeners, SystemClock().now()))
    for port in only:
        if snapshot.on(port) is None:
            known = "nobody listens" if snapshot.complete else "nobody seen, which proves nothing"
            click.echo(f"{port}: {known}", err=True)
    for note in snapshot.notes:
        click.echo(note, err=True)
    return 0


def _snapshot(source: ListenerSource, ports: Sequence[int] | None = None) -> ListenerSnapshot:
    try:
        return source.snapshot(ports)
    except (OSError, ValueError) as error:
        raise CommandError(f"listeners can't be read: {error}", UNAVAILABLE) from error


@command.command("reset")
@config_option
@as_option
@click.argument("ports", metavar="PORT…", nargs=-1, required=True, type=_PORT)
@click.option(
    "--expect-argv",
    "expected",
    required=True,
    metavar="WORDS",
    help='Words of the command line of what may be ended, such as "uvicorn app.main:app".',
)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@read_only_option
@click.option("--other-users", is_flag=True, help="Also end processes of other users.")
@click.option(
    "--grace",
    type=click.FloatRange(0, 600),
    default=5.0,
    show_default=True,
    help="Seconds between asking to end and killing.",
)
def reset(
    config_path: Path | None,
    as_name: str | None,
    ports: tuple[int, ...],
    expected: str,
    yes: bool,
    permissions: Permissions,
    other_users: bool,
    grace: float,
) -> int:
    """End every owner of these ports whose command line matches WORDS; nobody else.

    Without a cockpit.toml the act is recorded in one store of your own. Ctrl-C during the grace
    says what a second one leaves behind.

    Exits with 0 when the ports are free afterwards, 1 when owners were left alone, 2 when something
    could not be ended or it was interrupted, 64 when it was not confirmed, 73 when the evidence
    store can't be written, 77 with --read-only.
    """
    from cockpit.config.paths import locks_folder
    from cockpit.config.trust import TrustStore
    from cockpit.engine.commands.control_methods import ControlMethods
    from cockpit.engine.commands.live_engines import LIVE_WORD, live_among
    from cockpit.engine.commands.stop_job import ActContext, reset_job
    from cockpit.system.control.process_control import ProcessController
    from cockpit.system.control.stop_plan import own_process

    words = _words(expected)
    clock = SystemClock()
    source = default_source()
    actor = own_process(other_users=other_users)
    loaded, told = _config(config_path)
    methods = ControlMethods(loaded, TrustStore.default().is_trusted)
    job = asyncio.run(
        reset_job(ports, _snapshot(source), words=words, methods=methods, actor=actor)
    )
    for line in job.lines(clock.now()):
        click.echo(line, err=not job.plans)
    if not job.plans:
        return _remaining(source, ports)
    if permissions.read_only:
        raise CommandError("nothing was ended: --read-only", NO_PERMISSION)
    live = live_among(loaded, job.victims)
    for line in live:
        click.echo(f"{line}; {LIVE_WORD} is typed, too", err=True)
    if yes and live:
        raise CommandError(f"nothing was ended: --yes is not enough: {'; '.join(live)}", USAGE)
    if not yes:
        _confirm(f"{job.expected_answer} {LIVE_WORD}" if live else job.expected_answer)
    who = operator(as_name)
    with _recorder(loaded, who, permissions) as store:
        if told:
            click.echo(told, err=True)
        locks = locks_folder(loaded)
        for line in _close_cut_short(store, source, locks, clock, who):
            click.echo(line, err=True)
        outcome = _carry_out(
            job, ActContext(source, ProcessController(permissions), clock, who, locks, grace), store
        )
    if outcome is None:
        return NOT_ENDED
    click.echo(outcome.text, err=not outcome.done)
    if not outcome.all_ended:
        return NOT_ENDED
    return _remaining(source, ports, after=True)


def _config(path: Path | None) -> tuple[LoadedConfig, str]:
    """The config, or one in memory where there is none; then a line that says where to read what
    was recorded."""
    from cockpit.config.paths import without_config

    if path is not None or find(Path.cwd()) is not None:
        return load_config(path), ""
    loaded = without_config(Path.cwd())
    return loaded, f"no cockpit.toml here: recorded in {loaded.store_path}"


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise click.UsageError(f"--expect-argv {text!r}: {error}") from error
    if not words:
        raise click.UsageError("--expect-argv needs a word at least, such as uvicorn")
    return words


def _confirm(expected: str) -> None:
    """Have the operator type what is `expected`, the PIDs shown; anything else ends nothing."""
    from cockpit.cli.terminal import drop_typeahead

    if not sys.stdin.isatty():
        raise CommandError(
            "nothing was ended: confirming needs a terminal; --yes does without", USAGE
        )
    drop_typeahead()
    click.echo(f"type {expected} to end this: ", nl=False, err=True)
    sys.stderr.flush()
    if sys.stdin.readline().split() != expected.split():
        raise CommandError("nothing was ended: that is not what was asked for", USAGE)


@contextmanager
def _recorder(loaded: LoadedConfig, who: str, permissions: Permissions) -> Iterator[Store]:
    """The evidence store."""
    from cockpit.evidence.errors import StoreError
    from cockpit.evidence.store import not_written
    from cockpit.session.composition import Composition

    try:
        store = Composition(loaded, SystemClock(), who, permissions).open_store()
    except StoreError as error:
        raise CommandError(
            f"nothing was ended, no record, no act: {error}", CANNOT_CREATE
        ) from error
    try:
        yield store
    finally:
        tell_unrecorded(not_written(store.close(2.0), store.health))


def _close_cut_short(
    store: Store, source: ListenerSource, locks: Path, clock: Clock, who: str
) -> list[str]:
    """Close abandoned acts in the evidence; a line for each."""
    from cockpit.engine.commands.recovery import KINDS, NEWEST, AbandonedActs
    from cockpit.evidence.errors import StoreError

    def read() -> Sequence[Event]:
        reader = store.reader()
        try:
            return reader.events(0, NEWEST, kinds=KINDS)
        finally:
            reader.close()

    try:
        return AbandonedActs(store, read, lambda: source, locks, clock, who).close()
    except StoreError as error:
        raise CommandError(
            f"nothing was ended, no record, no act: {error}", CANNOT_CREATE
        ) from error


def _carry_out(job: StopJob, context: ActContext, recorder: ActRecorder) -> StopResult | None:
    """Carry out the stop; None when it was interrupted, which has been told then."""
    from cockpit.engine.commands.act_audit import ActLog, NotRecorded
    from cockpit.engine.commands.stop_job import carry_out

    def tell(line: str) -> None:
        click.echo(line, err=True)

    async def work() -> StopResult:
        log = ActLog(recorder, context.clock, context.who)
        task = asyncio.ensure_future(carry_out(job, context, log, tell))
        with interruptible(task, "leaves it half done"):
            return await task

    try:
        return asyncio.run(work())
    except NotRecorded as error:
        raise CommandError(str(error), CANNOT_CREATE) from error
    except asyncio.CancelledError:
        return None


def _remaining(source: ListenerSource, ports: Sequence[int], *, after: bool = False) -> int:
    """The exit code: 0 when the ports are known to be free. Prints who still holds them `after` a
    stop."""
    snapshot = _snapshot(source, ports)
    held = [one for one in snapshot.listeners if one.port in ports]
    for one in held if after else ():
        owners = " ".join(map(str, one.pids)) or "a hidden owner"
        click.echo(f"{one.port} is still held by {owners}", err=True)
    return LEFT_ALONE if held or not snapshot.complete else 0


@contextmanager
def interruptible(task: asyncio.Task[Any], costs: str) -> Iterator[None]:
    """While this lasts, the first Ctrl-C says what another one `costs`, and the second one, like
    SIGTERM or SIGHUP at once, cancels `task`. To be used in the main thread's running loop. What
    the caller ignores stays ignored: Ctrl-C in a background job."""
    loop = asyncio.get_running_loop()
    asked = False

    def cancel() -> None:
        # Thread-safe, since that alone wakes a loop that sleeps.
        loop.call_soon_threadsafe(task.cancel)

    def receive(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            cancel()
            return
        asked = True
        click.echo(f"under way: it goes on; Ctrl-C once more {costs}", err=True)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, receive)
    try:
        with on_end_signals(cancel):
            yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
