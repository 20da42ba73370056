"""What the board and the evidence add to a checklist's items: requirements, reverted ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cockpit.checklists import AnchorAmbiguous, AnchorLost, Document, Item, Status, locate
from cockpit.checklists.cache import CACHE
from cockpit.checklists.git import repository_of, restored
from cockpit.checklists.plan import Plan
from cockpit.checklists.requires import (
    Green,
    Requirement,
    Unmet,
    done_but_red,
    requirements_of,
    unmet,
)
from cockpit.checklists.reverted import Fate, judge
from cockpit.model import Finding, Observation, Verdict, expire
from cockpit.probes.checklist.memory import KeptEdit
from cockpit.probes.checklist.plan_rows import without_unclear
from cockpit.text import instant

REVERTED = "TICK REVERTED"
RED = "DONE BUT RED"


def green_now(board: Mapping[str, Observation], now: datetime) -> Green:
    """Looks probes up on a board: green is OK and not expired; None when it is not on the board."""

    def green(requirement: Requirement) -> bool | None:
        seen = board.get(requirement.name)
        if seen is None or requirement.kind not in ("", "probe", seen.kind):
            return None
        return expire(seen, now).verdict is Verdict.OK

    return green


def required_probes(document: Document, configured: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Names of the probes and gates that items of a document require."""
    return frozenset(
        requirement.name
        for item in document.items
        for requirement in requirements_of(item, configured)
        if requirement.kind != "item"
    )


def against(
    document: Document,
    item: Item,
    green: Green,
    *,
    configured: Mapping[str, Sequence[str]],
    sequential: bool,
    plan: Plan,
) -> tuple[Unmet, ...]:
    """What speaks against ticking `item` now."""
    return unmet(
        document,
        item,
        green,
        configured=configured,
        sequential=sequential,
        plan=without_unclear(plan),
    )


def red_items(
    document: Document,
    green: Green,
    *,
    configured: Mapping[str, Sequence[str]],
    sequential: bool,
    plan: Plan,
) -> dict[str, str]:
    """Why, by item key, for the items that are done although something speaks against it."""
    required = bool(configured) or any(item.meta.requires for item in document.items)
    if not (required or sequential or any(plan.needs)):
        return {}
    found = done_but_red(
        document,
        green,
        configured=configured,
        sequential=sequential,
        plan=without_unclear(plan) if any(plan.needs) else None,
    )
    return {item.key: "; ".join(each.text for each in missing) for item, missing in found}


def reverted_items(
    path: Path, document: Document, edits: Sequence[KeptEdit]
) -> dict[str, tuple[KeptEdit, Status]]:
    """The edits, by the present key of their item, that another program has undone.

    What git put there by a checkout, a branch switch or a stash is nobody's old buffer.
    """
    found: dict[str, tuple[KeptEdit, Status]] = {}
    for edit in edits:
        verdict = judge(edit.result, document, restored_by_git=False)
        if verdict.fate is not Fate.REVERTED or verdict.item is None:
            continue
        if not _put_there_by_git(path, edit):
            found[verdict.item.key] = (edit, verdict.item.status)
    return found


def _put_there_by_git(path: Path, edit: KeptEdit) -> bool:
    """Whether git, not an editor, brought the old state back.

    Another commit alone proves nothing: it may be the one that holds the edit. It must have the
    item in its old state.
    """
    repository = repository_of(path)
    if repository is None:
        return False
    head = repository.head()
    if restored(path, head):
        return True
    if head == edit.head:
        return False
    committed = repository.committed(path)
    if committed is None:
        return True
    try:
        item = locate(CACHE.parse(committed), edit.result.anchor)
    except (AnchorLost, AnchorAmbiguous):
        return True
    return item.status is edit.result.status_before


def told(
    finding: Finding,
    reverted: tuple[KeptEdit, Status] | None,
    red: str | None,
    override: str | None,
) -> Finding:
    """An item's finding with what was found out about it."""
    if reverted is not None:
        edit, now = reverted
        was = edit.result.status_after
        return replace(
            finding,
            verdict=max(finding.verdict, Verdict.WARN, key=lambda verdict: verdict.severity),
            title=REVERTED,
            text=f"set to {was} by {edit.actor or 'somebody'} {instant(edit.at)}, is {now} again:"
            " another program saved an older version of the file",
            next_act=f"set it to {was} again, or to {now} to leave it so",
            facts={**finding.facts, "reverted_from": str(was)},
        )
    if red is not None and override is not None:
        return replace(
            finding,
            verdict=Verdict.WARN,
            text=f"{finding.text}; {red}; set all the same, {override}",
        )
    if red is not None:
        return replace(
            finding,
            verdict=Verdict.FAIL,
            title=RED,
            text=f"{finding.text}, but {red}",
            next_act="make what it requires green, or take the tick back",
        )
    return finding
