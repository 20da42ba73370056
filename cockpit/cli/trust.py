"""`cockpit trust`: consent to run a config's commands and to send what is not written in it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cockpit.cli.common import config_option, load_config
from cockpit.cli.exits import CANNOT_CREATE, USAGE, CommandError
from cockpit.config.load import AnyVariable
from cockpit.config.models import LoadedConfig
from cockpit.config.trust import AskedCommand, Request, TrustError, TrustStore
from cockpit.kinds.sendings import would_send
from cockpit.suggestions import did_you_mean
from cockpit.text import sanitize


@click.command("trust")
@config_option
@click.option("--yes", is_flag=True, help="Do not ask: for CI.")
@click.option("--list", "list_", is_flag=True, help="Show all that needs consent, and its state.")
@click.option("--revoke", is_flag=True, help="Take consent back, of these probes or of all.")
@click.argument("names", nargs=-1, metavar="[PROBE]...")
def command(
    config_path: Path | None, yes: bool, list_: bool, revoke: bool, names: tuple[str, ...]
) -> int:
    """Show what this config would run and send, and allow it for your user.

    Only the probes named, or all of them. A command is asked for again when its words, its folder
    or what it runs change; a sending when its source or its address does. Until then the probe is
    UNKNOWN, and nothing of it is run or sent.
    """
    if list_ and revoke:
        raise click.UsageError("--list and --revoke do not go together")
    # What a variable holds does not matter here: consent is given to its name.
    loaded = load_config(config_path, AnyVariable())
    store = TrustStore.default()
    if trouble := store.trouble:
        click.echo(sanitize(trouble), err=True)
    requests = _named(loaded, store.requests(loaded), names)
    if list_:
        return _list(requests)
    if revoke:
        return _revoke(loaded, store, names)
    waiting = [request for request in requests if request.waits]
    if not waiting:
        of = "of these probes" if names else "of this config"
        click.echo(f"nothing {of} waits for your consent")
        return 0
    for request in waiting:
        _show(request)
    if not yes:
        waiting = _asked(waiting)
    _agree(loaded, store, waiting)
    return 0


def offer(path: Path) -> None:
    """Ask once for what the config at `path` needs consent to; without a terminal, say what to do.

    Nothing is said where nothing waits. Raises CommandError.
    """
    loaded = load_config(path, AnyVariable())
    store = TrustStore.default()
    waiting = [request for request in store.requests(loaded) if request.waits]
    if not waiting:
        return
    several = len(waiting) > 1
    line = f"{len(waiting)} probe{'s wait' if several else ' waits'} for consent: cockpit trust"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(line)
        return
    for request in waiting:
        _show(request)
    try:
        waiting = _asked(waiting)
    except CommandError:
        click.echo(line)
        return
    _agree(loaded, store, waiting)


def _named(
    loaded: LoadedConfig, requests: Sequence[Request], names: Sequence[str]
) -> list[Request]:
    """The requests of the probes `names`; all without any. Raises UsageError for another name."""
    known = [table.name for table in loaded.config.probes()]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {', '.join(known) or 'none'}"
            raise click.UsageError(f"no probe is called {name!r}; {hint}")
    return [request for request in requests if not names or request.table.name in names]


def _asked(waiting: list[Request]) -> list[Request]:
    """Those that the user agrees to: all, or some by name. Raises CommandError for none."""
    which = "y, n, or names of probes (a, b)" if len(waiting) > 1 else "y or n"
    try:
        answer = click.prompt(f"Allow this from now on? {which}", default="n", err=True)
    except click.Abort:
        answer = ""
    words = [word.strip() for word in answer.split(",") if word.strip()]
    if [word.lower() for word in words] in (["y"], ["yes"], ["all"]):
        return waiting
    known = {request.table.name: request for request in waiting}
    if words and all(word in known for word in words):
        return [known[word] for word in dict.fromkeys(words)]
    raise CommandError("nothing was trusted", USAGE)


def _agree(loaded: LoadedConfig, store: TrustStore, requests: Sequence[Request]) -> None:
    try:
        aside = store.agree(loaded, requests)
    except TrustError as error:
        raise CommandError(sanitize(str(error)), CANNOT_CREATE) from error
    _put_aside(aside)
    click.echo(f"trusted {len(requests)}; kept in {sanitize(str(store.path))}")


def _revoke(loaded: LoadedConfig, store: TrustStore, names: Sequence[str]) -> int:
    tables = [one for one in loaded.config.probes() if not names or one.name in names]
    try:
        _put_aside(store.revoke(loaded, tables, whole_folder=not names))
    except TrustError as error:
        raise CommandError(sanitize(str(error)), CANNOT_CREATE) from error
    click.echo(f"took back what was allowed for {', '.join(names) or 'this folder'}")
    return 0


def _put_aside(aside: Path | None) -> None:
    if aside is not None:
        click.echo(f"the damaged file is now {sanitize(str(aside))}", err=True)


def _list(requests: Sequence[Request]) -> int:
    for request in requests:
        _show(request, states=True)
    if not requests:
        click.echo("nothing of this config needs consent")
    return 0


def _show(request: Request, *, states: bool = False) -> None:
    """What a probe would run and send: of a command all whose content counts, and what can't."""
    name = sanitize(request.table.name)
    for sent in request.sendings:
        told = would_send([(sent.value.source, sent.value.address)])
        click.echo(f"{name} {sanitize(sent.value.key)}: {told}{_state(sent.since, states)}")
        if sent.value.outside:
            click.echo("    this file does not lie below the project")
    for asked in request.commands:
        _show_command(f"{name} {sanitize(asked.key)}", asked, states=states)


def _show_command(name: str, asked: AskedCommand, *, states: bool) -> None:
    command = asked.command
    click.echo(f"{name}: {sanitize(shlex.join(command.argv))}{_state(asked.since, states)}")
    click.echo(f"    in {sanitize(str(command.folder))}")
    if command.program is not None:
        click.echo(f"    {sanitize(str(command.program))}")
    for path in (*command.scripts, *command.followed, *command.programs):
        click.echo(f"    {sanitize(str(path))}")
    for part in command.parts:
        click.echo(f"    {sanitize(str(part.path))}: {part.what}")
    if command.gaps:
        click.echo(f"    not covered: {sanitize('; '.join(command.gaps))}")


def _state(since: str, states: bool) -> str:
    if not states:
        return ""
    return f"  [agreed {sanitize(since)}]" if since else "  [waits]"
