"""The heartbeat probe: a JSON file an engine keeps fresh, its pidfile, its live process."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple

from cockpit.kinds.act_history import ActHistory
from cockpit.kinds.base import BuildContext, Probe, ProbeContext
from cockpit.kinds.code_freshness import CodeAges
from cockpit.kinds.file_io import read_file, whole_second
from cockpit.kinds.heartbeat.engines import Found, find_engines
from cockpit.kinds.heartbeat.evaluate import RATE, judge, oldest
from cockpit.kinds.heartbeat.facts import CounterFacts, EngineParityFacts
from cockpit.kinds.heartbeat.folders import Home
from cockpit.kinds.heartbeat.measurements import (
    Beat,
    BeatRead,
    Evidence,
    PidRead,
    beat_of,
    last_good_of,
    moved_at_of,
    pid_of,
    skewed_beats,
    touched,
)
from cockpit.kinds.heartbeat.mode import mode_rule, with_mode
from cockpit.kinds.heartbeat.parity import STARTING
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.json_query import BadJson, decode
from cockpit.kinds.resource_usage import Usage, UsageSampler
from cockpit.kinds.restarts import restarts_seen
from cockpit.kinds.tables import resolve
from cockpit.model import Observation
from cockpit.suggestions import closest_file
from cockpit.system.process_match import CodeAge

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
        self._home = Home(folder, self.own_files())

    def own_files(self) -> tuple[Path, ...]:
        return (self._file, self._pidfile) if self._pidfile else (self._file,)

    async def run(self, ctx: ProbeContext) -> Observation:
        last_good = last_good_of(ctx.previous)
        before = ctx.previous.facts_of(EngineParityFacts) if ctx.previous is not None else None
        known = _Known(last_good, before.writers if before else (), self._units(ctx.board))
        seen = await ctx.blocking(self._look, known, ctx.clock.monotonic(), False)
        if seen is None:
            await ctx.clock.sleep(RETRY_AFTER)
            seen = await ctx.blocking(self._look, known, ctx.clock.monotonic(), True)
        assert seen is not None
        read, pidfile, found, usage, code = seen
        for identity in found.watch:
            ctx.watch_process(identity)
        starts = [engine.started_at for engine in found.alive]
        counted = ctx.previous.facts_of(CounterFacts) if ctx.previous is not None else None
        evidence = Evidence(
            now=ctx.clock.now(),
            read=read,
            last_good=last_good,
            moved_at=moved_at_of(ctx.previous),
            fell_at=counted.fell_at if counted is not None else None,
            rate=ctx.previous.metrics.get(RATE) if ctx.previous is not None else None,
            skewed=skewed_beats(read.beat, ctx.previous),
            pidfile=pidfile,
            engines=found.engines,
            holder=found.holder,
            hidden=found.hidden,
            elsewhere=found.elsewhere,
            others=found.others,
            writers=_writers(found, read.beat, known.writers),
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
        at, dues = observation.observed_at, list[datetime]()
        beat = last_good_of(observation)
        if beat is not None and beat.timestamp is not None:
            since = oldest(beat.timestamp, beat.mtime, at)
            dues += [since + timedelta(seconds=limit) for limit in self._table.limits]
        parity = observation.finding("parity")
        if parity is not None and parity.title == STARTING:
            known = observation.facts_of(EngineParityFacts)
            grace = timedelta(seconds=self._table.grace)
            dues += [start + grace for start in (known.starts if known else ())]
        return min((due for due in dues if due > at), default=None)

    def _units(self, board: Mapping[str, Observation]) -> dict[int, str]:
        """The services that run this engine, by their main PID, as far as they were looked at."""
        basis = {name: board[name].basis for name in self._names[1:] if name in board}
        mains = {name: told.get("main_pid") for name, told in basis.items()}
        return {pid: name for name, pid in mains.items() if isinstance(pid, int)}

    def _look(self, known: _Known, now: float, again: bool) -> _Seen | None:
        """Everything at once, so that a run takes one thread; None for a file that should be read
        `again` first. `now` is monotonic seconds."""
        read, pidfile = self._read_beat(), self._read_pidfile()
        lacking = read.beat is None or (pidfile is not None and pidfile.pid is None)
        if lacking and not again:
            return None
        found = find_engines(
            self._table.process,
            read.beat or known.last_good,
            pidfile,
            home=self._home,
            writers=known.writers,
            units=known.units,
        )
        usage = self._meter.measure(found.roots, now)
        code = self._code.look(found.roots, now) if self._minds_code else {}
        return _Seen(read, pidfile, found, usage, code)

    def _read_beat(self) -> BeatRead:
        if self._table.format == "touch":
            return self._read_touched()
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

    def _read_touched(self) -> BeatRead:
        try:
            status = self._file.stat()
        except (OSError, ValueError):
            file = read_file(self._file, 0)
            return BeatRead(None, file.trouble, file.missing)
        if stat.S_ISDIR(status.st_mode):
            return BeatRead(None, "a folder")
        beat = touched(whole_second(status.st_mtime))
        return BeatRead(beat, beat.trouble, mtime=beat.mtime)

    def _read_pidfile(self) -> PidRead | None:
        if self._pidfile is None:
            return None
        file = read_file(self._pidfile, PIDFILE_CAP)
        if file.body is None:
            return PidRead(trouble=file.trouble)
        return pid_of(file.body, file.modified_at)


def _knew_engine(previous: Observation | None) -> bool:
    parity = previous.finding("parity") if previous else None
    if parity is None:
        return False
    told = parity.facts
    engines = told.engines if isinstance(told, EngineParityFacts) else ()
    return bool(engines) or parity.title == "ENGINE GONE"


def _writers(found: Found, beat: Beat | None, before: Sequence[int]) -> tuple[int, ...]:
    """The engines that beats have named while several ran, this one included."""
    if len(found.alive) < 2:
        return ()
    pids = (*before, beat.pid) if beat is not None and beat.pid is not None else tuple(before)
    return tuple(one.pid for one in found.alive if any(one.has(pid) for pid in pids))


class _Known(NamedTuple):
    """What a look goes by: the beat before, the PIDs that beats named, the services' main PIDs."""

    last_good: Beat | None
    writers: tuple[int, ...]
    units: Mapping[int, str]


class _Seen(NamedTuple):
    """What one look gave."""

    read: BeatRead
    pidfile: PidRead | None
    found: Found
    usage: Usage
    code: Mapping[int, CodeAge]


def build(table: HeartbeatTable, context: BuildContext) -> HeartbeatProbe:
    """Build the probe of a `[[heartbeat]]`."""
    names = context.tables.vouching_for(table.name)
    return HeartbeatProbe(
        table, context.folder, names=names, acts=context.acts, label=context.label
    )
