"""The target of a verb that changes one item: the item, the operator, the workspace."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists import Anchor, Document, Item, anchor_of
from cockpit.cli.checklist.common import (
    FILE,
    FORMAT,
    REFUSED,
    choose,
    config_if_any,
    read_document,
    which_item,
)
from cockpit.cli.checklist.workspace import Workspace, workspace
from cockpit.cli.common import allowed, as_option, config_option, operator, read_only_option
from cockpit.cli.exits import CommandError
from cockpit.clock import Clock, SystemClock
from cockpit.permissions import Permissions

_PATIENCE = 1.0
"""Seconds for which an item is looked for in a file that is being written."""
_LOOK_EVERY = 0.02
_RECENT = 2.0
"""Seconds since its last change for which a file may be in the middle of being written."""


@dataclass(frozen=True, slots=True)
class ItemSelector:
    """An item as a command line names it, and the output format."""

    file: Path
    line: int | None
    id: str | None
    text: str | None
    config_path: Path | None
    as_name: str | None
    format_: str
    permissions: Permissions

    @property
    def json(self) -> bool:
        """Whether nothing but JSON goes to stdout."""
        return self.format_ == "json"


@dataclass(frozen=True, slots=True)
class ItemTarget:
    """The item as it was found, and the workspace of its file."""

    workspace: Workspace
    item: Item
    anchor: Anchor
    path: Path
    clock: Clock
    who: str


def on_item(function: Callable[..., int]) -> Callable[..., int]:
    """`FILE`, `--line | --id | --text`, `--config`, `--as` and `--format`, as one `ItemSelector`.

    It goes below `click.command` and above the verb's own arguments and options.
    """

    @functools.wraps(function)
    def gathered(
        *,
        file: Path,
        line: int | None,
        wanted_id: str | None,
        wanted_text: str | None,
        config_path: Path | None,
        as_name: str | None,
        format_: str,
        permissions: Permissions,
        **rest: object,
    ) -> int:
        named = ItemSelector(
            file, line, wanted_id, wanted_text, config_path, as_name, format_, permissions
        )
        return function(named, **rest)

    for option in (FORMAT, read_only_option, as_option, config_option, which_item, FILE):
        gathered = option(gathered)
    return gathered


def _found(named: ItemSelector, clock: Clock) -> tuple[Document, Item]:
    """The document and the item in it.

    A program that truncates the file and writes it anew leaves a moment in which the item is not
    there: what was written to right now is looked at again for a second.
    """
    given_up = clock.monotonic() + _PATIENCE
    while True:
        try:
            document = read_document(named.file)
            return document, choose(named.file, document, named.line, named.id, named.text)
        except CommandError as error:
            if (
                error.code != REFUSED
                or clock.monotonic() >= given_up
                or not _is_being_written(named.file, clock)
            ):
                raise
        time.sleep(_LOOK_EVERY)


def _is_being_written(path: Path, clock: Clock) -> bool:
    try:
        written = path.stat().st_mtime
    except OSError:
        return False
    return abs(clock.now().timestamp() - written) < _RECENT


@contextmanager
def item_target(named: ItemSelector) -> Iterator[ItemTarget]:
    """Find the item and open its workspace.

    Raises:
        CommandError: this cockpit only looks (77), no such file (66), none or several such items
            (1), not said which (64).
    """
    allowed(named.permissions, f"changing {named.file}")
    clock = SystemClock()
    document, item = _found(named, clock)
    with workspace(
        named.file, config_if_any(named.config_path), clock, named.as_name, named.permissions
    ) as here:
        path = here.probe.path if here.probe is not None else named.file.absolute()
        yield ItemTarget(
            here, item, anchor_of(document, item), path, clock, operator(named.as_name)
        )
