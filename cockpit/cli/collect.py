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
from cockpit.cli.exits import CANNOT_CREATE, CANNOT_WRITE, CommandError
from cockpit.clock import SystemClock
from cockpit.evidence.errors import StoreError
from cockpit.evidence.interfaces import StoreHealth
from cockpit.evidence.location import exposure
from cockpit.feed import FeedMode
from cockpit.permissions import Permissions
from cockpit.session.session import Session
from cockpit.system.host import host_name
from cockpit.text import format_utc


@click.command("collect")
@config_option
@as_option
@read_only_option
def command(config_path: Path | None, as_name: str | None, permissions: Permissions) -> int:
    """Watch without a screen until ended by SIGTERM or Ctrl-C.

    Beside a live collector it waits, and takes over when that one ends. While the evidence store
    can't be written it goes on watching and tries again; both are said on stderr. Exit 73: the
    store can't be used; 74: it ended with records that were not written.
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
            told = RecordingTeller()
            wait(lambda: told.look(session.recording))
        finally:
            unwritten = session.close()
            if unwritten:
                click.echo(unwritten, err=True)
    return CANNOT_WRITE if unwritten else 0


class RecordingTeller:
    """Says on stderr when recording stops, why, and when it goes on; each change once."""

    def __init__(self) -> None:
        self._told = ""

    def look(self, health: StoreHealth) -> None:
        """Tell what is new of `health`."""
        trouble = "" if health.recording else health.trouble
        if trouble == self._told:
            return
        self._told = trouble
        if not trouble:
            click.echo(f"{_now()} recording again; what was kept meanwhile is written", err=True)
            return
        mend = f"; {health.mend}" if health.mend else ""
        click.echo(
            f"{_now()} not recording: {trouble}{mend}; watching goes on, and it is tried again "
            "until it works",
            err=True,
        )


def _now() -> str:
    return format_utc(SystemClock().now())
