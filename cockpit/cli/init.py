"""`cockpit init`: a commented cockpit.toml from what is found here."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cockpit.cli.exits import CANNOT_CREATE, CommandError
from cockpit.cli.trust import offer
from cockpit.config.source import FILE_NAME
from cockpit.discovery.init import InitError, write_init


@click.command("init")
@click.option(
    "--checklists", "with_checklists", is_flag=True, help="Copy the ready-made checklists too."
)
@click.argument(
    "folder", default=".", type=click.Path(path_type=Path, file_okay=False, exists=True)
)
def command(folder: Path, with_checklists: bool) -> int:
    """Write a commented cockpit.toml into FOLDER. Nothing that exists is overwritten.

    With --checklists the ready-made ones are copied to FOLDER/checklists too, also beside a
    cockpit.toml that is there already: then the tables to add to it are printed. What it would run
    or send is asked for once, on a terminal. Exit 73: there is one and no --checklists, or a file
    can't be written.
    """
    config = folder.resolve() / FILE_NAME
    there = os.path.lexists(config)
    try:
        written = write_init(folder.resolve(), with_checklists=with_checklists)
    except InitError as error:
        raise CommandError(str(error), CANNOT_CREATE) from error
    for line in written:
        click.echo(line)
    if not there:
        offer(config)
    return 0
