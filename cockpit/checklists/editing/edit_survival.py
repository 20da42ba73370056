"""Whether an edit survived: an editor that saves an old buffer over a tick is noticed.

Nothing can keep a program from writing back what it read an hour ago. What can be done is to
look after every change of the file, and to say so. An item that has its old state again, which
neither a recorded edit nor git put there, was unticked on purpose or lost to an old copy. The rule:

1. the file is byte for byte what it was before the edit, or earlier: an old copy (`REVERTED`);
2. something newer than the edit is still in the file: a copy from before it could not hold that,
   so somebody unticked the item in the file (`UNTICKED`);
3. neither: it can't be told, and a tick that may have got lost counts as `REVERTED`.

Something newer is a later recorded edit that stands, or a file that had changed since the edit and
has, since it was last seen, changed in nothing but the item's own line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from cockpit.checklists.editing.anchor import locate
from cockpit.checklists.editing.writer import EditResult
from cockpit.checklists.errors import AnchorAmbiguous, AnchorLost
from cockpit.checklists.parsing.items import Document, Item


class Fate(StrEnum):
    """The fate of an edit."""

    STANDS = "stands"
    REVERTED = "reverted"
    """The item has its old state again, and as far as can be told nobody asked for it."""
    UNTICKED = "unticked"
    """The item has its old state again, and the file is newer than the edit."""
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
    old_copy: bool = False
    """Whether the whole file is known to be an older copy."""


def judge(
    edit: EditResult,
    document: Document,
    *,
    restored_by_git: bool,
    older: Collection[str] = (),
    newer: bool = False,
) -> EditVerdict:
    """The fate of an edit in a newer version of its file. Pure.

    Args:
        edit: a recorded edit, the last one of its item.
        document: the file as it is now.
        restored_by_git: whether git put the present content there (`git.restores.restored`).
        older: SHA-256 (hex) of what the whole file was at times before the edit.
        newer: whether something that came after the edit is still in the file.
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
    what = f"{where}: it was set to {edit.status_after} and is {item.status} again"
    if hashlib.sha256(document.data).hexdigest() in {edit.sha256_before, *older}:
        text = f"TICK REVERTED {what}; the whole file is an older copy, byte for byte"
        return EditVerdict(Fate.REVERTED, text, item, old_copy=True)
    if newer:
        text = f"UNTICKED {what}; newer changes are still there, so it was done in the file"
        return EditVerdict(Fate.UNTICKED, text, item)
    text = f"TICK REVERTED {what}; an older version was saved over it, or it was unticked there"
    return EditVerdict(Fate.REVERTED, text, item)


def same_but_for(before: Document, after: Document, items: Collection[Item]) -> bool:
    """Whether two versions differ in nothing but the lines of these items of `before`."""
    own = {item.line for item in items}
    return len(before.lines) == len(after.lines) and all(
        line in own or before.line_bytes(line) == after.line_bytes(line)
        for line in range(1, len(before.lines) + 1)
    )
