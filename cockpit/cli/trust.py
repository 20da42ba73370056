"""`cockpit trust`: consent to run the commands of a config."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import CANNOT_CREATE, USAGE, CommandError
from cockpit.config.commands import Command
from cockpit.config.trust import TrustError, TrustStore
from cockpit.text import sanitize


@click.command("trust")
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(config_path: Path | None, yes: bool) -> int:
    """Show the commands that this config would run, and allow them for your user.

    Each is asked for again when its words, its folder or its script change.
    """
    loaded = load_config(config_path)
    store = TrustStore.default()
    if store.trouble:
        click.echo(f"nothing is trusted: {store.trouble}", err=True)
    pending = store.pending(loaded)
    if not pending:
        click.echo("no command of this config waits for your consent")
        return 0
    for table in pending:
        for key, consent in store.commands(loaded, table).items():
            _show(f"{table.name} {key}", consent)
    if not yes and not click.confirm("Run these from now on?", default=False, err=True):
        raise CommandError("nothing was trusted", USAGE)
    try:
        aside = store.trust(loaded, pending)
    except TrustError as error:
        raise CommandError(str(error), CANNOT_CREATE) from error
    if aside is not None:
        click.echo(f"the damaged file is now {aside}", err=True)
    click.echo(f"trusted {len(pending)}; kept in {store.path}")
    return 0


def _show(name: str, consent: Command) -> None:
    """What would run: the words, the folder, the program and the scripts whose content counts."""
    click.echo(f"{sanitize(name)}: {sanitize(shlex.join(consent.argv))}")
    click.echo(f"    in {sanitize(str(consent.folder))}")
    for path in (consent.program, *consent.scripts):
        if path is not None:
            click.echo(f"    {sanitize(str(path))}")
