"""The decisions probe: reads the end of a JSONL file as it grows."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path

from cockpit.kinds.base import BuildContext, Judgement, Probe, ProbeContext
from cockpit.kinds.decisions.evaluate import RowReader, judge_decisions, quiet_due
from cockpit.kinds.decisions.facts import DecisionFacts
from cockpit.kinds.decisions.table import DecisionsTable
from cockpit.kinds.tables import resolve
from cockpit.kinds.tail import read_last_lines
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict


class DecisionsProbe(Probe):
    """Watches the last rows of one file. `zone` is what a naive local time means; None: here."""

    kind = "decisions"
    local = True

    def __init__(self, table: DecisionsTable, folder: Path, *, zone: tzinfo | None = None) -> None:
        super().__init__(table, folder)
        self._table = table
        self._file = resolve(folder, table.file)
        self._rows = RowReader(table, zone)

    def own_files(self) -> tuple[Path, ...]:
        return (self._file,)

    async def run(self, ctx: ProbeContext) -> Observation:
        now = ctx.clock.now()
        return self.conclude(ctx.clock.now(), await ctx.blocking(self._look, now))

    def next_due(self, observation: Observation) -> datetime | None:
        facts = observation.facts_of(DecisionFacts)
        if facts is None or facts.newest is None:
            return None
        return quiet_due(self._table, facts.newest, observation.observed_at)

    def _look(self, now: datetime) -> Judgement:
        tail = read_last_lines(self._file, self._table.last)
        if tail.trouble:
            return self._unread(tail.trouble)
        return judge_decisions(self._table, self._rows.read(tail.lines), now)

    def _unread(self, trouble: str) -> Judgement:
        text = f"{self._table.file}: {trouble}"
        finding = Finding(
            key="rows",
            verdict=Verdict.UNKNOWN,
            subject=self.name,
            text=text,
            title="NO DECISIONS",
            cause=f"file:{self._table.file}",
            next_act="see whether the engine writes it, and whether the config names its place",
        )
        doubt = Doubt(DoubtKind.NOTHING_MEASURED, text)
        return Judgement(
            Verdict.UNKNOWN, text, (finding,), (doubt,), {"file": self._table.file, "rows": 0}
        )


def build(table: DecisionsTable, context: BuildContext) -> DecisionsProbe:
    """Build the probe of a `[[decisions]]`."""
    return DecisionsProbe(table, context.folder)
