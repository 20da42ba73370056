"""What depends on what, what can start now, and how long the rest takes at least.

A reference that could mean several tasks is listed as ambiguous and holds its task back; it is
never guessed. The same goes for one that means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from .items import Document, Status
from .parallel import ParallelGroup, read_parallel
from .refs import Reference, aliases, canonical, read_references
from .tasks import Group, Task, is_definition, read_tasks

_SETTLED = (Status.DONE, Status.DROPPED)
_OPEN = (Status.TODO, Status.UNKNOWN)


class Trouble(StrEnum):
    """What is wrong with a plan."""

    DANGLING = "dangling"
    """A reference to something that is nowhere."""
    AMBIGUOUS = "ambiguous"
    """A reference that could mean several tasks."""
    CYCLE = "cycle"
    """Tasks that wait for each other."""
    DUPLICATE = "duplicate"
    """One ID, several tasks."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of the plan, for people: where, which words, and what they could mean."""

    kind: Trouble
    document: str
    line: int
    text: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A task that cannot start, and why."""

    task: Task
    waits_for: tuple[Task, ...]
    unclear: tuple[str, ...]
    """References that are dangling or ambiguous."""


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The longest chain of open work."""

    tasks: tuple[Task, ...]
    low: float
    high: float
    """Hours."""
    without_effort: int
    """Tasks on it that say nothing about their effort: they count as nothing."""


@dataclass(frozen=True)
class Plan:
    """Tasks of one or more documents with their dependencies resolved."""

    tasks: tuple[Task, ...]
    groups: tuple[Group, ...]
    needs: tuple[tuple[int, ...], ...]
    """For each task the indexes of those it depends on."""
    unclear: tuple[tuple[str, ...], ...]
    """For each task the references that could not be resolved."""
    problems: tuple[Problem, ...]
    parallel: tuple[ParallelGroup, ...] = ()

    def ready(self) -> tuple[Task, ...]:
        """Tasks that are not begun, whose dependencies are all done or dropped."""
        return tuple(
            task
            for number, task in enumerate(self.tasks)
            if task.status in _OPEN
            and not self.unclear[number]
            and all(self.tasks[need].status in _SETTLED for need in self.needs[number])
        )

    def under_way(self) -> tuple[Task, ...]:
        """Tasks that somebody has begun."""
        return tuple(task for task in self.tasks if task.status is Status.DOING)

    def blocked(self) -> tuple[Blocked, ...]:
        """Open tasks that wait for others, are marked as blocked, or whose words are unclear."""
        found = []
        for number, task in enumerate(self.tasks):
            if task.status not in (*_OPEN, Status.BLOCKED, Status.DEFERRED):
                continue
            waits = tuple(
                self.tasks[need]
                for need in self.needs[number]
                if self.tasks[need].status not in _SETTLED
            )
            if waits or self.unclear[number] or task.status is Status.BLOCKED:
                found.append(Blocked(task, waits, self.unclear[number]))
        return tuple(found)

    @cached_property
    def waves(self) -> tuple[tuple[Task, ...], ...]:
        """Tasks by the earliest step in which they can run; one step can run in parallel.

        Tasks of a cycle are in none.
        """
        level: dict[int, int] = {}
        for number in self._order:
            level[number] = 1 + max((level[need] for need in self.needs[number]), default=-1)
        waves: list[list[Task]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
        for number in sorted(level):
            waves[level[number]].append(self.tasks[number])
        return tuple(map(tuple, waves))

    def critical_path(self) -> CriticalPath:
        """The chain of tasks not yet done with the most hours (middle of each range)."""
        best: dict[int, tuple[float, int | None]] = {}
        for number in self._order:
            before = max(self.needs[number], key=lambda need: best[need][0], default=None)
            hours = self._hours(number)
            best[number] = (hours + (best[before][0] if before is not None else 0.0), before)
        last: int | None = max(best, key=lambda number: best[number][0], default=None)
        chain: list[Task] = []
        while last is not None:
            if self.tasks[last].status not in _SETTLED:
                chain.append(self.tasks[last])
            last = best[last][1]
        chain.reverse()
        efforts = [task.effort for task in chain if task.effort is not None]
        return CriticalPath(
            tuple(chain),
            sum(effort.low for effort in efforts),
            sum(effort.high for effort in efforts),
            len(chain) - len(efforts),
        )

    def _hours(self, number: int) -> float:
        task = self.tasks[number]
        if task.status in _SETTLED:
            return 0.0
        # A task without an estimate still lengthens the chain it is on.
        return task.effort.middle if task.effort is not None else 1e-6

    @cached_property
    def _order(self) -> tuple[int, ...]:
        return topological(self.needs)[0]


def topological(needs: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indexes with dependencies first, and those that are in or behind a cycle."""
    waiting = [len(set(before)) for before in needs]
    after: list[list[int]] = [[] for _ in needs]
    for number, before in enumerate(needs):
        for need in set(before):
            after[need].append(number)
    free = [number for number, count in enumerate(waiting) if count == 0]
    for number in free:  # grows while it is walked
        for later in after[number]:
            waiting[later] -= 1
            if waiting[later] == 0:
                free.append(later)
    left = set(range(len(needs))) - set(free)
    return tuple(free), tuple(sorted(left))


def build_plan(documents: Iterable[tuple[str, Document]]) -> Plan:
    """The plan of documents that belong together.

    Args:
        documents: names (for messages) and documents.
    """
    resolver = _Resolver()
    for name, document in documents:
        tasks, groups = read_tasks(name, document)
        resolver.add(tasks, groups)
        resolver.parallel += read_parallel(name, document, tasks, groups)
    return resolver.plan()


@dataclass
class _Resolver:
    tasks: list[Task] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    parallel: list[ParallelGroup] = field(default_factory=list)

    def add(self, tasks: list[Task], groups: list[Group]) -> None:
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
            needs.append(tuple(sorted(found - {number})))
            unclear.append(tuple(open_words))
        self._cycles(needs)
        return Plan(
            tuple(self.tasks),
            tuple(self.groups),
            tuple(needs),
            tuple(unclear),
            tuple(dict.fromkeys(self.problems)),
            tuple(self.parallel),
        )

    def _index(self) -> None:
        """Names to sets of tasks: a group name stands for all of its tasks."""
        self._by_name: dict[str, dict[str, list[tuple[int, ...]]]] = {}
        for number, task in enumerate(self.tasks):
            for name in aliases(task.id):
                self._enter(name, task.document, (number,))
        for group in self.groups:
            members = self._members(group)
            for name in aliases(group.id):
                self._enter(name, group.document, members)
        for number, task in enumerate(self.tasks):
            phase, dot, _ = canonical(task.id).rpartition(".")
            if dot and phase.startswith("P") and phase not in self._by_name.get(phase, {}):
                self._by_prefix.setdefault((phase, task.document), []).append(number)
        for (phase, document), numbers in self._by_prefix.items():
            if document not in self._by_name.get(phase, {}):
                for name in aliases(phase):
                    self._enter(name, document, tuple(numbers))

    _by_prefix: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _by_name: dict[str, dict[str, list[tuple[int, ...]]]] = field(default_factory=dict)

    def _enter(self, name: str, document: str, members: tuple[int, ...]) -> None:
        meanings = self._by_name.setdefault(name, {}).setdefault(document, [])
        if members not in meanings:
            meanings.append(members)

    def _members(self, group: Group) -> tuple[int, ...]:
        return tuple(
            number
            for number, task in enumerate(self.tasks)
            if task.document == group.document and group.line < task.line <= group.end_line
        )

    def _needs(self, number: int, task: Task) -> tuple[set[int], list[str]]:
        found: set[int] = set()
        unclear: list[str] = []
        around = [
            group
            for group in self.groups
            if group.document == task.document and group.line < task.line <= group.end_line
        ]
        sources = [(task.depends, task.line)] + [(g.depends, g.line) for g in around]
        for text, line in sources:
            for reference in read_references(text) if text else []:
                meant = self._meaning(reference, task.document, line)
                if meant is None:
                    unclear.append(reference.text)
                else:
                    found.update(meant)
        for group in around:
            if group.day:
                found.update(self._day_before(group))
        # A group's own members can be named by the group (`after 6A` inside 6A): not themselves.
        return found - {number}, unclear

    def _day_before(self, group: Group) -> tuple[int, ...]:
        days = [g for g in self.groups if g.day and g.document == group.document]
        place = days.index(group)
        return self._members(days[place - 1]) if place else ()

    def _meaning(self, reference: Reference, document: str, line: int) -> tuple[int, ...] | None:
        by_document = self._by_name.get(reference.name, {})
        meanings = by_document.get(document) or [m for ms in by_document.values() for m in ms]
        if len(meanings) == 1:
            return meanings[0]
        kind = Trouble.AMBIGUOUS if meanings else Trouble.DANGLING
        candidates = tuple(self._say(members) for members in meanings)
        self.problems.append(Problem(kind, document, line, reference.text, candidates))
        return None

    def _say(self, members: tuple[int, ...]) -> str:
        tasks = [self.tasks[member] for member in members[:4]]
        names = ", ".join(f"{task.document}:{task.line} {task.text}" for task in tasks)
        return names + (" …" if len(members) > 4 else "")

    def _duplicates(self) -> None:
        seen: dict[str, list[int]] = {}
        for number, task in enumerate(self.tasks):
            seen.setdefault(canonical(task.id), []).append(number)
        for numbers in seen.values():
            if len(numbers) > 1:
                first = self.tasks[numbers[0]]
                places = tuple(self._say((number,)) for number in numbers)
                self.problems.append(
                    Problem(Trouble.DUPLICATE, first.document, first.line, first.id, places)
                )

    def _cycles(self, needs: list[tuple[int, ...]]) -> None:
        for ring in _rings(needs):
            first = self.tasks[ring[0]]
            text = " → ".join(self.tasks[number].id for number in (*ring, ring[0]))
            places = tuple(self._say((number,)) for number in ring)
            self.problems.append(Problem(Trouble.CYCLE, first.document, first.line, text, places))


def _rings(needs: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """One cycle for each knot of tasks that wait for each other."""
    left = set(topological(needs)[1])
    rings = []
    while left:
        at = min(left)
        trail: list[int] = []
        while at not in trail:
            trail.append(at)
            following = [need for need in needs[at] if need in left]
            if not following:
                break
            at = following[0]
        else:
            rings.append(tuple(trail[trail.index(at) :]))
        left -= set(trail)
    return rings
