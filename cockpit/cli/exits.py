"""Exit codes and the errors that carry them.

0 to 3 are verdicts; the rest follow sysexits.h (BSD).
"""

from __future__ import annotations

import click

from cockpit.model import Verdict
from cockpit.text import sanitize

USAGE = 64
CANNOT_OPEN = 66
UNAVAILABLE = 69
INTERNAL = 70
CANNOT_CREATE = 73
CANNOT_WRITE = 74
NO_PERMISSION = 77
CONFIG = 78

_LONGEST = 100_000
"""Characters of a message: a config may have many mistakes."""

BY_VERDICT = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.FAIL: 2, Verdict.UNKNOWN: 3}


class CommandError(click.ClickException):
    """An error for people: one message on stderr, one exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(sanitize(message, limit=_LONGEST, multiline=True))
        self.code = code
