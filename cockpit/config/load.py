"""`cockpit.toml` → `LoadedConfig`, or every mistake of the file at once."""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from cockpit.config import checks
from cockpit.config.errors import ConfigError, ConfigErrors
from cockpit.config.explain import explain
from cockpit.config.lines import scan
from cockpit.config.models import Config, LoadedConfig

__all__ = ["FILE_NAME", "LARGEST", "ConfigError", "ConfigErrors", "find", "load", "loads", "reload"]

FILE_NAME = "cockpit.toml"
LARGEST = 1_000_000  # bytes; a config of a thousand probes has a fifth of that


def load(path: Path, environment: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read, check and fill the config at `path`.

    `environment` (the process's own by default) is where `${NAME}` in a token comes from.
    Raises ConfigErrors with every mistake of the file, and nothing else, whatever the file holds.
    """
    text = _read(path)
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


def find(start: Path) -> Path | None:
    """The nearest `cockpit.toml` in `start` or a folder above it, absolute; None without one.

    In a folder that everybody may write to, a file of somebody else does not count: it could
    send the secrets of whoever works below to an address of its own.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        candidate = folder / FILE_NAME
        try:
            if candidate.is_file() and not _planted(candidate):
                return candidate
        except OSError:
            continue
    return None


def _planted(path: Path) -> bool:
    if sys.platform == "win32":
        return False
    shared = path.parent.stat().st_mode & stat.S_IWOTH
    return bool(shared) and path.stat().st_uid not in (0, os.geteuid())


def _read(path: Path) -> str:
    def fail(problem: str, hint: str = "", line: int | None = None) -> ConfigErrors:
        return ConfigErrors(path, [ConfigError(line, "", problem, hint)])

    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            inside = path / FILE_NAME
            hint = f"did you mean {inside}?" if inside.is_file() else "give the file itself"
            raise fail("is a folder, not a file", hint)
        if not stat.S_ISREG(mode):
            raise fail("is not a regular file")
        with path.open("rb") as file:
            body = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        hint = checks.closest_file(path) or "`cockpit init` writes one"
        raise fail("there is no such file", hint) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise fail(f"cannot be read: {reason}") from error
    if len(body) > LARGEST:
        raise fail(f"is larger than {LARGEST:,} bytes", "is this really the config?")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fail("is saved as UTF-16", "save it as UTF-8", 1)
    if body.startswith(b"\xef\xbb\xbf"):
        raise fail("starts with a byte order mark", "save it as UTF-8 without BOM", 1)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise fail(
            f"byte 0x{body[error.start]:02x} is not UTF-8", "save it as UTF-8", line
        ) from error


def _build(
    path: Path, text: str, folder: Path, environment: Mapping[str, str], file: Path | None
) -> LoadedConfig:
    data = _parse(path, text)
    mistakes = checks.Mistakes(scan(text))
    checks.check_references(data, mistakes)
    sources = checks.fill_secrets(data, environment, mistakes)
    checks.check_names(data, mistakes)
    checks.check_agreements(data, mistakes)
    checks.check_requirements(data, mistakes)
    checks.check_files(data, folder, mistakes)
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigErrors(
            path, [*explain(error, data, mistakes.lines), *mistakes.found]
        ) from None  # the cause holds the input, and with it secrets
    if mistakes.found:
        raise ConfigErrors(path, mistakes.found)
    return LoadedConfig(config, folder, file, MappingProxyType(sources))


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        problem = ConfigError(None, "", "is nested too deeply")
    except ValueError as error:  # TOMLDecodeError is one; so is an integer of 5,000 digits
        problem = _syntax_error(str(error), text)
    raise ConfigErrors(path, [problem])


def _syntax_error(message: str, text: str) -> ConfigError:
    match = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if match is None:
        return ConfigError(None, "", f"not valid TOML: {message}")
    problem = message[: match.start()]
    if match[1]:
        line, column = int(match[1]), int(match[2])
    else:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    return ConfigError(line, "", f"not valid TOML: {problem}", _syntax_hint(problem), column)


def _syntax_hint(problem: str) -> str:
    if "Unescaped '\\'" in problem or "hex value" in problem:
        return "in double quotes a backslash is written twice; single quotes keep it as it is"
    if problem.startswith("Cannot declare"):
        return "this table stands twice; several of a kind take two brackets, [[listener]]"
    if problem.startswith("Cannot overwrite"):
        return "this key stands twice"
    if problem.startswith("Invalid value"):
        return "text needs quotes"
    return ""
