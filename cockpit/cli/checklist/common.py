"""Shared by the checklist verbs: files, formats, exit codes, the config and its store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from cockpit.checklists import CACHE, ChecklistError, Document, Item
from cockpit.checklists.errors import EditForbidden, EditKeptAside, FileBusy, FileUnwritable
from cockpit.cli.common import load_config
from cockpit.cli.exits import CANNOT_CREATE, CANNOT_OPEN, NO_PERMISSION, USAGE, CommandError
from cockpit.config.load import find
from cockpit.config.models import LoadedConfig
from cockpit.kinds.checklist.table import ChecklistTable
from cockpit.kinds.file_io import read_file
from cockpit.redaction import SECRETS
from cockpit.text import drawable, sanitize

F = TypeVar("F", bound=Callable[..., Any])
REFUSED = 1
_LARGEST = 64_000_000
FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="With json nothing but JSON goes to stdout.",
)
FILES = click.argument("files", nargs=-1, type=click.Path(path_type=Path))
FILE = click.argument("file", type=click.Path(path_type=Path))


def which_item(function: F) -> F:
    """`--line N | --id ID | --text TEXT`."""
    for option in (
        click.option("--text", "wanted_text", metavar="TEXT", help="The item of this whole text."),
        click.option("--id", "wanted_id", metavar="ID", help="The item of this ID (`P2A.1`)."),
        click.option(
            "--line", type=click.IntRange(1), help="The item, or heading of a task, on this line."
        ),
    ):
        function = option(function)
    return function


def read_document(path: Path) -> Document:
    """The document of a file. CommandError, exit 66, when it can't be read."""
    read = read_file(path, _LARGEST)
    if read.body is None:
        raise CommandError(f"{path}: {read.trouble}", CANNOT_OPEN)
    document = CACHE.parse(read.body)
    if document.encoding.utf16:
        raise CommandError(f"{path}: UTF-16 text; save it as UTF-8", CANNOT_OPEN)
    return document


def files_or_configured(files: Sequence[Path], config_path: Path | None) -> list[Path]:
    """The files named, or those of the config's checklists."""
    if files:
        return list(files)
    if config_path is None and find(Path.cwd()) is None:
        raise CommandError("name a markdown file: there is no cockpit.toml here or above", USAGE)
    loaded = load_config(config_path)
    paths = [loaded.resolve(table.file) for table in loaded.config.of(ChecklistTable)]
    if not paths:
        raise CommandError("name a markdown file: the config has no [[checklist]]", USAGE)
    return paths


def config_if_any(config_path: Path | None) -> LoadedConfig | None:
    """The config named, or the nearest upward; None when there is none. A bad one is an error."""
    if config_path is None and find(Path.cwd()) is None:
        return None
    return load_config(config_path)


def choose(
    path: Path, document: Document, line: int | None, id: str | None, text: str | None
) -> Item:
    """The one item that was named. CommandError: none given (64), none or several found (1)."""
    given = [value for value in (line, id, text) if value is not None]
    if len(given) != 1:
        raise CommandError("say which item: exactly one of --line, --id and --text", USAGE)
    found = [item for item in document.items if id in (None, item.id) and text in (None, item.text)]
    if line is not None:
        found = document.at_line(line)
    what = f"line {line}" if line is not None else f"“{id if id is not None else text}”"
    if document.without_items:
        raise CommandError(f"{path}: {document.without_items}", REFUSED)
    if not found:
        raise CommandError(
            f"{path}: no item is {'on' if line is not None else 'called'} {what};"
            " `cockpit checklist list` shows them all",
            REFUSED,
        )
    if len(found) > 1:
        lines = ", ".join(str(item.line) for item in found)
        raise CommandError(f"{path}: {what} stands for several items (lines {lines})", REFUSED)
    return found[0]


def exit_code(error: ChecklistError) -> int:
    """The exit code of an error: 1, or 66 and 73 where the file itself is the trouble, or 77 where
    this cockpit only looks."""
    if isinstance(error, EditForbidden):
        return NO_PERMISSION
    if isinstance(error, FileUnwritable):
        if isinstance(error.__cause__, FileNotFoundError):
            return CANNOT_OPEN
        return CANNOT_CREATE
    return CANNOT_CREATE if isinstance(error, FileBusy | EditKeptAside) else REFUSED


def print_json(value: object) -> None:
    """Print JSON; characters that a terminal would act on are written as escapes."""
    value = SECRETS.json(value)
    plain = json.dumps(value, ensure_ascii=False, indent=2)
    click.echo(plain if drawable(plain, multiline=True) == plain else json.dumps(value, indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for people, safe for a terminal. Written in one go: each `echo` flushes."""
    click.echo("".join(f"{sanitize(line, limit=4000)}\n" for line in lines), nl=False)
