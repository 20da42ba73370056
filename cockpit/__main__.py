"""`python -m cockpit` and the `cockpit` command."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line and exit with its code."""
    # `python -m` puts the current folder first; a user's project may have a `widgets` of its own.
    here = Path(__file__).resolve().parent.parent
    if sys.path and sys.path[0] in ("", str(Path.cwd())) and Path.cwd() != here:
        del sys.path[0]
    from cockpit.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
