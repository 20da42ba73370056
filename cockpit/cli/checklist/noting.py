"""`note`, `owner`, `progress`: lines below an item, recorded as from the screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from cockpit.checklists import anchor_of
from cockpit.checklists.annotate import ProgressNote
from cockpit.cli.checklist.common import (
    FILE,
    FORMAT,
    REFUSED,
    choose,
    config_if_any,
    exit_code,
    print_json,
    read_document,
    which_item,
)
from cockpit.cli.checklist.desk import desk
from cockpit.cli.common import as_option, config_option
from cockpit.cli.exits import USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.engine.acts.noting import Noted, Place, write_note, write_progress
from cockpit.engine.acts.ticking import Log


@click.command("note")
@FILE
@click.argument("text")
@which_item
@config_option
@as_option
@FORMAT
def note(
    file: Path,
    text: str,
    line: int | None,
    wanted_id: str | None,
    wanted_text: str | None,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
) -> int:
    """Write TEXT as a note below one item of FILE; nothing else in the file changes.

    Exit 0: written. 1: refused, nothing was changed: no item or several of that name, an item
    below which no note can stand, an empty text. 64, 66, 73, 78 as for set.
    """

    def write(place: Place, log: Log) -> Noted:
        return write_note(place, text, log)

    chosen = (line, wanted_id, wanted_text)
    return _annotate(file, chosen, write, config_path, as_name, format_)


@click.command("owner")
@FILE
@click.argument("name")
@which_item
@config_option
@as_option
@FORMAT
def owner(
    file: Path,
    name: str,
    line: int | None,
    wanted_id: str | None,
    wanted_text: str | None,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
) -> int:
    """Write below one item of FILE that NAME owns it. Exit codes as for note."""

    def write(place: Place, log: Log) -> Noted:
        return write_note(place, name, log, owner=True)

    chosen = (line, wanted_id, wanted_text)
    return _annotate(file, chosen, write, config_path, as_name, format_)


@click.command("progress")
@FILE
@which_item
@click.option("--done", default="", help="What was done.")
@click.option("--against-target", default="", help="Status against target.")
@click.option("--next", "upcoming", default="", help="What comes next.")
@click.option("--blockers", default="", help="What is in the way; without it: none.")
@click.option("--estimate", default="", help="How long it will take yet.")
@click.option("--below", is_flag=True, help="Write the five lines below the item as well.")
@config_option
@as_option
@FORMAT
def progress(
    file: Path,
    line: int | None,
    wanted_id: str | None,
    wanted_text: str | None,
    done: str,
    against_target: str,
    upcoming: str,
    blockers: str,
    estimate: str,
    below: bool,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
) -> int:
    """Keep five answers after a task in the evidence; with --below under the item of FILE too.

    Exit 0: kept. 1: refused: an answer is missing (all but --blockers are needed), no item or
    several of that name, no place for lines below it. 64: wrong usage, or neither a config nor
    --below: then there is nowhere to keep them. 66, 73, 78 as for set.
    """
    answers = ProgressNote(done, against_target, upcoming, blockers, estimate)
    if not below and config_if_any(config_path) is None:
        raise CommandError("there is no cockpit.toml to record answers by: add --below", USAGE)

    def write(place: Place, log: Log) -> Noted:
        return write_progress(place, answers, log, below=below)

    chosen = (line, wanted_id, wanted_text)
    return _annotate(file, chosen, write, config_path, as_name, format_)


def _annotate(
    file: Path,
    chosen: tuple[int | None, str | None, str | None],
    write: Callable[[Place, Log], Noted],
    config_path: Path | None,
    as_name: str | None,
    format_: str,
) -> int:
    document = read_document(file)
    item = choose(file, document, *chosen)
    with desk(file, config_if_any(config_path), SystemClock(), as_name) as here:
        path = here.probe.path if here.probe is not None else file.absolute()
        noted = write(Place(path, anchor_of(document, item), item.key), here.log)
        recorded = here.store is not None
    if not noted.ok:
        code = exit_code(noted.error) if noted.error is not None else REFUSED
        raise CommandError(noted.text, code)
    if format_ == "json":
        print_json(
            {
                "file": str(file),
                "item": item.text,
                "line": item.line,
                "lines": list(noted.hunk.lines) if noted.hunk is not None else [],
                "method": noted.hunk.method if noted.hunk is not None else None,
                "recorded": recorded,
            }
        )
    else:
        click.echo(noted.text)
    return 0
