"""Mirrors: documents that carry the same items and are kept in step, matched by ID or by text.

What cannot be matched for certain is listed, never invented. Several files cannot be written at
once: an `Intent` is recorded first, and stays pending until `carry_out` has done it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.editing.anchor import anchor_of
from cockpit.checklists.editing.platform_api import FilePlatform, Pause
from cockpit.checklists.editing.writer import EditResult, OwnWord, no_word, set_item
from cockpit.checklists.errors import AnchorAmbiguous, AnchorLost, FileUnwritable
from cockpit.checklists.parsing.cache import CACHE
from cockpit.checklists.parsing.file_io import read_regular
from cockpit.checklists.parsing.items import Document, Item, Status
from cockpit.checklists.stored import Stored
from cockpit.permissions import ALL_ALLOWED, Permissions

_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """An item and its mirror image."""

    item: Item
    mirror: Item
    by: str
    """`id` or `text`."""


@dataclass(frozen=True, slots=True)
class Match:
    """The pairs of two documents, and the items without a partner."""

    pairs: tuple[Pair, ...]
    unmatched: tuple[Item, ...]
    """Items without a mirror image."""
    extra: tuple[Item, ...]
    """Items of the mirror without an original."""


@dataclass(frozen=True, slots=True)
class Intent(Stored):
    """The state that an item of a mirror is to get."""

    STORED_AS = "intent"

    mirror: Path
    id: str | None
    text: str
    to: Status


def match(document: Document, mirror: Document) -> Match:
    """Pair the counted items of a document with items of a mirror.

    An ID or a text pairs only what it names once in each of the two.
    """
    pairs: dict[int, Pair] = {}
    used: set[int] = set()
    sources = document.counted
    for by in ("id", "text"):
        left = {n: item for n, item in enumerate(sources) if n not in pairs}
        right = {n: item for n, item in enumerate(mirror.items) if n not in used}
        theirs = _unique(right, by)
        for name, number in _unique(left, by).items():
            if name in theirs:
                pairs[number] = Pair(left[number], right[theirs[name]], by)
                used.add(theirs[name])
    return Match(
        tuple(pairs[number] for number in sorted(pairs)),
        tuple(item for number, item in enumerate(sources) if number not in pairs),
        tuple(
            item
            for number, item in enumerate(mirror.items)
            if number not in used and item in mirror.counted
        ),
    )


def without_image(document: Document, item: Item, mirror: Document) -> str:
    """The reason why a mirror can't follow an item of `document`; empty where it has its image."""
    if any(pair.item == item for pair in match(document, mirror).pairs):
        return ""
    same = [
        other
        for other in mirror.items
        if (item.id and other.id == item.id) or normal(other.text) == normal(item.text)
    ]
    if not same:
        return "no item there matches it"
    if len(same) > 1:
        lines = ", ".join(str(other.line) for other in same)
        return f"several items there match it (lines {lines}); none was changed"
    return "other items could be the one there; nothing was changed"


def _unique(items: Mapping[int, Item], by: str) -> dict[str, int]:
    names: dict[str, list[int]] = {}
    for number, item in items.items():
        name = item.id if by == "id" else normal(item.text)
        if name:
            names.setdefault(name, []).append(number)
    return {name: numbers[0] for name, numbers in names.items() if len(numbers) == 1}


def normal(text: str) -> str:
    """A text without case and punctuation, for comparing wordings."""
    return _NOT_WORDS.sub(" ", text.casefold()).strip()


def is_carried_out(intent: Intent, document: Document) -> bool:
    """Whether the mirrored item of `document` has the wanted state already."""
    try:
        return _find(document, intent).status is intent.to
    except (AnchorLost, AnchorAmbiguous):
        return False


def carry_out(
    intent: Intent,
    *,
    own_word: OwnWord = no_word,
    platform: FilePlatform | None = None,
    pause: Pause = time.sleep,
    permissions: Permissions = ALL_ALLOWED,
) -> EditResult:
    """Set the mirrored item; when it has the state already, nothing changes.

    Raises:
        AnchorLost: the mirror has no such item.
        AnchorAmbiguous: it has several.
        ChecklistError: it cannot be written now; the intent stays pending.
    """
    try:
        document = CACHE.parse(read_regular(intent.mirror))
    except OSError as error:
        raise FileUnwritable(
            f"the mirror cannot be read: {error.strerror or error}", path=intent.mirror
        ) from error
    item = _find(document, intent)
    return set_item(
        intent.mirror,
        anchor_of(document, item),
        intent.to,
        own_word=own_word,
        platform=platform,
        pause=pause,
        permissions=permissions,
    )


def _find(document: Document, intent: Intent) -> Item:
    for by, name in (("id", intent.id), ("text", normal(intent.text))):
        found = [
            item
            for item in document.items
            if name and (item.id if by == "id" else normal(item.text)) == name
        ]
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            lines = ", ".join(str(item.line) for item in found)
            raise AnchorAmbiguous(
                f"several items match “{intent.text}” (lines {lines}); none was changed",
                path=intent.mirror,
            )
    raise AnchorLost(f"no item matches “{intent.text}”", path=intent.mirror)
