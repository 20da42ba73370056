"""Put a finished twin in a file's place, look at what was displaced, and undo it if need be.

The danger is a program that looked the name up before the swap and writes to the displaced file
after it. So the displaced file is looked at once nobody can be writing to it; if it is not what
it was, it comes back. Until that is known nobody may use the new file (a lease of its own sees
to that), since whoever read it would go on from a version that is about to be withdrawn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from cockpit.checklists.editing.platform_api import Busy, FilePlatform, Held, Pause
from cockpit.checklists.editing.twins import UNUSED, WAITS
from cockpit.checklists.errors import EditKeptAside

_STRAGGLERS = 0.001
"""Seconds given to a program that has looked the name up but not opened the file yet."""


class Overtaken(Exception):
    """Somebody else changed the file first: it has to be looked at anew."""


def exchange_held(
    system: FilePlatform,
    held: Held,
    target: Path,
    twin: Path,
    before: bytes,
    pause: Pause,
    agreed: Callable[[], bool] = lambda: True,
) -> None:
    """Swap while the old file is held, and hold the new one until all is well.

    Args:
        held: the file at `target`; let go of on the way.
        twin: a file made by `make_twin`; gone afterwards.
        before: the content of `held`.
        agreed: has the last word, while nobody can use either file: False withdraws the new one.
            Must not raise.

    Raises:
        Overtaken: the old state is in force, with whatever others wrote.
        EditKeptAside: two others wrote at once; both versions are on disk.
    """
    with system.hold(twin, readers=False) as new:
        if not held.is_at(target):
            raise Overtaken
        system.exchange(twin, target)
        if _undisturbed(held, twin) and agreed() and _undisturbed(held, twin):
            held.close()
            pause(_STRAGGLERS)
            if _wait_settled(system, twin, pause) == before:
                _discard(system, twin, before)
                return
        _put_back(system, target, twin)
        # Whoever waits for the new file shall find what is in force.
        in_force = target.read_bytes() if held.closed else held.read()
        new.rewrite(in_force)
    held.close()
    _bring_in(system, target, twin, in_force, pause)
    raise Overtaken


def exchange_free(
    system: FilePlatform, target: Path, twin: Path, before: bytes, after: bytes, pause: Pause
) -> None:
    """The same where a held file cannot be swapped: by looking at the displaced file alone.

    Raises:
        Overtaken, EditKeptAside: as `exchange_held`.
    """
    system.exchange(twin, target)
    if _wait_settled(system, twin, pause) == before:
        _discard(system, twin, before)
        return
    _put_back(system, target, twin)
    _bring_in(system, target, twin, after, pause)
    raise Overtaken


def _undisturbed(held: Held, twin: Path) -> bool:
    """True when the swap displaced the held file and nobody waits to write to it."""
    try:
        return held.is_at(twin) and not held.wanted()
    except OSError:
        return False


def _put_back(system: FilePlatform, target: Path, twin: Path) -> None:
    try:
        system.exchange(twin, target)
    except (Busy, OSError) as error:
        raise _kept_aside(target, twin) from error


def _bring_in(system: FilePlatform, target: Path, twin: Path, left: bytes, pause: Pause) -> None:
    """Drop the withdrawn file, unless somebody wrote to it: then that is brought into force.

    Args:
        left: what the withdrawn file held when it was let go.
    """
    found = _wait_settled(system, twin, pause)
    if found == left:
        _discard(system, twin, left)
        return
    with contextlib.suppress(Busy, OSError):
        with system.hold(target, readers=True) as held:
            unchanged = held.read() == left and found is not None
        if unchanged:
            system.exchange(twin, target)
            if _wait_settled(system, twin, pause) == left:
                _discard(system, twin, left)
                return
    raise _kept_aside(target, twin)


def _kept_aside(target: Path, twin: Path) -> EditKeptAside:
    return EditKeptAside(
        "other programs changed the file at the same time: their versions are in"
        f" {target.name} and {twin.name}; merge them by hand",
        path=target,
    )


def _wait_settled(system: FilePlatform, twin: Path, pause: Pause) -> bytes | None:
    """Bytes of the displaced file; None when they cannot be had for certain."""
    for wait in (*WAITS, None):
        try:
            return system.settled(twin)
        except (Busy, OSError):
            if wait is not None:
                pause(wait)
    return None


def _discard(system: FilePlatform, twin: Path, held: bytes) -> None:
    """Remove a twin that holds just this; the change is done, so that it may be done later."""
    try:
        system.discard(twin)
    except OSError:
        UNUSED.add(system, twin, held)
