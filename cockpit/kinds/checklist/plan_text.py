"""The words of a plan, the same for the shell and the screen."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.checklists import Status
from cockpit.checklists.parsing.tasks import Task
from cockpit.checklists.plans.combined_plan import CombinedPlan, First
from cockpit.checklists.plans.plan import Blocked, PlanIssue, Trouble, Work
from cockpit.checklists.plans.stages import ParallelGroup

_PROBLEMS = {
    Trouble.DANGLING: "refers to “{}”, which is nowhere",
    Trouble.AMBIGUOUS: "refers to “{}”, which could be several tasks",
    Trouble.CYCLE: "tasks wait for each other: {}",
    Trouble.DUPLICATE: "the ID {} stands for several tasks",
}
_MOST_NAMED = 3
_MOST_IDS = 12
_LONGEST_HEADING = 40


def called(task: Task) -> str:
    """A task by ID and text: the ID said once, and the hours not at all, which stand beside it."""
    text = task.text
    if task.effort is not None:
        text = text.replace(f" ({task.effort.text})", "", 1)
    named = task.id in task.text or (task.item is None and task.ordinal is not None)
    return text if named else f"{task.id} {text}"


def hours_text(low: float, high: float) -> str:
    """`3-4 h`, `3 h`."""
    return f"{low:.3g} h" if low == high else f"{low:.3g}-{high:.3g} h"


def task_hours(task: Task) -> str:
    """The hours of a task; empty where it names none."""
    return hours_text(task.effort.low, task.effort.high) if task.effort is not None else ""


def work_text(work: Work) -> str:
    """`7-9 h and 2 tasks without hours`: what nobody has estimated is said, not counted as 0."""
    if work.without_effort == work.tasks:
        return "hours not known"
    told = hours_text(work.low, work.high)
    if not work.without_effort:
        return told
    return f"{told} and {counted(work.without_effort, 'task')} without hours"


def hours_done_text(done: float, total: float, without: int) -> str:
    """`5 of 12 h; 3 without hours`."""
    told = f"{done:.3g} of {total:.3g} h"
    return f"{told}; {without} without hours" if without else told


def counted(number: int, word: str) -> str:
    """`1 task`, `3 tasks`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def waits_text(blocked: Blocked) -> str:
    """Why a task can't start. What is in another document than the task is said to be there."""
    here = blocked.task.document
    gates = [
        f"“{_cut(gate.batch.title)}” ({gate.batch.score} done){_in(gate.document, here)}"
        for gate in blocked.behind
    ]
    parts = []
    if blocked.waits_for or gates:
        parts.append(f"waits for {', '.join([*gates, *_waits(blocked.waits_for, here)])}")
    parts += (_PROBLEMS[Trouble.DANGLING].format(word) for word in blocked.nowhere)
    doubtful = [f"“{word}”" for word in blocked.unclear if word not in blocked.nowhere]
    if doubtful:
        parts.append(f"not clear what is meant by {', '.join(doubtful)}")
    if blocked.task.status is Status.BLOCKED:
        parts.append("marked as blocked")
    if blocked.task.status is Status.DEFERRED:
        parts.append("deferred")
    return "; ".join(parts)


def _waits(tasks: Sequence[Task], here: str) -> list[str]:
    """Each task with its state; more than a few under one heading as a number of them."""
    under: dict[tuple[str, tuple[str, ...]], list[Task]] = {}
    for task in tasks:
        under.setdefault((task.document, task.section), []).append(task)
    told = []
    for (document, section), among in under.items():
        where = _in(document, here)
        if len(among) <= _MOST_NAMED or not section:
            told += [f"{_with_state(task)}{where}" for task in among]
        else:
            lines = f"lines {among[0].line}-{among[-1].line}"
            told.append(f"{len(among)} tasks of “{_cut(section[-1])}” ({lines}{where})")
    return told


def _with_state(task: Task) -> str:
    """`P1.1 (todo)`; a plain line carries no state, so that none is told."""
    if task.item is None and task.status is Status.UNKNOWN:
        return task.name
    boxes = ", though all its boxes are done" if task.finished_below else ""
    return f"{task.name} ({task.status}{boxes})"


def _in(document: str, here: str) -> str:
    return "" if document == here else f" in {document}"


def _cut(heading: str) -> str:
    if len(heading) <= _LONGEST_HEADING:
        return heading
    return f"{heading[: _LONGEST_HEADING - 1]}…"


def path_text(combined: CombinedPlan) -> str:
    """How long the critical path is, through how many documents it goes, and how sure that is."""
    path = combined.critical_path
    files = len({task.document for task in path.tasks})
    several = f", through {files} checklists" if files > 1 else ""
    besides = combined.unestimated
    doubt = f"; {counted(besides, 'task')} beside it without hours" if besides else ""
    return f"{work_text(path.work)}{several}{doubt}"


def open_text(combined: CombinedPlan) -> str:
    """How much work is left in the plan; of what is in none there is only a number of items."""
    work = combined.open_work
    loose = counted(combined.loose, "open item")
    beside = f"; beside it {loose} in no plan" if combined.loose else ""
    return f"{counted(work.tasks, 'task')}, {work_text(work)}{beside}"


def first_text(first: First) -> str:
    """What a document without a plan says of what is next, behind the item itself."""
    if first.item is None:
        return "no items in it: no line has a box or a state" if first.empty else "nothing open"
    return f"and {first.more} more open" if first.more else ""


def together(group: ParallelGroup) -> str:
    """Which tasks of a group may run at the same time, or which after which, or why nobody can
    tell."""
    if group.ambiguous:
        position, by_id = (", ".join(t.name for t in g) for g in (group.by_position, group.by_id))
        return f"not clear: by position {position}; by ID {by_id}"
    if not group.tasks:
        return "no tasks of that name"
    if group.in_order:
        return f"in this order: {' → '.join(map(_with_state, group.tasks))}"
    return f"together: {', '.join(map(_with_state, group.tasks))}"


def sentence(problem: PlanIssue) -> str:
    """A fault of a plan in one line."""
    text = f"line {problem.line} {_PROBLEMS[problem.kind].format(problem.text)}"
    return text + (f" ({'; '.join(problem.candidates)})" if problem.candidates else "")


def repeated_text(repeated: Sequence[PlanIssue]) -> str:
    """The IDs that several documents use, in one line; empty where there are none."""
    if not repeated:
        return ""
    named = ", ".join(problem.text for problem in repeated[:_MOST_IDS])
    more = f" and {len(repeated) - _MOST_IDS} more" if len(repeated) > _MOST_IDS else ""
    used = "is used" if len(repeated) == 1 else "are used"
    return f"{named}{more} {used} in several checklists; each means its own"
