"""The checklist probe: a markdown file's items, and what else is known about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cockpit.checklists import CACHE, Document, Item, Status, anchor_of, cycle
from cockpit.checklists.mirrors import match
from cockpit.checklists.requires import Unmet
from cockpit.config.models import ChecklistTable, resolve
from cockpit.model import Doubt, DoubtKind, Facts, Finding, Observation, Verdict, worst
from cockpit.probes.base import Probe, ProbeContext
from cockpit.probes.checklist.judging import (
    against,
    green_now,
    red_items,
    required_probes,
    reverted_items,
    told,
)
from cockpit.probes.checklist.memory import EditMemory, KeptEdit, Pending
from cockpit.probes.checklist.plan_rows import plan_among
from cockpit.probes.checklist.reading import (
    Reading,
    conflict_doubts,
    fence_findings,
    item_finding,
    read_document,
)
from cockpit.probes.jsontext import short
from cockpit.probes.reading import read_file
from cockpit.text import instant

FILE_CAP = 20_000_000
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class _Look:
    """What one run finds on disk; `reading` None when the file can't be read."""

    reading: Reading | None
    modified_at: datetime | None
    trouble: str = ""
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    facts: Facts | None = None


class ChecklistProbe(Probe):
    """Watches one markdown file.

    `memory` knows what was done to it, `others` are further checklists of the config by the name
    people know them by, `not_awaited` names gates that wait for this checklist themselves.
    """

    kind = "checklist"

    def __init__(
        self,
        table: ChecklistTable,
        folder: Path,
        *,
        memory: EditMemory | None = None,
        others: Mapping[str, Path] | None = None,
        not_awaited: Sequence[str] = (),
    ) -> None:
        super().__init__(table, folder)
        self._table = table
        self._memory = memory or EditMemory()
        self._others = dict(others or {})
        self._not_awaited = frozenset(not_awaited)
        self._last: tuple[object, Reading] | None = None
        self._reverted: tuple[object, object] | None = None
        self._found: Mapping[str, tuple[KeptEdit, Status]] = {}

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return resolve(self.folder, self._table.file)

    @property
    def mirrors(self) -> tuple[Path, ...]:
        """The documents kept in step with it, absolute."""
        return tuple(resolve(self.folder, mirror) for mirror in self._table.mirrors)

    @property
    def commit_message(self) -> str:
        """What a commit of this file says."""
        return self._table.commit_message

    @property
    def states(self) -> tuple[str, ...]:
        """The states its items go through by the config."""
        return tuple(self._table.states)

    def next_status(self, status: Status) -> Status:
        """What the space key makes of an item in `status`."""
        return cycle(status, self._table.states)

    def own_files(self) -> tuple[Path, ...]:
        return (self.path, *self.mirrors)

    def depends_on(self) -> tuple[str, ...]:
        names = {
            word.rpartition(":")[2].strip()
            for words in self._table.requires.values()
            for word in words
            if not word.startswith("item:")
        }
        if self._last is not None:
            names |= required_probes(self._last[1].document, self._table.requires)
        return tuple(sorted(names - self._not_awaited - {self.name}))

    def against(
        self, document: Document, item: Item, board: Mapping[str, Observation], now: datetime
    ) -> tuple[Unmet, ...]:
        """What speaks against marking an item of the file as done now."""
        return against(
            document,
            item,
            green_now(board, now),
            configured=self._table.requires,
            sequential=self._table.order == "sequential",
            plan=plan_among(self._table.file, document, self._planned_with()),
        )

    async def run(self, ctx: ProbeContext) -> Observation:
        look = await ctx.blocking(self._look, ctx.board, ctx.clock.now())
        at = ctx.clock.now()
        written = instant(look.modified_at) if look.modified_at else None
        reading = look.reading
        if reading is None:
            return self._unreadable(at, look.trouble, written)
        items = look.findings[: len(reading.findings)]
        verdict = reading.verdict
        if reading.total:
            verdict = worst([verdict, *(finding.verdict for finding in items)])
            verdict = max(
                [verdict, *(f.verdict for f in look.findings if f.title)],
                key=lambda each: each.severity,
            )
        return self.observe(
            at,
            verdict,
            reading.headline,
            findings=(*look.findings, *reading.plan.findings),
            basis={
                "file": self._table.file,
                "done": reading.done,
                "total": reading.total,
                "next": reading.next,
                "hidden": reading.hidden,
                "modified_at": written,
                **(look.facts or {}),
            },
            doubts=(*reading.doubts, *look.doubts),
            metrics=reading.metrics,
        )

    def _look(self, board: Mapping[str, Observation], now: datetime) -> _Look:
        read = read_file(self.path, FILE_CAP)
        if read.body is None:
            return _Look(None, read.modified_at, read.trouble)
        others = self._planned_with()
        if self._last is None or self._last[0] != (read.body, *others.values()):
            document = CACHE.parse(read.body)
            if document.encoding.utf16:
                return _Look(None, read.modified_at, "UTF-16 text; save it as UTF-8")
            key = (read.body, *others.values())
            self._last = (key, read_document(document, self._table.file, others))
        reading = self._last[1]
        doubts, facts = self._beside(reading.document)
        pending = [each for each in self._memory.pending(self.path) if each.overdue(now)]
        findings = (
            *self._items(reading, board, now),
            *fence_findings(reading, self._table.file),
            *map(self._pending, pending),
        )
        return _Look(reading, read.modified_at, "", findings, tuple(doubts), facts)

    def _planned_with(self) -> dict[str, Document]:
        """The other checklists of the config, as they are now; mirrors tell no plan of their own.

        Only another checklist that changed is parsed again.
        """
        mirrors = set(self.mirrors)
        found: dict[str, Document] = {}
        for name, path in self._others.items():
            if path in mirrors:
                continue
            read = read_file(path, FILE_CAP)
            if read.body is not None:
                found[name] = CACHE.parse(read.body)
        return found

    def _items(
        self, reading: Reading, board: Mapping[str, Observation], now: datetime
    ) -> tuple[Finding, ...]:
        """The items' findings with what the board and the evidence say about them."""
        red = red_items(
            reading.document,
            green_now(board, now),
            configured=self._table.requires,
            sequential=self._table.order == "sequential",
            plan=reading.plan.plan,
        )
        edits = self._memory.edits(self.path, now)
        if self._reverted is None or self._reverted != (reading.document.data, edits):
            self._found = reverted_items(self.path, reading.document, edits)
            self._reverted = (reading.document.data, edits)
        if not red and not self._found:
            return reading.findings
        # What progress does not count, a status line above boxes, can be red all the same.
        listed = {finding.key for finding in reading.findings}
        document = reading.document
        beside = [
            item_finding(item, anchor_of(document, item))
            for item in document.items
            if item.key not in listed and (item.key in red or item.key in self._found)
        ]
        return tuple(
            told(
                finding,
                self._found.get(finding.key),
                red.get(finding.key),
                self._memory.override(self.path, finding.key),
            )
            for finding in (*reading.findings, *beside)
        )

    def _beside(self, document: Document) -> tuple[list[Doubt], Facts]:
        """What the other documents say of the same items."""
        documents = {self._table.file: document}
        doubts: list[Doubt] = []
        unmatched: list[str] = []
        mirrors = dict(zip(self._table.mirrors, self.mirrors, strict=True))
        for name, path in {**self._others, **mirrors}.items():
            read = read_file(path, FILE_CAP)
            if read.body is not None:
                documents[name] = CACHE.parse(read.body)
            if name not in mirrors:
                continue
            if read.body is None:
                text = f"the mirror {name} can't be read: {read.trouble}"
                doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
            else:
                alone = match(document, documents[name]).unmatched
                unmatched += [f"{short(item.text, _LONGEST_NAME)} ({name})" for item in alone]
        facts: dict[str, tuple[str, ...]] = {}
        if mirrors:
            facts["mirrors"] = tuple(mirrors)
        if unmatched:
            facts["without_mirror"] = tuple(unmatched)
        return [*doubts, *conflict_doubts(documents, self._table.file)], facts

    def _pending(self, pending: Pending) -> Finding:
        intent = pending.intent
        name = intent.id or intent.text
        return Finding(
            key=f"mirror:{intent.mirror.name}:{name}",
            verdict=Verdict.WARN,
            subject=f"{intent.mirror.name}: {short(intent.text, _LONGEST_NAME)}",
            text=f"still to be set to {intent.to}: {pending.why}",
            title="MIRROR PENDING",
            cause=f"mirror:{intent.mirror}",
            next_act="probe the checklist again to have it written, or set it there by hand",
        )

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
