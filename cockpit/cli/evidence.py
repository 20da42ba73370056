"""`cockpit evidence log|show`: what the store remembers."""

from __future__ import annotations

from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import CANNOT_OPEN, USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.config.paths import without_config
from cockpit.config.source import find
from cockpit.evidence.chain import ChainedEvent
from cockpit.evidence.errors import StoreError
from cockpit.evidence.queries import log_page, show
from cockpit.evidence.reader import Reader
from cockpit.text import json_text, localise, sanitize

FORMAT = click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")


@click.group("evidence")
def command() -> None:
    """The evidence store: what happened, who did it, what was seen."""


@command.command("log")
@config_option
@FORMAT
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option(
    "--since",
    type=click.IntRange(0),
    help="The first events after this number instead of the newest, and whether there are more.",
)
@click.option("--kind", "kinds", multiple=True, help="Only this kind; may be repeated.")
@click.option("--probe", help="Only events of this probe.")
def log(
    config_path: Path | None,
    format_: str,
    limit: int,
    since: int | None,
    kinds: tuple[str, ...],
    probe: str | None,
) -> None:
    """The newest events, oldest of them first. Times are local in the table, UTC in JSON.

    To follow the store, ask with --since for what comes after the last number seen: nothing is
    left out. JSON is then an object of the store's id, `events`, whether there is `more`, and the
    number to go on from as `next`. Each event has all that its hash covers.
    """
    with _reader(config_path) as reader:
        try:
            page = log_page(reader, since=since, limit=limit, kinds=kinds or None, probe=probe)
        except StoreError as error:
            raise CommandError(str(error), CANNOT_OPEN) from error
    if format_ == "json":
        events = page.events()
        whole = {"store": page.store, "events": events, "more": page.more, "next": page.next}
        click.echo(json_text(events if since is None else whole, indent=2))
        return
    now = SystemClock().now()
    for row in page.rows:
        click.echo(localise(_line(row), now))
    if page.more:
        click.echo(f"more follow: --since {page.next}")
    if not page.rows:
        click.echo("no events after that" if since else "no events yet", err=True)


@command.command("show")
@config_option
@FORMAT
@click.argument("number", type=click.IntRange(1))
def show_event(config_path: Path | None, format_: str, number: int) -> None:
    """One event with everything about it, and whether its place in the chain still holds."""
    with _reader(config_path) as reader:
        try:
            shown = show(reader, number)
        except StoreError as error:
            raise CommandError(str(error), CANNOT_OPEN) from error
    if shown is None:
        raise CommandError(f"there is no event {number}; `cockpit evidence log` lists them", USAGE)
    if format_ == "json":
        click.echo(json_text(shown.as_dict(), indent=2))
        return
    for name, value in shown.lines():
        click.echo(f"{name:16} {value}")


def _reader(config_path: Path | None) -> Reader:
    if config_path is None and find(Path.cwd()) is None:
        path = without_config(Path.cwd()).store_path
        click.echo(f"no cockpit.toml here: acts without one, from {path}", err=True)
    else:
        path = load_config(config_path).store_path
    if not path.exists():
        raise CommandError(
            f"there is no evidence store at {path} yet; `cockpit`, `cockpit collect` and "
            "`cockpit check` write it",
            CANNOT_OPEN,
        )
    return Reader(path)


def _line(row: ChainedEvent) -> str:
    who = f"  [{row.actor}]" if row.actor else ""
    subject = row.subject or row.probe
    return sanitize(f"{row.seq:6} {row.at}  {row.kind:12} {subject:20} {row.text}{who}", limit=9000)
