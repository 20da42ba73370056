"""The gate probes: a score from a report in a file or from a checklist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from cockpit.checklists import parse
from cockpit.facts import Facts
from cockpit.kinds.base import Judgement, Probe, ProbeContext
from cockpit.kinds.checklist.facts import counts
from cockpit.kinds.checklist.findings import unclosed_fence
from cockpit.kinds.file_io import FileRead, read_file
from cockpit.kinds.gate.ages import aged, next_moment, report_time
from cockpit.kinds.gate.evaluate import Tally, judge_tally, nothing, retold
from cockpit.kinds.gate.judge_score import not_believed
from cockpit.kinds.gate.judged_files import look_at_judged
from cockpit.kinds.gate.series import ReportFile, copies, holes, reports
from cockpit.kinds.gate.sources.form import Document, Unreadable
from cockpit.kinds.gate.sources.forms import FORMS
from cockpit.kinds.gate.table import GateTable
from cockpit.kinds.modes import is_mode
from cockpit.kinds.tables import resolve
from cockpit.model import Doubt, DoubtKind, Observation, Verdict, expire
from cockpit.text import duration_text, format_utc, parse_instant

REPORT_CAP = 5_000_000
CHECKLIST_CAP = 20_000_000
RETRY_AFTER = 0.05
_MOST_LOOKED_AT = 50
"""Reports opened at most in search of one of the wanted mode."""
_MOST_ADDED_UP = 500
_ONE_RUN = timedelta(hours=6)
"""Files written further apart than this are hardly of one run."""


class GateProbe(Probe):
    """What the forms of a gate have in common."""

    kind = "gate"

    def __init__(self, table: GateTable, folder: Path) -> None:
        super().__init__(table, folder)
        self._table = table

    def seen(self, at: datetime, judged: Judgement) -> Observation:
        """The observation that says what was judged."""
        findings = (
            replace(f, subject=self.name) if f.key == "score" else f for f in judged.findings
        )
        return self.conclude(at, replace(judged, findings=tuple(findings)))


@dataclass(frozen=True, slots=True)
class _Report:
    """The report that counts, and what is told of the series it stands in.

    `others` are the reports of another mode that were passed over, by their mode.
    """

    path: Path | None
    read: FileRead
    doubts: tuple[Doubt, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)


class ReportGateProbe(GateProbe):
    """A gate over the newest report that a pattern matches, in any form of `sources`."""

    def __init__(self, table: GateTable, folder: Path) -> None:
        super().__init__(table, folder)
        key, self._pattern = table.report() or ("json", "")
        self._form = FORMS[key]

    def own_files(self) -> tuple[Path, ...]:
        return (resolve(self.folder, self._pattern),)

    async def run(self, ctx: ProbeContext) -> Observation:
        report, judged = await ctx.blocking(self._look, ctx.clock.now())
        if judged is None:
            await ctx.clock.sleep(RETRY_AFTER)
            report, judged = await ctx.blocking(self._look, ctx.clock.now())
        at = ctx.clock.now()
        if judged is None:
            judged = self._unreadable(report)
        judged = replace(judged, doubts=(*judged.doubts, *report.doubts))
        return self.seen(at, judged)

    def next_due(self, observation: Observation) -> datetime | None:
        modified = observation.basis.get("modified_at")
        name = observation.basis.get("file")
        if not isinstance(name, str) or not isinstance(modified, str):
            return None
        return next_moment(self._table, name, parse_instant(modified), observation.observed_at)

    def _look(self, now: datetime) -> tuple[_Report, Judgement | None]:
        """The newest report and what it says; None when it is unreadable, perhaps half-written."""
        pattern = self._pattern
        found, doubts = reports(self.folder, pattern)
        if not found:
            judged = nothing(
                "NO REPORT",
                f"nothing matches {pattern}",
                DoubtKind.NOTHING_MEASURED,
                cause=f"file:{pattern}",
                next_act="see whether the job that writes it runs",
                basis={"file": pattern, "modified_at": None},
            )
            return _Report(None, FileRead()), judged
        if self._table.add_up:
            return self._added_up(found, now)
        doubts = (*doubts, *holes(found))
        others: dict[str, int] = {}
        for one in found[:_MOST_LOOKED_AT]:
            report, document = self._read(_Report(one.path, FileRead(), doubts, others))
            if document is None:
                return report, None
            if (mode := self._other_mode(document)) is None:
                return report, self._judged(document, report, one, found, now)
            others[mode] = others.get(mode, 0) + 1
        judged = self._none_of_the_mode(others)
        return _Report(None, FileRead(), doubts), judged

    def _read(self, report: _Report) -> tuple[_Report, Document]:
        """The report with what was read, and its document; None where its form can't read it."""
        path = report.path
        assert path is not None, "only a report that was found is read"
        read = read_file(path, REPORT_CAP)
        report = replace(report, read=read)
        if read.body is None or read.modified_at is None:
            return report, None
        try:
            return report, self._form.read(read.body, path.name)
        except Unreadable as error:
            return replace(report, read=replace(read, trouble=str(error))), None

    def _added_up(
        self, found: Sequence[ReportFile], now: datetime
    ) -> tuple[_Report, Judgement | None]:
        """All files of one run as one report, as old as the oldest of them."""
        add = self._form.add
        assert add is not None, "the config takes `add_up` only with forms that can be added up"
        if len(found) > _MOST_ADDED_UP:
            text = f"{len(found)} files match {self._pattern}, at most {_MOST_ADDED_UP} are read"
            kind = DoubtKind.NOTHING_MEASURED
            return _Report(None, FileRead()), nothing("NO REPORT", text, kind)
        total: Document = None
        others: dict[str, int] = {}
        counted = _Report(None, FileRead(), (), others)
        oldest = found[0]
        for one in found:
            report, document = self._read(replace(counted, path=one.path))
            if document is None:
                return report, None
            if (mode := self._other_mode(document)) is not None:
                others[mode] = others.get(mode, 0) + 1
            else:
                total = document if total is None else add(total, document)
                counted, oldest = report, one
        if total is None:
            return counted, self._none_of_the_mode(others)
        judged = self._judged(total, counted, oldest, found, now)
        basis = {**judged.basis, "files": len(found) - sum(others.values())}
        judged = replace(judged, basis=basis)
        apart = max(one.modified for one in found) - min(one.modified for one in found)
        if apart > _ONE_RUN.total_seconds():
            text = f"its {len(found)} files were written {duration_text(apart)} apart: of one run?"
            judged = not_believed(judged, [text])
        return counted, judged

    def _none_of_the_mode(self, others: Mapping[str, int]) -> Judgement:
        wanted = self._table.data_mode.want if self._table.data_mode else ""
        text = f"no report of {wanted}; {_counted(others)}"
        kind = DoubtKind.NOTHING_MEASURED
        return nothing("NO REPORT", text, kind, cause=f"file:{self._pattern}")

    def _other_mode(self, document: Document) -> str | None:
        """The mode of a report that is of another one than wanted, None for one that counts."""
        table = self._table.data_mode
        said = self._form.modes(document, table.key) if table is not None else []
        if table is None or any(is_mode(one, table.want) for one in said):
            return None
        return said[0] if said else "no mode named"

    def _judged(
        self,
        document: Document,
        report: _Report,
        file: ReportFile,
        found: Sequence[ReportFile],
        now: datetime,
    ) -> Judgement:
        read = report.read
        assert read.body is not None and read.modified_at is not None
        judged = self._form.judge(document, self._table)
        compared = judged.verdict is Verdict.OK and self._form.compares
        if compared and (same := copies(file, read.body, found)):
            more = f" and {len(same) - 1} more" if len(same) > 1 else ""
            text = f"says the same as {same[0]}{more}, but for dates: one measurement, copied"
            judged = not_believed(judged, [text])
        judged = self._of_these_files(judged, report_time(file.path.name, read.modified_at))
        if report.others:
            text = f"{_counted(report.others)} left out"
            judged = replace(judged, basis={**judged.basis, "other_modes": text})
        judged = aged(judged, self._table, file.path.name, read.modified_at, now)
        basis: Facts = {"file": file.path.name, "modified_at": format_utc(read.modified_at)}
        return replace(judged, basis={**basis, **judged.basis})

    def _of_these_files(self, judged: Judgement, written_at: datetime) -> Judgement:
        """Nothing is proven by a result that is older than what it judges."""
        if not self._table.judges:
            return judged
        files = look_at_judged(self.folder, self._table.judges)
        if not files.count:
            text = f"no file matches {' '.join(self._table.judges)}"
            doubt = Doubt(DoubtKind.NOTHING_MEASURED, text)
            return retold(judged, _not_ok(judged.verdict), f"{judged.headline}; {text}", [doubt])
        judged = replace(judged, basis={**judged.basis, "judges": files.newest})
        if not files.complete:
            doubt = Doubt(DoubtKind.PARTIAL_READ, f"only {files.count} of the files were looked at")
            judged = replace(judged, doubts=(*judged.doubts, doubt))
        if not (reason := files.objection(written_at)):
            return judged
        doubts = [Doubt(DoubtKind.STALE, reason)]
        text = f"{reason}; it said {judged.headline}"
        judged = retold(judged, _not_ok(judged.verdict), text, doubts)
        act = "have the gate measured again, on the files as they are now"
        score = replace(judged.findings[0], title="GATE STALE", next_act=act)
        return replace(judged, findings=(score, *judged.findings[1:]))

    def _unreadable(self, report: _Report) -> Judgement:
        name = report.path.name if report.path else ""
        modified = report.read.modified_at
        return nothing(
            "NO REPORT",
            f"{name}: {report.read.trouble}",
            DoubtKind.NOTHING_MEASURED,
            cause=f"file:{name}",
            next_act="look at the file and at the job that writes it",
            basis={"file": name, "modified_at": format_utc(modified) if modified else None},
        )


def _not_ok(verdict: Verdict) -> Verdict:
    """What was not OK stays what it was."""
    return Verdict.UNKNOWN if verdict in (Verdict.OK, Verdict.WARN) else verdict


def _counted(modes: Mapping[str, int]) -> str:
    """`3 reports of TEST, 1 of REPLAY`."""
    told = ", ".join(f"{count} of {mode}" for mode, count in modes.items())
    return f"reports of other modes: {told}" if told else ""


class ChecklistGateProbe(GateProbe):
    """A gate over the progress of a checklist: another probe of the plan, or a file of its own."""

    local = True

    def __init__(self, table: GateTable, folder: Path, *, names: Sequence[str]) -> None:
        super().__init__(table, folder)
        self._source = table.checklist or ""
        self._is_probe = self._source in names

    def own_files(self) -> tuple[Path, ...]:
        return () if self._is_probe else (resolve(self.folder, self._source),)

    def depends_on(self) -> tuple[str, ...]:
        return (self._source,) if self._is_probe else ()

    async def run(self, ctx: ProbeContext) -> Observation:
        if self._is_probe:
            return self._from_board(ctx)
        judged = await ctx.blocking(self._from_file)
        return self.seen(ctx.clock.now(), judged)

    def _from_board(self, ctx: ProbeContext) -> Observation:
        now = ctx.clock.now()
        basis: Facts = {"checklist": self._source}
        seen = ctx.board.get(self._source)
        if seen is None:
            text = f"{self._source} has not been read yet"
            judged = nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, basis=basis)
            return self.seen(now, judged)
        current = expire(seen, now)
        done, total = (current.basis.get(word) for word in ("done", "total"))
        if not isinstance(done, int) or not isinstance(total, int):
            cause = next((f.cause for f in current.findings if f.cause), "")
            text = f"{self._source}: {current.headline}"
            judged = nothing(
                "NO REPORT", text, DoubtKind.NOTHING_MEASURED, cause=cause, basis=basis
            )
            return self.seen(now, judged)
        unknown = sum(counts(f) and f.verdict is Verdict.UNKNOWN for f in current.findings)
        hidden = current.basis.get("hidden")
        judged = _progress(
            done, total, unknown, hidden if isinstance(hidden, int) else 0, self._table
        )
        if current is not seen:
            reason = f"{self._source} was last read {format_utc(seen.observed_at)}"
            stale = Doubt(DoubtKind.STALE, reason)
            text = f"{reason}; it said {judged.headline}"
            judged = retold(judged, Verdict.UNKNOWN, text, [stale])
        return self.seen(now, replace(judged, basis={**basis, **judged.basis}))

    def _from_file(self) -> Judgement:
        read = read_file(resolve(self.folder, self._source), CHECKLIST_CAP)
        basis: Facts = {
            "file": self._source,
            "modified_at": format_utc(read.modified_at) if read.modified_at else None,
        }
        if read.body is None:
            text = f"{self._source}: {read.trouble}"
            return nothing(
                "NO REPORT",
                text,
                DoubtKind.NOTHING_MEASURED,
                cause=f"file:{self._source}",
                basis=basis,
            )
        progress = parse(read.body).progress
        hidden = (unclosed_fence(read.body) or (0, 0))[1]
        judged = _progress(progress.done, progress.total, progress.unknown, hidden, self._table)
        return replace(judged, basis={**basis, **judged.basis})


def _progress(done: int, total: int, unknown: int, hidden: int, table: GateTable) -> Judgement:
    """The gate over a list. `hidden` boxes lie behind an open code fence: perhaps items, too."""
    if total <= 0:
        text = "no items: an empty list proves nothing"
        return nothing("GATE RED", text, DoubtKind.NOTHING_MEASURED)
    tally = Tally(done, done, min(unknown, total - done) + hidden, total + hidden)
    judged = judge_tally(tally, table.passes, cause="")
    text = f"{done}/{total} done"
    if not hidden:
        return retold(judged, judged.verdict, text)
    text += f"; {hidden} behind an open code fence"
    return retold(judged, judged.verdict, text, [Doubt(DoubtKind.PARTIAL_READ, text)])
