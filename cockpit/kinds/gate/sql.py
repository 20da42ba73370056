"""`sql`: one row of a SQLite file, opened for reading only."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from cockpit.kinds.base import Judgement, ProbeContext
from cockpit.kinds.file_io import whole_second
from cockpit.kinds.gate.ages import aged
from cockpit.kinds.gate.counts import Score
from cockpit.kinds.gate.evaluate import judge_parts, nothing
from cockpit.kinds.gate.judge_score import judge_score
from cockpit.kinds.gate.probe import GateProbe
from cockpit.kinds.gate.report import value_part
from cockpit.kinds.gate.table import GateTable, SqlTable
from cockpit.kinds.tables import resolve
from cockpit.model import DoubtKind, Observation

_STEPS = 10_000
"""Steps of SQLite's machine between two looks at the time that is left."""
_SPARE = 0.8
"""Share of the probe's timeout that a query may take: its end is told by us then."""
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_LONGEST_VALUE = 1_000_000


class SqlGateProbe(GateProbe):
    """A gate over what a query gives: one number or word, or `met` and `total` in one row."""

    def __init__(self, table: GateTable, folder: Path, source: SqlTable) -> None:
        super().__init__(table, folder)
        self._source = source
        self._file = resolve(folder, source.file)

    def own_files(self) -> tuple[Path, ...]:
        return (self._file, self._file.with_name(f"{self._file.name}-wal"))

    async def run(self, ctx: ProbeContext) -> Observation:
        judged = await ctx.blocking(self._judge)
        at = ctx.clock.now()
        if self._table.max_age is not None:
            written = await ctx.blocking(self._written)
            if written is not None and (moment := whole_second(written)) is not None:
                judged = aged(judged, self._table, "", moment, at)
        basis = {"file": self._source.file, "query": self._source.query, **judged.basis}
        return self.seen(at, replace(judged, basis=basis))

    def _written(self) -> float | None:
        """When the database was last written, be it only its log; epoch seconds."""
        times = []
        for path in self.own_files():
            try:
                times.append(path.stat().st_mtime)
            except OSError:
                continue
        return max(times, default=None)

    def _judge(self) -> Judgement:
        try:
            row = self._row()
        except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as error:
            return self._nothing(f"{self._source.file}: {error}")
        if isinstance(row, str):
            return self._nothing(row)
        if len(row) == 1:
            return self._of_value(row[0])
        return self._of_counts(row)

    def _row(self) -> tuple[Any, ...] | str:
        """The one row of the query, or why there is none."""
        if not self._file.is_file():
            return f"there is no file {self._source.file}"
        seconds = self._table.timeout * _SPARE
        until = time.monotonic() + seconds
        address = f"{self._file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=min(seconds, 5.0))) as database:
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
            database.set_authorizer(_only_reads)
            database.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
            try:
                rows = database.execute(self._source.query).fetchmany(2)
            except sqlite3.OperationalError as error:
                if "interrupted" in str(error):
                    return f"no answer within {seconds:g} s"
                raise
        if len(rows) != 1:
            return "the query gives no row" if not rows else "the query gives more than one row"
        row: tuple[Any, ...] = rows[0]
        if len(row) > 2:
            return f"the query gives {len(row)} columns; one number, or `met` and `total`"
        return row

    def _of_value(self, value: Any) -> Judgement:
        if value is None:
            return self._nothing("the query gives NULL: there was nothing to measure")
        if isinstance(value, bytes):
            return self._nothing("the query gives bytes, neither a number nor a word")
        if self._table.passes == "all":
            return self._nothing(f"the query gives {value}: `pass` must say what is needed")
        part = replace(value_part({"value": value}, "$.value", self._table.passes), name="query")
        return judge_parts([part], "all", source="query", cause="")

    def _of_counts(self, row: tuple[Any, ...]) -> Judgement:
        met, total = row
        passes = self._table.passes
        if isinstance(passes, str) and passes != "all" and not passes.endswith("%"):
            return self._nothing(f'the query gives two counts, `pass = "{passes}"` asks for a word')
        for amount in row:
            if not isinstance(amount, int) or amount < 0:
                return self._nothing(f"the query gives {met!r} of {total!r}: no two counts")
        return judge_score(Score(met, total, f"{met} of {total}"), self._table)

    def _nothing(self, text: str) -> Judgement:
        return nothing(
            "NO REPORT",
            text,
            DoubtKind.NOTHING_MEASURED,
            cause=f"file:{self._source.file}",
            next_act="run the query by hand with sqlite3 on this file",
        )


def _only_reads(action: int, *_: object) -> int:
    """Allow what reads: no ATTACH, which makes files, no PRAGMA, no write."""
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY
