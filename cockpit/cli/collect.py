"""`cockpit collect`: the collector alone, under systemd, Task Scheduler or a spare terminal."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from cockpit.cli.common import (
    as_option,
    config_option,
    host,
    load_config,
    on_end_signals,
    operator,
    user,
)
from cockpit.cli.exits import CANNOT_CREATE, CommandError
from cockpit.evidence.errors import StoreError
from cockpit.feed import FeedMode
from cockpit.session import Session


@click.command("collect")
@config_option
@as_option
def command(config_path: Path | None, as_name: str | None) -> int:
    """Watch without a screen until ended by SIGTERM or Ctrl-C.

    Beside a live collector it waits, and takes over when that one ends.
    """
    loaded = load_config(config_path)
    ended = threading.Event()
    session = Session(loaded, kind="collect", user=user(), host=host(), who=operator(as_name))
    try:
        session.start(need_store=True)
    except StoreError as error:
        raise CommandError(f"nothing is collected: {error}", CANNOT_CREATE) from error
    try:
        with on_end_signals(ended.set):
            role = "collecting" if session.feed.mode is FeedMode.LIVE else "standing by"
            click.echo(f"{role}: {loaded.path} into {loaded.store_path}", err=True)
            while not ended.wait(3600):
                pass
    except KeyboardInterrupt:
        pass
    finally:
        session.close()
    return 0
