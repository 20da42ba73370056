"""`cockpit check`: every probe once, for cron, Task Scheduler and CI."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cockpit.cli.common import (
    config_option,
    load_config,
    on_end_signals,
    operator,
    read_only_option,
)
from cockpit.cli.exits import BY_VERDICT, CANNOT_CREATE, CommandError
from cockpit.clock import SystemClock
from cockpit.model import worst
from cockpit.output.formats import NAMES, format_of
from cockpit.output.text_file import write_text_file
from cockpit.permissions import Permissions
from cockpit.session.composition import Composition
from cockpit.session.one_shot import run_once
from cockpit.system.host import host_name

ENDED = 143
"""As a shell tells of SIGTERM."""


@click.command("check")
@config_option
@click.option("--only", multiple=True, metavar="NAME", help="Only this probe; may be repeated.")
@click.option("--format", "format_", type=click.Choice(NAMES), default="table", show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file instead, in one step: a reader sees the old text or the new one.",
)
@click.option(
    "--no-record", is_flag=True, help="Read the evidence store, and leave no trace in it."
)
@read_only_option
def command(
    config_path: Path | None,
    only: tuple[str, ...],
    format_: str,
    output: Path | None,
    no_record: bool,
    permissions: Permissions,
) -> int:
    """Run every probe once and exit with the verdict.

    0 OK, 1 WARN, 2 FAIL, 3 UNKNOWN; 64 for wrong usage, 78 for a config error.
    """
    composition = Composition(load_config(config_path), SystemClock(), operator(None), permissions)
    wanted = _wanted(composition.names, only)
    with on_end_signals(lambda: sys.exit(ENDED)):
        seen = run_once(composition, wanted, host=host_name(), record=not no_record)
    if seen.trouble:
        click.echo(f"not recorded: {seen.trouble}", err=True)
    elif not no_record and (open_to := composition.store_exposure):
        click.echo(f"evidence store: {open_to}", err=True)
    text = format_of(format_).render(seen.board)
    if output is None:
        click.echo(text)
    else:
        try:
            write_text_file(output, text)
        except OSError as error:
            reason = f"{output} cannot be written: {error.strerror or error}"
            raise CommandError(reason, CANNOT_CREATE) from error
    return BY_VERDICT[worst(one.verdict for one in seen.board.observations.values())]


def _wanted(names: Sequence[str], only: Sequence[str]) -> list[str]:
    for name in only:
        if name not in names:
            close = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(names)}"
            raise click.UsageError(f"--only {name!r}: no probe has that name{hint}")
    return [name for name in names if not only or name in only]
