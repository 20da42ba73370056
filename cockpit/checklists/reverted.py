"""Whether an edit still stands: an editor that saves an old buffer over a tick is noticed.

Nothing can keep a program from writing back what it read an hour ago. What can be done is to
look after every change of the file, and to say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .anchor import locate
from .errors import AnchorAmbiguous, AnchorLost
from .items import Document, Item
from .writer import EditResult


class Fate(StrEnum):
    """What became of an edit."""

    STANDS = "stands"
    REVERTED = "reverted"
    """The item has its old state again, and nobody asked for it."""
    RESTORED = "restored"
    """The same, through git: a branch switch, checkout, stash. Nothing to complain about."""
    MOVED_ON = "moved-on"
    """Somebody gave it a third state."""
    UNCERTAIN = "uncertain"
    """The item cannot be found for certain any more."""


@dataclass(frozen=True, slots=True)
class EditVerdict:
    """The fate of one edit, with a line for people and the item as it is now."""

    fate: Fate
    text: str
    item: Item | None


def judge(edit: EditResult, document: Document, *, restored_by_git: bool) -> EditVerdict:
    """What became of an edit in a newer version of its file. Pure.

    Args:
        edit: a recorded edit, the last one of its item.
        document: the file as it is now.
        restored_by_git: whether git put the present content there (`git.restored`).
    """
    name = edit.path.name
    try:
        item = locate(document, edit.anchor)
    except (AnchorLost, AnchorAmbiguous) as error:
        return EditVerdict(Fate.UNCERTAIN, f"{name}: {error.message}", None)
    where = f"{name}:{item.line} “{item.text}”"
    if not edit.changed or item.status is edit.status_after:
        return EditVerdict(Fate.STANDS, f"{where} is {item.status}", item)
    if item.status is not edit.status_before:
        text = f"{where} was set to {edit.status_after} and is {item.status} now"
        return EditVerdict(Fate.MOVED_ON, text, item)
    if restored_by_git:
        text = f"{where} is {item.status} again: git restored an earlier version"
        return EditVerdict(Fate.RESTORED, text, item)
    text = (
        f"TICK REVERTED {where}: it was set to {edit.status_after} and is {item.status} again;"
        " another program saved an older version of the file"
    )
    return EditVerdict(Fate.REVERTED, text, item)
