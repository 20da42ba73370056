"""A text of any length as facts of an event: a single fact is cut at `LONGEST_FACT`.

The first piece has the plain name, the others `NAME.2`, `NAME.3`, … They stand in the event itself,
inside its hash, and stay as long as the event does.
"""

from __future__ import annotations

from itertools import count

from cockpit.facts import LONGEST_FACT, Facts


def in_facts(name: str, text: str) -> Facts:
    """`text` (one that the cleaner of texts leaves as it is) as facts called `name`."""
    pieces = range(0, max(1, len(text)), LONGEST_FACT)
    return {
        _piece(name, number): text[start : start + LONGEST_FACT]
        for number, start in enumerate(pieces, 1)
    }


def from_facts(data: Facts, name: str) -> str:
    """The text that `in_facts` put there; empty when there is none."""
    found: list[str] = []
    for number in count(1):
        piece = data.get(_piece(name, number))
        if not isinstance(piece, str):
            break
        found.append(piece)
    return "".join(found)


def _piece(name: str, number: int) -> str:
    return name if number == 1 else f"{name}.{number}"
