"""What is here that a cockpit could watch: for `cockpit init` and for a look around.

Files are read, never run or changed; ports are listed, never connected to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from cockpit.checklists.parsing.parse import parse
from cockpit.clock import Clock, SystemClock
from cockpit.discovery.detectors import gate_shape, heartbeat_shape, pid_of, read_json
from cockpit.discovery.discovered import (
    Discovered,
    FoundChecklist,
    FoundHeartbeat,
    FoundPidfile,
    FoundPort,
    FoundReport,
)
from cockpit.discovery.walk import Entry, Walk, ignored_by_git, read, walk
from cockpit.system.sockets.listeners import Listener, ListenerSource
from cockpit.system.sockets.sources import default_source
from cockpit.text import sanitize

__all__ = [
    "EPHEMERAL",
    "MOST_CHECKLISTS",
    "MOST_HEARTBEATS",
    "MOST_PORTS",
    "ListenerSource",
    "discover",
    "engine_name",
]

MOST_CHECKLISTS = 8
MOST_PORTS = 12
MOST_HEARTBEATS = 4
_LARGEST_MARKDOWN = 1_000_000
_LARGEST_JSON = 262_144
_MOST_MARKDOWN = 400
_MOST_JSON = 400
_MOST_PARSED = 40
_BOX = re.compile(rb"^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+[*_]{0,3}\[[ xX~]\]", re.MULTILINE)
_PLAN_WORDS = re.compile(r"plan|batch|todo|check|readiness|roadmap|task|launch|gate|progress", re.I)
_BEAT_WORDS = re.compile(
    r"[-_.]*(?:heart[-_]?beat|(?<![a-z])(?:hb|beat)(?![a-z]))[-_.]*", re.IGNORECASE
)
_DATA = (".json", ".pid")
_DATE = re.compile(r"(?<!\d)20\d\d([-_]?)\d\d\1\d\d(?!\d)")
EPHEMERAL = 32768
"""From this port on systems hand ports out by chance (Linux from here, others from 49152)."""
_MOST_TOLD = 8


def discover(
    folder: Path,
    *,
    source: ListenerSource | None = None,
    clock: Clock | None = None,
    seconds: float = 3.0,
) -> Discovered:
    """Look at the files below `folder` for at most `seconds`, and at the ports of `source`.

    Without a source the machine's own is asked. Never raises for what it finds.
    """
    clock = clock or SystemClock()
    folder = folder.absolute()
    end = clock.monotonic() + seconds

    def over() -> bool:
        return clock.monotonic() >= end

    found = walk(folder, (".md", ".markdown", ".json", ".pid"), over)
    pidfiles = tuple(_pidfiles(found))
    heartbeats, reports = _json_files(found, pidfiles, over)
    notes = [found.stopped] if found.stopped else []
    if found.unfit:
        notes.append(_unfit_text(found.unfit))
    try:
        listeners = (source or default_source(clock)).snapshot().listeners
    except OSError as error:
        listeners = ()
        notes.append(f"ports could not be listed: {sanitize(error.strerror or str(error))}")
    return Discovered(
        folder,
        checklists=tuple(_checklists(folder, found, over)),
        heartbeats=tuple(heartbeats),
        pidfiles=pidfiles,
        reports=tuple(reports),
        ports=tuple(_ports(listeners, folder)),
        notes=tuple(notes),
    )


def _unfit_text(names: list[str]) -> str:
    """The note on names that were passed over: how many, and the first of them."""
    shown = ", ".join("".join(filter(str.isprintable, name)) for name in names[:_MOST_TOLD])
    more = f" and {len(names) - _MOST_TOLD} more" if len(names) > _MOST_TOLD else ""
    what = "name" if len(names) == 1 else "names"
    return f"passed over {len(names)} {what} that a config can't hold: {shown}{more}"


def _checklists(folder: Path, found: Walk, over: Callable[[], bool]) -> Iterator[FoundChecklist]:
    boxes: list[tuple[Entry, bytes]] = []
    markdown = [entry for entry in found.entries if not entry.name.lower().endswith(_DATA)]
    for entry in markdown[:_MOST_MARKDOWN]:
        if over():
            break
        body = read(entry, _LARGEST_MARKDOWN)
        if body is not None and _BOX.search(body):
            boxes.append((entry, body))
    ignored = ignored_by_git(folder, [entry.name for entry, _ in boxes])
    boxes = [(entry, body) for entry, body in boxes if entry.name not in ignored]
    boxes.sort(key=lambda pair: (not _PLAN_WORDS.search(pair[0].stem), pair[0].depth))
    for entry, body in boxes[:_MOST_PARSED]:
        if over():
            break
        progress = parse(body).progress
        if progress.total:
            why = f"markdown with checkboxes, {progress.done} of {progress.total} done"
            yield FoundChecklist(entry.name, progress.done, progress.total, why)


def _pidfiles(found: Walk) -> Iterator[FoundPidfile]:
    for entry in found.entries:
        if entry.name.lower().endswith(".pid"):
            body = read(entry, 64)
            pid = pid_of(body) if body is not None else None
            if pid is not None:
                yield FoundPidfile(entry.name, pid, f"a .pid file that holds the number {pid}")


def _json_files(
    found: Walk, pidfiles: Iterable[FoundPidfile], over: Callable[[], bool]
) -> tuple[list[FoundHeartbeat], list[FoundReport]]:
    heartbeats: list[tuple[bool, FoundHeartbeat]] = []
    reports: dict[str, FoundReport] = {}
    entries = [entry for entry in found.entries if entry.name.lower().endswith(".json")]
    # The newest of each series first, so that a glob is judged by its latest report.
    entries.sort(key=lambda entry: (_BEAT_WORDS.search(entry.stem) is None, -entry.modified))
    for entry in entries[:_MOST_JSON]:
        if over():
            break
        body = read(entry, _LARGEST_JSON)
        if body is None:
            continue
        data = read_json(body)
        named = _BEAT_WORDS.search(entry.stem) is not None
        beat = _heartbeat(entry, data, named, pidfiles)
        if beat is not None:
            heartbeats.append((not named, beat))
            continue
        shape = gate_shape(data)
        glob = _glob(entry.name)
        if shape is not None and glob not in reports:
            why = f"{shape.parts} parts with `{shape.met}` in {entry.name}"
            reports[glob] = FoundReport(glob, shape.each, shape.met, why)
    heartbeats.sort(key=lambda pair: (pair[0], pair[1].file.count("/"), pair[1].file))
    return [beat for _, beat in heartbeats], list(reports.values())


def _heartbeat(
    entry: Entry, data: Any, named: bool, pidfiles: Iterable[FoundPidfile]
) -> FoundHeartbeat | None:
    shape = heartbeat_shape(data, entry.modified)
    if named and data is None:
        pidfile = _pidfile_of(entry, None, pidfiles)
        why = "named like a heartbeat; empty or not whole just now"
        return FoundHeartbeat(entry.name, None, None, None, None, pidfile, why)
    if shape is None or (shape.pid is None and not named):
        return None
    why = "named like a heartbeat, holds" if named else "holds"
    why += f" a time ({shape.timestamp})"
    if shape.pid:
        why += f" and a PID ({shape.pid})"
    return FoundHeartbeat(
        entry.name,
        shape.timestamp,
        shape.pid,
        shape.counter,
        shape.naive,
        _pidfile_of(entry, shape.pid_value, pidfiles),
        why,
    )


def _pidfile_of(entry: Entry, pid: int | None, pidfiles: Iterable[FoundPidfile]) -> str | None:
    """The pidfile with the same PID, or else with the same name."""
    base = engine_name(entry.name).casefold()
    by_pid = [found.file for found in pidfiles if found.pid == pid]
    by_name = [
        found.file for found in pidfiles if PurePosixPath(found.file).stem.casefold() == base
    ]
    return next(iter([*by_pid, *by_name]), None)


def engine_name(file: str) -> str:
    """`paper_live` of `data/paper_live_heartbeat.json`; `heartbeat` when nothing else is left."""
    stem = PurePosixPath(file).stem
    return _BEAT_WORDS.sub(" ", stem).strip().replace(" ", "-") or "heartbeat"


def _glob(name: str) -> str:
    folder, _, last = name.rpartition("/")
    last = _DATE.sub("*", last)
    return f"{folder}/{last}" if folder else last


def _ports(listeners: Iterable[Listener], folder: Path) -> Iterator[FoundPort]:
    def rank(listener: Listener) -> tuple[bool, bool, bool, int]:
        here = _ours(listener, folder)
        return (not here, not listener.services, listener.port >= EPHEMERAL, listener.port)

    for listener in sorted(listeners, key=rank):
        if not 1 <= listener.port <= 65535:
            continue
        seen = listener.services and not listener.hidden
        yield FoundPort(
            listener.port,
            "one" if seen else "some",
            _ours(listener, folder),
            _why_port(listener),
        )


def _ours(listener: Listener, folder: Path) -> bool:
    """Whether a visible owner works in the folder or below it."""
    folders = [owner.process.cwd for owner in listener.owners if owner.process.cwd]
    return any(Path(cwd).is_relative_to(folder) for cwd in folders)


def _why_port(listener: Listener) -> str:
    services = [f"{sanitize(s.root.name)} (PID {s.root.pid})" for s in listener.services[:3]]
    if listener.hidden:
        services.append("an owner this user may not see")
    return f"listening now: {' and '.join(services) or 'owner unknown'}"
