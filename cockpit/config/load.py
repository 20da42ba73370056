"""`cockpit.toml` → `LoadedConfig`, or every mistake of the file at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from cockpit.config import validation
from cockpit.config.errors import ConfigError, ConfigErrors
from cockpit.config.models import Config, LoadedConfig
from cockpit.config.source import FILE_NAME, LARGEST, find, parse, read
from cockpit.config.toml_positions import scan
from cockpit.config.validation_messages import explain

__all__ = ["FILE_NAME", "LARGEST", "ConfigError", "ConfigErrors", "find", "load", "loads", "reload"]


def load(path: Path, environment: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read, check and fill the config at `path`.

    `environment` (the process's own by default) is where `${NAME}` in a token comes from.
    Raises ConfigErrors with every mistake of the file, and nothing else, whatever the file holds.
    """
    text = read(path)
    folder = path.absolute().parent
    return _build(
        path, text, folder, os.environ if environment is None else environment, path.absolute()
    )


def loads(
    text: str, folder: Path, environment: Mapping[str, str] | None = None, *, name: str = FILE_NAME
) -> LoadedConfig:
    """The config a file of that `text` in `folder` would be; nothing of it is on disk.

    Raises ConfigErrors, which speak of the file as `name`.
    """
    return _build(
        Path(name), text, folder, os.environ if environment is None else environment, None
    )


def reload(old: LoadedConfig) -> LoadedConfig:
    """The config as its file says now; a config made in memory stays what it is.

    Raises ConfigErrors; `old` is still good then.
    """
    return old if old.path is None else load(old.path)


def _build(
    path: Path, text: str, folder: Path, environment: Mapping[str, str], file: Path | None
) -> LoadedConfig:
    data = parse(path, text)
    mistakes = validation.Mistakes(scan(text))
    validation.check_kinds(data, mistakes)
    validation.check_references(data, mistakes)
    sources = validation.fill_secrets(data, environment, mistakes)
    validation.check_names(data, mistakes)
    validation.check_tables(data, folder, mistakes)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigErrors(
            path, [*explain(error, data, mistakes.lines), *mistakes.found]
        ) from None  # the cause holds the input, and with it secrets
    if mistakes.found:
        raise ConfigErrors(path, mistakes.found)
    return LoadedConfig(config, folder, file, MappingProxyType(sources))
