"""`python -m cockpit` and the `cockpit` command."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn


def main() -> None:
    """Run the command line and exit with its code."""
    # `python -m` puts the current folder first, where a user's `rich.py` would be taken for ours.
    here = Path(__file__).resolve().parent.parent
    if sys.path and sys.path[0] in ("", str(Path.cwd())) and Path.cwd() != here:
        del sys.path[0]
    from cockpit.cli import run

    _leave(run(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """End at once: every verb has closed what it opened, and all threads left are daemons.

    Taking the interpreter down module by module would cost more than closing all of it did.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
