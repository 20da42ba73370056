"""`cockpit checklist …`: the checklist engine for the shell."""

from __future__ import annotations

import click

from cockpit.cli.checklist.committing import commit
from cockpit.cli.checklist.cycles import metrics
from cockpit.cli.checklist.editing import set_state
from cockpit.cli.checklist.listing import list_items, show
from cockpit.cli.checklist.noting import note, owner, progress
from cockpit.cli.checklist.parents import show_parents
from cockpit.cli.checklist.results import block
from cockpit.cli.checklist.undoing import undo_last
from cockpit.cli.checklist.upcoming import next_tasks


@click.group("checklist")
def command() -> None:
    """Task lists in any markdown file: read them, set items, see what comes next, commit.

    Reading needs no config. With a cockpit.toml (the nearest upward, or --config) edits are
    recorded in its evidence store, mirrors are kept in step and requirements are asked for.

    Exit codes: 0 done, or nothing to do; 1 refused, nothing was changed (the item is in another
    state than it was seen in, can't be found for certain, needs a reason; the repository is in no
    state to commit); 64 wrong usage; 66 a file or the store can't be read; 73 a file can't be
    written; 78 a mistake in the config.
    """


VERBS = (
    *(list_items, show, next_tasks, metrics),
    *(set_state, note, owner, progress, undo_last, show_parents),
    *(block, commit),
)
for each in VERBS:
    command.add_command(each)
