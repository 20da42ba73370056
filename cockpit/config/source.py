"""The config as a file: finding it, reading its text, parsing its TOML; nothing is checked here."""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

from cockpit.checklists.parsing.file_io import open_regular
from cockpit.config.errors import ConfigError, ConfigErrors
from cockpit.suggestions import closest_file

FILE_NAME = "cockpit.toml"
LARGEST = 1_000_000  # bytes; a config of a thousand probes has a fifth of that


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


def read(path: Path) -> str:
    """The text of the config at `path`. Raises ConfigErrors."""

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
        with open_regular(path) as file:
            body = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        hint = closest_file(path) or "`cockpit init` writes one"
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


def parse(path: Path, text: str) -> dict[str, Any]:
    """The tables of a config of that `text`, not yet checked. Raises ConfigErrors."""
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
