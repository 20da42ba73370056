"""`cockpit trust`: consent to run the commands of a config."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import USAGE, CommandError
from cockpit.config.trust import TrustStore


@click.command("trust")
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(config_path: Path | None, yes: bool) -> int:
    """Show the commands that this config would run, and allow them for your user.

    Each is asked for again when its words, its folder or its script change.
    """
    loaded = load_config(config_path)
    store = TrustStore.default()
    pending = store.pending(loaded)
    if not pending:
        click.echo("no command of this config waits for your consent")
        return 0
    for table in pending:
        click.echo(f"{table.name}: {shlex.join(table.command or [])}")
        click.echo(f"    in {loaded.folder / (table.cwd or '.')}")
    if not yes and not click.confirm("Run these from now on?", default=False, err=True):
        raise CommandError("nothing was trusted", USAGE)
    store.trust(loaded, pending)
    click.echo(f"trusted {len(pending)}; kept in {store.path}")
    return 0
