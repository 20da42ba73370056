"""Items by the name people call them: their ID, their text, or the label it begins with. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

from cockpit.checklists.parsing.items import Document, Item
from cockpit.suggestions import did_you_mean

_EMPHASIS = re.compile(r"[*`~]+|(?<!\w)_+|_+(?!\w)")
_LABEL = re.compile(r"[^\s:–—]*\d[^\s:–—]*")
_END = re.compile(r"[\s:.,;)\]–—-]+$")


def is_called(item: Item, name: str) -> bool:
    """Whether people would call `item` so.

    By its ID; by its text, whatever the emphasis, the capitals and the blanks; or by the label its
    text begins with, where that holds a digit: `S2.1` is the item `**S2.1** Go live`, and neither
    `S2.1.3 …` nor `S2.10 …` is.
    """
    wanted = _plain(name)
    if not wanted:
        return False
    return wanted in (_plain(item.id or ""), _plain(item.text), label_of(item.text))


@functools.lru_cache(maxsize=4096)
def label_of(text: str) -> str:
    """The word with a digit that a text begins with, plain; empty where it begins otherwise."""
    found = _LABEL.match(_plain(text).lstrip("([#"))
    return _END.sub("", found[0]) if found is not None else ""


@functools.lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return _END.sub("", " ".join(_EMPHASIS.sub("", text).split())).casefold()


def nameless(document: Document, names: Iterable[str]) -> dict[str, str]:
    """Those of `names` that no item is called, each with the closest item (`did you mean …`)."""
    missing = [name for name in names if not any(is_called(i, name) for i in document.items)]
    return {name: _closest(document, name) for name in missing}


def _closest(document: Document, name: str) -> str:
    by_name: dict[str, str] = {}
    for item in document.items:
        for spelling in (item.text, item.id or "", label_of(item.text)):
            if spelling:
                by_name.setdefault(spelling.casefold(), item.text)
    hint = did_you_mean(name, by_name)
    found = re.search(r'"(.*)"', hint)
    return f'did you mean "{by_name[found[1]]}"?' if found and found[1] in by_name else ""


def words_of(item: Item, configured: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The words configured for an item under any of its names."""
    return tuple(w for name, words in configured.items() if is_called(item, name) for w in words)
