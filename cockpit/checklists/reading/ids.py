"""The name of a task inside its text: `P2A.1: …`, `Task 07: …`, `1.1.2 …`."""

from __future__ import annotations

import re

_ID = re.compile(
    r"""
    (?P<phase>P\d+[A-Z]?(?:\.\d+)*)(?![\w.]|-\d)        # P2A.1, P2B
    | (?P<word>(?i:task|batch|phase|stage|step|day|week|sprint|milestone|gate|item)
        [ ]\#?\d+[A-Z]?(?:\.\d+[A-Z]?)*)(?![\w.])        # Task 07, BATCH 3B, Phase 2C
    | (?P<dotted>\d+(?:\.\d+)+)(?=[:)\s–—-]|$)           # 1.1.2
    | (?P<code>[A-Z][A-Z]{0,7}-?\d+[A-Z]?(?:\.\d+)*)(?=:|\)|[ ][-–—][ ]|\.[ ])  # QG8:, ABC-12 -
    """,
    re.VERBOSE,
)
_LEAD = re.compile(r"[\[(#]?")


def find_id(text: str) -> str | None:
    """The ID at the head of a display text (`[P2A.1]` and `(P2A.1)` too), or None."""
    start = _LEAD.match(text)
    match = _ID.match(text, start.end() if start is not None else 0)
    return match.group() if match is not None else None
