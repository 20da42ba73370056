"""Process facts as findings carry them: safe words, masked secrets."""

from __future__ import annotations

import shlex

from cockpit.system.argv import program, shown, title_words
from cockpit.system.interpreters import basename
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


def brief_argv(process: ProcessFacts) -> tuple[str, ...]:
    """The words that tell processes apart in a narrow row: `drawable_argv` from the program on,
    without its interpreter and without folders (`uvicorn app.main:app --port 8001`)."""
    words = drawable_argv(process)
    if not process.argv or len(title_words(process.argv)) != len(words):
        return words
    script = program(process.argv).script or 0
    return (basename(words[script]) or words[script], *words[script + 1 :])
