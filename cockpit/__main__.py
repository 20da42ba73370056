"""`python -m cockpit` and the `cockpit` command."""

from __future__ import annotations

# Only what every interpreter has loaded by now: anything else could still come from a project.
import os
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    _own_names_first()
    from cockpit.cli import run_guarded

    _leave(run_guarded(sys.argv[1:]))


def _own_names_first() -> None:
    """Have our own and our dependencies' names win over those of a project.

    `python -m` puts the current folder first, where a project's `rich.py` would be taken for ours:
    it goes. What PYTHONPATH names goes behind the installed packages, since they may need it.
    Only this process's own list is changed: children inherit the environment as it is.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH120, PTH100
    if sys.path and _folder(sys.path[0]) == _folder("") != _folder(home):
        del sys.path[0]
    named = os.environ.get("PYTHONPATH", "")
    folders = {_folder(entry) for entry in named.split(os.pathsep)} if named else set()
    sys.path.sort(key=lambda entry: _folder(entry) in folders)


def _folder(entry: str) -> str:
    """The folder an entry of the path means; an empty one means the current folder."""
    try:
        return os.path.normcase(os.path.abspath(entry))  # noqa: PTH100
    except OSError:  # the current folder is gone
        return entry


def _leave(code: int) -> None:
    """End at once: every verb has closed what it opened, and all threads left are daemons.

    Taking the interpreter down module by module would cost more than closing all of it did.
    """
    os._exit(code)


if __name__ == "__main__":
    main()
