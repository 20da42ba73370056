"""`set`: give one item another state, as safely as the screen does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from cockpit.checklists import Status, anchor_of
from cockpit.cli.checklist.common import (
    FILE,
    FORMAT,
    REFUSED,
    choose,
    config_if_any,
    exit_code,
    print_json,
    read_document,
    which_item,
)
from cockpit.cli.checklist.desk import desk
from cockpit.cli.common import as_option, config_option, operator
from cockpit.cli.exits import CommandError
from cockpit.clock import SystemClock
from cockpit.engine.acts.ticking import Done, Ticker, Wish

_STATES = tuple(str(status) for status in Status if status is not Status.UNKNOWN)


@click.command("set")
@FILE
@click.argument("state", type=click.Choice(_STATES))
@which_item
@click.option("--reason", default="", help="Why, where the item's requirements are not met.")
@click.option(
    "--seen",
    type=click.Choice(_STATES),
    help="Only if the item is in this state now; otherwise refused.",
)
@config_option
@as_option
@FORMAT
def set_state(
    file: Path,
    state: str,
    line: int | None,
    wanted_id: str | None,
    wanted_text: str | None,
    reason: str,
    seen: str | None,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
) -> int:
    """Give one item of FILE the state STATE; nothing else in the file changes.

    Exit 0: it has that state now (also when it had it before). Exit 1: refused, nothing was
    changed: another state than --seen, no item or several of that name, a requirement that is not
    met and no --reason. 64: wrong usage. 66: no such file. 73: the file can't be written. 78: a
    mistake in the config.
    """
    document = read_document(file)
    item = choose(file, document, line, wanted_id, wanted_text)
    if seen is not None and item.status not in (seen, state):
        raise CommandError(
            f"{file}:{item.line}: “{item.text}” is {item.status}, not {seen}; nothing was changed",
            REFUSED,
        )
    clock = SystemClock()
    with desk(file, config_if_any(config_path), clock, as_name) as here:
        path = here.probe.path if here.probe is not None else file.absolute()
        wish = Wish(path, anchor_of(document, item), Status(state), reason, item.key)
        ticker = Ticker(here.memory, clock, operator(as_name), here.flush)
        act = partial(ticker.tick, probe=here.probe, board=here.board)
        done = act(wish, here.log)
        recorded = here.store is not None
    return _tell(file, done, recorded, format_)


def _tell(file: Path, done: Done, recorded: bool, format_: str) -> int:
    if done.edit is None:
        code = exit_code(done.error) if done.error is not None else REFUSED
        raise CommandError(done.text, code)
    edit = done.edit
    if format_ == "json":
        print_json(
            {
                "file": str(file),
                "line": edit.line,
                "changed": edit.changed,
                "from": str(edit.status_before),
                "to": str(edit.status_after),
                "text": edit.anchor.text,
                "method": edit.method,
                "mirrors": list(done.mirrors),
                "recorded": recorded,
            }
        )
    else:
        click.echo("; ".join([done.text, *done.mirrors]))
    return 0
