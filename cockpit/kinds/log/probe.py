"""The log probe: follows the files of a table and looks for lines in what is new."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from cockpit.kinds.base import BuildContext, Judgement, Probe, ProbeContext
from cockpit.kinds.file_io import reason_of
from cockpit.kinds.log.evaluate import Logs, judge_logs
from cockpit.kinds.log.facts import LogLineFacts
from cockpit.kinds.log.follow import Follower
from cockpit.kinds.log.lines import LineReader
from cockpit.kinds.log.table import ForbiddenTable, LogTable, RequiredTable, is_pattern
from cockpit.kinds.log.tally import FileTally, Sightings, Written
from cockpit.kinds.service.facts import UnitFacts
from cockpit.kinds.tables import resolve
from cockpit.model import Observation
from cockpit.system.matcher import Matcher, PatternError
from cockpit.system.processes import process_table
from cockpit.system.processes.process_facts import ProcessFacts

_MOST_FILES = 50
_MATCHING_SECONDS = 2.0
_LEAST_GAP = 1.0
"""Seconds between two looks that nobody at the screen asks for."""
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z")
_OLDEST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Followed:
    """One file as it is followed."""

    follower: Follower
    reader: LineReader
    tally: FileTally = field(default_factory=FileTally)


@dataclass(slots=True)
class _Found:
    """The files of a look: path by the name on the screen, and what is not there."""

    paths: dict[str, Path] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    quiet_counts: set[str] = field(default_factory=set)
    left_out: int = 0


class LogProbe(Probe):
    """Watches the files of one table. `zone` is what a naive local time means; None: here."""

    kind = "log"
    local = True

    def __init__(self, table: LogTable, folder: Path, *, zone: tzinfo | None = None) -> None:
        super().__init__(table, folder)
        self._table = table
        self._zone = zone
        self._followed: dict[Path, _Followed] = {}
        self._required = {each.label: Sightings() for each in table.required}
        self._forbidden = {each.label: Sightings() for each in table.forbidden}
        self._remembered = False
        self._due: datetime | None = None
        self._looked_at: float | None = None

    def own_files(self) -> tuple[Path, ...]:
        return tuple(resolve(self.folder, written) for written in self._table.files)

    def depends_on(self) -> tuple[str, ...]:
        return self._table.starters()

    async def run(self, ctx: ProbeContext) -> Observation:
        if not self._remembered:
            self._remember(ctx.previous)
            self._remembered = True
        await self._pace(ctx)
        now = ctx.clock.now()
        judged, self._due = await ctx.blocking(self._look, now, dict(ctx.board))
        return self.conclude(ctx.clock.now(), judged)

    def next_due(self, observation: Observation) -> datetime | None:
        return self._due if self._due is not None and self._due > observation.observed_at else None

    async def _pace(self, ctx: ProbeContext) -> None:
        """Wait until a look is due again: a busy log changes more often than it is worth."""
        if self._looked_at is not None and "key" not in ctx.reasons:
            rest = self._looked_at + min(_LEAST_GAP, self.timeout / 4) - ctx.clock.monotonic()
            if rest > 0:
                await ctx.clock.sleep(rest)
        self._looked_at = ctx.clock.monotonic()

    def _remember(self, previous: Observation | None) -> None:
        """Take over what an earlier process has seen of the same patterns."""
        for finding in previous.findings if previous is not None else ():
            facts = finding.facts
            if isinstance(facts, LogLineFacts):
                for each, seen in self._patterns():
                    if finding.key == f"{facts.sort}:{each.label}" and (
                        facts.pattern == each.pattern
                        and isinstance(each, RequiredTable) == (facts.sort == "required")
                    ):
                        seen.remember(facts)

    def _patterns(self) -> Iterable[tuple[RequiredTable | ForbiddenTable, Sightings]]:
        for required in self._table.required:
            yield required, self._required[required.label]
        for forbidden in self._table.forbidden:
            yield forbidden, self._forbidden[forbidden.label]

    def _look(
        self, now: datetime, board: Mapping[str, Observation]
    ) -> tuple[Judgement, datetime | None]:
        found = find_files(self.folder, self._table.files)
        fresh: list[Written] = []
        taken = frozenset(found.paths.values())
        for path in self._followed.keys() - taken:
            del self._followed[path]
        for name, path in found.paths.items():
            fresh += self._read(name, path, taken, now)
        if fresh:
            fresh.sort(key=lambda one: one.line.at or _OLDEST)
            self._match(fresh, now)
        files = {
            name: self._followed[path].tally
            for name, path in found.paths.items()
            if not self._gone(path)
        }
        gone = {
            name: self._followed[path].tally.trouble
            for name, path in found.paths.items()
            if self._gone(path)
        }
        logs = Logs(
            files,
            frozenset(found.quiet_counts),
            {**found.missing, **gone},
            found.left_out,
            self._required,
            self._forbidden,
            {name: youngest_start(board.get(name)) for name in self._table.starters()},
        )
        return judge_logs(self._table, logs, now)

    def _gone(self, path: Path) -> bool:
        tally = self._followed[path].tally
        return bool(tally.trouble) and not tally.looked

    def _read(self, name: str, path: Path, taken: frozenset[Path], now: datetime) -> list[Written]:
        """Count what is new in one file, and return its lines."""
        if path not in self._followed:
            self._followed[path] = _Followed(
                Follower(path, self._table.window * 1024),
                LineReader(self._table.naive_timestamps, self._zone),
            )
        one = self._followed[path]
        tally = one.tally
        growth = one.follower.look(taken)
        tally.trouble = growth.trouble
        if growth.trouble:
            return []
        tally.size, tally.modified_at, tally.looked = growth.size, growth.written, True
        if growth.skipped:
            tally.skipped, tally.skipped_at = growth.skipped, now
        fresh: list[Written] = []
        for piece in growth.pieces:
            tally.whole = tally.whole or piece.whole
            block = one.reader.read(
                piece.lines,
                min(piece.written, now),
                before=None if piece.first else tally.last,
                skew=tally.skew,
                followed=not piece.first,
            )
            tally.skew = block.skew
            tally.add(block.lines, piece.written, now)
            fresh += [Written(name, line, piece.written) for line in block.lines]
        return fresh

    def _match(self, fresh: Sequence[Written], now: datetime) -> None:
        """Look for every pattern in new lines; a required one's last line alone counts."""
        newest_first = list(reversed(fresh))
        with Matcher(_MATCHING_SECONDS) as matcher:
            for each, seen in self._patterns():
                only = isinstance(each, RequiredTable)
                lines = newest_first if only else fresh
                try:
                    for index, groups in matcher.matches(
                        each.pattern, [one.line.text for one in lines]
                    ):
                        values = tuple((k, v) for k, v in groups.items() if v is not None)
                        hit = lines[index]
                        seen.see(Written(hit.file, hit.line, hit.written, values))
                        seen.trouble = "" if only else seen.trouble
                        if only:
                            break
                except PatternError as error:
                    seen.trouble, seen.troubled_at = f"can't be matched: {error}", now


def find_files(folder: Path, written: Iterable[str]) -> _Found:
    """The files that the config names, wildcards followed to their newest matches."""
    found = _Found()
    for each in written:
        path = resolve(folder, each)
        if not is_pattern(each):
            found.paths.setdefault(each, path)
            found.quiet_counts.add(each)
            continue
        matches, why = _matches(path)
        if why:
            found.missing[each] = why
            continue
        found.left_out += max(0, len(matches) - _MOST_FILES)
        for index, match in enumerate(matches[:_MOST_FILES]):
            name = str(Path(each).with_name(match.name))
            if match in found.paths.values():
                continue
            found.paths[name] = match
            if index == 0:
                found.quiet_counts.add(name)
    return found


def _matches(path: Path) -> tuple[list[Path], str]:
    """The files that fit the wildcards in a path's last part, newest first, or why there is none.

    Packed ones are left out: they are what was read already.
    """
    dated: list[tuple[float, Path]] = []
    try:
        with os.scandir(path.parent) as entries:
            for entry in entries:
                name = entry.name
                if fnmatch.fnmatch(name, path.name) and not name.endswith(_PACKED):
                    if name.startswith(".") and not path.name.startswith("."):
                        continue
                    status = entry.stat()
                    if entry.is_file():
                        dated.append((status.st_mtime, path.with_name(name)))
    except FileNotFoundError:
        return [], "no such folder"
    except (OSError, ValueError) as error:
        return [], reason_of(error)
    if not dated:
        return [], "no file fits"
    return [match for _, match in sorted(dated, key=lambda one: (-one[0], one[1].name))], ""


def youngest_start(
    seen: Observation | None,
    facts_of: Callable[[int], ProcessFacts | None] = process_table.facts,
) -> datetime | None:
    """When the youngest process of a probe's last observation was started; None: not known."""
    if seen is None:
        return None
    starts: list[datetime] = []
    for finding in seen.findings:
        starts += getattr(finding.facts, "starts", ())
        if isinstance(finding.facts, UnitFacts) and finding.facts.pid is not None:
            process = facts_of(finding.facts.pid)
            starts += [process.started_at] if process is not None else []
    return max(starts, default=None)


def build(table: LogTable, context: BuildContext) -> LogProbe:
    """Build the probe of a `[[log]]`."""
    return LogProbe(table, context.folder)
