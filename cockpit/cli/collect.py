"""`cockpit collect`: the collector alone, under systemd, Task Scheduler or a spare terminal."""

from __future__ import annotations

from pathlib import Path

import click

from cockpit.cli.common import (
    as_option,
    config_option,
    load_config,
    operator,
    read_only_option,
    until_ended,
    user,
)
from cockpit.cli.exits import CANNOT_CREATE, CommandError
from cockpit.evidence.errors import StoreError
from cockpit.evidence.location import exposure
from cockpit.feed import FeedMode
from cockpit.permissions import Permissions
from cockpit.session.session import Session
from cockpit.system.host import host_name


@click.command("collect")
@config_option
@as_option
@read_only_option
def command(config_path: Path | None, as_name: str | None, permissions: Permissions) -> int:
    """Watch without a screen until ended by SIGTERM or Ctrl-C.

    Beside a live collector it waits, and takes over when that one ends.
    """
    loaded = load_config(config_path)
    session = Session(
        loaded,
        kind="collect",
        user=user(),
        host=host_name(),
        who=operator(as_name),
        permissions=permissions,
    )
    with until_ended() as wait:
        try:
            session.start(need_store=True)
        except StoreError as error:
            raise CommandError(f"nothing is collected: {error}", CANNOT_CREATE) from error
        try:
            role = "collecting" if session.feed.mode is FeedMode.LIVE else "standing by"
            click.echo(f"{role}: {loaded.path} into {loaded.store_path}", err=True)
            if open_to := exposure(loaded.store_path):
                click.echo(f"evidence store: {open_to}", err=True)
            wait()
        finally:
            session.close()
    return 0
