"""`compare`: two numbers from two reports, that have to agree within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from cockpit.facts import FactValue
from cockpit.kinds.base import Judgement, ProbeContext
from cockpit.kinds.file_io import read_file
from cockpit.kinds.gate.ages import aged, next_moment
from cockpit.kinds.gate.evaluate import Part, judge_parts, nothing, retold
from cockpit.kinds.gate.json_marks import doubled_names
from cockpit.kinds.gate.judge_score import not_believed
from cockpit.kinds.gate.probe import REPORT_CAP, RETRY_AFTER, GateProbe
from cockpit.kinds.gate.series import reports
from cockpit.kinds.gate.sources.decoding import values_of
from cockpit.kinds.gate.sources.form import Unreadable
from cockpit.kinds.gate.table import CompareTable, FigureTable, GateTable
from cockpit.kinds.json_query import BadPath, figure, first
from cockpit.kinds.tables import resolve
from cockpit.model import Doubt, DoubtKind, Observation
from cockpit.text import format_utc


@dataclass(frozen=True, slots=True)
class _Figure:
    """A number with the file it stands in; `trouble` is why there is none."""

    name: str
    modified_at: datetime | None = None
    amount: float | int | None = None
    trouble: str = ""
    conflict: str = ""
    doubts: tuple[Doubt, ...] = ()


class CompareGateProbe(GateProbe):
    """A gate that is green while both numbers are there, young enough and alike."""

    def __init__(self, table: GateTable, folder: Path, source: CompareTable) -> None:
        super().__init__(table, folder)
        self._source = source
        self._files: tuple[_Figure, ...] = ()

    def own_files(self) -> tuple[Path, ...]:
        return tuple(resolve(self.folder, one.json_file) for one in self._sides())

    async def run(self, ctx: ProbeContext) -> Observation:
        found = await ctx.blocking(self._read)
        if any(one.trouble for one in found):
            # One of them may be half-written.
            await ctx.clock.sleep(RETRY_AFTER)
            found = await ctx.blocking(self._read)
        self._files = found
        now = ctx.clock.now()
        return self.seen(now, self._judge(found[0], found[1], now))

    def next_due(self, observation: Observation) -> datetime | None:
        at = observation.observed_at
        moments = [
            moment
            for one in self._files
            if one.modified_at is not None
            and (moment := next_moment(self._table, one.name, one.modified_at, at)) is not None
        ]
        return min(moments, default=None)

    def _sides(self) -> tuple[FigureTable, FigureTable]:
        return self._source.one, self._source.other

    def _read(self) -> tuple[_Figure, ...]:
        return tuple(self._figure(side) for side in self._sides())

    def _figure(self, side: FigureTable) -> _Figure:
        found, doubts = reports(self.folder, side.json_file)
        if not found:
            return _Figure(side.json_file, trouble=f"nothing matches {side.json_file}")
        path = found[0].path
        read = read_file(path, REPORT_CAP)
        at = _Figure(path.name, read.modified_at, doubts=doubts)
        if read.body is None:
            return replace(at, trouble=f"{path.name}: {read.trouble}")
        try:
            data = values_of(read.body, path.name)
            amount = figure(first(side.value, data))
            twice = doubled_names(data, side.value)
        except (Unreadable, BadPath) as error:
            return replace(at, trouble=f"{path.name}: {error}")
        if amount is None:
            return replace(at, trouble=f"{path.name}: no number at {side.value}")
        conflict = f'{path.name}: "{twice[0]}" stands twice and differs' if twice else ""
        return replace(at, amount=amount, conflict=conflict)

    def _judge(self, one: _Figure, other: _Figure, now: datetime) -> Judgement:
        troubles = [side.trouble for side in (one, other) if side.trouble]
        basis: dict[str, FactValue] = {
            "one": one.name,
            "other": other.name,
            "one_modified_at": format_utc(one.modified_at) if one.modified_at else None,
            "other_modified_at": format_utc(other.modified_at) if other.modified_at else None,
        }
        if one.amount is None or other.amount is None:
            text = "; ".join(troubles)
            return nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, basis=basis)
        left, right = Fraction(one.amount), Fraction(other.amount)
        apart, allowed = abs(left - right), self._allowed(left, right)
        part = Part(f"{one.name} = {other.name}", apart <= allowed, other.amount, one.amount)
        judged = judge_parts([part], "all", source="file", cause="")
        text = f"{one.amount:g} and {other.amount:g}, {float(apart):g} apart"
        text += "" if part.met else f", at most {float(allowed):g} allowed"
        judged = retold(judged, judged.verdict, text, (*one.doubts, *other.doubts))
        judged = not_believed(judged, [side.conflict for side in (one, other) if side.conflict])
        for side in (one, other):
            if side.modified_at is not None:
                judged = aged(judged, self._table, side.name, side.modified_at, now)
        return replace(judged, basis={**basis, **judged.basis})

    def _allowed(self, left: Fraction, right: Fraction) -> Fraction:
        within = self._source.within
        if isinstance(within, str):
            return Fraction(within.rstrip("%")) / 100 * max(abs(left), abs(right))
        # As it is written: 0.01 is a hundredth, not the float beside it.
        return Fraction(repr(within))
