"""`cockpit evidence log|show|verify|artefact`: what the store remembers, and whether it holds."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import CANNOT_OPEN, USAGE, CommandError
from cockpit.clock import SystemClock
from cockpit.config.paths import without_config
from cockpit.config.source import find
from cockpit.evidence.chain import ChainedEvent
from cockpit.evidence.errors import StoreError
from cockpit.evidence.location import is_there
from cockpit.evidence.queries import log_page, show, verified
from cockpit.evidence.reader import Reader
from cockpit.text import json_text, localise, sanitize

BROKEN = 2
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
    with _reader(config_path) as reader, _told():
        page = log_page(reader, since=since, limit=limit, kinds=kinds or None, probe=probe)
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
    with _reader(config_path) as reader, _told():
        shown = show(reader, number)
    if shown is None:
        raise CommandError(f"there is no event {number}; `cockpit evidence log` lists them", USAGE)
    if format_ == "json":
        click.echo(json_text(shown.as_dict(), indent=2))
        return
    for name, value in shown.lines():
        click.echo(f"{name:16} {value}")


def _head(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, str] | None:
    """The number and the hash of a head as `verify` prints it."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,18}):([0-9a-fA-F]{8,64})", value)
    if found is None:
        raise click.BadParameter("no number and hash as `cockpit evidence verify` prints them")
    return int(found[1]), found[2]


@command.command("verify")
@config_option
@FORMAT
@click.option(
    "--head",
    metavar="NUMBER:HASH",
    callback=_head,
    help="A head that an earlier run printed: the chain must still hold it.",
)
def verify_chain(config_path: Path | None, format_: str, head: tuple[int, str] | None) -> int:
    """Walk the whole chain of events and recompute every hash.

    Exits with 0 when it is intact, 2 when it is broken; 66 when there is no store, or it can't be
    read. Tells the first broken link by its number, and what is wrong with it.

    The store's own head shows newest events that are gone. Somebody who rewrites that as well can
    be shown by --head only: note the head elsewhere from time to time.
    """
    with _reader(config_path) as reader, _told():
        found = verified(reader, head)
    if format_ == "json":
        click.echo(json_text(found.as_dict(), indent=2))
    else:
        for line in found.lines():
            click.echo(sanitize(line))
    return 0 if found.intact else BROKEN


@command.command("artefact")
@config_option
@click.argument("which", metavar="ID|PROBE")
@click.argument("name", required=False)
def artefact(config_path: Path | None, which: str, name: str | None) -> None:
    """Raw evidence on stdout, its bytes as they are kept: a reply, an output.

    ID is its SHA-256, or the first characters of it. Of a PROBE it is what was kept last, or what
    its newest observation calls NAME. A terminal gets it cleaned of what would act on it.
    """
    with _reader(config_path) as reader, _told():
        digest = _digest_of(reader, which, name)
        found = reader.artefact(digest)
    if found is None:
        raise CommandError(
            f"artefact {digest} is gone: it was pruned, or never recorded", CANNOT_OPEN
        )
    if sys.stdout.isatty():
        text = found.body.decode("utf-8", "replace")
        click.echo(sanitize(text, limit=len(text) + 1, multiline=True))
    else:
        click.echo(found.body, nl=False)


def _digest_of(reader: Reader, which: str, name: str | None) -> str:
    """The digest that these words mean. Raises StoreError, and CommandError for none or several."""
    seen = reader.newest([which]).get(which) if name is not None else None
    if name is not None:
        refs = {ref.name: ref.digest for ref in seen.artefacts} if seen is not None else {}
        if name not in refs:
            known = f"there are {', '.join(refs)}" if refs else "it has none"
            raise CommandError(f"{which}: no artefact is called {name!r}; {known}", USAGE)
        return refs[name]
    if digest := reader.newest_artefact(which):
        return digest
    prefix = which.lower()
    if re.fullmatch(r"[0-9a-f]{6,64}", prefix):
        found = reader.artefacts_like(prefix)
        if len(found) > 1:
            raise CommandError(f"several artefacts begin with {which}: give more of it", USAGE)
        if found or len(prefix) == 64:
            return found[0] if found else prefix
    if reader.newest([which]):
        raise CommandError(f"{which}: no raw evidence is kept of it", CANNOT_OPEN)
    raise CommandError(
        f"{which!r} is no artefact and no probe of the store, or was pruned; the JSON of "
        "`cockpit check --format json` names artefacts by their digest",
        CANNOT_OPEN,
    )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise CommandError(str(error), CANNOT_OPEN) from error


def _reader(config_path: Path | None) -> Reader:
    if config_path is None and find(Path.cwd()) is None:
        path = without_config(Path.cwd()).store_path
        click.echo(f"no cockpit.toml here: acts without one, from {path}", err=True)
    else:
        path = load_config(config_path).store_path
    try:
        there = is_there(path)
    except StoreError as error:
        raise CommandError(str(error), CANNOT_OPEN) from error
    if not there:
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
