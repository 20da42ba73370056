"""A plan: dependencies of tasks, what can start now, and the critical path in hours.

A reference that could mean several tasks is listed as ambiguous and holds its task back; it is
never guessed. The same goes for one that means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from cockpit.checklists.parsing.items import Effort, Status
from cockpit.checklists.parsing.tasks import Group, Task
from cockpit.checklists.plans.stages import Batch, ParallelGroup

_SETTLED = (Status.DONE, Status.DROPPED)
_OPEN = (Status.TODO, Status.UNKNOWN)


class Trouble(StrEnum):
    """The kinds of plan issues."""

    DANGLING = "dangling"
    """A reference to something that is nowhere."""
    AMBIGUOUS = "ambiguous"
    """A reference that could mean several tasks."""
    CYCLE = "cycle"
    """Tasks that wait for each other."""
    DUPLICATE = "duplicate"
    """One ID, several tasks."""


@dataclass(frozen=True, slots=True)
class PlanIssue:
    """An issue of the plan, for people: where, which words, and what they could mean."""

    kind: Trouble
    document: str
    line: int
    text: str
    candidates: tuple[str, ...] = ()
    across: bool = False
    """Of one ID: its tasks are in several documents, where each may mean its own."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A batch that has to be finished before the next one of its sequential document starts."""

    document: str
    batch: Batch
    tasks: tuple[int, ...]
    """Indexes into `Plan.tasks`."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A task that cannot start, and why."""

    task: Task
    waits_for: tuple[Task, ...]
    unclear: tuple[str, ...]
    """References that are dangling or ambiguous."""
    behind: tuple[Gate, ...] = ()
    """Batches before its own that are not finished."""
    nowhere: tuple[str, ...] = ()
    """Those of `unclear` that mean nothing at all."""


@dataclass(frozen=True, slots=True)
class Work:
    """An amount of work in hours, and how much of it nobody has estimated."""

    tasks: int = 0
    low: float = 0.0
    high: float = 0.0
    without_effort: int = 0
    """Tasks that say nothing about their effort: no hours stand for them in `low` and `high`."""

    @staticmethod
    def of(efforts: Iterable[Effort | None]) -> Work:
        """The sum; None is a task without an estimate."""
        listed = list(efforts)
        known = [effort for effort in listed if effort is not None]
        return Work(
            len(listed),
            sum(effort.low for effort in known),
            sum(effort.high for effort in known),
            len(listed) - len(known),
        )


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The longest chain of open work."""

    tasks: tuple[Task, ...]
    work: Work


@dataclass(frozen=True)
class Plan:
    """Tasks of one or more documents with their dependencies resolved."""

    tasks: tuple[Task, ...]
    groups: tuple[Group, ...]
    needs: tuple[tuple[int, ...], ...]
    """For each task the indexes of those it depends on."""
    unclear: tuple[tuple[str, ...], ...]
    """For each task the references that could not be resolved."""
    problems: tuple[PlanIssue, ...]
    parallel: tuple[ParallelGroup, ...] = ()
    gates: tuple[Gate, ...] = ()
    behind: tuple[tuple[int, ...], ...] = ()
    """For each task the indexes of the gates before it; empty where nothing is sequential."""

    @cached_property
    def at_line(self) -> dict[int, list[int]]:
        """Indexes of the tasks by their line, whatever their document."""
        found: dict[int, list[int]] = {}
        for number, task in enumerate(self.tasks):
            found.setdefault(task.line, []).append(number)
        return found

    def ready(self) -> tuple[Task, ...]:
        """The tasks that are not begun, whose dependencies are all done or dropped."""
        return tuple(
            task
            for number, task in enumerate(self.tasks)
            if task.status in _OPEN and not self._holds_back(number)
        )

    def under_way(self) -> tuple[Task, ...]:
        """Tasks that somebody has begun."""
        return tuple(task for task in self.tasks if task.status is Status.DOING)

    def blocked(self) -> tuple[Blocked, ...]:
        """The open tasks that wait for others, are marked as blocked, or are unclear."""
        found = []
        nowhere = self._nowhere()
        for number, task in enumerate(self.tasks):
            if task.status not in (*_OPEN, Status.BLOCKED, Status.DEFERRED):
                continue
            if self._holds_back(number) or task.status is Status.BLOCKED:
                waits, unclear = self._unsettled(number), self.unclear[number]
                lost = tuple(word for word in unclear if (task.document, word) in nowhere)
                found.append(Blocked(task, waits, unclear, self._shut(number), lost))
        return tuple(found)

    def _nowhere(self) -> set[tuple[str, str]]:
        """Documents and the references in them that mean nothing, not even in part."""
        told: dict[Trouble, set[tuple[str, str]]] = {kind: set() for kind in Trouble}
        for problem in self.problems:
            told[problem.kind].add((problem.document, problem.text))
        return told[Trouble.DANGLING] - told[Trouble.AMBIGUOUS]

    def _holds_back(self, number: int) -> bool:
        return bool(self._unsettled(number) or self.unclear[number] or self._shut(number))

    def _unsettled(self, number: int) -> tuple[Task, ...]:
        before = (self.tasks[need] for need in self.needs[number])
        return tuple(task for task in before if task.status not in _SETTLED)

    def _shut(self, number: int) -> tuple[Gate, ...]:
        gates = self.behind[number] if self.behind else ()
        return tuple(self.gates[gate] for gate in gates if self.gates[gate].batch.open)

    def open(self) -> tuple[Task, ...]:
        """Tasks that are neither done nor dropped."""
        return tuple(task for task in self.tasks if task.status not in _SETTLED)

    @cached_property
    def waves(self) -> tuple[tuple[Task, ...], ...]:
        """Tasks by the earliest step in which they can run; one step can run in parallel.

        Tasks of a cycle are in none.
        """
        level: dict[int, int] = {}
        for number in self._order:
            before = max((level[need] for need in self.graph[number]), default=-1)
            # A gate is no step of its own.
            level[number] = before + (number < len(self.tasks))
        waves: list[list[Task]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
        for number in sorted(level):
            if number < len(self.tasks):
                waves[level[number]].append(self.tasks[number])
        return tuple(map(tuple, waves))

    def critical_path(self) -> CriticalPath:
        """The chain of tasks not yet done with the most hours (middle of each range)."""
        best: dict[int, tuple[float, int | None]] = {}
        for number in self._order:
            before = max(self.graph[number], key=lambda need: best[need][0], default=None)
            hours = self._hours(number)
            best[number] = (hours + (best[before][0] if before is not None else 0.0), before)
        last: int | None = max(best, key=lambda number: best[number][0], default=None)
        chain: list[Task] = []
        while last is not None:
            if last < len(self.tasks) and self.tasks[last].status not in _SETTLED:
                chain.append(self.tasks[last])
            last = best[last][1]
        chain.reverse()
        return CriticalPath(tuple(chain), Work.of(task.effort for task in chain))

    def _hours(self, number: int) -> float:
        if number >= len(self.tasks) or self.tasks[number].status in _SETTLED:
            return 0.0
        effort = self.tasks[number].effort
        # A task without an estimate still lengthens the chain it is on.
        return effort.middle if effort is not None else 1e-6

    @cached_property
    def graph(self) -> tuple[tuple[int, ...], ...]:
        """What each task waits for, and behind the tasks what each gate does: its own tasks."""
        return waiting_graph(self.needs, self.gates, self.behind)

    @cached_property
    def _order(self) -> tuple[int, ...]:
        return topological(self.graph)[0]


def waiting_graph(
    needs: Sequence[Sequence[int]], gates: Sequence[Gate], behind: Sequence[Sequence[int]]
) -> tuple[tuple[int, ...], ...]:
    """Tasks and gates as one graph: a gate's number is its index after all the tasks."""
    tasks = (
        (*before, *(len(needs) + gate for gate in (behind[number] if behind else ())))
        for number, before in enumerate(needs)
    )
    return (*tasks, *(gate.tasks for gate in gates))


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
