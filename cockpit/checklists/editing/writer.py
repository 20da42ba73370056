"""Set and undo items of a checklist on disk, by anchor."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.editing import safe_write
from cockpit.checklists.editing.anchor import Anchor, anchor_of, locate
from cockpit.checklists.editing.edit import Edit, edit, patched
from cockpit.checklists.editing.platform_api import Busy, FilePlatform, Pause
from cockpit.checklists.editing.splice import Splice
from cockpit.checklists.errors import AnchorLost, ChecklistError, EditConflict
from cockpit.checklists.parsing.cache import CACHE
from cockpit.checklists.parsing.items import Document, Item, Status
from cockpit.checklists.stored import Stored
from cockpit.permissions import ALL_ALLOWED, Permissions

OwnWord = Callable[[Item, Status], str]
"""How an item was last seen to write a state, byte for byte; empty where that is not known."""


def no_word(_item: Item, _status: Status) -> str:
    """Nothing is remembered of any item."""
    return ""


@dataclass(frozen=True, slots=True)
class EditResult(Stored):
    """The result of an edit: enough to record it, to show it and to undo it."""

    STORED_AS = "edit"

    path: Path
    changed: bool
    """False when the item already had the wanted state."""
    status_before: Status
    status_after: Status
    marker_before: str
    marker_after: str
    line: int
    offset: int
    """Byte offset of the marker in the file."""
    line_before: str
    line_after: str
    method: str
    """See `safe_write.Written.method`."""
    sha256_before: str
    sha256_after: str
    anchor: Anchor
    """The item as it is after the edit: what an undo looks for."""


def set_item(
    path: Path,
    anchor: Anchor,
    to: Status,
    *,
    marker: str | None = None,
    own_word: OwnWord = no_word,
    platform: FilePlatform | None = None,
    pause: Pause = time.sleep,
    permissions: Permissions = ALL_ALLOWED,
) -> EditResult:
    """Set the item that was seen to the state `to`, if it still has the state that was seen.

    The file is read afresh, the item found again, and exactly its marker written.

    Args:
        path: the markdown file.
        anchor: `anchor_of(document, item)` of the document on screen.
        to: wanted state.
        marker: write exactly this marker instead of the document's usual one.
        own_word: where there is no `marker`, what the item itself has been seen to write goes
            before what is usual in the document.
        platform: file acts of the system; for tests.
        pause: waits seconds between attempts; for tests.
        permissions: what this cockpit may change.

    Raises:
        EditForbidden: nothing at all.
        EditConflict: somebody else set another state in the meantime.
        AnchorLost, AnchorAmbiguous: the item cannot be found for certain.
        FileBusy, FileUnwritable, EditKeptAside, EditUnsupported: see there.
    """
    seen: list[tuple[Document, Item, Edit | None]] = []

    def decide(data: bytes) -> Splice | None:
        document = CACHE.parse(data)
        try:
            item = locate(document, anchor)
        except AnchorLost as error:
            if not data.strip():
                # Emptied by a program that is about to write it anew.
                raise Busy("it is empty just now") from error
            raise
        seen[:] = [(document, item, None)]
        if item.status is to and marker in (None, item.marker):
            return None
        if item.status is not anchor.status:
            raise EditConflict(
                f"“{item.text}” was {anchor.status} when you saw it, and is {item.status} now;"
                f" it was not set to {to}",
                seen=anchor.status,
                found=item.status,
                line=item.line,
            )
        change = _change(document, item, to, marker, own_word)
        seen[:] = [(document, item, change)]
        return change.splice

    written = safe_write.update(
        path, decide, platform=platform, pause=pause, permissions=permissions
    )
    document, item, change = seen[0]
    if change is None:
        return _result(path, document, item, document, item, "unchanged")
    after = patched(document, item, change)
    CACHE.remember(after)
    now = after.items[document.index(item)]
    return _result(path, document, item, after, now, written.method)


def _change(
    document: Document, item: Item, to: Status, marker: str | None, own_word: OwnWord
) -> Edit:
    word = own_word(item, to) if marker is None else ""
    if word:
        own = edit(document.data, item, to, marker=word)
        read = patched(document, item, own).items
        at = document.index(item)
        # What follows on the line may have changed since, and make other words of it.
        if len(read) == len(document.items) and (read[at].status, read[at].marker) == (to, word):
            return own
    return edit(document.data, item, to, marker=marker)


def undo(
    result: EditResult,
    *,
    path: Path | None = None,
    platform: FilePlatform | None = None,
    pause: Pause = time.sleep,
    permissions: Permissions = ALL_ALLOWED,
) -> EditResult:
    """Undo an edit, byte for byte, under the rules of `set_item`.

    Raises:
        ChecklistError: as `set_item`, and when the edit had changed nothing.
    """
    if not result.changed:
        raise ChecklistError("there is nothing to undo: that edit changed nothing")
    return set_item(
        path or result.path,
        result.anchor,
        result.status_before,
        marker=result.marker_before,
        platform=platform,
        pause=pause,
        permissions=permissions,
    )


def _result(
    path: Path, old: Document, item: Item, new: Document, now: Item, method: str
) -> EditResult:
    before = hashlib.sha256(old.data).hexdigest()
    return EditResult(
        path=path,
        changed=new is not old,
        status_before=item.status,
        status_after=now.status,
        marker_before=item.marker,
        marker_after=now.marker,
        line=now.line,
        offset=now.span[0],
        line_before=old.line_text(item.line),
        line_after=new.line_text(now.line),
        method=method,
        sha256_before=before,
        sha256_after=before if new is old else hashlib.sha256(new.data).hexdigest(),
        anchor=anchor_of(new, now),
    )
