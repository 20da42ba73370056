"""What a configured command really is: its words, its folder, the content of what it runs."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cockpit.config.fingerprint import canonical
from cockpit.config.models import LoadedConfig
from cockpit.kinds.tables import ProbeTable

_CHUNK = 1 << 20
# Arguments of these kinds are what a gate reads, not what it runs. They change all the time, and a
# consent that ends with each change would leave the gate without an answer.
_DATA = frozenset(
    f".{kind}"
    for kind in (
        *("csv", "db", "gz", "html", "json", "jsonl", "log", "md", "ndjson", "parquet", "pid"),
        *("png", "sqlite", "sqlite3", "svg", "tsv", "txt", "xml"),
    )
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command as consent is given to it.

    `folder` is where it runs, absolute; `program` what its first word resolves to, None when
    nothing is found; `scripts` the files its further words name, data files left out.
    """

    argv: tuple[str, ...]
    folder: Path
    program: Path | None
    scripts: tuple[Path, ...]


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
    return Command(tuple(argv), folder, _program(argv[0], folder), tuple(scripts))


def _program(word: str, folder: Path) -> Path | None:
    """The file that is started: beside the folder when the word is a path, else from PATH."""
    if "/" in word or "\\" in word:
        path = folder / word
        return path if _is_file(path) else None
    found = shutil.which(word)
    return Path(found) if found else None


def _named(argv: list[str], index: int, folder: Path) -> list[Path]:
    """Files that a word names from `folder`: `x.py`, `--file=x.py`, `-m tools.x`."""
    word = argv[index]
    if not index:
        return []
    candidates = [folder / word, folder / word.partition("=")[2]]
    if argv[index - 1] == "-m":
        module = folder.joinpath(*word.split("."))
        candidates += [module.with_suffix(".py"), module / "__init__.py", module / "__main__.py"]
    return [path for path in candidates if path.suffix.lower() not in _DATA and _is_file(path)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


class Digests:
    """SHA-256 of commands. Programs from PATH are read once while their file stays the same one.

    Scripts are read each time: they are small, and they are what an edit would change.
    """

    def __init__(self) -> None:
        self._programs: dict[tuple[str, int, int, int, int], str] = {}

    def of(self, command: Command) -> str:
        """The hash (hex) over argv, folder, environment names and the content of every file.

        A command is given no names of environment variables, so that list is empty. A file that
        cannot be read counts as such: consent ends when it becomes readable.
        """
        content = {
            "argv": command.argv,
            "folder": str(command.folder),
            "environment": [],
            "program": self._program(command),
            "scripts": [[str(path), _content(path)] for path in command.scripts],
        }
        return hashlib.sha256(canonical(content)).hexdigest()

    def _program(self, command: Command) -> list[str | None]:
        path = command.program
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


def _content(path: Path) -> str | None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()
