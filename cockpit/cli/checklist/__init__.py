"""`cockpit checklist …`: read and change checklists from the shell."""

from __future__ import annotations

import click

from cockpit.cli.checklist.block import block
from cockpit.cli.checklist.commit import commit
from cockpit.cli.checklist.list_show import list_items, show
from cockpit.cli.checklist.metrics import metrics
from cockpit.cli.checklist.next import next_tasks
from cockpit.cli.checklist.note import note, owner, progress
from cockpit.cli.checklist.parents import show_parents
from cockpit.cli.checklist.set import set_state
from cockpit.cli.checklist.undo import undo_last


@click.group("checklist")
def command() -> None:
    """Task lists in any markdown file: read them, set items, see what comes next, commit.

    Reading needs no config. With a cockpit.toml (the nearest upward, or --config) edits are
    recorded in its evidence store, mirrors are kept in step and requirements are asked for.

    Exit codes: 0 done, or nothing to do; 1 refused, nothing was changed (the item is in another
    state than it was seen in, can't be found for certain, needs a reason; the repository is in no
    state to commit); 64 wrong usage; 66 a file or the store can't be read; 73 a file can't be
    written; 74 it was done, and could not be recorded; 77 refused by --read-only; 78 a mistake in
    the config.
    """


LOOKING = (list_items, show, next_tasks, metrics)
VERBS = (
    *LOOKING,
    *(set_state, note, owner, progress, undo_last, show_parents),
    *(block, commit),
)
for each in LOOKING:  # those only look; a script may say so to every verb alike
    click.option("--read-only", is_flag=True, expose_value=False, help="It only looks anyway.")(
        each
    )
for each in VERBS:
    command.add_command(each)
