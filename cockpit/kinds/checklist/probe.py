"""The checklist probe: a markdown file's items, and what else is known about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cockpit.checklists import CACHE, Document, Item, Status, cycle
from cockpit.checklists.editing.mirrors import Intent, is_carried_out, match
from cockpit.checklists.plans.combined_plan import PLANS, CombinedPlan
from cockpit.checklists.plans.requires import Green, Unmet
from cockpit.facts import Facts
from cockpit.kinds.base import BuildContext, Probe, ProbeContext
from cockpit.kinds.checklist.edit_history import EditHistory, Pending, same_file
from cockpit.kinds.checklist.facts import PendingMirrorFacts, UnreadableFacts, counts
from cockpit.kinds.checklist.findings import (
    ChecklistFindings,
    conflict_doubts,
    fence_findings,
    gate_doubts,
    read_document,
)
from cockpit.kinds.checklist.overwritten_edits import OverwrittenEdit, OverwrittenEdits
from cockpit.kinds.checklist.related_lists import RelatedList, RelatedLists, related_lists
from cockpit.kinds.checklist.requirements import (
    Rules,
    against,
    asked_for,
    early_items,
    green_now,
    red_items,
    required_probes,
    told,
)
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.checklist.unmatched import unmatched_findings
from cockpit.kinds.file_io import read_file
from cockpit.kinds.json_query import short
from cockpit.kinds.tables import resolve
from cockpit.model import Doubt, DoubtKind, Finding, Observation, Verdict, worst
from cockpit.suggestions import closest_file
from cockpit.text import format_utc

FILE_CAP = 20_000_000
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class _RunResult:
    """What one run finds on disk; `parsed` None when the file can't be read."""

    parsed: ChecklistFindings | None
    modified_at: datetime | None
    trouble: str = ""
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    facts: Facts | None = None


class ChecklistProbe(Probe):
    """Watches one markdown file, and the checklists that its plan is made with.

    `memory` knows what was done to it, `lists` are all checklists of the config in their order, by
    the name people know them by; `not_awaited` names gates that wait for this checklist
    themselves.
    """

    kind = "checklist"
    local = True

    def __init__(
        self,
        table: ChecklistTable,
        folder: Path,
        *,
        memory: EditHistory | None = None,
        lists: Mapping[str, RelatedList] | None = None,
        not_awaited: Sequence[str] = (),
    ) -> None:
        super().__init__(table, folder)
        self._table = table
        self._memory = memory or EditHistory()
        own = RelatedList(self.path, table.order == "sequential", self.mirrors)
        self._lists = RelatedLists(table.file, {table.file: own} | dict(lists or {}))
        self._not_awaited = frozenset(not_awaited)
        self._last: tuple[Document, CombinedPlan, ChecklistFindings] | None = None
        self._overwritten = OverwrittenEdits(self.path)

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
        # The plan is made with the other checklists: a change in one of them may change it.
        return (self.path, *self.mirrors, *self._lists.others.values())

    def depends_on(self) -> tuple[str, ...]:
        names = {
            word.rpartition(":")[2].strip()
            for words in self._table.requires.values()
            for word in words
            if not word.startswith("item:")
        }
        if self._last is not None:
            names |= required_probes(self._last[0], self._table.requires)
        else:
            names |= self._asked_for
        return tuple(sorted(names - self._not_awaited - {self.name}))

    @cached_property
    def _asked_for(self) -> frozenset[str]:
        """What the file's comments require, before the first run: it waits for those."""
        return asked_for(read_file(self.path, FILE_CAP).body or b"")

    def against(
        self,
        document: Document,
        item: Item,
        board: Mapping[str, Observation],
        now: datetime,
        *,
        starting: bool = False,
    ) -> tuple[Unmet, ...]:
        """What speaks against marking an item of the file as done now, or as begun."""
        rules = self._rules(document, self._lists.read(read_file, FILE_CAP))
        return against(document, item, green_now(board, now), rules, starting=starting)

    def _rules(self, document: Document, others: Mapping[str, Document]) -> Rules:
        return Rules(
            configured=self._table.requires,
            sequential=self._table.order == "sequential",
            plan=PLANS.plan(self._lists.own_sources(document, others)).plan,
            name=self._table.file,
        )

    async def run(self, ctx: ProbeContext) -> Observation:
        result = await ctx.blocking(self._read, ctx.board, ctx.clock.now(), ctx.previous)
        at = ctx.clock.now()
        written = format_utc(result.modified_at) if result.modified_at else None
        parsed = result.parsed
        if parsed is None:
            return self._unreadable(at, result.trouble, written)
        verdict = parsed.verdict
        if parsed.total:
            items = (finding.verdict for finding in result.findings if counts(finding))
            verdict = worst([verdict, *items])
            verdict = max(
                [verdict, *(f.verdict for f in result.findings if f.title)],
                key=lambda each: each.severity,
            )
        return self.observe(
            at,
            verdict,
            parsed.headline,
            findings=(*result.findings, *parsed.plan.findings),
            basis={
                "file": self._table.file,
                "done": parsed.done,
                "total": parsed.total,
                "next": parsed.next,
                "hidden": parsed.hidden,
                "modified_at": written,
                **(result.facts or {}),
            },
            doubts=(*parsed.doubts, *result.doubts),
            metrics=parsed.metrics,
        )

    def next_due(self, observation: Observation) -> datetime | None:
        return self._overwritten.due

    def _read(
        self, board: Mapping[str, Observation], now: datetime, previous: Observation | None
    ) -> _RunResult:
        read = read_file(self.path, FILE_CAP)
        if read.body is None:
            return _RunResult(None, read.modified_at, read.trouble)
        document = self._lists.parse(self._table.file, read.body)
        if document.encoding.utf16:
            return _RunResult(None, read.modified_at, "UTF-16 text; save it as UTF-8")
        others = self._lists.read(read_file, FILE_CAP)
        combined = PLANS.plan(self._lists.sources(document, others))
        if self._last is None or self._last[0] is not document or self._last[1] is not combined:
            parsed = read_document(document, self._table.file, combined)
            self._last = (document, combined, parsed)
        parsed = self._last[2]
        doubts, facts = self._compare(document, others)
        doubts += gate_doubts(document, self._measured(document, board))
        pending = [
            each
            for each in self._memory.pending(self.path)
            if each.overdue(now) and self._is_awaited(each.intent)
        ]
        edits = self._memory.edits(self.path, now)
        reverted = self._overwritten.find(
            document, edits, modified_at=read.modified_at, now=now, previous=previous
        )
        findings = (
            *self._items(parsed, self._rules(document, others), green_now(board, now), reverted),
            *fence_findings(parsed, self._table.file),
            *unmatched_findings(document, self._table.requires, self._table.file),
            *map(self._pending, pending),
        )
        return _RunResult(parsed, read.modified_at, "", findings, tuple(doubts), facts)

    def _items(
        self,
        parsed: ChecklistFindings,
        rules: Rules,
        green: Green,
        reverted: Mapping[str, OverwrittenEdit],
    ) -> tuple[Finding, ...]:
        """The items' findings with what the board and the evidence say about them."""
        red = red_items(parsed.document, green, rules)
        early = early_items(parsed.document, rules)
        if not red and not early and not reverted:
            return parsed.findings
        return tuple(
            told(
                finding,
                reverted.get(finding.key),
                red.get(finding.key),
                early.get(finding.key),
                self._memory.override(self.path, finding.key),
                self._table.file,
            )
            for finding in parsed.findings
        )

    def _measured(
        self, document: Document, board: Mapping[str, Observation]
    ) -> dict[str, tuple[int, int]]:
        """Proven and total of the gates that items of the document wait for."""
        found = {}
        for name in required_probes(document, self._table.requires):
            seen = board.get(name)
            met, total = (seen.basis.get(word) if seen else None for word in ("proven", "total"))
            if isinstance(met, int) and isinstance(total, int):
                found[name] = (met, total)
        return found

    def _compare(
        self, document: Document, others: Mapping[str, Document]
    ) -> tuple[list[Doubt], Facts]:
        """What the other documents say of the same items."""
        documents = {self._table.file: document, **others}
        doubts: list[Doubt] = []
        unmatched: list[str] = []
        mirrors = dict(zip(self._table.mirrors, self.mirrors, strict=True))
        for name, path in mirrors.items():
            read = read_file(path, FILE_CAP)
            if read.body is not None:
                documents[name] = CACHE.parse(read.body)
            if read.body is None:
                close = closest_file(path) if read.missing else ""
                text = f"the mirror {name} can't be read: {read.trouble}"
                text = f"{text}; {close}" if close else text
                doubts.append(Doubt(DoubtKind.PARTIAL_READ, text))
            else:
                alone = match(document, documents[name]).unmatched
                unmatched += [f"{short(item.text, _LONGEST_NAME)} ({name})" for item in alone]
        facts: dict[str, tuple[str, ...]] = {}
        if mirrors:
            facts["mirrors"] = tuple(mirrors)
        if self._lists.originals:
            facts["mirror_of"] = self._lists.originals
        if unmatched:
            facts["without_mirror"] = tuple(unmatched)
        return [*doubts, *conflict_doubts(documents, self._table.file)], facts

    def _is_awaited(self, intent: Intent) -> bool:
        """Whether a mirror of the config is still to be written: somebody may have done it."""
        if same_file(intent.mirror) not in {same_file(path) for path in self.mirrors}:
            return False
        read = read_file(intent.mirror, FILE_CAP)
        return read.body is None or not is_carried_out(intent, CACHE.parse(read.body))

    def _pending(self, pending: Pending) -> Finding:
        intent = pending.intent
        name = intent.id or intent.text
        return Finding(
            key=f"mirror:{intent.mirror.name}:{name}",
            verdict=Verdict.WARN,
            subject=f"{intent.mirror.name}: {short(intent.text, _LONGEST_NAME)}",
            text=f"still to be set to {intent.to}; the last try: {pending.why or 'none yet'}",
            title="MIRROR PENDING",
            cause=f"mirror:{intent.mirror}",
            next_act="an open cockpit tries again by itself; or set it there by hand",
            facts=PendingMirrorFacts(str(intent.mirror), str(intent.to)),
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
            facts=UnreadableFacts(),
        )
        return self.observe(
            at,
            Verdict.UNKNOWN,
            f"no checklist: {trouble}",
            findings=(finding,),
            basis={"file": self._table.file, "modified_at": written},
            doubts=(Doubt(DoubtKind.NOTHING_MEASURED, trouble),),
        )


def build(table: ChecklistTable, context: BuildContext) -> ChecklistProbe:
    """Build the probe of a `[[checklist]]`."""
    # A gate that counts this checklist waits for it; the other way round they would never rest.
    gates = [gate.name for gate in context.tables.of_kind("gate") if gate.checklist == table.name]
    lists = related_lists(context.tables, context.folder)
    return ChecklistProbe(
        table, context.folder, memory=context.edits, lists=lists, not_awaited=gates
    )
