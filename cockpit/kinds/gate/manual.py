"""`manual`: what somebody vouches for, until it expires."""

from __future__ import annotations

import mimetypes
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cockpit.kinds.artefact_policy import keep_news
from cockpit.kinds.base import Judgement, ProbeContext
from cockpit.kinds.file_io import FileRead, read_file
from cockpit.kinds.gate.evaluate import nothing
from cockpit.kinds.gate.facts import ScoreFacts
from cockpit.kinds.gate.probe import GateProbe
from cockpit.kinds.gate.table import GateTable, ManualTable
from cockpit.kinds.tables import resolve
from cockpit.model import DoubtKind, Finding, Observation, Verdict

_LARGEST_KEPT = 2_000_000


def expiry(written: str) -> datetime:
    """The moment (aware UTC) from which it no longer counts: of a day its end."""
    if len(written) == len("2026-12-31"):
        day = date.fromisoformat(written)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return datetime.fromisoformat(written).astimezone(UTC)


class ManualGateProbe(GateProbe):
    """A gate that a person has judged; the file beside it is kept as evidence."""

    local = True

    def __init__(self, table: GateTable, folder: Path, source: ManualTable) -> None:
        super().__init__(table, folder)
        self._source = source
        self._expires = expiry(source.expires)

    def own_files(self) -> tuple[Path, ...]:
        return (resolve(self.folder, self._source.file),) if self._source.file else ()

    def next_due(self, observation: Observation) -> datetime | None:
        return self._expires if self._expires > observation.observed_at else None

    async def run(self, ctx: ProbeContext) -> Observation:
        read = await ctx.blocking(self._read)
        at = ctx.clock.now()
        observation = self.seen(at, self._judge(read, at))
        if read is None or not read.body:
            return observation
        score, *rest = observation.findings
        media = mimetypes.guess_type(self._source.file or "")[0] or "application/octet-stream"
        copy = keep_news(ctx, at, score, media, read.body)
        facts = ScoreFacts(0, 0, 0, kept_at=copy.kept_at, bytes=copy.ref.size)
        findings = (replace(score, facts=facts), *rest)
        return replace(observation, findings=findings, artefacts=(copy.ref,))

    def _read(self) -> FileRead | None:
        if self._source.file is None:
            return None
        return read_file(resolve(self.folder, self._source.file), _LARGEST_KEPT)

    def _judge(self, read: FileRead | None, now: datetime) -> Judgement:
        source = self._source
        basis = {"by": source.by, "note": source.note, "expires": source.expires}
        if source.file is not None:
            basis["file"] = source.file
        said = f"{source.by}: {source.note}"
        if now >= self._expires:
            text = f"expired on {source.expires}; {said}"
            act = "have it judged anew, and write who did and until when"
            return nothing("GATE STALE", text, DoubtKind.STALE, next_act=act, basis=basis)
        if read is not None and not read.body:
            text = f"{source.file}: {read.trouble or 'empty'}; {said}"
            act = "bring the file back that the judgement stands on"
            return nothing("NO REPORT", text, DoubtKind.NOTHING_MEASURED, next_act=act, basis=basis)
        text = f"by hand, {said}, until {source.expires}"
        score = Finding("score", Verdict.OK, "score", text=text, facts=ScoreFacts(0, 0, 0))
        return Judgement(Verdict.OK, text, (score,), (), basis)
