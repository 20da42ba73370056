"""Process facts as findings carry them: safe words, masked secrets."""

from __future__ import annotations

import shlex

from cockpit.system.argv import shown
from cockpit.system.processes import ProcessFacts

_LONGEST = 4000


def drawable_argv(process: ProcessFacts) -> tuple[str, ...]:
    """The argv with secrets masked, one word each; the name in brackets without an argv."""
    if not process.argv:
        return (f"[{process.name}]",)
    line = shown(process.argv, limit=_LONGEST)
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return (line,)
