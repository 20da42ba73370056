"""A markdown file as findings: its items, its progress, what it claims, what comes next.

Pure, but for `anchor_from`, which may look into the file again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cockpit.checklists import CACHE, Anchor, Document, Form, Item, Status, anchors_of
from cockpit.checklists.parsing.claims import doubts as doubtful_claims
from cockpit.checklists.parsing.claims import gate_claims, state_conflicts
from cockpit.checklists.parsing.file_io import read_regular
from cockpit.checklists.parsing.parents import parents
from cockpit.checklists.plans.combined_plan import CombinedPlan, Source, combine_plans
from cockpit.facts import LONGEST_FACT
from cockpit.kinds.checklist.edit_history import as_fact
from cockpit.kinds.checklist.facts import ItemFacts, counts
from cockpit.kinds.checklist.plan_findings import PlanFindings, read_plan
from cockpit.kinds.checklist.plan_text import hours_done_text
from cockpit.kinds.json_query import short
from cockpit.model import Doubt, DoubtKind, Finding, Verdict, worst
from cockpit.redaction import MASKED
from cockpit.text import sanitize

_LONGEST_NEXT = 60
_LONGEST_FACT = 2000
_MOST_TOLD = 3
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
class ChecklistFindings:
    """A parsed file as findings: the part of an observation that depends on its bytes alone."""

    document: Document
    plan: PlanFindings
    verdict: Verdict
    headline: str
    findings: tuple[Finding, ...]
    """Of all items, in their order; `counts` tells those that progress counts from the others."""
    doubts: tuple[Doubt, ...]
    done: int
    total: int
    next: str | None
    hours: tuple[float, float, int] | None
    """Hours done, hours in all, and how many items or tasks name none; None where none does."""
    metrics: Mapping[str, float]
    hidden: int
    """Boxes behind a code fence that is never closed: nobody can tell whether they are items."""


def read_document(
    document: Document, name: str = "", combined: CombinedPlan | None = None
) -> ChecklistFindings:
    """The findings of a document's items. What progress does not count (the status line of a task
    above boxes) can be set all the same, and is in no verdict. Pure.

    `combined` is the plan it takes part in under its name; by default it is planned alone.
    """
    progress = document.progress
    items = document.counted
    anchors = dict(zip(map(id, document.items), anchors_of(document), strict=True))
    above = {id(parent.item): str(parent.computed) for parent in parents(document)}
    counted = {item.span for item in items}
    findings = tuple(
        item_finding(item, anchors[id(item)], above.get(id(item), ""), counted=item.span in counted)
        for item in document.items
    )
    texts = {key: anchor_text(each) for key, each in anchors.items()}
    plan = read_plan(name, combined or combine_plans([Source(name, document)]), texts)
    doubts = [*_encoding_doubts(document), *_claim_doubts(document), *_plan_doubts(plan)]
    metrics = {"done": float(progress.done), "total": float(progress.total)}
    if not progress.total:
        text = "no items in it" if not items else "every item was dropped"
        doubts.insert(0, Doubt(DoubtKind.NOTHING_MEASURED, text))
        verdict, headline, upcoming, hours = Verdict.UNKNOWN, text, None, None
    else:
        open_item = next((i for i in items if i.status in (Status.TODO, Status.DOING)), None)
        upcoming = short(sanitize(_item_name(open_item)), _LONGEST_NEXT) if open_item else None
        verdict = worst(finding.verdict for finding in findings if counts(finding))
        headline = f"{progress.done}/{progress.total}"
        hours = _hours(document, plan)
        if hours is not None:
            metrics |= {"hours_done": hours[0], "hours_total": hours[1]}
            headline += f" ({hours_done_text(*hours)})"
        if upcoming is not None:
            headline += f", next {upcoming}"
        if progress.blocked:
            headline += f"; {progress.blocked} blocked"
        if progress.unknown:
            headline += f"; {progress.unknown} of unknown status"
    hidden = (unclosed_fence(document.data) or (0, 0))[1]
    if hidden:
        verdict = worst([verdict, Verdict.UNKNOWN])
        headline += f"; {hidden} behind an open code fence"
    return ChecklistFindings(
        document=document,
        plan=plan,
        verdict=verdict,
        headline=headline,
        findings=findings,
        doubts=tuple(doubts),
        done=progress.done if progress.total else 0,
        total=progress.total,
        next=upcoming,
        hours=hours,
        metrics=metrics,
        hidden=hidden,
    )


def _item_name(item: Item) -> str:
    """The text of an item; its line for one without text."""
    return item.text if item.text.strip() else f"line {item.line}, which has no text"


def _hours(document: Document, plan: PlanFindings) -> tuple[float, float, int] | None:
    """Hours done and in all, and how many name none: of the counted items if all carry hours,
    else of the plan's tasks."""
    progress = document.progress
    if progress.effort_ratio is not None:
        return progress.hours_done, progress.hours_total, 0
    if not plan.hours_total:
        return None
    return plan.hours_done, plan.hours_total, plan.without_hours


def fence_findings(parsed: ChecklistFindings, file: str) -> tuple[Finding, ...]:
    """The code fence that is never closed, where boxes stand behind it."""
    fence = unclosed_fence(parsed.document.data)
    if fence is None or not fence[1]:
        return ()
    line, hidden = fence
    return (
        Finding(
            key="fence",
            verdict=Verdict.UNKNOWN,
            subject=file,
            text=f"{_boxes(hidden)} behind the code fence of line {line}, which is never closed",
            title="OPEN FENCE",
            cause=f"file:{file}",
            next_act=f"close the code fence of line {line}",
        ),
    )


def _boxes(count: int) -> str:
    return "1 box" if count == 1 else f"{count} boxes"


def conflict_doubts(documents: Mapping[str, Document], own: str) -> list[Doubt]:
    """Items of document `own` that other documents carry in another state. Pure."""
    told = []
    for conflict in state_conflicts(documents):
        if any(name == own for name, _, _ in conflict.states):
            places = ", ".join(f"{state} in {name}:{line}" for name, line, state in conflict.states)
            told.append(f"“{short(conflict.name, _LONGEST_NEXT)}” is {places}")
    return _capped(DoubtKind.CONTRADICTS, told)


def gate_doubts(document: Document, measured: Mapping[str, tuple[int, int]]) -> list[Doubt]:
    """What the document claims of a gate, where its own measurement says otherwise. Pure.

    `measured` holds proven and total of the gates that the document has to do with. Only a claim
    of as many parts is about the same gate.
    """
    told = [
        f"line {claim.line} claims {claim.text}, {name} measured {met}/{total}"
        for claim in gate_claims(document)
        for name, (met, total) in measured.items()
        if claim.total == total > 1 and claim.met != met
    ]
    return _capped(DoubtKind.CONTRADICTS, told)


def _claim_doubts(document: Document) -> list[Doubt]:
    claims = [claim.sentence() for claim in doubtful_claims(document)]
    return _capped(DoubtKind.CONTRADICTS, claims)


def _plan_doubts(plan: PlanFindings) -> list[Doubt]:
    return _capped(DoubtKind.PARTIAL_READ, [f"plan: {text}" for text in plan.troubles])


def _capped(kind: DoubtKind, texts: Sequence[str]) -> list[Doubt]:
    doubts = [Doubt(kind, text) for text in texts[:_MOST_TOLD]]
    if len(texts) > _MOST_TOLD:
        doubts.append(Doubt(kind, f"and {len(texts) - _MOST_TOLD} more of this sort"))
    return doubts


def item_finding(
    item: Item, anchor: Anchor, computed: str = "", *, counted: bool = True
) -> Finding:
    """The finding of one item; `computed` is what its sub-items say of it, where it has any.

    Of the items that progress does not count only a task with a status line is told to be blocked:
    an emoji beside boxes may be nothing but decoration.
    """
    section = " > ".join(item.section)
    telling = counted or item.form is Form.STATUS_LINE
    blocked = item.status is Status.BLOCKED and telling
    meta, effort = item.meta, item.meta.effort
    return Finding(
        key=item.key,
        verdict=_VERDICTS[item.status],
        subject=_item_name(item),
        text=f"{item.status}, {section}" if section else str(item.status),
        title="BLOCKED" if blocked else "",
        next_act="clear what blocks it, or defer it" if blocked else "",
        state=str(item.status),
        facts=ItemFacts(
            line=item.line,
            status=str(item.status),
            marker=item.marker,
            form=str(item.form),
            depth=item.depth,
            section=section,
            id=item.id,
            anchor=anchor_text(anchor),
            computed=computed or None,
            counted=counted,
            priority=meta.priority,
            depends=meta.depends,
            owner=meta.owner,
            due=meta.due,
            effort=effort.text if effort is not None else None,
            hours_low=effort.low if effort is not None else None,
            hours_high=effort.high if effort is not None else None,
            requires=meta.requires,
        ),
    )


def anchor_text(anchor: Anchor) -> str:
    """The anchor as JSON that the text cleaner of facts leaves as it is.

    An anchor too long for a fact goes without its neighbours, which only matter among items of one
    text; an item whose text alone is too long gets none and can't be edited from the screen.
    """
    text = as_fact(anchor.to_json())
    if len(text) > _LONGEST_FACT:
        text = as_fact(replace(anchor, before="", after="", same_place=0).to_json())
    return text if len(text) <= _LONGEST_FACT else ""


def anchor_from(text: str, path: Path) -> Anchor:
    """The anchor that a fact holds as `anchor_text` made it. Blocks for one with a secret in it.

    That one lost the secret when the fact was made: it is the anchor of that item of the file now
    whose text loses it alike. Raises ValueError and the errors of reading when there is none.
    """
    if MASKED not in text:
        return Anchor.from_json(json.loads(text))
    for anchor in anchors_of(CACHE.parse(read_regular(path))):
        if sanitize(anchor_text(anchor), limit=LONGEST_FACT) == text:
            return anchor
    raise ValueError("it holds a secret, and the file has changed since it was shown")


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
            text = f"the code fence of line {line} is never closed: {_boxes(hidden)} not counted"
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
