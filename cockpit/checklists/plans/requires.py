"""Requirements: what must hold before an item may be begun or ticked.

The rule. To *start* (`doing`) an item, the batch or stage before it must be finished, where the
document is sequential, and the tasks it depends on must be done or dropped: this is what a plan
means by "can not start yet". To be *done*, the same must hold, and besides that everything the
item requires by name: probes, gates, other items. Who goes against it has to say why. Any other
state may be set at any time, and so may `doing` on what was done before: that takes a claim back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cockpit.checklists.parsing.items import Document, Item, Status
from cockpit.checklists.plans.item_names import is_called, words_of
from cockpit.checklists.plans.plan import Plan
from cockpit.checklists.plans.stages import Batch, Stages

_SETTLED = (Status.DONE, Status.DROPPED)
_KIND = re.compile(r"[a-z][a-z0-9_-]*")
_MOST_NAMED = 3
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Requirement:
    """A probe or item by name; `kind` is a kind of probe, `probe` for any, `item`, or empty."""

    kind: str
    name: str

    def probe_in(self, kinds: Mapping[str, str]) -> str | None:
        """The probe that is meant, of those in `kinds` (name → kind); None when none is.

        A probe may have a colon in its name: the whole text is looked for as well.
        """
        if self.name in kinds and self.kind in ("", "probe", kinds[self.name]):
            return self.name
        return str(self) if str(self) in kinds else None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.kind else self.name


@dataclass(frozen=True, slots=True)
class Unmet:
    """A requirement that does not hold, with a line for people."""

    requirement: Requirement
    text: str


@dataclass(frozen=True, slots=True)
class Light:
    """The present state of a probe or gate, as requirements see it."""

    green: bool
    told: str = "red"
    """What it is where it is not green: `red`, `UNKNOWN`, how old the last look at it is."""


Green = Callable[[Requirement], Light | None]
"""Looks a probe or gate up; None when nobody has ever seen it: then it is not green."""


def read_requirement(text: str) -> Requirement:
    """Read `gate:promotion`, `service:unit`, `probe:backend`, `item:P2A.1`, or a bare name.

    Which kinds there are is not known here: any word in small letters before a colon is one.
    """
    kind, colon, name = text.strip().partition(":")
    if colon and name.strip() and _KIND.fullmatch(kind):
        return Requirement(kind, name.strip())
    return Requirement("", text.strip())


def requirements_of(
    item: Item, configured: Mapping[str, Iterable[str]] | None = None
) -> tuple[Requirement, ...]:
    """Requirements in the item's comment, and those configured under a name of it (`is_called`)."""
    words = [*item.meta.requires, *(words_of(item, configured) if configured else ())]
    return tuple(dict.fromkeys(read_requirement(word) for word in words))


def unmet(
    document: Document,
    item: Item,
    green: Green,
    *,
    configured: Mapping[str, Iterable[str]] | None = None,
    sequential: bool = False,
    plan: Plan | None = None,
    name: str | None = None,
    starting: bool = False,
    stages: Stages | None = None,
) -> tuple[Unmet, ...]:
    """The requirements that do not hold for ticking `item` now, or for starting it.

    Args:
        document: the document it is in.
        item: the item.
        green: looks up probes and gates.
        configured: requirements from the config, by item ID or text.
        sequential: stages come in order, see `stages`.
        plan: dependencies of the items that are tasks.
        name: of the document in that plan; None where it holds no other.
        starting: it is only to be begun: what it requires by name is not asked for yet.
        stages: of the document, if the caller has them already.
    """
    found: list[Unmet] = []
    if not starting:
        found += [
            missing
            for requirement in requirements_of(item, configured)
            if (missing := _check(document, requirement, green)) is not None
        ]
    if sequential:
        before = (stages or Stages(document)).unfinished_before(item)
        found += map(_stage_unmet, before)
    if plan is not None:
        # The stage before is a dependency in the plan, too: said once is enough.
        told = {each.requirement.name for each in found}
        depends = _dependencies(plan, item, name)
        found += [each for each in depends if each.requirement.name not in told]
    return tuple(found)


def done_but_red(
    document: Document,
    green: Green,
    *,
    configured: Mapping[str, Iterable[str]] | None = None,
    sequential: bool = False,
    plan: Plan | None = None,
    name: str | None = None,
) -> tuple[tuple[Item, tuple[Unmet, ...]], ...]:
    """Items that are marked done although something speaks against it."""
    return _against(document, Status.DONE, green, configured, sequential, plan, name)


def begun_early(
    document: Document, *, sequential: bool = False, plan: Plan | None = None, name: str | None
) -> tuple[tuple[Item, tuple[Unmet, ...]], ...]:
    """Items under way that should not have started yet."""
    return _against(document, Status.DOING, lambda _: Light(True), None, sequential, plan, name)


def _against(
    document: Document,
    status: Status,
    green: Green,
    configured: Mapping[str, Iterable[str]] | None,
    sequential: bool,
    plan: Plan | None,
    name: str | None,
) -> tuple[tuple[Item, tuple[Unmet, ...]], ...]:
    found = []
    stages = Stages(document) if sequential else None
    for item in document.items:
        if item.status is status:
            missing = unmet(
                document,
                item,
                green,
                configured=configured,
                sequential=sequential,
                plan=plan,
                name=name,
                starting=status is Status.DOING,
                stages=stages,
            )
            if missing:
                found.append((item, missing))
    return tuple(found)


def _check(document: Document, requirement: Requirement, green: Green) -> Unmet | None:
    if requirement.kind == "item":
        same = [i for i in document.items if requirement.name in (i.id, i.text)]
        same = same or [i for i in document.items if is_called(i, requirement.name)]
        if len(same) != 1:
            many = "several items have" if same else "no item has"
            return Unmet(requirement, f"{many} the name “{requirement.name}”")
        if same[0].status not in _SETTLED:
            return Unmet(requirement, f"“{same[0].text}” is {same[0].status}")
        return None
    light = green(requirement)
    if light is not None and light.green:
        return None
    return Unmet(requirement, f"{requirement} is {'not known' if light is None else light.told}")


def _stage_unmet(before: Batch | Item) -> Unmet:
    """The stage before an item's own, which is not finished, and what is open in it."""
    if isinstance(before, Item):
        name = before.id or before.text
        text = f"“{before.text}” (line {before.line}), the stage before it, is {before.status}"
        return Unmet(Requirement("item", name), text)
    left = before.open
    named = ", ".join(f"“{_short(item.text)}” (line {item.line})" for item in left[:_MOST_NAMED])
    more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
    text = (
        f"{before.score} done in “{before.title}”, the batch before it (line {before.line});"
        f" open there: {named}{more}"
    )
    return Unmet(Requirement("item", before.title), text)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"


def _dependencies(plan: Plan, item: Item, name: str | None) -> list[Unmet]:
    found: list[Unmet] = []
    for number in plan.at_line.get(item.line, ()):
        task = plan.tasks[number]
        if task.item != item or name not in (None, task.document):
            continue
        for need in plan.needs[number]:
            other = plan.tasks[need]
            if other.status not in _SETTLED:
                where = "" if other.document == task.document else f" ({other.document})"
                text = f"it depends on {other.name}{where}, which is {other.status}"
                found.append(Unmet(Requirement("item", other.id or other.text), text))
        for words in plan.unclear[number]:
            text = f"its dependency “{words}” is not clear"
            found.append(Unmet(Requirement("item", words), text))
    return found
