"""What is probably not meant so in a config that is right: it is told and stops nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cockpit.config.errors import ConfigError
from cockpit.config.models import LoadedConfig
from cockpit.config.source import read
from cockpit.config.toml_positions import line_of, path_text, scan


def notes_of(loaded: LoadedConfig) -> Sequence[ConfigError]:
    """The notes of all tables in the order of their lines. Looks at the disk; blocking.

    Raises ConfigErrors when the file can't be read any more.
    """
    lines = scan(read(loaded.path)) if loaded.path is not None else {}
    seen: Counter[str] = Counter()
    found: list[ConfigError] = []
    for table in loaded.config.probes():
        place = (table.kind, seen[table.kind])
        seen[table.kind] += 1
        for note in table.notes(loaded.folder):
            path = (*place, *note.path)
            where, hint = line_of(lines, path), note.hint
            found.append(ConfigError(where, path_text(path), note.problem, hint))
    return sorted(found, key=lambda note: note.line or 0)
