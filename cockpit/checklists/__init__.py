"""Checklists in markdown: read every form teams use, and change one marker and nothing else.

Reading is pure: `parse(data)` makes a `Document` of `Item`s from bytes. Writing has one door,
`set_item(path, anchor, to)`: it reads the file afresh, finds the item again or refuses, acts only
if the item still has the state that was seen, and changes exactly the marker's bytes while other
programs are kept out.

    document = parse(path.read_bytes())
    item = document.items[3]
    item.status, item.text, item.id, item.section, item.line, item.meta, item.key
    document.progress.done, document.progress.total      # over document.counted
    anchor = anchor_of(document, item)                   # to_json(), Anchor.from_json()
    result = set_item(path, anchor, cycle(item.status))  # EditResult
    undo(result)

Four rooms, one subject a module, imported by whoever needs it: `parsing` (items, claims, what a
parent computes to), `plans` (dependencies, what can start, critical path, stages, requirements,
cycle times), `editing` (edits, notes, generated blocks, mirrors, whether a tick still stands) and
`git` (committing just our own hunks, what git brought back).

Every error is a `ChecklistError` whose text names file and line and says what to do.
"""

from .editing.anchor import Anchor, anchor_of, anchors_of, locate
from .editing.edit import TWO_STATES, Edit, cycle, edit, patched
from .editing.writer import EditResult, set_item, undo
from .errors import (
    AnchorAmbiguous,
    AnchorLost,
    ChecklistError,
    CommitRefused,
    EditConflict,
    EditForbidden,
    EditKeptAside,
    EditUnsupported,
    FileBusy,
    FileUnwritable,
)
from .parsing.cache import CACHE, DocumentCache
from .parsing.items import (
    Document,
    Effort,
    Encoding,
    Form,
    Item,
    Meta,
    Progress,
    Section,
    Status,
)
from .parsing.parse import parse

__all__ = [
    "CACHE",
    "TWO_STATES",
    "Anchor",
    "AnchorAmbiguous",
    "AnchorLost",
    "ChecklistError",
    "CommitRefused",
    "Document",
    "DocumentCache",
    "Edit",
    "EditConflict",
    "EditForbidden",
    "EditKeptAside",
    "EditResult",
    "EditUnsupported",
    "Effort",
    "Encoding",
    "FileBusy",
    "FileUnwritable",
    "Form",
    "Item",
    "Meta",
    "Progress",
    "Section",
    "Status",
    "anchor_of",
    "anchors_of",
    "cycle",
    "edit",
    "locate",
    "parse",
    "patched",
    "set_item",
    "undo",
]
