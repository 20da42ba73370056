"""The state probe: reads a state file, or sees whether a switch file is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cockpit.kinds.base import BuildContext, Judgement, Probe, ProbeContext
from cockpit.kinds.file_io import FileRead, read_file
from cockpit.kinds.json_query import BadJson, decode
from cockpit.kinds.state.evaluate import judge_presence, judge_state, judge_unread, too_old
from cockpit.kinds.state.table import StateTable
from cockpit.kinds.tables import resolve
from cockpit.model import DoubtKind, Observation, expire
from cockpit.text import parse_instant

FILE_CAP = 5_000_000
RETRY_AFTER = 0.05


class StateProbe(Probe):
    """Watches one file; other probes' verdicts are compared with what it says."""

    kind = "state"
    local = True

    def __init__(self, table: StateTable, folder: Path) -> None:
        super().__init__(table, folder)
        self._table = table
        self._file = resolve(folder, table.file)

    def own_files(self) -> tuple[Path, ...]:
        return (self._file,)

    def depends_on(self) -> tuple[str, ...]:
        return tuple(self._table.agrees_with)

    async def run(self, ctx: ProbeContext) -> Observation:
        read = await ctx.blocking(read_file, self._file, FILE_CAP)
        judged = self._judge(read, ctx)
        if judged is None:
            # Engines write such files in place: a half-written one is whole a moment later.
            await ctx.clock.sleep(RETRY_AFTER)
            read = await ctx.blocking(read_file, self._file, FILE_CAP)
            judged = self._judge(read, ctx) or self._half(read)
        return self.conclude(ctx.clock.now(), judged)

    def next_due(self, observation: Observation) -> datetime | None:
        modified = observation.basis.get("modified_at")
        if self._table.max_age is None or not isinstance(modified, str):
            return None
        due = parse_instant(modified) + timedelta(seconds=self._table.max_age)
        return due if due > observation.observed_at else None

    def _judge(self, read: FileRead, ctx: ProbeContext) -> Judgement | None:
        """What the file says; None for one that can't be read as JSON, perhaps half-written."""
        table = self._table
        if table.present is not None:
            if read.missing or read.modified_at is not None:
                return judge_presence(table, read.modified_at)
            return judge_unread(table, read.trouble, None, DoubtKind.PARTIAL_PERMISSION)
        if read.body is None:
            return judge_unread(table, read.trouble, read.modified_at, DoubtKind.NOTHING_MEASURED)
        if reason := too_old(table, read.modified_at, ctx.clock.now()):
            return judge_unread(table, reason, read.modified_at, DoubtKind.STALE)
        try:
            data = decode(read.body)
        except BadJson:
            return None
        return judge_state(table, data, read.modified_at, self._beside(ctx))

    def _beside(self, ctx: ProbeContext) -> Sequence[Observation]:
        now = ctx.clock.now()
        names = self._table.agrees_with
        return [expire(ctx.board[name], now) for name in names if name in ctx.board]

    def _half(self, read: FileRead) -> Judgement:
        text = "is no JSON"
        return judge_unread(self._table, text, read.modified_at, DoubtKind.PARTIAL_READ)


def build(table: StateTable, context: BuildContext) -> StateProbe:
    """Build the probe of a `[[state]]`."""
    return StateProbe(table, context.folder)
