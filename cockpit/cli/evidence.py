"""`cockpit evidence log|show`: what the store remembers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import CANNOT_OPEN, USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.config.paths import without_config
from cockpit.config.source import find
from cockpit.evidence.errors import StoreError
from cockpit.evidence.queries import LogRow, log_rows, show
from cockpit.evidence.reader import Reader
from cockpit.text import localise

FORMAT = click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")


@click.group("evidence")
def command() -> None:
    """The evidence store: what happened, who did it, what was seen."""


@command.command("log")
@config_option
@FORMAT
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--since", type=click.IntRange(0), default=0, help="Only events after this number.")
@click.option("--kind", "kinds", multiple=True, help="Only this kind; may be repeated.")
@click.option("--probe", help="Only events of this probe.")
def log(
    config_path: Path | None,
    format_: str,
    limit: int,
    since: int,
    kinds: tuple[str, ...],
    probe: str | None,
) -> None:
    """The newest events, oldest of them first. Times are local in the table, UTC in JSON."""
    with _reader(config_path) as reader:
        try:
            rows = log_rows(reader, since=since, limit=limit, kinds=kinds or None, probe=probe)
        except StoreError as error:
            raise CommandError(str(error), CANNOT_OPEN) from error
    if format_ == "json":
        click.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        return
    now = SystemClock().now()
    for row in rows:
        click.echo(localise(_line(row), now))
    if not rows:
        click.echo("no events yet", err=True)


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
        click.echo(json.dumps(shown.as_dict(), ensure_ascii=False, indent=2))
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


def _line(row: LogRow) -> str:
    who = f"  [{row.actor}]" if row.actor else ""
    return f"{row.seq:6} {row.at}  {row.kind:12} {row.subject:20} {row.text}{who}"
