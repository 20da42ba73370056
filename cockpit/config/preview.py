"""What a config file names, before it is checked: all that a first picture needs.

Checking takes the models and what they are built with, which costs as much as drawing the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.config.errors import ConfigErrors
from cockpit.config.source import parse, read
from cockpit.kinds import registry
from cockpit.redaction import SECRETS, speaks_of_secret
from cockpit.text import sanitize

DEFAULT_LABEL = ""
LOOK_AROUND_LABEL = "LOOK AROUND"
LONGEST_LABEL = 24


@dataclass(frozen=True, slots=True)
class ConfigPreview:
    """Names of the probes in the order of the screen, as far as they can be told."""

    names: tuple[str, ...]
    label: str
    folder: Path
    path: Path | None


def preview(path: Path) -> ConfigPreview:
    """What the config at `path` names; wrong values in it are passed over.

    Raises ConfigErrors when the file can't be read or is not TOML.
    """
    data = parse(path, read(path))
    return ConfigPreview(tuple(_names(data)), _label(data), path.absolute().parent, path.absolute())


def learn_secrets(path: Path) -> None:
    """Have this process know the secrets that the config at `path` writes out, for a verb that uses
    nothing else of it. A file that can't be read has none; those of the environment are known."""
    try:
        waiting: list[Any] = [parse(path, read(path))]
    except ConfigErrors:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            SECRETS.learn(v for k, v in value.items() if isinstance(v, str) and speaks_of_secret(k))


def _names(data: Mapping[str, Any]) -> Iterator[str]:
    for kind in registry.kinds_in(data):
        tables = data.get(kind.name)
        for table in tables if isinstance(tables, list) else ():
            name = kind.name_of(table) if isinstance(table, dict) else None
            if name is not None:
                yield sanitize(name)


def _label(data: Mapping[str, Any]) -> str:
    table = data.get("cockpit")
    label = table.get("label") if isinstance(table, dict) else None
    right = isinstance(label, str) and len(label) <= LONGEST_LABEL
    return sanitize(str(label)) if right else DEFAULT_LABEL
