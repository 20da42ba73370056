"""Exit codes and the errors that carry them.

0 to 3 are verdicts; the rest follow sysexits.h (BSD).
"""

from __future__ import annotations

import click

from cockpit.model import Verdict

USAGE = 64
CANNOT_OPEN = 66
UNAVAILABLE = 69
INTERNAL = 70
CANNOT_CREATE = 73
CANNOT_WRITE = 74
NO_PERMISSION = 77
CONFIG = 78

BY_VERDICT = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.FAIL: 2, Verdict.UNKNOWN: 3}


class CommandError(click.ClickException):
    """An error for people: one message on stderr, one exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
