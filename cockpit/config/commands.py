"""What a configured command really is: its words, its folder, the content of what it runs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.config.fingerprint import canonical
from cockpit.config.models import LoadedConfig
from cockpit.kinds.tables import ProbeTable

if TYPE_CHECKING:
    from cockpit.config.scripts import Part

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Command:
    """A command as consent is given to it.

    `folder` is where it runs, absolute; `program` what its first word resolves to, None when
    nothing is found; `scripts` the files its further words name, data files left out. `followed`
    are the files behind these words: the script of an interpreter whatever its suffix, a Makefile;
    `programs` what PATH has for a later word; `parts` the parts of files that tools read. `gaps`
    say what may run besides and is not covered.
    """

    argv: tuple[str, ...]
    folder: Path
    program: Path | None
    scripts: tuple[Path, ...]
    followed: tuple[Path, ...] = ()
    programs: tuple[Path, ...] = ()
    parts: tuple[Part, ...] = ()
    gaps: tuple[str, ...] = ()


def commands_of(loaded: LoadedConfig, table: ProbeTable) -> dict[str, Command]:
    """The commands of a table by the key that holds them, resolved as they would be now.

    Which those are the table's own kind says.
    """
    cwd = table.command_folder()
    folder = Path(os.path.normpath(loaded.resolve(cwd) if cwd else loaded.folder))
    return {key: _command(list(argv), folder) for key, argv in table.commands().items()}


def _command(argv: list[str], folder: Path) -> Command:
    scripts = dict.fromkeys(
        path for index in range(len(argv)) for path in _named(argv, index, folder)
    )
    program = _program(argv[0], folder)
    known = {os.path.normpath(path) for path in (*scripts, *([program] if program else []))}
    # What follows the words of commands is loaded for a config that has any.
    from cockpit.config.what_runs import coverage_of

    found = coverage_of(argv, folder)
    return Command(
        tuple(argv),
        folder,
        program,
        tuple(scripts),
        tuple(path for path in found.scripts if str(path) not in known),
        tuple(path for path in found.programs if str(path) not in known),
        tuple(sorted(found.parts, key=lambda part: (str(part.path), part.what))),
        tuple(found.gaps),
    )


def _program(word: str, folder: Path) -> Path | None:
    """The file that is started: beside the folder when the word is a path, else from PATH."""
    if "/" in word or "\\" in word:
        from cockpit.config.project_files import named_file

        return named_file(folder, word)
    try:
        found = shutil.which(word)
    except ValueError:
        return None
    return Path(found) if found else None


def _named(argv: list[str], index: int, folder: Path) -> list[Path]:
    """Files that a word names from `folder`: `x.py`, `--file=x.py`, `-m tools.x`."""
    from cockpit.config.project_files import is_data, named_file

    word = argv[index]
    if not index:
        return []
    candidates = [word, word.partition("=")[2]]
    if argv[index - 1] == "-m":
        module = Path(*word.split("."))
        if module.name:
            own = [module.with_suffix(".py"), module / "__init__.py", module / "__main__.py"]
            candidates += map(str, own)
    found = (named_file(folder, candidate) for candidate in candidates)
    return [path for path in found if path is not None and not is_data(path)]


class Digests:
    """SHA-256 of commands. Programs from PATH are read once while their file stays the same one.

    Scripts are read each time: they are small, and they are what an edit would change.
    """

    def __init__(self) -> None:
        self._programs: dict[tuple[str, int, int, int, int], str] = {}

    def of(self, command: Command) -> str:
        """The hash (hex) over argv, folder, and the content of every file and part of a file.

        A file that cannot be read counts as such: consent ends when it becomes readable.
        """
        content = self._words(command)
        if command.followed or command.programs or command.parts:
            content["followed"] = [[str(path), _content(path)] for path in command.followed]
            content["programs"] = [self._program(path, command) for path in command.programs]
            content["parts"] = [[str(p.path), p.what, p.text] for p in command.parts]
        return hashlib.sha256(canonical(content)).hexdigest()

    def of_words(self, command: Command) -> str:
        """The hash that versions up to 0.1 kept: only the files that the words themselves name."""
        return hashlib.sha256(canonical(self._words(command))).hexdigest()

    def _words(self, command: Command) -> dict[str, Any]:
        return {
            "argv": command.argv,
            "folder": str(command.folder),
            "environment": [],
            "program": self._program(command.program, command),
            "scripts": [[str(path), _content(path)] for path in command.scripts],
        }

    def _program(self, path: Path | None, command: Command) -> list[str | None]:
        if path is None:
            return [None, None]
        if path.is_relative_to(command.folder):
            return [str(path), _content(path)]
        try:
            facts = path.stat()
        except OSError:
            return [str(path), None]
        key = (str(path), facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if key not in self._programs:
            digest = _content(path)
            if digest is None:
                return [str(path), None]
            self._programs[key] = digest
        return [str(path), self._programs[key]]


def unchanged_since(command: Command, moment: datetime) -> bool:
    """Whether what stands behind the words of a command is as it was at `moment` (aware UTC)."""
    paths: Iterable[Path] = (*command.followed, *command.programs, *(p.path for p in command.parts))
    try:
        facts = [path.stat() for path in paths]
    except (OSError, ValueError):
        return False
    return all(max(one.st_mtime, one.st_ctime) <= moment.timestamp() for one in facts)


def _content(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()
