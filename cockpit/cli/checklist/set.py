"""`set`: set one item to another state, as safely as the screen does."""

from __future__ import annotations

import click

from cockpit.checklists import Status
from cockpit.cli.checklist.common import REFUSED, exit_code, print_json, print_lines
from cockpit.cli.checklist.target import ItemSelector, item_target, on_item
from cockpit.cli.exits import CommandError
from cockpit.engine.commands.set_status import EditOutcome, EditRequest

_STATES = tuple(str(status) for status in Status if status is not Status.UNKNOWN)


@click.command("set")
@on_item
@click.argument("state", type=click.Choice(_STATES))
@click.option("--reason", default="", help="Why, where the item's requirements are not met.")
@click.option(
    "--seen",
    type=click.Choice(_STATES),
    help="Only if the item is in this state now; otherwise refused.",
)
def set_state(named: ItemSelector, state: str, reason: str, seen: str | None) -> int:
    """Give one item of FILE the state STATE; nothing else in the file changes.

    Exit 0: it has that state now (also when it had it before). Exit 1: refused, nothing was
    changed: another state than --seen, no item or several of that name, a requirement that is not
    met and no --reason. 64: wrong usage. 66: no such file. 73: the file can't be written. 78: a
    mistake in the config.
    """
    with item_target(named) as at:
        if seen is not None and at.item.status not in (seen, state):
            raise CommandError(
                f"{named.file}:{at.item.line}: “{at.item.text}” is {at.item.status}, not {seen};"
                " nothing was changed",
                REFUSED,
            )
        workspace = at.workspace
        request = EditRequest(at.path, at.anchor, Status(state), reason, at.item.key)
        done = workspace.editor().set_status(
            request, workspace.log, probe=workspace.probe, board=workspace.board
        )
        recorded = workspace.recorded
    return _tell(named, done, recorded)


def _tell(named: ItemSelector, done: EditOutcome, recorded: bool) -> int:
    if done.edit is None:
        code = exit_code(done.error) if done.error is not None else REFUSED
        raise CommandError(f"{done.text}: --reason TEXT" if done.needs_reason else done.text, code)
    edit = done.edit
    if named.json:
        print_json(
            {
                "file": str(named.file),
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
        print_lines(["; ".join([done.text, *done.mirrors])])
    return 0
