"""`parents`: print the computed state of parent items; write it on request."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cockpit.checklists import Document, anchor_of
from cockpit.checklists.parsing.parents import Parent, parents, states_used
from cockpit.cli.checklist.common import (
    FILE,
    FORMAT,
    REFUSED,
    config_if_any,
    exit_code,
    print_json,
    print_lines,
    read_document,
)
from cockpit.cli.checklist.workspace import Workspace, workspace
from cockpit.cli.common import allowed, as_option, config_option, read_only_option
from cockpit.clock import SystemClock
from cockpit.engine.commands.set_status import EditOutcome, EditRequest, StatusEditor
from cockpit.kinds.checklist.probe import ChecklistProbe
from cockpit.permissions import Permissions


@dataclass(frozen=True, slots=True)
class _Told:
    """A parent and what became of it."""

    parent: Parent
    differs: bool
    done: EditOutcome | None = None


@click.command("parents")
@FILE
@click.option("--write", is_flag=True, help="Set each parent that differs to its computed state.")
@click.option("--reason", default="", help="Why, where a parent's requirements are not met.")
@config_option
@as_option
@read_only_option
@FORMAT
def show_parents(
    file: Path,
    write: bool,
    reason: str,
    config_path: Path | None,
    as_name: str | None,
    format_: str,
    permissions: Permissions,
) -> int:
    """The items of FILE that have sub-items: the computed state beside the written one.

    All sub-items done (or dropped) is done, none begun is todo, anything else is doing; a file
    that does not use doing shows that as todo. A parent that is blocked, deferred or dropped
    stays so, and one that somebody marked as doing before any of its sub-items was begun. With
    --write each that differs is set like any item: recorded, with its mirrors and requirements.
    Exit 0: shown, or all written; 1: one or more were refused; 66 and 73 as for set.
    """
    if write:
        allowed(permissions, f"changing {file}")
    document = read_document(file)
    clock = SystemClock()
    with workspace(file, config_if_any(config_path), clock, as_name, permissions) as here:
        states = _states(here.probe, document)
        differing = [each.item.key for each in parents(document) if each.differs(states)]
        done: dict[str, EditOutcome] = {}
        if write:
            path = here.probe.path if here.probe is not None else file.absolute()
            editor = here.editor()
            for key in differing:
                made = _write(path, key, states, reason, editor, here)
                if made is not None:
                    done[key] = made
    told = [
        _Told(each, each.differs(states), done.get(each.item.key)) for each in parents(document)
    ]
    _tell(file, told, states, format_)
    return max((_code(each.done) for each in told if each.done is not None), default=0)


def _code(done: EditOutcome) -> int:
    if done.ok:
        return 0
    return exit_code(done.error) if done.error is not None else REFUSED


def _states(probe: ChecklistProbe | None, document: Document) -> Collection[str]:
    """The states the file uses by its config or by what stands in it."""
    return states_used(document) | (frozenset(probe.states) if probe is not None else frozenset())


def _write(
    path: Path,
    key: str,
    states: Collection[str],
    reason: str,
    editor: StatusEditor,
    here: Workspace,
) -> EditOutcome | None:
    """Set one parent as the file has it now; None when it needs nothing any more."""
    document = read_document(path)
    found = next((each for each in parents(document) if each.item.key == key), None)
    if found is None or not found.differs(states):
        return None
    request = EditRequest(path, anchor_of(document, found.item), found.wanted(states), reason, key)
    return editor.set_status(request, here.log, probe=here.probe, board=here.board)


def _tell(file: Path, told: Sequence[_Told], states: Collection[str], format_: str) -> None:
    if format_ == "json":
        print_json([_as_json(file, each, states) for each in told])
        return
    if not told:
        click.echo("no item has sub-items", err=True)
    for each in told:
        print_lines([_row(each.parent, each.differs)])
        if each.done is not None:
            print_lines([f"         {'; '.join([each.done.text, *each.done.mirrors])}"])


def _row(parent: Parent, differs: bool) -> str:
    item = parent.item
    mark = "differs" if differs else ""
    return (
        f"{item.line:6} {item.status:8} computed {parent.computed:6} {mark:7}"
        f" {'  ' * item.depth}{item.text}"
    )


def _as_json(file: Path, each: _Told, states: Collection[str]) -> dict[str, object]:
    return {
        **each.parent.item.to_json(str(file)),
        "computed": str(each.parent.computed),
        "below": each.parent.below,
        "wanted": str(each.parent.wanted(states)),
        "differs": each.differs,
        "written": each.done.ok if each.done is not None else False,
        "told": each.done.text if each.done is not None else None,
    }
