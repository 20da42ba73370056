"""`undo`: undo the last recorded change, under the same rules as `u` on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from cockpit.checklists import EditResult
from cockpit.cli.checklist.common import FORMAT, REFUSED, exit_code, print_json, print_lines
from cockpit.cli.checklist.history import kept_for, recorded
from cockpit.cli.checklist.workspace import workspace
from cockpit.cli.common import allowed, as_option, config_option, operator, read_only_option
from cockpit.cli.exits import CommandError
from cockpit.clock import SystemClock
from cockpit.engine.commands.undo import (
    UNDO_KINDS,
    UndoableChange,
    Undone,
    last_group,
    outcome_text,
    standing_changes,
    undo,
)
from cockpit.kinds.checklist.edit_history import same_file
from cockpit.permissions import Permissions


@click.command("undo")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--anyone", is_flag=True, help="The last change whoever made it, not your own last.")
@config_option
@as_option
@read_only_option
@FORMAT
def undo_last(
    file: Path | None,
    anyone: bool,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
    permissions: Permissions,
) -> int:
    """Take back your last recorded change of FILE, or of any checklist.

    A tick, a note, an owner, the lines of a progress form; items that were set in one go are taken
    back in one go. It must still stand as it was made: what somebody changed since is left alone
    and both states are told. Mirrors follow. The next undo takes back what was done before;
    an undo itself is not taken back. Without a config FILE is needed: what you changed in it
    without one.

    Exit 0: taken back. 1: refused, or nothing to take back; of several edits those that could be
    are taken back and the others are told. 64: wrong usage. 66: no such file, or the store can't
    be read. 73: the file can't be written. 78: a mistake in the config.
    """
    allowed(permissions, "taking a change back")
    loaded = kept_for([file] if file is not None else [], config_path)
    changes = standing_changes(recorded(loaded, UNDO_KINDS))
    group = _last(changes, file, None if anyone else operator(as_name))
    clock = SystemClock()
    with workspace(None, loaded, clock, as_name, permissions) as here:
        editor = here.editor()
        undone = [
            undo(
                change,
                here.log_as(change.probe),
                editor,
                here.probes.get(same_file(change.path)),
            )
            for change in group
        ]
        kept = here.recorded
    ok, text = outcome_text(undone)
    if format_ == "json":
        print_json({"undone": [_as_json(one) for one in undone], "recorded": kept})
    elif ok:
        print_lines([text])
    if not ok:
        errors = [one.error for one in undone if one.error is not None]
        raise CommandError(text, exit_code(errors[0]) if errors else REFUSED)
    return 0


def _last(
    changes: Sequence[UndoableChange], file: Path | None, who: str | None
) -> list[UndoableChange]:
    """The changes to undo, newest first. CommandError when there is nothing."""
    here = [one for one in changes if file is None or same_file(one.path) == same_file(file)]
    own = [one for one in here if who is None or _name(one.actor) == _name(who)]
    if own:
        return last_group(own)
    of = f" of {file}" if file is not None else ""
    if here:
        last = here[-1]
        raise CommandError(
            f"nothing to take back{of}: the last change is {last.actor}’s: {last.text};"
            " --anyone takes that back",
            REFUSED,
        )
    raise CommandError(f"nothing to take back{of}: no recorded change stands", REFUSED)


def _name(actor: str) -> str:
    """The name of an operator, without where the connection comes from."""
    return actor.partition(" from ")[0]


def _as_json(one: Undone) -> dict[str, object]:
    made = one.change.made
    states: dict[str, object] = {"from": None, "to": None, "lines": []}
    if isinstance(made, EditResult):
        states |= {"from": str(made.status_after), "to": str(made.status_before)}
    else:
        states |= {"lines": list(made.lines)}
    return {
        "file": str(one.change.path),
        "item": made.anchor.text,
        "what": "edit" if isinstance(made, EditResult) else "note",
        "ok": one.ok,
        **states,
        "mirrors": list(one.mirrors),
        "told": one.text,
    }
