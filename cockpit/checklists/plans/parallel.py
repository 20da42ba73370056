"""Groups of tasks a document says may run at the same time: `**Day 2, Tasks 7-9**: …`.

Below a heading that says `sequential` the same lines, and `**Day 1**: …` for all of a day, name
tasks that come one after the other.

Such a line may count positions in a list or name IDs. Where the two readings differ the group is
ambiguous: both are given, neither is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cockpit.checklists.reading.blocks import Heading, Paragraph, walk
from cockpit.checklists.reading.items import Document
from cockpit.checklists.reading.lines import front_matter
from cockpit.checklists.reading.refs import aliases, canonical, expand
from cockpit.checklists.reading.tasks import Group, Task
from cockpit.checklists.reading.text import plain

_GROUP = r"(?P<group>(?:Day|Phase|Batch|Week|Stage)\s+\d+[A-Z]?)"
_NUMBERS = r"Tasks?\s+(?P<numbers>\d+(?:\s?[-–,&]\s?\d+)*)"
_END = r"\s*(?::|$)"
_LINE = re.compile(rf"(?:{_GROUP}\s*,\s*)?{_NUMBERS}{_END}", re.IGNORECASE)
_WHOLE = re.compile(rf"{_GROUP}{_END}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParallelGroup:
    """Tasks that may run together, or not, as a document says."""

    document: str
    line: int
    text: str
    tasks: tuple[Task, ...]
    """Empty when ambiguous or when nothing of that name is there."""
    by_position: tuple[Task, ...]
    """Reading the numbers as positions in the ordered lists."""
    by_id: tuple[Task, ...]
    """Reading them as task IDs."""
    in_order: bool = False
    """They come one after the other, in the order of `tasks`."""

    @property
    def ambiguous(self) -> bool:
        """True when the two readings name different tasks."""
        both = bool(self.by_position and self.by_id)
        return both and not _same(self.by_position, self.by_id)


def read_parallel(
    name: str, document: Document, tasks: Sequence[Task], groups: Sequence[Group]
) -> list[ParallelGroup]:
    """The groups that sections about parallel or sequential work list."""
    found: list[ParallelGroup] = []
    path: list[tuple[int, str]] = []
    for block in walk(document.data, document.lines, front_matter(document.data, document.lines)):
        if isinstance(block, Heading):
            path = [part for part in path if part[0] < block.level]
            path.append((block.level, block.content))
        in_order = _in_order(path)
        if not isinstance(block, Paragraph) or in_order is None:
            continue
        text = plain(block.content.split("\n", 1)[0])
        whole = _WHOLE.match(text) if in_order else None
        match = _LINE.match(text)
        place = (name, block.line + 1, text)
        if whole is not None:
            # A name that several headings bear stands for each of them by itself.
            parts = _parts(tasks, groups, whole.group("group"))
            found += [ParallelGroup(*place, part, part, (), True) for part in parts or [()]]
        elif match is not None:
            found.append(_numbered(place, match, tasks, groups, in_order=in_order))
    return found


def _numbered(
    place: tuple[str, int, str],
    match: re.Match[str],
    tasks: Sequence[Task],
    groups: Sequence[Group],
    *,
    in_order: bool,
) -> ParallelGroup:
    """A group that names its tasks by numbers: read both ways."""
    named = match.group("group")
    parts = _parts(tasks, groups, named) if named is not None else [tuple(tasks)]
    among = [task for part in parts for task in part]
    numbers = expand(match.group("numbers"))
    by_position = tuple(t for n in numbers for t in among if str(t.ordinal) == n)
    by_id = tuple(t for n in numbers for t in among if f"TASK {n}" in aliases(t.id))
    same = _same(by_position, by_id) or not (by_position and by_id)
    meant = (by_position or by_id) if same else ()
    return ParallelGroup(*place, meant, by_position, by_id, in_order)


def _same(one: Sequence[Task], other: Sequence[Task]) -> bool:
    return {(t.line, t.id) for t in one} == {(t.line, t.id) for t in other}


def _in_order(path: list[tuple[int, str]]) -> bool | None:
    """Whether tasks are told to come one after the other (True) or may run together (False); None
    where headings speak of neither. The nearest decides: `Sequential required` may stand below
    `Parallelization`."""
    for _, title in reversed(path):
        words = title.lower()
        if "sequential" in words:
            return True
        if "parallel" in words:
            return False
    return None


def _parts(tasks: Sequence[Task], groups: Sequence[Group], name: str) -> list[tuple[Task, ...]]:
    """The tasks of each group of that name."""
    ranges = [(g.line, g.end_line) for g in groups if canonical(name) in aliases(g.id)]
    return [tuple(task for task in tasks if low < task.line <= high) for low, high in ranges]
