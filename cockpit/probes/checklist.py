"""The checklist probe: a markdown file's items, its progress and what comes next."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cockpit.checklists import CACHE, Anchor, Document, Item, Status, anchor_of, cycle
from cockpit.config.models import ChecklistTable, resolve
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict, worst
from cockpit.probes.base import Probe, ProbeContext
from cockpit.probes.jsontext import short
from cockpit.probes.reading import read_file
from cockpit.text import clean, instant

FILE_CAP = 20_000_000
_LONGEST_NEXT = 60
_LONGEST_FACT = 2000
_VERDICTS = {
    Status.DONE: Verdict.OK,
    Status.DROPPED: Verdict.OK,
    Status.TODO: Verdict.WARN,
    Status.DOING: Verdict.WARN,
    Status.DEFERRED: Verdict.WARN,
    Status.BLOCKED: Verdict.FAIL,
    Status.UNKNOWN: Verdict.UNKNOWN,
}
_FENCE = re.compile(rb"^ {0,3}(`{3,}|~{3,})(.*)$")
_BOX = re.compile(rb"^\s*(?:[-*+]|\d{1,9}[.)])\s+\[.\]\s")


@dataclass(frozen=True, slots=True)
class Reading:
    """A parsed file as findings: the part of an observation that depends on its bytes alone."""

    verdict: Verdict
    headline: str
    findings: tuple[Finding, ...]
    doubts: tuple[Doubt, ...]
    done: int
    total: int
    next: str | None


class ChecklistProbe(Probe):
    """Watches one markdown file."""

    kind = "checklist"

    def __init__(self, table: ChecklistTable, folder: Path) -> None:
        super().__init__(table, folder)
        self._table = table
        self._last: tuple[bytes, Reading] | None = None

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return resolve(self.folder, self._table.file)

    def next_status(self, status: Status) -> Status:
        """What the space key makes of an item in `status`."""
        return cycle(status, self._table.states)

    def own_files(self) -> tuple[Path, ...]:
        return (self.path,)

    async def run(self, ctx: ProbeContext) -> Observation:
        reading, modified, trouble = await ctx.blocking(self._read)
        at = ctx.clock.now()
        written = instant(modified) if modified else None
        if reading is None:
            return self._unreadable(at, trouble, written)
        return self.observe(
            at,
            reading.verdict,
            reading.headline,
            findings=reading.findings,
            basis={
                "file": self._table.file,
                "done": reading.done,
                "total": reading.total,
                "next": reading.next,
                "modified_at": written,
            },
            doubts=reading.doubts,
            metrics={"done": float(reading.done), "total": float(reading.total)},
        )

    def _read(self) -> tuple[Reading | None, datetime | None, str]:
        read = read_file(self.path, FILE_CAP)
        if read.body is None:
            return None, read.modified_at, read.trouble
        if self._last is None or self._last[0] != read.body:
            document = CACHE.parse(read.body)
            if document.encoding.utf16:
                return None, read.modified_at, "UTF-16 text; save it as UTF-8"
            self._last = (read.body, read_document(document))
        return self._last[1], read.modified_at, ""

    def _unreadable(self, at: datetime, trouble: str, written: str | None) -> Observation:
        finding = Finding(
            key="file",
            verdict=Verdict.UNKNOWN,
            subject=self._table.file,
            text=trouble,
            title="NO CHECKLIST",
            cause=f"file:{self._table.file}",
            next_act="see whether the path in the config is right",
        )
        return self.observe(
            at,
            Verdict.UNKNOWN,
            f"no checklist: {trouble}",
            findings=(finding,),
            basis={"file": self._table.file, "modified_at": written},
            doubts=(Doubt(DoubtKind.NOTHING_MEASURED, trouble),),
        )


def read_document(document: Document) -> Reading:
    """The findings of a document, of the items its progress counts. Pure."""
    progress = document.progress
    items = document.counted
    findings = tuple(_finding(document, item) for item in items)
    doubts = list(_encoding_doubts(document))
    if not progress.total:
        text = "no items in it" if not items else "every item was dropped"
        doubts.append(Doubt(DoubtKind.NOTHING_MEASURED, text))
        return Reading(Verdict.UNKNOWN, text, findings, tuple(doubts), 0, 0, None)
    open_item = next((i for i in items if i.status in (Status.TODO, Status.DOING)), None)
    upcoming = short(clean(open_item.text), _LONGEST_NEXT) if open_item else None
    headline = f"{progress.done}/{progress.total}"
    if upcoming is not None:
        headline += f", next {upcoming}"
    if progress.blocked:
        headline += f"; {progress.blocked} blocked"
    if progress.unknown:
        headline += f"; {progress.unknown} of unknown status"
    return Reading(
        verdict=worst(finding.verdict for finding in findings),
        headline=headline,
        findings=findings,
        doubts=tuple(doubts),
        done=progress.done,
        total=progress.total,
        next=upcoming,
    )


def _finding(document: Document, item: Item) -> Finding:
    section = " > ".join(item.section)
    blocked = item.status is Status.BLOCKED
    return Finding(
        key=item.key,
        verdict=_VERDICTS[item.status],
        subject=item.text,
        text=f"{item.status}, {section}" if section else str(item.status),
        title="BLOCKED" if blocked else "",
        next_act="clear what blocks it, or defer it" if blocked else "",
        facts={
            "line": item.line,
            "status": str(item.status),
            "marker": item.marker,
            "form": str(item.form),
            "depth": item.depth,
            "section": section,
            "id": item.id,
            "anchor": _anchor_text(document, item),
        },
    )


def _anchor_text(document: Document, item: Item) -> str:
    """The anchor as JSON that the text cleaner of facts leaves as it is.

    An anchor too long for a fact goes without its neighbours, which only matter among items of one
    text; an item whose text alone is too long gets none and can't be edited from the screen.
    """
    anchor = anchor_of(document, item)
    alone = replace(anchor, before="", after="", same_place=0)
    return next((text for text in map(_json, (anchor, alone)) if len(text) <= _LONGEST_FACT), "")


def _json(anchor: Anchor) -> str:
    data = anchor.to_json()
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    if clean(plain) == plain:
        return plain
    return json.dumps(data, separators=(",", ":")).replace("\x7f", "\\u007f")


def _encoding_doubts(document: Document) -> list[Doubt]:
    doubts = []
    if document.encoding.repaired:
        text = "the file is encoded twice; shown repaired, left as it is"
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    if not document.encoding.valid:
        text = "some bytes are not UTF-8; shown as U+FFFD, left as they are"
        doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    fence = unclosed_fence(document.data)
    if fence is not None:
        line, hidden = fence
        if hidden:
            text = f"the code fence of line {line} is never closed: {hidden} boxes are not counted"
            doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
    return doubts


def unclosed_fence(data: bytes) -> tuple[int, int] | None:
    """1-based line of a code fence that stays open to the end, and the boxes behind it."""
    opened: tuple[int, bytes] | None = None
    hidden = 0
    for number, line in enumerate(data.replace(b"\r\n", b"\n").split(b"\n"), start=1):
        match = _FENCE.match(line)
        if opened is None:
            if match and not (match[1][:1] == b"`" and b"`" in match[2]):
                opened, hidden = (number, match[1]), 0
            continue
        mark = opened[1]
        if match and match[1].startswith(mark) and not match[2].strip():
            opened = None
        elif _BOX.match(line):
            hidden += 1
    return (opened[0], hidden) if opened is not None else None
