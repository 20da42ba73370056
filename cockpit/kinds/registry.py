"""The kinds of probes there are, in board order: the one list that everybody reads.

To add a kind: a package beside the others with a `KIND`, and a line in `BUILT_IN`. Another
distribution adds one by an entry point in the group `cockpit.kinds`, whose name is the kind's and
whose value is its `Kind` (`alarm = "alarm_kind:KIND"`). Config, validation, requirements, init,
board order, panes, keys, help and docs all read this list.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cockpit.kinds.kind import Kind

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "cockpit.kinds"
BUILT_IN = {
    "listener": "cockpit.kinds.listener",
    "heartbeat": "cockpit.kinds.heartbeat",
    "service": "cockpit.kinds.service",
    "state": "cockpit.kinds.state",
    "decisions": "cockpit.kinds.decisions",
    "log": "cockpit.kinds.log",
    "gate": "cockpit.kinds.gate",
    "smoke": "cockpit.kinds.smoke",
    "checklist": "cockpit.kinds.checklist",
}


_brought: dict[str, Kind] = {}


class KindError(Exception):
    """A kind of another distribution can't be used; the message names it and says why."""


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all kinds in board order: ours, then those of other distributions by name."""
    return (*BUILT_IN, *sorted(_entry_points()))


@functools.cache
def find(name: str) -> Kind | None:
    """The kind called `name`, or None. Raises KindError for one that can't be loaded."""
    if name in BUILT_IN:
        return _checked(name, importlib.import_module(BUILT_IN[name]).KIND)
    entry = _entry_points().get(name)
    if entry is None:
        return None
    try:
        kind = _checked(name, entry.load())
        _brought[name] = kind
        return kind
    except KindError:
        raise
    except Exception as error:
        raise KindError(f"the kind {name} ({entry.value}) can't be loaded: {error}") from error


def rank(name: str) -> tuple[int, str]:
    """The place of a kind in board order, as a sort key: ours first, the others by name."""
    order = list(BUILT_IN)
    return (order.index(name) if name in BUILT_IN else len(order), name)


def kinds_in(words: Iterable[str]) -> list[Kind]:
    """The kinds that these words name, in board order. Raises KindError.

    Other distributions are asked only for a word that is none of ours.
    """
    return [kind for word in sorted(words, key=rank) if (kind := find(word)) is not None]


def get(name: str) -> Kind:
    """The kind called `name`. Raises KeyError, and KindError for one that can't be loaded."""
    kind = find(name)
    if kind is None:
        raise KeyError(name)
    return kind


def all_kinds() -> Iterator[Kind]:
    """Every kind in board order; one that can't be loaded is left out here."""
    for name in names():
        try:
            yield get(name)
        except KindError:
            continue


def kinds_at_hand() -> list[Kind]:
    """Our own kinds, and those of other distributions that a config has named so far.

    Nobody is asked which others there are: that would cost a screen more than all of its panes.
    """
    return [*(get(name) for name in BUILT_IN), *_brought.values()]


@functools.cache
def load_facts(kind: str) -> None:
    """Make the typed facts of a kind known to the codec; one that is not there stays unknown."""
    try:
        found = find(kind)
        if found is not None:
            found.load_facts()
    except (KindError, ImportError):
        return


def _checked(name: str, kind: object) -> Kind:
    if not isinstance(kind, Kind):
        raise KindError(f"the kind {name} is no cockpit.kinds.kind.Kind but {type(kind).__name__}")
    if kind.name != name:
        raise KindError(f"the kind {name} calls itself {kind.name}")
    return kind


@functools.cache
def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # costs more than the rest of the list

    found = entry_points(group=ENTRY_POINTS)
    return {entry.name: entry for entry in found if entry.name not in BUILT_IN}
