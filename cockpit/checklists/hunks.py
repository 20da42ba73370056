"""The cockpit's own changes of a file, each with enough to know it again in another version.

A change is told from everybody else's by what it says, not by where it stood: a marker by its
item, a note by its item and its lines, a generated block by its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from .anchor import Anchor, anchor_of, locate
from .edit import edit as edit_marker
from .errors import AnchorAmbiguous, AnchorLost, ChecklistError
from .generated import block_body, block_splice
from .items import Document, Form, Item
from .parse import parse
from .safe_write import Splice
from .writer import EditResult


@dataclass(frozen=True, slots=True)
class NoteHunk:
    """Lines put below an item, or taken away from there."""

    path: Path
    anchor: Anchor
    lines: tuple[str, ...]
    """As in the file, without line ends."""
    removed: bool = False
    method: str = ""
    """See `safe_write.Written.method`."""

    @property
    def text(self) -> str:
        """The note in one line, for people."""
        return "; ".join(line.strip().removeprefix("- ") for line in self.lines)

    def to_json(self) -> dict[str, object]:
        """A dict of str, bool, list and dict."""
        return {
            "what": "note",
            "path": str(self.path),
            "anchor": self.anchor.to_json(),
            "lines": list(self.lines),
            "removed": self.removed,
        }


@dataclass(frozen=True, slots=True)
class BlockHunk:
    """A generated block that was written."""

    path: Path
    name: str
    sha256: str
    """Of its text, line ends as `\\n`."""
    method: str = ""

    @property
    def text(self) -> str:
        """What it is, for people."""
        return f"block {self.name}"

    def to_json(self) -> dict[str, object]:
        """A dict of str."""
        return {
            "what": "block",
            "path": str(self.path),
            "name": self.name,
            "sha256": self.sha256,
        }


Hunk: TypeAlias = EditResult | NoteHunk | BlockHunk


@dataclass(frozen=True, slots=True)
class Skipped:
    """A change that is not committed, and why."""

    hunk: Hunk
    reason: str


@dataclass(frozen=True, slots=True)
class Put:
    """A change that can be put into other versions of its file."""

    hunk: Hunk
    name: str
    into: Callable[[bytes], bytes | None]
    """The version with the change in it; None when there is no place for it."""


def hunk_from_json(value: Mapping[str, object]) -> NoteHunk | BlockHunk:
    """What `to_json` wrote.

    Raises:
        ChecklistError: when a key is missing or of another type.
    """
    try:
        path = Path(str(value["path"]))
        if value["what"] == "block":
            return BlockHunk(path, str(value["name"]), str(value["sha256"]))
        lines = cast("Sequence[object]", value["lines"])
        anchor = Anchor.from_json(cast("Mapping[str, object]", value["anchor"]))
        texts = tuple(str(line) for line in lines)
        return NoteHunk(path, anchor, texts, removed=value["removed"] is True)
    except (KeyError, TypeError, ValueError) as error:
        raise ChecklistError(f"not a stored change: {error!r}") from error


def block_hunk(path: Path, data: bytes, name: str, method: str = "") -> BlockHunk:
    """The change that put block `name` into `data` as it is now."""
    return BlockHunk(path, name, _digest(block_body(data, name)), method)


def standing(hunks: Sequence[Hunk], now: bytes) -> tuple[tuple[Put, ...], tuple[Skipped, ...]]:
    """Which changes, given in order, still stand in the file as it is `now`. Pure."""
    current = parse(now)
    skipped: list[Skipped] = []
    last: dict[object, Hunk] = {}
    for hunk in hunks:
        if isinstance(hunk, BlockHunk):
            last["block", hunk.name] = hunk
            continue
        try:
            key = locate(current, hunk.anchor).key
        except (AnchorLost, AnchorAmbiguous):
            reason = f"“{hunk.anchor.text}” is not in the file any more"
            skipped.append(Skipped(hunk, reason))
            continue
        last[key if isinstance(hunk, EditResult) else (key, hunk.lines)] = hunk
    puts: list[Put] = []
    for hunk in last.values():
        found = _put(hunk, current)
        if isinstance(found, str):
            skipped.append(Skipped(hunk, found))
        else:
            puts.append(found)
    return tuple(puts), tuple(skipped)


def _put(hunk: Hunk, current: Document) -> Put | str:
    """The change as it can be put elsewhere, or why it does not stand any more."""
    if isinstance(hunk, BlockHunk):
        try:
            body = block_body(current.data, hunk.name)
        except ChecklistError as error:
            return error.message
        if _digest(body) != hunk.sha256:
            return f"block {hunk.name} was changed again by somebody else"
        return Put(hunk, hunk.text, lambda data: _with_block(data, hunk.name, body))
    item = locate(current, hunk.anchor)
    if isinstance(hunk, NoteHunk):
        stands = bool(note_places(current, item, hunk.lines))
        if stands is hunk.removed:
            return f"“{hunk.text}” below “{item.text}” was changed again by somebody else"
        return Put(hunk, f"“{hunk.text}”", lambda data: put_note(data, hunk))
    if item.status is not hunk.status_after:
        return f"“{item.text}” was changed again by somebody else"
    return Put(hunk, f"“{item.text}”", lambda data: put_marker(data, hunk))


def put_marker(data: bytes, edit: EditResult) -> bytes | None:
    """Another version of a file with an edit put in; None when its item is not there."""
    document = parse(data)
    item = _find(document, edit.anchor)
    if item is None:
        return None
    if item.status is edit.status_after:
        return data
    try:
        return edit_marker(data, item, edit.status_after, marker=edit.marker_after).apply(data)
    except ChecklistError:
        return None


def put_note(data: bytes, hunk: NoteHunk) -> bytes | None:
    """Another version of a file with a note put in or taken out; None when that can't be done
    without changing what else stands there."""
    document = parse(data)
    item = _find(document, hunk.anchor)
    if item is None:
        return None
    places = note_places(document, item, hunk.lines)
    if bool(places) is not hunk.removed:
        return data
    if hunk.removed and len(places) > 1:
        return None
    splice = (
        removal(document, places[0], len(hunk.lines))
        if hunk.removed
        else insertion(
            document, item.line if item.form is Form.STATUS_LINE else item.end_line, hunk.lines
        )
    )
    changed = splice.apply(data)
    return changed if _same_items(document, parse(changed)) else None


def _with_block(data: bytes, name: str, body: str) -> bytes | None:
    try:
        splice = block_splice(data, name, body)
    except ChecklistError:
        return None
    return data if splice is None else splice.apply(data)


def _find(document: Document, anchor: Anchor) -> Item | None:
    """The item of an anchor in another version of its file."""
    try:
        return locate(document, anchor)
    except (AnchorLost, AnchorAmbiguous):
        same = [i for i in document.items if anchor_of(document, i).text == anchor.text]
        same = [i for i in same if i.section == anchor.section and i.form is anchor.form]
        return same[0] if len(same) == 1 else None


def insertion(document: Document, line: int, texts: Sequence[str]) -> Splice:
    """The change that puts lines after 1-based `line`, with its line end."""
    lines = document.lines
    end = lines.ends[line - 1]
    following = lines.starts[line] if line < len(lines) else len(document.data)
    newline = document.data[end:following] or (
        document.data[lines.ends[0] : lines.starts[1]] if len(lines) > 1 else b"\n"
    )
    return Splice(end, b"", b"".join(newline + text.encode() for text in texts))


def removal(document: Document, line: int, count: int) -> Splice:
    """The change that takes `count` lines from 1-based `line` on away: what `insertion` put."""
    lines = document.lines
    start, end = lines.ends[line - 2], lines.ends[line + count - 2]
    return Splice(start, document.data[start:end], b"")


def note_places(document: Document, item: Item, texts: Sequence[str]) -> tuple[int, ...]:
    """1-based lines below an item where these lines stand one after the other."""
    last = item.end_line
    if item.form is Form.STATUS_LINE:
        while last < len(document.lines) and document.line_bytes(last + 1).strip():
            last += 1
    wanted = [text.encode() for text in texts]
    found = []
    for first in range(item.line + 1, last - len(wanted) + 2):
        if [document.line_bytes(first + i) for i in range(len(wanted))] == wanted:
            found.append(first)
    return tuple(found)


def _same_items(before: Document, after: Document) -> bool:
    return [(i.status, i.text, i.form) for i in before.items] == [
        (i.status, i.text, i.form) for i in after.items
    ]


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()
