"""What the board and the evidence add to a checklist's items: requirements, reverted ticks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cockpit.checklists import Document, Item
from cockpit.checklists.parsing.meta import from_comments
from cockpit.checklists.plans.plan import Plan
from cockpit.checklists.plans.requires import (
    Green,
    Light,
    Requirement,
    Unmet,
    begun_early,
    done_but_red,
    read_requirement,
    requirements_of,
    unmet,
)
from cockpit.kinds import registry
from cockpit.kinds.checklist.facts import ItemFacts
from cockpit.kinds.checklist.overwritten_edits import OverwrittenEdit
from cockpit.kinds.checklist.plan_findings import without_unclear
from cockpit.model import Finding, Observation, Verdict, expire
from cockpit.text import format_utc

RED = "DONE BUT RED"
OVERRIDDEN = "OVERRIDDEN"
"""Known debt: somebody said why an item is done although it is red."""
_TOLD = {Verdict.UNKNOWN: "UNKNOWN"}
_LONGEST_COMMENT = 2000


def green_now(board: Mapping[str, Observation], now: datetime) -> Green:
    """Looks probes up on a board: green is OK and not expired; None when it is not on the board."""

    def green(requirement: Requirement) -> Light | None:
        name = requirement.probe_in({seen.probe: seen.kind for seen in board.values()})
        if name is None:
            return None
        seen = board[name]
        if expire(seen, now) is not seen:
            return Light(
                False,
                f"not known: its last result, {seen.verdict} at {format_utc(seen.observed_at)},"
                f" was valid until {format_utc(seen.valid_until)}",
            )
        return Light(seen.verdict is Verdict.OK, _TOLD.get(seen.verdict, "red"))

    return green


def asked_for(data: bytes) -> frozenset[str]:
    """Names of the probes and gates in the `requires` comments of a file that is not parsed yet.

    There may be some more than the items' own: comments that stand elsewhere.
    """
    texts = (comment.decode("utf-8", "replace") for comment in _comments(data))
    required = (read_requirement(word) for word in from_comments(texts).requires)
    return frozenset(
        name for each in required if each.kind != "item" for name in _probe_names(each)
    )


def _comments(data: bytes) -> Iterator[bytes]:
    """The bodies of the HTML comments that are not too long to be remarks."""
    start = data.find(b"<!--")
    while start >= 0 and (end := data.find(b"-->", start + 4)) >= 0:
        # What is never closed may hold one that is: the last opening mark before the end counts.
        start = max(start, data.find(b"<!--", max(0, end - _LONGEST_COMMENT - 4), end))
        if end - start - 4 <= _LONGEST_COMMENT:
            yield data[start + 4 : end]
        start = data.find(b"<!--", end + 3)


def _probe_names(requirement: Requirement) -> tuple[str, ...]:
    """What the probe that is meant may be called: a name may hold a colon itself."""
    if requirement.kind in ("", "probe", *registry.names()):
        return (requirement.name,)
    return (requirement.name, str(requirement))


def required_probes(document: Document, configured: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Names of the probes and gates that items of a document require."""
    return frozenset(
        name
        for item in document.items
        for requirement in requirements_of(item, configured)
        if requirement.kind != "item"
        for name in _probe_names(requirement)
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a checklist's config and its plan say about the order of its items."""

    configured: Mapping[str, Sequence[str]]
    sequential: bool
    plan: Plan
    name: str
    """Of the document in that plan."""

    @property
    def understood(self) -> Plan | None:
        """The plan with what is clear in it; None where nothing depends on anything."""
        return without_unclear(self.plan) if any(self.plan.needs) else None


def against(
    document: Document, item: Item, green: Green, rules: Rules, *, starting: bool = False
) -> tuple[Unmet, ...]:
    """What speaks against ticking `item` now, or against starting it."""
    return unmet(
        document,
        item,
        green,
        configured=rules.configured,
        sequential=rules.sequential,
        plan=rules.understood,
        name=rules.name,
        starting=starting,
    )


@dataclass(frozen=True, slots=True)
class Against:
    """What speaks against the state of an item, and what to do about it."""

    text: str
    act: str

    @staticmethod
    def of(missing: Iterable[Unmet]) -> Against:
        """Both in words."""
        listed = list(missing)
        todo = dict.fromkeys(
            f"finish “{each.requirement.name}”"
            if each.requirement.kind == "item"
            else f"make {each.requirement} green"
            for each in listed
        )
        return Against("; ".join(each.text for each in listed), ", ".join(todo))


def red_items(document: Document, green: Green, rules: Rules) -> dict[str, Against]:
    """Why, by item key, for the items that are done although something speaks against it."""
    plan = rules.understood
    required = bool(rules.configured) or any(item.meta.requires for item in document.items)
    if not (required or rules.sequential or plan):
        return {}
    found = done_but_red(
        document,
        green,
        configured=rules.configured,
        sequential=rules.sequential,
        plan=plan,
        name=rules.name,
    )
    return _by_key(found)


def early_items(document: Document, rules: Rules) -> dict[str, Against]:
    """Why, by item key, for the items under way that should not have started yet."""
    plan = rules.understood
    if not (rules.sequential or plan):
        return {}
    return _by_key(begun_early(document, sequential=rules.sequential, plan=plan, name=rules.name))


def _by_key(found: Iterable[tuple[Item, tuple[Unmet, ...]]]) -> dict[str, Against]:
    return {item.key: Against.of(missing) for item, missing in found}


def told(
    finding: Finding,
    reverted: OverwrittenEdit | None,
    red: Against | None,
    early: Against | None,
    override: str | None,
    file: str,
) -> Finding:
    """The finding of an item of `file` with what was found out about it, the worst first.

    A finding that is of no item comes back as it is.
    """
    item = finding.facts
    if not isinstance(item, ItemFacts):
        return finding
    required = _required(finding, red, early, override, f"{file}:{item.line}")
    if reverted is None:
        return required
    undone = reverted.told(finding, item, file)
    if required.verdict is Verdict.FAIL:
        return replace(required, text=f"{required.text}; {undone.text}")
    return undone if red is None else replace(undone, text=f"{undone.text}; {red.text}")


def _required(
    finding: Finding,
    red: Against | None,
    early: Against | None,
    override: str | None,
    place: str,
) -> Finding:
    """The finding with what speaks against the item's state; `place` is `PLAN.md:12`."""
    if red is not None and override is not None:
        return replace(
            finding,
            verdict=Verdict.WARN,
            title=OVERRIDDEN,
            text=f"{place} was set done although {red.text}; {override}",
            next_act=red.act,
        )
    if red is not None:
        return replace(
            finding,
            verdict=Verdict.FAIL,
            title=RED,
            text=f"{place} is done, but {red.text}",
            next_act=f"{red.act}, or set it back to todo",
        )
    if early is not None:
        all_the_same = f"; begun all the same, {override}" if override is not None else ""
        return replace(finding, text=f"{finding.text}; {early.text}{all_the_same}")
    return finding
