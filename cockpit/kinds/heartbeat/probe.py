"""The heartbeat probe: a JSON file an engine keeps fresh, its pidfile, its live process."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple

from cockpit.kinds.act_history import ActHistory
from cockpit.kinds.base import BuildContext, Probe, ProbeContext
from cockpit.kinds.code_freshness import CodeAges
from cockpit.kinds.file_io import read_file
from cockpit.kinds.heartbeat.evaluate import judge, oldest
from cockpit.kinds.heartbeat.facts import EngineParityFacts
from cockpit.kinds.heartbeat.measurements import (
    Beat,
    BeatRead,
    Engine,
    Evidence,
    PidRead,
    beat_of,
    last_good_of,
    moved_at_of,
    pid_of,
)
from cockpit.kinds.heartbeat.mode import mode_rule, with_mode
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.json_query import BadJson, decode
from cockpit.kinds.resource_usage import Usage, UsageSampler, drawable_argv
from cockpit.kinds.restarts import restarts_seen
from cockpit.kinds.tables import resolve
from cockpit.model import Observation
from cockpit.suggestions import closest_file
from cockpit.system.process_match import CodeAge
from cockpit.system.processes import process_table
from cockpit.system.processes.process_table import ProcessFacts, ProcessIdentity

FILE_CAP = 1_000_000
PIDFILE_CAP = 4096
RETRY_AFTER = 0.05
"""Seconds until a file that was caught half-written is read once more."""


class HeartbeatProbe(Probe):
    """Watches one heartbeat. `zone` is the zone of naive timestamps, None for this machine's.

    `names` are what else a start of its engine may be recorded under, `acts` what is remembered of
    acts on processes, `label` the word on the top line, which may claim paper.
    """

    kind = "heartbeat"
    local = True

    def __init__(
        self,
        table: HeartbeatTable,
        folder: Path,
        *,
        zone: tzinfo | None = None,
        names: Sequence[str] = (),
        acts: ActHistory | None = None,
        label: str = "",
    ) -> None:
        super().__init__(table, folder)
        self._mode = mode_rule(table.mode, label)
        self._names = (table.name, *names)
        self._acts = acts or ActHistory()
        self._table = table
        self._zone = zone
        self._meter = UsageSampler()
        self._code = CodeAges()
        self._minds_code = table.newer_code != "ignore"
        self._file = resolve(folder, table.file)
        self._pidfile = resolve(folder, table.pidfile) if table.pidfile else None

    def own_files(self) -> tuple[Path, ...]:
        return (self._file, self._pidfile) if self._pidfile else (self._file,)

    async def run(self, ctx: ProbeContext) -> Observation:
        last_good = last_good_of(ctx.previous)
        before = ctx.previous.facts_of(EngineParityFacts) if ctx.previous is not None else None
        seen = await ctx.blocking(self._look, last_good, ctx.clock.monotonic(), False)
        if seen is None:
            await ctx.clock.sleep(RETRY_AFTER)
            seen = await ctx.blocking(self._look, last_good, ctx.clock.monotonic(), True)
        assert seen is not None
        read, pidfile, found, usage, code = seen
        for identity in found.watch:
            ctx.watch_process(identity)
        starts = [engine.started_at for engine in found.alive]
        evidence = Evidence(
            now=ctx.clock.now(),
            read=read,
            last_good=last_good,
            moved_at=moved_at_of(ctx.previous),
            pidfile=pidfile,
            engines=found.engines,
            holder=found.holder,
            hidden=found.hidden,
            knew_engine=_knew_engine(ctx.previous),
            defunct=usage.defunct,
            code=code,
            restarts=restarts_seen(
                before,
                starts,
                ctx.clock.now(),
                lambda at: self._acts.who_asked(at, self._names),
            ),
            zombies=found.zombies,
            # A process that ends is a zombie for a moment; one that still is one is left over.
            still=tuple(pid for pid in found.zombies if before and pid in before.zombies),
        )
        judged = judge(self._table, self._table.file, evidence)
        judged = with_mode(judged, self._mode, found.alive, self.name)
        judged = replace(
            judged,
            basis={**judged.basis, **({"graphics": usage.graphics} if usage.graphics else {})},
            metrics={**judged.metrics, **usage.metrics},
        )
        return self.conclude(evidence.now, judged)

    def next_due(self, observation: Observation) -> datetime | None:
        beat = last_good_of(observation)
        if beat is None or beat.timestamp is None:
            return None
        since = oldest(beat.timestamp, beat.mtime, observation.observed_at)
        for limit in (self._table.warn_after, self._table.fail_after):
            due = since + timedelta(seconds=limit)
            if due > observation.observed_at:
                return due
        return None

    def _look(self, last_good: Beat | None, now: float, again: bool) -> _Seen | None:
        """Everything at once, so that a run takes one thread; None for a file that should be read
        `again` first. `now` is monotonic seconds."""
        read, pidfile = self._read_beat(), self._read_pidfile()
        lacking = read.beat is None or (pidfile is not None and pidfile.pid is None)
        if lacking and not again:
            return None
        found = _look_at_processes(self._table.process, read.beat or last_good, pidfile)
        usage = self._meter.measure(found.roots, now)
        code = self._code.look(found.roots, now) if self._minds_code else {}
        return _Seen(read, pidfile, found, usage, code)

    def _read_beat(self) -> BeatRead:
        file = read_file(self._file, FILE_CAP)
        if file.body is None:
            close = closest_file(self._file) if file.missing else ""
            trouble = f"{file.trouble}; {close}" if close else file.trouble
            return BeatRead(None, trouble, file.missing, file.modified_at)
        try:
            data = decode(file.body)
        except BadJson as error:
            return BeatRead(None, str(error), mtime=file.modified_at)
        beat = beat_of(data, self._table, file.modified_at, self._zone)
        return BeatRead(beat, beat.trouble, mtime=file.modified_at)

    def _read_pidfile(self) -> PidRead | None:
        if self._pidfile is None:
            return None
        file = read_file(self._pidfile, PIDFILE_CAP)
        return PidRead(trouble=file.trouble) if file.body is None else pid_of(file.body)


def _knew_engine(previous: Observation | None) -> bool:
    parity = previous.finding("parity") if previous else None
    if parity is None:
        return False
    told = parity.facts
    engines = told.engines if isinstance(told, EngineParityFacts) else ()
    return bool(engines) or parity.title == "ENGINE GONE"


class _Found:
    """What the process table says, and who is to be watched."""

    def __init__(self) -> None:
        self.engines: tuple[Engine, ...] | None = None
        self.holder: Engine | None = None
        self.hidden: tuple[int, ...] = ()
        self.watch: list[ProcessIdentity] = []
        self.roots: dict[int, tuple[ProcessFacts, datetime]] = {}
        self.zombies: dict[int, str] = {}

    @property
    def alive(self) -> tuple[Engine, ...]:
        """The engines that run, or whoever has the PID where no words tell an engine."""
        return (self.engines or ()) + ((self.holder,) if self.holder else ())


class _Seen(NamedTuple):
    """What one look gave."""

    read: BeatRead
    pidfile: PidRead | None
    found: _Found
    usage: Usage
    code: Mapping[int, CodeAge]


def _look_at_processes(
    words: Sequence[str] | None, beat: Beat | None, pidfile: PidRead | None
) -> _Found:
    found = _Found()
    named = [pid for pid in (beat.pid if beat else None, pidfile.pid if pidfile else None) if pid]
    for pid in named:
        ended = process_table.facts(pid)
        if ended is not None and ended.is_zombie:
            found.zombies[pid] = f"{ended.ppid} {ended.parent_name or '?'}"
    if words is not None:
        listed = process_table.find_by_words(words, remembered=True)
        found.engines = _trees(listed, named)
        by_pid = {process.pid: process for process in listed}
        for engine in found.engines:
            youngest = max(by_pid[pid].started_at for pid in engine.pids)
            found.roots[engine.pid] = (by_pid[engine.pids[0]], youngest)
        found.watch = [process.identity for process in listed]
        if not listed:
            found.hidden = tuple(dict.fromkeys(pid for pid in named if _is_hidden(pid)))
        return found
    if named:
        process = process_table.facts(named[0])
        if process is not None and not process.is_zombie:
            found.holder = _engine(process, (process.pid,), process.pid)
            found.roots[process.pid] = (process, process.started_at)
            found.watch = [process.identity]
        elif process is None and _is_hidden(named[0]):
            found.hidden = (named[0],)
    return found


def _trees(listed: Sequence[ProcessFacts], named: Sequence[int]) -> tuple[Engine, ...]:
    """One engine a process tree: a launcher and the interpreter it starts are the same one."""
    roots = process_table.tree_roots(listed)
    among = {process.pid for process in listed}
    members: dict[int, list[int]] = {root.pid: [root.pid] for root in roots}
    for process in listed:
        top = process_table.tree_root(process.pid, among)
        if top != process.pid:
            members.setdefault(top, []).append(process.pid)
    engines = []
    for root in roots:
        pids = tuple(members[root.pid])
        speaker = next((pid for pid in named if pid in pids), root.pid)
        engines.append(_engine(root, pids, speaker))
    return tuple(engines)


def _engine(process: ProcessFacts, pids: tuple[int, ...], pid: int) -> Engine:
    return Engine(
        pid=pid,
        pids=pids,
        started_at=process.started_at,
        argv=drawable_argv(process),
        user=process.user,
        parent=process.parent_name,
    )


def _is_hidden(pid: int) -> bool:
    """Whether a process exists whose argv can't be read: another user's on a closed system."""
    process = process_table.facts(pid)
    if process is not None:
        return not process.argv and not process.is_zombie and process.uid != _own_uid()
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


def build(table: HeartbeatTable, context: BuildContext) -> HeartbeatProbe:
    """Build the probe of a `[[heartbeat]]`."""
    names = context.tables.vouching_for(table.name)
    return HeartbeatProbe(
        table, context.folder, names=names, acts=context.acts, label=context.label
    )
