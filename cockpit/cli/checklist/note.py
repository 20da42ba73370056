"""`note`, `owner`, `progress`: write lines below an item, recorded as from the screen."""

from __future__ import annotations

from collections.abc import Callable

import click

from cockpit.checklists.editing.notes import ProgressNote
from cockpit.cli.checklist.common import REFUSED, exit_code, print_json, print_lines
from cockpit.cli.checklist.target import ItemSelector, item_target, on_item
from cockpit.cli.exits import CommandError
from cockpit.engine.commands.notes import NoteResult, NoteTarget, write_note, write_progress
from cockpit.engine.commands.set_status import Log


@click.command("note")
@on_item
@click.argument("text")
def note(named: ItemSelector, text: str) -> int:
    """Write TEXT as a note below one item of FILE; nothing else in the file changes.

    Exit 0: written. 1: refused, nothing was changed: no item or several of that name, an item
    below which no note can stand, an empty text, one of more than 1,000 characters. 64, 66, 73,
    78 as for set.
    """
    allow = named.permissions
    return _annotate(named, lambda target, log: write_note(target, text, log, permissions=allow))


@click.command("owner")
@on_item
@click.argument("name")
def owner(named: ItemSelector, name: str) -> int:
    """Write below one item of FILE that NAME owns it. Exit codes as for note."""
    allow = named.permissions
    return _annotate(
        named,
        lambda target, log: write_note(target, name, log, permissions=allow, owner=True),
    )


@click.command("progress")
@on_item
@click.option("--done", default="", help="What was done.")
@click.option("--against-target", default="", help="Status against target.")
@click.option("--next", "upcoming", default="", help="What comes next.")
@click.option("--blockers", default="", help="What is in the way; without it: none.")
@click.option("--estimate", default="", help="How long it will take yet.")
@click.option("--below", is_flag=True, help="Write the five lines below the item as well.")
def progress(
    named: ItemSelector,
    done: str,
    against_target: str,
    upcoming: str,
    blockers: str,
    estimate: str,
    below: bool,
) -> int:
    """Keep five answers after a task in the evidence; with --below under the item of FILE too.

    Exit 0: kept. 1: refused: an answer is missing (all but --blockers are needed) or has more than
    1,000 characters, no item or several of that name, no place for lines below it. 64, 66, 73, 78
    as for set.
    """
    answers = ProgressNote(done, against_target, upcoming, blockers, estimate)
    allow = named.permissions
    return _annotate(
        named,
        lambda target, log: write_progress(target, answers, log, permissions=allow, below=below),
    )


def _annotate(named: ItemSelector, write: Callable[[NoteTarget, Log], NoteResult]) -> int:
    with item_target(named) as at:
        result = write(NoteTarget(at.path, at.anchor, at.item.key), at.workspace.log)
        recorded = at.workspace.recorded
    if not result.ok:
        code = exit_code(result.error) if result.error is not None else REFUSED
        raise CommandError(result.text, code)
    if named.json:
        print_json(
            {
                "file": str(named.file),
                "item": at.item.text,
                "line": at.item.line,
                "lines": list(result.hunk.lines) if result.hunk is not None else [],
                "method": result.hunk.method if result.hunk is not None else None,
                "recorded": recorded,
            }
        )
    else:
        print_lines([result.text])
    return 0
