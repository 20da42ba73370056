"""Groups of tasks a document says may run at the same time: `**Day 2, Tasks 7-9**: …`.

Such a line may count positions in a list or name IDs. Where the two readings differ the group is
ambiguous: both are given, neither is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .blocks import Heading, Paragraph, walk
from .items import Document
from .lines import front_matter
from .refs import aliases, canonical, expand
from .tasks import Group, Task
from .text import plain

_LINE = re.compile(
    r"(?:(?P<group>(?:Day|Phase|Batch|Week|Stage)\s+\d+[A-Z]?)\s*,\s*)?"
    r"Tasks?\s+(?P<numbers>\d+(?:\s?[-–,&]\s?\d+)*)\s*(?::|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ParallelGroup:
    """Tasks that may run together, as a document says."""

    document: str
    line: int
    text: str
    tasks: tuple[Task, ...]
    """Empty when ambiguous or when nothing of that name is there."""
    by_position: tuple[Task, ...]
    """Reading the numbers as positions in the ordered lists."""
    by_id: tuple[Task, ...]
    """Reading them as task IDs."""

    @property
    def ambiguous(self) -> bool:
        """True when the two readings name different tasks."""
        both = bool(self.by_position and self.by_id)
        return both and not _same(self.by_position, self.by_id)


def read_parallel(
    name: str, document: Document, tasks: Sequence[Task], groups: Sequence[Group]
) -> list[ParallelGroup]:
    """The parallel groups that sections about parallel work list."""
    found = []
    path: list[tuple[int, str]] = []
    for block in walk(document.data, document.lines, front_matter(document.data, document.lines)):
        if isinstance(block, Heading):
            path = [part for part in path if part[0] < block.level]
            path.append((block.level, block.content))
        if not isinstance(block, Paragraph) or not _about_parallel(path):
            continue
        text = plain(block.content.split("\n", 1)[0])
        match = _LINE.match(text)
        if match is None:
            continue
        among = _within(tasks, groups, match.group("group"))
        numbers = expand(match.group("numbers"))
        by_position = tuple(t for n in numbers for t in among if str(t.ordinal) == n)
        by_id = tuple(t for n in numbers for t in among if f"TASK {n}" in aliases(t.id))
        same = _same(by_position, by_id) or not (by_position and by_id)
        found.append(
            ParallelGroup(
                name,
                block.line + 1,
                text,
                (by_position or by_id) if same else (),
                by_position,
                by_id,
            )
        )
    return found


def _same(one: Sequence[Task], other: Sequence[Task]) -> bool:
    return {(t.line, t.id) for t in one} == {(t.line, t.id) for t in other}


def _about_parallel(path: list[tuple[int, str]]) -> bool:
    """The nearest heading decides: `Sequential required` may stand below `Parallelization`."""
    for _, title in reversed(path):
        words = title.lower()
        if "sequential" in words:
            return False
        if "parallel" in words:
            return True
    return False


def _within(tasks: Sequence[Task], groups: Sequence[Group], name: str | None) -> list[Task]:
    if name is None:
        return list(tasks)
    ranges = [(g.line, g.end_line) for g in groups if canonical(name) in aliases(g.id)]
    return [task for task in tasks if any(low < task.line <= high for low, high in ranges)]
