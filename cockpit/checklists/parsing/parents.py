"""Parent items: the state that their sub-items add up to, beside the written one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cockpit.checklists.parsing.items import Document, Item, Status

_ABOUT_WORK = frozenset({Status.TODO, Status.DOING, Status.DONE})
"""States that follow from sub-items. `blocked`, `deferred`, `dropped` and unknown words say
something that no sub-item says, and stay until somebody changes them."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent item and the state its sub-items add up to."""

    item: Item
    computed: Status
    """All of them done (or dropped): done; none begun: todo; else doing."""
    below: int
    """Sub-items without sub-items of their own: the ones that count."""

    def wanted(self, states: Collection[str]) -> Status:
        """The state to write in a file that uses these states; a file without `doing` shows
        what is begun as `todo`. What somebody marked as begun stays so until all is done: work
        may be under way before the first sub-item is."""
        if self.item.status not in _ABOUT_WORK:
            return self.item.status
        if self.item.status is Status.DOING and self.computed is Status.TODO:
            return Status.DOING
        if self.computed is Status.DOING and Status.DOING not in states:
            return Status.TODO
        return self.computed

    def differs(self, states: Collection[str]) -> bool:
        """Whether the written state is another than the wanted one."""
        return self.wanted(states) is not self.item.status


def parents(document: Document) -> tuple[Parent, ...]:
    """Every item with sub-items, in document order. Pure."""
    leaves: dict[int, list[Status]] = {}
    with_children = {item.parent for item in document.items if item.parent is not None}
    for index, item in enumerate(document.items):
        if index in with_children:
            continue
        above = item.parent
        while above is not None:
            leaves.setdefault(above, []).append(item.status)
            above = document.items[above].parent
    return tuple(
        Parent(document.items[index], computed(below), len(below))
        for index, below in sorted(leaves.items())
    )


def computed(below: Sequence[Status]) -> Status:
    """The state of a parent by the states of its sub-items. Pure."""
    counted = [status for status in below if status is not Status.DROPPED]
    if all(status is Status.DONE for status in counted):
        return Status.DONE
    if all(status is Status.TODO for status in counted):
        return Status.TODO
    return Status.DOING


def states_used(document: Document) -> frozenset[str]:
    """The states that a file shows by using them, beside `todo` and `done`."""
    used = {str(item.status) for item in document.items} & set(_ABOUT_WORK)
    return frozenset({str(Status.TODO), str(Status.DONE), *used})
