"""`cockpit doctor`: check what this machine offers to watch and act with, and why."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.clock import Clock, SystemClock
from cockpit.config.load import find
from cockpit.config.models import LoadedConfig
from cockpit.config.paths import without_config
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.service.table import ServiceTable
from cockpit.redaction import SECRETS
from cockpit.system.processes import process_table
from cockpit.text import json_text, sanitize

NOT_WELL = 1
_FILE_EVENT_SECONDS = 2.0
_LINE = "{mark:5} {name:16} {state}"


@dataclass(frozen=True, slots=True)
class Point:
    """A finding of the doctor: what is in use, and why, or what its absence costs."""

    name: str
    ok: bool
    state: str
    why: str = ""


@click.command("doctor")
@config_option
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")
def command(config_path: Path | None, format_: str) -> int:
    """Look at this machine: listeners, process exits, files, store, terminal, clock.

    Exits with 0 when everything works, 1 when something does not; says what that costs.
    """
    loaded = None
    if config_path is not None or find(Path.cwd()) is not None:
        loaded = load_config(config_path)
    points = list(examine(loaded, SystemClock()))
    if format_ == "json":
        click.echo(json_text(SECRETS.json([asdict(point) for point in points]), indent=2))
    else:
        for point in points:
            click.echo(_LINE.format(mark="ok" if point.ok else "LACKS", **_plain(point)))
            if point.why:
                click.echo(_LINE.format(mark="", name="", state=sanitize(point.why)))
    return 0 if all(point.ok for point in points) else NOT_WELL


def _plain(point: Point) -> dict[str, str]:
    return {"name": sanitize(point.name), "state": sanitize(point.state)}


def examine(loaded: LoadedConfig | None, clock: Clock) -> Iterator[Point]:
    """The findings on everything; nothing outside a temporary folder is changed."""
    yield from _listeners(clock)
    yield from _processes()
    yield from _services(loaded)
    yield _file_events(clock)
    if loaded is not None:
        yield from _checklists(loaded)
        yield from _leftovers(loaded, clock)
        yield from _secrets(loaded)
        yield _store(loaded)
    else:
        own = _store(without_config(Path.cwd()))
        why = "no cockpit.toml here: only acts on processes are recorded, in one store of yours"
        yield replace(own, why="; ".join(filter(None, (why, own.why))))
    yield _graphics()
    yield _terminal()
    yield _wall_clock(clock.now())


def _listeners(clock: Clock) -> Iterator[Point]:
    from cockpit.system.sockets.listener_events import (
        CHEAP_SECONDS,
        DEAR_SECONDS,
        why_no_destroy_events,
    )
    from cockpit.system.sockets.sources import default_source

    source = default_source()
    begin = clock.monotonic()
    try:
        snapshot = source.snapshot()
    except (OSError, ValueError) as error:
        yield Point("listeners", False, source.name, f"nothing can be learnt: {error}")
        return
    took = (clock.monotonic() - begin) * 1000
    hidden = sum(1 for one in snapshot.listeners if one.hidden)
    state = f"{source.name}: {len(snapshot.listeners)} ports in {took:.1f} ms"
    state += f", {hidden} with a hidden owner" if hidden else ""
    best = source.name == "netlink" or sys.platform != "linux"
    yield Point("listeners", best, state, "; ".join((source.why, *snapshot.notes)))
    every = CHEAP_SECONDS if source.name == "netlink" else DEAR_SECONDS
    lacking = why_no_destroy_events()
    if lacking:
        best = sys.platform != "linux"
        why = f"{lacking}: listeners are compared every {every:g} s"
        yield Point("listener events", best, "compared", why)
    else:
        why = f"the kernel tells of closed sockets; new ones are found every {every:g} s"
        yield Point("listener events", True, "kernel", why)


def _processes() -> Iterator[Point]:
    from cockpit.system.processes.exits import why_no_exit_codes

    if sys.platform == "linux":
        try:
            os.close(os.pidfd_open(os.getpid()))
        except (OSError, AttributeError) as error:
            why = f"no pidfd ({error}): a thread waits for each process"
            yield Point("process exits", False, "waiting thread", why)
        else:
            yield Point("process exits", True, "pidfd", "told at once, and signals can't go astray")
        lacking = why_no_exit_codes()
        why = f"{lacking}: only of what this cockpit started" if lacking else "by PIDFD_GET_INFO"
        state = "own children" if lacking else "every watched process"
        yield Point("exit codes", not lacking, state, why)
    else:
        yield Point("process exits", True, "waiting thread", f"there is no pidfd on {sys.platform}")
        told = sys.platform == "win32"
        why = "" if told else "the system tells a parent only"
        yield Point("exit codes", True, "every watched process" if told else "own children", why)
    if sys.platform != "win32":
        seen = process_table.facts(1)
        ok = seen is not None and bool(seen.argv)
        state = "all users' command lines" if ok else "own processes only"
        why = "" if ok else "other users' processes are hidden (hidepid?): owners show as hidden"
        yield Point("processes", ok, state, why)


def _services(loaded: LoadedConfig | None) -> Iterator[Point]:
    """The findings on the supervisors' tools: tried with the config's own services, else with a
    name of nobody."""
    from cockpit.kinds.service.probe import service_kind
    from cockpit.system.services.service_state import ServiceKind
    from cockpit.system.services.supervisors import reader_for

    names: dict[ServiceKind, str] = {}
    for table in loaded.config.of(ServiceTable) if loaded is not None else ():
        names.setdefault(service_kind(table), table.task or table.unit or "")
    wanted = bool(names)
    kinds: tuple[ServiceKind, ...] = ("systemd", "systemd-user")
    if sys.platform == "win32":
        kinds = ("schtasks",)
    elif sys.platform != "linux":
        kinds = ()
    for kind in names or dict.fromkeys(kinds, ""):
        name = names.get(kind) or "no-such-unit-as-this.service"
        state = asyncio.run(reader_for(kind).read(name))
        tool = "schtasks" if kind == "schtasks" else "systemctl"
        tool += " --user" if kind == "systemd-user" else ""
        if state.error:
            costs = "its units can't be seen, nor stopped or started through it"
            yield Point(kind, not wanted, f"{tool} gives no answer", f"{state.error}; {costs}")
        else:
            known = f"{name} is {state.state}" if state.found else f"it knows no {name}"
            yield Point(kind, True, tool, known if wanted else "it answers")


def _file_events(clock: Clock) -> Point:
    from cockpit.system.files.file_watcher import FileWatcher

    async def wait(path: Path) -> bool:
        seen = asyncio.Event()
        watcher = FileWatcher(lambda paths: seen.set(), clock=clock, sweep_seconds=3600)
        watcher.start([path])
        try:
            await watcher.ready()
            await asyncio.to_thread(path.write_text, "x", encoding="utf-8")
            async with asyncio.timeout(_FILE_EVENT_SECONDS):
                await seen.wait()
        except TimeoutError:
            return False
        finally:
            watcher.stop()
        return True

    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(wait(Path(folder).resolve() / "probe"))
    if told:
        return Point("file events", True, "native", "a change is told at once; swept besides")
    return Point("file events", False, "none came", "changes are found every 5 s instead")


def _checklists(loaded: LoadedConfig) -> Iterator[Point]:
    from cockpit.checklists.editing.platform_api import Busy, NoGuard, this_platform

    for table in loaded.config.of(ChecklistTable):
        path = loaded.resolve(table.file).resolve()
        name = f"list {table.name}"
        try:
            with this_platform().hold(path, readers=False) as held:
                if held.method == "observed":
                    why = "it belongs to somebody else: changes of one byte only, once it is quiet"
                    yield Point(name, True, "no lease", why)
                    continue
                how = {"linux": "write lease", "win32": "exclusive share mode"}
                state = how.get(sys.platform, "checked write")
                yield Point(name, True, state, "one byte changes while nobody else writes")
        except Busy as error:
            yield Point(name, True, "in use just now", f"{error}")
        except (NoGuard, OSError) as error:
            yield Point(name, False, "no lease", f"{error}")


def _leftovers(loaded: LoadedConfig, clock: Clock) -> Iterator[Point]:
    from cockpit.checklists.editing.leftovers import leftovers

    names = [
        name for table in loaded.config.of(ChecklistTable) for name in (table.file, *table.mirrors)
    ]
    files = [loaded.resolve(name).resolve() for name in names]
    for one in leftovers(files, clock.now().timestamp(), partial(_recorded_sums, loaded)):
        yield Point("left behind", one.ours, str(one.path), one.advice)


def _recorded_sums(loaded: LoadedConfig) -> frozenset[str]:
    """The SHA-256 sums of all versions that recorded edits wrote and found."""
    from cockpit.cli.checklist.history import changes_of
    from cockpit.cli.exits import CommandError

    try:
        changes = changes_of(loaded, ())
    except CommandError:
        return frozenset()
    return frozenset(
        str(change.data[name])
        for change in changes
        for name in ("sha256_before", "sha256_after")
        if name in change.data
    )


def _secrets(loaded: LoadedConfig) -> Iterator[Point]:
    from cockpit.secret_forms import SHORTEST

    if written := loaded.literal_secrets():
        why = 'whoever reads the file or its history has it; write "${NAME}" and set that variable'
        yield Point("secrets", False, f"written out: {', '.join(written)}", why)
    tables = loaded.config.probes()
    values = (getattr(t, key, None) for t in tables for key in t.secret_keys())
    if any(value is not None and len(value) < SHORTEST for value in values):
        state = f"one has fewer than {SHORTEST} characters"
        why = "it is cut out only behind its name or `Bearer`: it could be a part of any word"
        yield Point("secret length", False, state, why)


def _store(loaded: LoadedConfig) -> Point:
    from cockpit.evidence.errors import StoreError
    from cockpit.evidence.location import backups, exposure, inspect, is_there, network_filesystem
    from cockpit.evidence.reader import Reader

    path = loaded.store_path
    try:
        there = is_there(path)
    except StoreError as error:
        return Point("store", False, str(path), f"{error.reason}; {error.mend}")
    if not there:
        parent = next(folder for folder in path.parents if folder.exists())
        ok = os.access(parent, os.W_OK)
        return Point("store", ok, f"{path}: not there yet", "" if ok else f"{parent}: not writable")
    try:
        inspect(path)
        with Reader(path) as reader:
            size = reader.used() / 1_000_000
            older = reader.needs_migration()
    except StoreError as error:
        return Point("store", False, str(path), f"{error.reason}; {error.mend}")
    if network := network_filesystem(path.resolve()):
        return Point("store", False, f"{path}: {size:.0f} MB", f"on {network}: no WAL, slower")
    if not os.access(path, os.W_OK):
        return Point("store", False, str(path), "may not be written: no record, no act")
    if open_to := exposure(path):
        return Point("store", False, f"{path}: {size:.0f} MB", open_to)
    notes = ["on a local file system"]
    if older:
        notes.append("of an older cockpit: copied and migrated when it is next written")
    if kept := backups(path.resolve()):
        names = ", ".join(copy.name for copy in kept)
        notes.append(f"as it was before a migration: {names} beside it, to be removed by hand")
    return Point("store", True, f"{path}: {size:.0f} MB", "; ".join(notes))


def _graphics() -> Point:
    from cockpit.kinds.resource_usage import graphics_text
    from cockpit.system.processes.gpu import read_gpus

    report = read_gpus()
    if report.why:
        return Point("GPU", True, "none shown", report.why)
    return Point("GPU", True, graphics_text(report) or "no device", "by nvidia-ml-py")


def _terminal() -> Point:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Point("terminal", True, "none", "the screen needs one; check and collect do without")
    width, height = shutil.get_terminal_size()
    kind = os.environ.get("TERM", "unknown")
    encoding = (sys.stdout.encoding or "").lower()
    around: list[tuple[str, Callable[[], bool]]] = [
        ("over SSH", lambda: "SSH_CONNECTION" in os.environ),
        ("inside tmux", lambda: "TMUX" in os.environ),
        ("NO_COLOR", lambda: "NO_COLOR" in os.environ),
    ]
    state = ", ".join([f"{kind} {width}x{height}", *(word for word, holds in around if holds())])
    lacks = []
    if width < 80 or height < 24:
        lacks.append("smaller than 80x24: panes are left out")
    if "utf" not in encoding:
        lacks.append(f"encoding {encoding or 'unknown'}: use --ascii")
    return Point("terminal", not lacks, state, "; ".join(lacks))


def _wall_clock(now: datetime) -> Point:
    from cockpit.system.commands import run_command

    local = now.astimezone()
    state = f"{local:%Y-%m-%d %H:%M:%S%z} {local.tzname()}"
    if sys.platform != "linux":
        return Point("clock", True, state, "whether it is synchronised is not known here")
    words = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    told = asyncio.run(run_command(words, timeout=3.0)).stdout.decode("utf-8", "replace").strip()
    if told == "no":
        return Point("clock", False, state, "not synchronised: ages of files may be wrong")
    return Point("clock", True, state, "synchronised" if told == "yes" else "synchronised: unknown")
