"""What a form of report is: from the bytes of a file to what it says, and to a judgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from cockpit.kinds.base import Judgement
from cockpit.kinds.gate.table import GateTable

Document: TypeAlias = Any
"""What a form makes of the bytes of a report; only the form itself looks into it."""


class Unreadable(ValueError):
    """The bytes are no report of this form, or only a part of one; the text says why."""


def _no_modes(document: Document, key: str) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Form:
    """One form of report. All of it is pure, but that a pattern of the config may take its time.

    `read` takes the body and the file's name and raises Unreadable. `judge` never raises. `modes`
    gives the modes that a report names under a key. `add` makes one document of two of one run;
    None: they can't be added up. `compares` tells whether a report that says the same as an
    earlier one, but for dates, is a copy: a clean scan looks like the one before.
    """

    read: Callable[[bytes, str], Document]
    judge: Callable[[Document, GateTable], Judgement]
    modes: Callable[[Document, str], list[str]] = _no_modes
    add: Callable[[Document, Document], Document] | None = None
    compares: bool = False
