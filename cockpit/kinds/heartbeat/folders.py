"""Which folder an engine belongs to: two checkouts of one program may each run their own engine.

An engine is another folder's only when everything says so: its working folder can be read, it runs
a script of that folder, this side has a script of its own by the same name, and neither its files
nor its command line lead here. In any other case it is a second engine of this one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cockpit.system.processes.argv import is_interpreter, program, script_path
from cockpit.system.processes.process_table import ProcessFacts


class Home:
    """The side of one heartbeat: `folder` of the config, and the `files` the engine writes."""

    def __init__(self, folder: Path, files: Iterable[Path]) -> None:
        self._folder = folder
        self._files = tuple(files)

    def elsewhere(self, processes: Sequence[ProcessFacts]) -> str | None:
        """The folder that an engine of these processes, its root first, belongs to, when that is
        not this one; None when it is, or when nobody can tell. One below the config's is told from
        there. Blocking."""
        folders = {self._elsewhere(process) for process in processes}
        folder = folders.pop() if len(folders) == 1 else None
        if folder is None:
            return None
        near = Path(folder).is_relative_to(self._folder)
        return f"{Path(folder).relative_to(self._folder).as_posix()}/" if near else folder

    def _elsewhere(self, process: ProcessFacts) -> str | None:
        if process.cwd is None:
            return None
        cwd = Path(process.cwd)
        try:
            script = _script(process.argv, cwd)
            if script is None:
                return None
            theirs = script.resolve(strict=True)
            folder = cwd.resolve(strict=True)
            name = theirs.relative_to(folder)
        except (OSError, ValueError, RuntimeError):
            return None  # it can't be looked at, or runs the script of another folder
        own = self._own_copy(name)
        if own is None or _is_same(own / name, theirs) or not _apart(own, folder):
            return None
        if any(str(own) in word for word in process.argv[1:]):
            return None  # the first word may be the interpreter of a shared environment
        for file in self._files:
            try:
                twin = folder / file.resolve().relative_to(own)
            except (OSError, ValueError, RuntimeError):
                return None  # the file lies outside of both: both may write it
            if _is_same(twin, file):
                return None
        return process.cwd

    def _own_copy(self, name: Path) -> Path | None:
        """The folder on this side that has a script of that name of its own."""
        above = [folder for file in self._files for folder in file.parents]
        for folder in (*above, self._folder):
            try:
                if (folder / name).is_file():
                    return folder.resolve()
            except (OSError, RuntimeError):
                continue
        return None


def _script(argv: Sequence[str], cwd: Path) -> Path | None:
    """The file of the program: the script of an interpreter, its module, or a program by path."""
    script = script_path(argv)
    if script is not None:
        return cwd / script
    if not is_interpreter(argv):
        first = argv[0] if argv else ""
        return cwd / first if "/" in first or os.sep in first else None
    at = program(argv).script
    if at is None:
        return None
    module = cwd.joinpath(*argv[at].split("."))
    files = (module.with_name(f"{module.name}.py"), module / "__main__.py")
    return next((file for file in files if file.is_file()), None)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _apart(own: Path, other: Path) -> bool:
    """Whether neither lies in the other, or each is a git checkout of its own."""
    if own == other:
        return False
    if own not in other.parents and other not in own.parents:
        return True
    return (own / ".git").exists() and (other / ".git").exists()
