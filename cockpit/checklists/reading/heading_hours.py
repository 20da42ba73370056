"""The hours in a task's heading: `#### P1A.1 First (2h)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cockpit.checklists.reading.items import Item
from cockpit.checklists.reading.meta import effort_in_brackets


def give_heading_hours(
    items: list[Item], sections: Iterable[tuple[int | None, str, int, int]]
) -> None:
    """Give each task of a heading the hours its heading names, where its lines name none.

    The hours of a phase whose own tasks carry hours are the sum of theirs: they are left out, so
    that no work is counted twice.

    Args:
        items: changed in place; their labelled lines have been read.
        sections: of each heading the index of its task, if it has one, its title, and the indexes
            of the first item in it and behind the last; inner ones before those around them.
    """
    for index, title, first, end in sections:
        if index is None or items[index].meta.effort is not None:
            continue
        effort = effort_in_brackets(title)
        if effort is None or any(item.meta.effort is not None for item in items[first:end]):
            continue
        items[index] = replace(items[index], meta=replace(items[index].meta, effort=effort))
