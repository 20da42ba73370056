"""The tasks and groups of a plan, read from a document: with markers or without.

Items with an ID are tasks. So are plain list entries that name one (`- Task 07: …`,
`3. **07_fix_async.md** - … (6-8 hours)`) and headings with an ID that carry no status line.
Headings with an ID or a day that have tasks below them are groups.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cockpit.checklists.parsing import meta as metadata
from cockpit.checklists.parsing.blocks import Heading, Paragraph, walk
from cockpit.checklists.parsing.items import (
    Document,
    Effort,
    Form,
    Item,
    Meta,
    Progress,
    Section,
    Status,
)
from cockpit.checklists.parsing.lines import front_matter
from cockpit.checklists.parsing.marker_span import decode
from cockpit.checklists.parsing.refs import find_id
from cockpit.checklists.parsing.text import Repairer, comments, plain

_FILE_ENTRY = re.compile(
    r"\W{0,6}(?P<id>\d{1,4})_\w|[^\[]{0,6}\[[^\[\]]*\]\((?:[^()\s]*/)?(?P<target>\d{1,4})_\w"
)
_ORDINAL = re.compile(r"[ \t>]*(?:[-*+][ \t]+)*(\d{1,9})[.)][ \t]")
_AFTER = re.compile(r"\b(?:after|depends on)[: ]+(?P<what>[^()]+)", re.IGNORECASE)
_DAY = re.compile(r"days?[ ]\d", re.IGNORECASE)
_SHORT = 40


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a plan."""

    document: str
    """Name of the file it is in."""
    id: str
    """Empty for an item without one, which only its place in a sequential document makes a task."""
    text: str
    line: int
    status: Status
    """`unknown` when nothing in the file says."""
    effort: Effort | None
    depends: str | None
    section: tuple[str, ...]
    ordinal: int | None = None
    """Its number in an ordered list, which is not its ID."""
    item: Item | None = None
    below: Progress | None = None
    """Of the boxes under its heading, where it has a status line of its own."""

    @property
    def finished_below(self) -> bool:
        """Whether all the boxes below it are done while it is not."""
        below = self.below
        return self.status is not Status.DONE and below is not None and below.ratio == 1

    @property
    def name(self) -> str:
        """The short name of the task: its ID, or its text cut short."""
        if self.id:
            return self.id
        cut = self.text if len(self.text) <= _SHORT else f"{self.text[: _SHORT - 1]}…"
        return f"“{cut}”"


@dataclass(frozen=True, slots=True)
class Group:
    """A heading whose tasks are referred to together: a phase, a batch, a day."""

    document: str
    id: str
    title: str
    line: int
    end_line: int
    depends: str | None
    """`after 6A/6B` in the heading."""

    @property
    def day(self) -> bool:
        """True for `Day 3`: days come in order."""
        return _DAY.match(self.id) is not None


def read_tasks(name: str, document: Document) -> tuple[list[Task], list[Group]]:
    """Tasks in document order, and groups."""
    titles = {section.title for section in document.sections if section.level == 1}
    below = {section.path: section.progress for section in document.sections}
    tasks = [
        _from_item(name, item, below.get((*item.section, item.text)))
        for item in document.items
        # What a document says of itself as a whole is not a task in it.
        if item.id is not None and not (item.section == () and item.text in titles)
    ]
    lines = {task.line for task in tasks}
    tasks += [task for task in _entries(name, document) if task.line not in lines]
    tasks.sort(key=lambda task: task.line)
    groups = []
    texts = {item.text for item in document.items}
    for section in document.sections:
        id = find_id(section.title)
        if id is None or section.title in texts:
            continue
        if any(section.line < task.line <= section.end_line for task in tasks):
            groups.append(_group(name, section, id))
        elif section.meta.depends is not None or section.meta.effort is not None:
            tasks.append(_from_section(name, section, id))
    tasks.sort(key=lambda task: task.line)
    return tasks, groups


def with_unnamed(name: str, document: Document, tasks: list[Task]) -> list[Task]:
    """The tasks of a sequential document: its items without an ID are stages as well.

    Sub-items and items below a described task are a part of what stands above them.
    """
    known = {task.line for task in tasks}
    described = [task.item for task in tasks if task.item is not None and is_definition(task)]
    ends = {(*item.section, item.text) for item in described}
    more = [
        _from_item(name, item)
        for item in document.counted
        if item.parent is None
        and item.line not in known
        and not any(item.section[: n + 1] in ends for n in range(len(item.section)))
    ]
    return sorted([*tasks, *more], key=lambda task: task.line)


def _group(name: str, section: Section, id: str) -> Group:
    after = _AFTER.search(section.title)
    depends = after.group("what").strip() if after is not None else section.meta.depends
    return Group(name, id, section.title, section.line, section.end_line, depends)


def _from_item(name: str, item: Item, below: Progress | None = None) -> Task:
    return Task(
        document=name,
        id=item.id or "",
        text=item.text,
        line=item.line,
        status=item.status,
        effort=item.meta.effort,
        depends=item.meta.depends,
        section=item.section,
        item=item,
        below=below if item.form is Form.STATUS_LINE else None,
    )


def _from_section(name: str, section: Section, id: str) -> Task:
    return Task(
        document=name,
        id=id,
        text=section.title,
        line=section.line,
        status=Status.UNKNOWN,
        effort=section.meta.effort or metadata.effort_in_brackets(section.title),
        depends=section.meta.depends,
        section=section.path[:-1],
    )


def _entries(name: str, document: Document) -> list[Task]:
    """List entries that name a task without carrying a marker."""
    lines = document.lines
    repair = Repairer(document.data)
    found = []
    path: list[tuple[int, str]] = []
    for block in walk(document.data, lines, front_matter(document.data, lines)):
        if isinstance(block, Heading):
            path = [part for part in path if part[0] < block.level]
            path.append((block.level, plain(repair(block.content))))
        if not (isinstance(block, Paragraph) and block.leads_item):
            continue
        content = repair(block.content.split("\n", 1)[0])
        text = plain(content)
        file = _FILE_ENTRY.match(content)
        id = file.group("id") or file.group("target") if file is not None else find_id(text)
        if id is None or (file is None and not id.lower().startswith("task")):
            continue
        raw = decode(document.data[lines.starts[block.line] : lines.ends[block.line]])
        ordinal = _ORDINAL.match(raw)
        meta: Meta = metadata.from_text(text, comments(content))
        found.append(
            Task(
                document=name,
                id=f"Task {id}" if file is not None else id,
                text=text,
                line=block.line + 1,
                status=Status.UNKNOWN,
                effort=meta.effort,
                depends=meta.depends,
                section=tuple(title for _, title in path),
                ordinal=int(ordinal.group(1)) if ordinal is not None else None,
            )
        )
    return found


def is_definition(task: Task) -> bool:
    """True for the place where a task is described, false where a list merely ticks it off."""
    return task.item is None or task.item.form in (Form.STATUS_LINE, Form.HEADING)
