"""Files of a project that nobody has vetted yet: found, and read within bounds, never raising."""

from __future__ import annotations

import configparser
import fnmatch
import itertools
import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# Arguments of these kinds are what a gate reads, not what it runs. They change all the time, and a
# consent that ends with each change would leave the gate without an answer.
_DATA = frozenset(
    f".{kind}"
    for kind in (
        *("csv", "db", "gz", "html", "json", "jsonl", "log", "md", "ndjson", "parquet", "pid"),
        *("png", "sqlite", "sqlite3", "svg", "tsv", "txt", "xml"),
    )
)
MOST_FILES = 400
"""Files of one folder that are looked at."""
_LARGEST = 2_000_000


def named_file(folder: Path, word: str) -> Path | None:
    """The file that `word` names from `folder`, or None."""
    if not word or "\0" in word or len(word) > 4000:
        return None
    path = folder / word
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def is_data(path: Path) -> bool:
    """Whether a file is of a kind that commands read and write, and do not run, by its suffix."""
    return path.suffix.lower() in _DATA


def is_script(path: Path) -> bool:
    """Whether a file is text that an interpreter reads: by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def first_of(folder: Path, names: Iterable[str]) -> Path | None:
    """The first of these files that is in `folder`, or None."""
    return next((folder / name for name in names if named_file(folder, name)), None)


def nearest(folder: Path, names: Iterable[str]) -> Path | None:
    """The nearest file of one of these names, in `folder` or above."""
    for place in (folder, *folder.parents):
        if (found := first_of(place, names)) is not None:
            return found
    return None


def files_like(folder: Path, name: str) -> list[Path]:
    """The file `name` below `folder`, or the files whose names fit it as a pattern."""
    if named_file(folder, name):
        return [folder / name]
    # Only the last part may be a pattern: others could walk through the whole disk.
    place, _, pattern = name.rpartition("/")
    try:
        with os.scandir(folder / place) as entries:
            names = [one.name for one in itertools.islice(entries, MOST_FILES) if one.is_file()]
    except (OSError, ValueError):
        return []
    return [folder / place / one for one in names if fnmatch.fnmatchcase(one, pattern)]


def read_text(path: Path) -> str | None:
    """The beginning of a file, as text; None when it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return None


def read_toml(path: Path) -> dict[str, Any] | None:
    """The document of a TOML file; None when it can't be read as one."""
    try:
        return tomllib.loads(read_text(path) or "")
    except (ValueError, RecursionError):
        return None


def table_at(document: Mapping[str, Any], place: str) -> Any:
    """What stands at a dotted place of a document; None where nothing does."""
    value: Any = document
    for key in place.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def read_sections(path: Path, starts: Iterable[str]) -> dict[str, dict[str, str]] | None:
    """The sections of an INI file whose names start so; None when it can't be read as one."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(read_text(path) or "")
    except (configparser.Error, RecursionError):
        return None
    wanted = tuple(starts)
    return {name: dict(parser[name]) for name in parser.sections() if name.startswith(wanted)}


def canonical_text(value: Any) -> str:
    """One text for equal values."""
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except RecursionError:
        return repr(value)
