"""Build a plan from documents: resolve references to tasks, and order the tasks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cockpit.checklists.parsing.items import Document
from cockpit.checklists.parsing.refs import (
    Reference,
    aliases,
    canonical,
    read_references,
    shape,
    surely_id,
)
from cockpit.checklists.parsing.tasks import Group, Task, is_definition, read_tasks, with_unnamed
from cockpit.checklists.plans.plan import Gate, Plan, PlanIssue, Trouble, topological, waiting_graph
from cockpit.checklists.plans.stages import ParallelGroup, Stages, read_parallel

_VERB = re.compile(r"\b(depends on|blocked by|requires|after)[: ]*$", re.IGNORECASE)
_VAGUE = ("after", "requires")
"""What follows these in a task's own words may be no task at all."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The tasks and groups of one document, before any reference is resolved."""

    tasks: list[Task]
    groups: list[Group]
    parallel: list[ParallelGroup]


def read_parts(name: str, document: Document) -> Parts:
    """The parts of one document. Walks its markdown, which is what takes time."""
    tasks, groups = read_tasks(name, document)
    return Parts(tasks, groups, read_parallel(name, document, tasks, groups))


def build_plan(
    documents: Iterable[tuple[str, Document]],
    sequential: Collection[str] = (),
    read: Callable[[str, Document], Parts] = read_parts,
) -> Plan:
    """The plan of documents that belong together.

    Args:
        documents: names (for messages) and documents.
        sequential: names of those whose batches or stages come one after the other.
        read: `read_parts`, or something that remembers what it gave.
    """
    resolver = _Resolver()
    for name, document in documents:
        parts = read(name, document)
        tasks = parts.tasks
        if name in sequential:
            tasks = with_unnamed(name, document, tasks)
            resolver.stages.append((name, Stages(document)))
        resolver.add(tasks, parts.groups)
        resolver.parallel += parts.parallel
    return resolver.plan()


_MOST_MEANINGS = 20


@dataclass(slots=True)
class _Meant:
    """What a dependency text names, by indexes of tasks."""

    members: set[int] = field(default_factory=set)
    by_id: set[int] = field(default_factory=set)
    """Those it names by their own IDs, not by that of a group."""
    unclear: list[str] = field(default_factory=list)


@dataclass
class _Resolver:
    tasks: list[Task] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    problems: list[PlanIssue] = field(default_factory=list)
    parallel: list[ParallelGroup] = field(default_factory=list)
    stages: list[tuple[str, Stages]] = field(default_factory=list)
    _gates: list[Gate] = field(default_factory=list)
    _groups_of: dict[str, list[tuple[Group, tuple[int, ...]]]] = field(default_factory=dict)
    """Groups by document, each with its tasks."""
    _around: dict[int, list[Group]] = field(default_factory=dict)
    """The groups that each task stands in, the outer ones first."""
    _left: int = 50_000
    """References that are still looked up: what names more is no plan that anybody follows."""

    def add(self, tasks: Sequence[Task], groups: Sequence[Group]) -> None:
        """Take in the tasks of one document; a box that repeats a described task is no other."""
        described = {task.id for task in tasks if is_definition(task)}
        self.tasks += [task for task in tasks if is_definition(task) or task.id not in described]
        self.groups += groups

    def plan(self) -> Plan:
        self._index()
        self._duplicates()
        needs: list[tuple[int, ...]] = []
        unclear: list[tuple[str, ...]] = []
        for number, task in enumerate(self.tasks):
            found, open_words = self._needs(number, task)
            needs.append(tuple(sorted(found)))
            unclear.append(tuple(open_words))
        self._one_after_the_other(needs)
        behind = self._in_order(needs)
        self._cycles(waiting_graph(needs, self._gates, behind))
        return Plan(
            tuple(self.tasks),
            tuple(self.groups),
            tuple(needs),
            tuple(unclear),
            tuple(dict.fromkeys(self.problems)),
            tuple(self.parallel),
            tuple(self._gates),
            behind,
        )

    def _in_order(self, needs: list[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
        """The gates before each task; where no batches are numbered, stages as dependencies."""
        if not self.stages:
            return ()
        behind: list[tuple[int, ...]] = [()] * len(self.tasks)
        for name, stages in self.stages:
            own = [n for n, task in enumerate(self.tasks) if task.document == name]
            by_line = {self.tasks[n].line: n for n in own}
            first = len(self._gates)
            lines = [self.tasks[n].line for n in own]
            for batch in stages.batches:
                low = bisect_right(lines, batch.line)
                high = bisect_right(lines, batch.end_line)
                self._gates.append(Gate(name, batch, tuple(own[low:high])))
            for number in own:
                item = self.tasks[number].item
                if item is None:
                    continue
                behind[number] = tuple(first + each for each in stages.batches_before(item))
                former = stages.item_before(item)
                before = by_line.get(former.line) if former is not None else None
                if before is not None:
                    needs[number] = tuple(sorted({*needs[number], before}))
        return tuple(behind)

    def _one_after_the_other(self, needs: list[tuple[int, ...]]) -> None:
        """Where a document lists tasks as sequential, each needs the one listed before it."""
        numbers = {(task.document, task.line): n for n, task in enumerate(self.tasks)}
        for group in self.parallel:
            places = [(task.document, task.line) for task in group.tasks if group.in_order]
            chain = [numbers[place] for place in places if place in numbers]
            for before, after in pairwise(chain):
                needs[after] = tuple(sorted({*needs[after], before}))

    def _index(self) -> None:
        """Names to sets of tasks: a group name stands for all of its tasks."""
        self._by_name: dict[str, dict[str, list[tuple[int, ...]]]] = {}
        own: dict[str, list[int]] = {}
        for number, task in enumerate(self.tasks):
            own.setdefault(task.document, []).append(number)
            for name in aliases(task.id) if task.id else ():
                self._enter(name, task.document, (number,))
        lines = {name: [self.tasks[each].line for each in numbers] for name, numbers in own.items()}
        for group in self.groups:
            where = lines.get(group.document, [])
            begin, end = bisect_right(where, group.line), bisect_right(where, group.end_line)
            members = tuple(own.get(group.document, ())[begin:end])
            for number in members:
                self._around.setdefault(number, []).append(group)
            self._groups_of.setdefault(group.document, []).append((group, members))
            for name in aliases(group.id):
                self._enter(name, group.document, members)
        for number, task in enumerate(self.tasks):
            phase, dot, _ = canonical(task.id).rpartition(".")
            if dot:
                self._by_prefix.setdefault((phase, task.document), []).append(number)
        for (phase, document), numbers in self._by_prefix.items():
            if document not in self._by_name.get(phase, {}):
                for name in aliases(phase):
                    self._enter(name, document, tuple(numbers))
        self._shapes = frozenset(map(shape, self._by_name))

    _by_prefix: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _by_name: dict[str, dict[str, list[tuple[int, ...]]]] = field(default_factory=dict)
    _shapes: frozenset[str] = frozenset()
    """What kinds of names there are."""

    def _enter(self, name: str, document: str, members: tuple[int, ...]) -> None:
        meanings = self._by_name.setdefault(name, {}).setdefault(document, [])
        # What has some meanings is ambiguous: more of them would only cost time.
        if len(meanings) < _MOST_MEANINGS and members not in meanings:
            meanings.append(members)

    def _needs(self, number: int, task: Task) -> tuple[set[int], list[str]]:
        found: set[int] = set()
        itself: set[int] = set()
        unclear: list[str] = []
        if task.depends:
            verb = _verb(task.depends, task.text)
            own = self._meant(task.depends, task.document, task.line, verb)
            unclear += own.unclear
            found.update(own.members)
            itself = {number} & own.by_id
        for group in self._around.get(number, ()):
            if group.depends:
                theirs = self._meant(group.depends, group.document, group.line)
                unclear += theirs.unclear
                found.update(theirs.members)
            if group.day:
                found.update(self._day_before(group))
        # Who is named by a group it is in (`after 6A` inside 6A) is not meant; who names itself is.
        return (found - {number}) | itself, list(dict.fromkeys(unclear))

    def _meant(self, text: str, document: str, line: int, verb: str = "") -> _Meant:
        """What a dependency text names; what is not clear in it becomes a problem."""
        meant = _Meant()
        faults: dict[tuple[Trouble, str], list[str]] = {}
        if self._left < 0:
            meant.unclear.append(text)
            return meant
        references = read_references(text)
        self._left -= len(references)
        for reference in references:
            meanings = self._meanings(reference, document)
            if len(meanings) == 1:
                meant.members.update(meanings[0])
                ids = (n for n in meanings[0] if reference.name in aliases(self.tasks[n].id))
                meant.by_id.update(ids)
                continue
            if not meanings and verb in _VAGUE and self._is_no_name(reference, verb):
                continue
            kind = Trouble.AMBIGUOUS if meanings else Trouble.DANGLING
            told = faults.setdefault((kind, reference.text), [])
            told += map(self._say, meanings)
            if not meanings and reference.name != canonical(reference.text):
                told.append(reference.name)
            meant.unclear.append(reference.text)
        self.problems += [
            PlanIssue(kind, document, line, words, tuple(candidates))
            for (kind, words), candidates in faults.items()
        ]
        return meant

    def _day_before(self, group: Group) -> tuple[int, ...]:
        days = [each for each in self._groups_of[group.document] if each[0].day]
        place = next(n for n, (day, _) in enumerate(days) if day is group)
        return days[place - 1][1] if place else ()

    def _is_no_name(self, reference: Reference, verb: str) -> bool:
        """Whether words that look like a name are none here: `after 1.5 h`, `requires SHA256`."""
        name = reference.name
        if " " in name or shape(name) in self._shapes:
            return False
        return verb == "requires" or not surely_id(name)

    def _meanings(self, reference: Reference, document: str) -> list[tuple[int, ...]]:
        """What a name stands for: in its own document, else in any other."""
        by_document = self._by_name.get(reference.name, {})
        return by_document.get(document) or [m for ms in by_document.values() for m in ms]

    def _say(self, members: tuple[int, ...]) -> str:
        tasks = [self.tasks[member] for member in members[:4]]
        names = ", ".join(f"{task.document}:{task.line} {task.text}" for task in tasks)
        return names + (" …" if len(members) > 4 else "")

    def _duplicates(self) -> None:
        seen: dict[str, list[int]] = {}
        for number, task in enumerate(self.tasks):
            if task.id:
                seen.setdefault(canonical(task.id), []).append(number)
        for numbers in seen.values():
            if len(numbers) > 1:
                first = self.tasks[numbers[0]]
                places = tuple(self._say((number,)) for number in numbers)
                across = len({self.tasks[n].document for n in numbers}) == len(numbers)
                self.problems.append(
                    PlanIssue(
                        Trouble.DUPLICATE, first.document, first.line, first.id, places, across
                    )
                )

    def _cycles(self, graph: Sequence[Sequence[int]]) -> None:
        count = len(self.tasks)
        for ring in _rings(graph):
            first = next(self.tasks[number] for number in ring if number < count)
            text = " → ".join(
                self.tasks[number].name
                if number < count
                else f"“{self._gates[number - count].batch.title}”"
                for number in (*ring, ring[0])
            )
            places = tuple(self._say((number,)) for number in ring if number < count)
            self.problems.append(PlanIssue(Trouble.CYCLE, first.document, first.line, text, places))


def _verb(depends: str, text: str) -> str:
    """By which word a task's own text names what it depends on, in lower case; empty where a
    labelled line does."""
    before, found, _ = text.partition(depends)
    verb = _VERB.search(before) if found else None
    return verb.group(1).lower() if verb is not None else ""


def _rings(needs: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """One cycle for each knot of tasks that wait for each other."""
    left = set(topological(needs)[1])
    rings = []
    for at in sorted(left):
        if at not in left:
            continue
        trail: dict[int, int] = {}
        while at not in trail:
            trail[at] = len(trail)
            following = next((need for need in needs[at] if need in left), None)
            if following is None:
                break
            at = following
        else:
            rings.append(tuple(trail)[trail[at] :])
        left -= trail.keys()
    return rings
