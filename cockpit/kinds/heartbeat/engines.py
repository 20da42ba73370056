"""Which processes are the engine, and what else has the PIDs that its files name. Blocking."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cockpit.kinds.heartbeat.folders import Home
from cockpit.kinds.heartbeat.measurements import Beat, Elsewhere, Engine, Other, PidRead
from cockpit.kinds.resource_usage import drawable_argv
from cockpit.system.processes import process_table
from cockpit.system.processes.argv import matches
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity

_START_TOLERANCE = timedelta(seconds=2)
_STOP_READS = 3
_STOP_PAUSE = 0.005
_COCKPITS = ("cockpit", "paperlive-cockpit")


@dataclass
class Found:
    """What the process table says, and who is to be watched.

    `engines`, `holder`, `hidden`, `others`, `elsewhere` and `zombies` are those of `Evidence`;
    `roots` maps an engine's PID to its root process and the start of its youngest process.
    """

    engines: tuple[Engine, ...] | None = None
    holder: Engine | None = None
    hidden: tuple[int, ...] = ()
    others: dict[int, Other] = field(default_factory=dict)
    elsewhere: tuple[Elsewhere, ...] = ()
    watch: list[ProcessIdentity] = field(default_factory=list)
    roots: dict[int, tuple[ProcessFacts, datetime]] = field(default_factory=dict)
    zombies: dict[int, str] = field(default_factory=dict)

    @property
    def alive(self) -> tuple[Engine, ...]:
        """The engines that run, or whoever has the PID where no words tell an engine."""
        return (self.engines or ()) + ((self.holder,) if self.holder else ())


def find_engines(
    words: Sequence[str] | None,
    beat: Beat | None,
    pidfile: PidRead | None,
    *,
    home: Home,
    writers: Sequence[int] = (),
    units: Mapping[int, str] | None = None,
) -> Found:
    """Look for the engine by its words, or else by the PIDs that `beat` and `pidfile` name.

    `home` tells processes of other folders apart; `writers` are PIDs that beats have named before.
    `units` are the services by their main PID.
    """
    found = Found()
    named = [pid for pid in (beat.pid if beat else None, pidfile.pid if pidfile else None) if pid]
    for pid in named:
        ended = process_table.facts(pid)
        if ended is not None and ended.is_zombie:
            found.zombies[pid] = f"{ended.ppid} {ended.parent_name or '?'}"
    if words is not None:
        listed = process_table.find_by_words(words, remembered=True)
        engines = _trees(listed, named)
        by_pid = {process.pid: process for process in listed}
        ours = []
        for engine in engines:
            away = None
            if not any(engine.has(pid) for pid in (*named, *writers)):
                away = home.elsewhere([by_pid[pid] for pid in engine.pids])
            if away is not None:
                found.elsewhere += (Elsewhere(engine.pid, away),)
                continue
            youngest = max(by_pid[pid].started_at for pid in engine.pids)
            found.roots[engine.pid] = (by_pid[engine.pids[0]], youngest)
            found.watch += [by_pid[pid].identity for pid in engine.pids]
            ours.append(replace(engine, unit=_unit_of(engine, units or {})))
        found.engines = tuple(ours)
        if not found.engines:
            found.hidden = tuple(dict.fromkeys(pid for pid in named if _is_hidden(pid)))
    else:
        _find_holder(found, beat, pidfile)
    for pid in named:
        if not any(engine.has(pid) for engine in found.alive):
            other = _other(pid)
            if other is not None:
                found.others[pid] = other
    return found


def _find_holder(found: Found, beat: Beat | None, pidfile: PidRead | None) -> None:
    """Whoever has the PID of the heartbeat, or else that of the pidfile."""
    from_pidfile = pidfile.pid if pidfile else None
    for pid in dict.fromkeys((beat.pid if beat else None, from_pidfile)):
        process = _process(pid) if pid else None
        if pid and process is None and _is_hidden(pid):
            found.hidden = (pid,)
            return
        if process is None or process.is_zombie or _never(process):
            continue
        if beat is None or pid != beat.pid:
            since = pidfile.mtime if pidfile else None
            if since is None or process.started_at > since + _START_TOLERANCE:
                continue  # it was given away since the pidfile was written
        found.holder = _engine([process], process.pid)
        found.roots[process.pid] = (process, process.started_at)
        found.watch = [process.identity]
        return


def _process(pid: int) -> ProcessFacts | None:
    """The process that has this PID, or whose thread has it."""
    return process_table.facts(process_table.process_of_thread(pid) or pid)


def _never(process: ProcessFacts) -> str:
    """What makes it no engine, in words; empty for a process that may be one."""
    if process_table.is_kernel_thread(process.pid):
        return "a thread of the kernel"
    if process.pid == 1:
        return f"the first process ({process.name})"
    is_cockpit = any(matches(process.argv, [name]) for name in _COCKPITS)
    return "a cockpit" if process.pid == os.getpid() or is_cockpit else ""


def _other(pid: int) -> Other | None:
    process = process_table.facts(pid)
    if process is None or process.is_zombie:
        return None
    owner = process_table.process_of_thread(pid)
    if owner is not None:
        return Other("thread", f"a thread of {owner}", process.started_at, owner)
    if never := _never(process):
        return Other("never", never, process.started_at)
    return Other("program", process.command, process.started_at)


def _unit_of(engine: Engine, units: Mapping[int, str]) -> str:
    """The service whose main process it is, or that of the script which started it."""
    if not units:
        return ""
    chain = (*engine.pids, *process_table.ancestors(engine.pids[0]))
    return next((units[pid] for pid in chain if pid in units), "")


def _trees(listed: Sequence[ProcessFacts], named: Sequence[int]) -> tuple[Engine, ...]:
    """One engine a process tree: a launcher and the interpreter it starts are the same one."""
    roots = process_table.tree_roots(listed)
    by_pid = {process.pid: process for process in listed}
    members: dict[int, list[ProcessFacts]] = {root.pid: [root] for root in roots}
    for process in listed:
        top = process_table.tree_root(process.pid, by_pid)
        if top != process.pid:
            members.setdefault(top, [by_pid[top]]).append(process)
    engines = []
    for processes in members.values():
        speaker = next((one.pid for one in processes if one.pid in named), processes[0].pid)
        engines.append(_engine(processes, speaker))
    return tuple(engines)


def _engine(processes: Sequence[ProcessFacts], pid: int) -> Engine:
    root = processes[0]
    return Engine(
        pid=pid,
        pids=tuple(one.pid for one in processes),
        started_at=root.started_at,
        argv=drawable_argv(root),
        user=root.user,
        parent=root.parent_name,
        inner=tuple(n for one in processes for n in process_table.inner_pids(one.pid)),
        stopped=tuple(one.pid for one in processes if _is_stopped(one)),
    )


def _is_stopped(process: ProcessFacts, pause: Callable[[float], None] = time.sleep) -> bool:
    """Whether a signal or a debugger holds it. One that is traced is held for a moment at each of
    its system calls, so that one is looked at again."""
    status = process.status
    for _ in range(_STOP_READS):
        if status != "tracing-stop":
            break
        pause(_STOP_PAUSE)
        again = process_table.facts(process.pid)
        status = again.status if again is not None else ""
    return status in ("stopped", "tracing-stop")


def _is_hidden(pid: int) -> bool:
    """Whether a process exists whose argv can't be read: another user's on a closed system."""
    process = process_table.facts(pid)
    if process is not None:
        unread = not process.argv and not process.is_zombie and process.uid != _own_uid()
        return unread and not process_table.is_kernel_thread(pid)
    if sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _own_uid() -> int | None:
    if sys.platform == "win32":
        return None
    else:
        return os.getuid()
