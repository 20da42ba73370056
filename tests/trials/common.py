"""What the trials share: a table that grows, a verdict that is an exit code, a folder to watch."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from cockpit.evidence.reader import Reader
from cockpit.model import Event, EventKind

VERBATIM = argparse.RawDescriptionHelpFormatter
"""Prints a module's docstring as it is."""


class Table:
    """Rows below a head, printed as they come; numbers to the right."""

    _FIRST, _WIDTH = 17, 10

    def __init__(self, *head: str) -> None:
        self._widths = [self._FIRST, *(max(self._WIDTH, len(name) + 2) for name in head[1:])]
        print("".join(name.ljust(width) for name, width in zip(head, self._widths, strict=True)))

    def row(self, *cells: object) -> None:
        texts = (f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells)
        padded = (text.ljust(width) for text, width in zip(texts, self._widths, strict=True))
        print("".join(padded).rstrip(), flush=True)


def verdict(ok: bool, otherwise: str) -> int:
    """Print the last line; the exit code of it."""
    print("held" if ok else f"FAILED: {otherwise}", flush=True)
    return 0 if ok else 1


def all_events(store: Path) -> list[Event]:
    """Every event of a store, oldest first."""
    with Reader(store) as reader:
        return list(reader.events(0, 1_000_000))


def doubled(events: Iterable[Event]) -> int:
    """Events of edits and transitions that are there more than once, word for word."""
    seen: Counter[object] = Counter()
    for event in events:
        if event.kind in (EventKind.EDIT, EventKind.TRANSITION):
            what = json.dumps(dict(event.data), sort_keys=True, default=str)
            seen[event.kind, event.at, event.probe, event.text, what] += 1
    return sum(times - 1 for times in seen.values())
