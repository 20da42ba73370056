"""What the model cannot see: environment references, names used twice, files that must exist.

Works on the parsed file before it is validated, so that these mistakes are told together with the
model's. Anything of the wrong type is passed over here; the model tells about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpit.config.errors import ConfigError
from cockpit.config.toml_positions import KeyLines, KeyPath, line_of, path_text
from cockpit.kinds import registry
from cockpit.kinds.tables import Siblings
from cockpit.redaction import SECRETS

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_STARTED = re.compile(r"\$\{[A-Za-z_]")


@dataclass(slots=True)
class Mistakes:
    """Collects mistakes by their key path."""

    lines: KeyLines
    found: list[ConfigError] = field(default_factory=list)

    def add(self, path: KeyPath, problem: str, hint: str = "") -> None:
        self.found.append(ConfigError(line_of(self.lines, path), path_text(path), problem, hint))


def tables(data: Mapping[str, Any], *kinds: str) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """The probe tables of these kinds (of all without any) and where they stand."""
    for kind in kinds or [kind.name for kind in registry.kinds_in(data)]:
        entries = data.get(kind)
        for index, table in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(table, dict):
                yield (kind, index), table


def check_kinds(data: dict[str, Any], mistakes: Mistakes) -> None:
    """Take out the tables of a kind that can't be loaded, and say so."""
    for key in [key for key in data if key != "cockpit"]:
        try:
            kind = registry.find(key)
            if kind is not None:
                kind.load_table()
        except (registry.KindError, ImportError) as error:
            mistakes.add((key,), str(error), "see whether its distribution fits this cockpit")
            del data[key]


def fill_secrets(
    data: dict[str, Any], environment: Mapping[str, str], mistakes: Mistakes
) -> dict[str, str]:
    """Replace `${NAME}` in every secret of `data`; the texts that stood there, by key path."""
    sources: dict[str, str] = {}
    for place, table in tables(data):
        for key in _secret_keys(place[0]):
            waiting: list[tuple[KeyPath, Any, Any]] = [((*place, key), table, key)]
            while waiting:
                path, holder, at = waiting.pop()
                written = holder.get(at) if isinstance(holder, dict) else holder[at]
                if isinstance(written, dict):
                    waiting += [((*path, name), written, name) for name in written]
                elif isinstance(written, list):
                    waiting += [((*path, index), written, index) for index in range(len(written))]
                elif isinstance(written, str) and "${" in written:
                    filled = _filled(written, environment, path, mistakes)
                    if filled is not None:
                        holder[at] = filled
                        # A mistake elsewhere in the file is told before the table is made.
                        SECRETS.learn([filled, *(environment[n] for n in references(written))])
                        sources[path_text(path)] = written
                elif isinstance(written, str):
                    SECRETS.learn([written])
    return sources


def _filled(
    written: str, environment: Mapping[str, str], path: KeyPath, mistakes: Mistakes
) -> str | None:
    """`written` with every `${NAME}` replaced; None, and a mistake told, where that can't be."""
    names = references(written)
    if len(names) != written.count("${"):
        rule = "a reference is written ${NAME}, with letters, digits and _ only"
        mistakes.add(path, rule)
        return None
    sound = True
    for name in names:
        if not environment.get(name):
            state = "is empty" if name in environment else "is not set"
            mistakes.add(path, f"the environment variable {name} {state}")
            sound = False
    return _REFERENCE.sub(lambda match: environment[match[1]], written) if sound else None


def references(written: str) -> list[str]:
    """The names of the variables that a text refers to as `${NAME}`."""
    return _REFERENCE.findall(written)


def _secret_keys(kind: str | int) -> list[str]:
    found = registry.find(str(kind))
    return found.load_table().secret_keys() if found is not None else []


def check_references(data: Mapping[str, Any], mistakes: Mistakes) -> None:
    """`${NAME}` stands for a secret only; a NUL character has no place anywhere."""
    for path, text in _texts(data):
        if "\0" in text:
            mistakes.add(path, "holds a NUL character")
        elif _STARTED.search(text) and not {"runbook", *_secret_keys(path[0])} & set(path[2:3]):
            mistakes.add(path, "${…} is replaced in `token` only", "write the value itself")


def _texts(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    waiting: list[tuple[KeyPath, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, Mapping):
            waiting += [((*path, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]


def _name(place: KeyPath, table: dict[str, Any]) -> str | None:
    return registry.get(str(place[0])).name_of(table)


def check_names(data: Mapping[str, Any], mistakes: Mistakes) -> None:
    """Names are unique over all kinds."""
    first: dict[str, KeyPath] = {}
    for place, table in sorted(
        tables(data), key=lambda item: line_of(mistakes.lines, item[0]) or 0
    ):
        name = _name(place, table)
        if name is None:
            continue
        if name in first:
            earlier = first[name]
            line = line_of(mistakes.lines, (*earlier, "name"))
            where = f"{path_text(earlier)} at line {line}"
            mistakes.add(
                (*place, "name"),
                f'the name "{name}" is already taken by {where}',
                "names are unique over all kinds",
            )
        first.setdefault(name, place)


def check_tables(data: Mapping[str, Any], folder: Path, mistakes: Mistakes) -> None:
    """What each kind says of its tables beside the others of the file and beside the disk."""
    named = ((place, _name(place, table)) for place, table in tables(data))
    kinds = {name: str(place[0]) for place, name in named if name}
    siblings = Siblings(folder, kinds)
    for place, table in tables(data):
        model = registry.get(str(place[0])).load_table()
        for mistake in model.cross_check(table, siblings):
            mistakes.add((*place, *mistake.path), mistake.problem, mistake.hint)
