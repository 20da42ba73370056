"""One change of one file that other programs write to at the same time.

The ladder: a write in place while everybody else is kept out; where bytes have to move, or
readers hold the file open, an exchange with a finished twin and a look at what was displaced;
else a refusal. At every point the file is the old or the new one, and what another program wrote
in the meantime is put back or kept, never dropped.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cockpit.checklists.editing.exchange import Overtaken, exchange_free, exchange_held
from cockpit.checklists.editing.platform_api import (
    Busy,
    Collided,
    FilePlatform,
    Held,
    NoGuard,
    Pause,
    this_platform,
)
from cockpit.checklists.editing.splice import Splice
from cockpit.checklists.editing.twins import UNUSED, WAITS, complete, remove_abandoned, remove_if
from cockpit.checklists.errors import (
    ChecklistError,
    EditForbidden,
    EditKeptAside,
    FileBusy,
    FileUnwritable,
)
from cockpit.checklists.parsing.file_io import read_regular
from cockpit.permissions import ALL_ALLOWED, Permissions, ReadOnlyError

_EXCLUSIVE_ATTEMPTS = 8
"""So often readers are waited for; after that they may keep the old file open."""


_TURNS = 4
"""So often another program is let in first before all is looked at anew."""
_LOOKS = 20
_LOOK_EVERY = 0.0002
"""How often, and seconds apart, it is looked whether that one is done."""
_SMALL = 32 * 1024
"""Bytes of a file that is looked at in no time, so that others may wait for it."""


Decide = Callable[[bytes], Splice | None]
"""Looks at the file as it is now and says what to change; None leaves it. May raise; `Busy` where
it looks as if another program is in the middle of writing it."""


@dataclass(frozen=True, slots=True)
class Written:
    """What happened to a file."""

    path: Path
    """With symbolic links followed."""
    before: bytes
    after: bytes
    method: str
    """`lease`, `share-mode`, `exchange`: nobody else could write meanwhile; `observed`,
    `checked`: nobody did as far as could be seen; `unchanged`: nothing to do."""


def update(
    path: Path,
    decide: Decide,
    *,
    platform: FilePlatform | None = None,
    pause: Pause = time.sleep,
    permissions: Permissions = ALL_ALLOWED,
) -> Written:
    """Change a file once, safely.

    Args:
        path: an existing regular file; symbolic links are followed, and stay.
        decide: called with the current bytes, possibly several times.
        permissions: asked before anything else.

    Raises:
        EditForbidden: this cockpit only looks.
        FileBusy: other programs kept it open, or kept replacing it.
        FileUnwritable: it cannot be written, with the reason.
        EditKeptAside: two foreign edits raced with this one; both are on disk.
        ChecklistError: whatever `decide` raises.
    """
    try:
        permissions.demand("changing it")
    except ReadOnlyError as error:
        raise EditForbidden(f"{error}; nothing was changed", path=path) from error
    system = platform or this_platform()
    try:
        target = Path(os.path.realpath(path, strict=True))
        mode = target.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        if not stat.S_ISREG(mode):
            raise FileUnwritable("this is not a file that holds text")
        if not mode & 0o222:
            raise PermissionError(errno.EROFS, "read-only", str(target))
        try:
            return _attempts(target, decide, system, pause)
        finally:
            UNUSED.sweep(pause)
            remove_abandoned(system, target)
    except OSError as error:
        raise FileUnwritable(_explain(error), path=path) from error
    except NoGuard as error:
        raise FileUnwritable(f"{error}; nothing was changed", path=path) from error
    except Collided as error:
        raise FileBusy(
            "another program wrote this file in the very moment of the edit, and could not be kept"
            " out of it: look at the item’s line and those around it before going on",
            path=path,
        ) from error
    except ChecklistError as error:
        raise error.at(path) from error.__cause__


def _attempts(target: Path, decide: Decide, system: FilePlatform, pause: Pause) -> Written:
    reason = ""
    for number, wait in enumerate((*WAITS, None)):
        try:
            return _once(target, decide, system, pause, readers=number >= _EXCLUSIVE_ATTEMPTS)
        except Busy as error:
            reason = str(error)
        except Overtaken:
            reason = "other programs keep changing it"
        if wait is not None:
            pause(wait)
    raise FileBusy(f"{reason}; try again, nothing was changed", path=target)


def _once(
    target: Path, decide: Decide, system: FilePlatform, pause: Pause, *, readers: bool
) -> Written:
    looked_at = read_regular(target)
    with contextlib.suppress(ChecklistError):
        # Looking takes long in a long file; nobody is kept waiting meanwhile. An error here may
        # come from a half-written file and is not believed.
        if decide(looked_at) is None:
            return Written(target, looked_at, looked_at, "unchanged")
    with system.hold(target, readers=readers) as held:
        data = held.read()
        if data != looked_at and len(data) > _SMALL and not readers:
            raise Overtaken
        splice = decide(data)
        if splice is None:
            return Written(target, data, data, "unchanged")
        after = splice.apply(data)
        if held.writable and len(splice.old) == len(splice.new):
            return _in_place(held, target, splice, data, after)
        if held.links > 1:
            if held.writable:
                raise FileUnwritable(
                    f"the file has {held.links} names (hard links) and this change"
                    " cannot be made in place, which would part them; nothing was changed, edit it"
                    " by hand"
                )
            raise Busy("another program is reading it")
        twin = _Twin(system.make_twin(target, after), data, after)
        with _discarded_if_unused(system, twin):
            twin.path = complete(target, twin.path, data, after)
            if not system.exchange_while_held:
                held.close()
            if not system.exchange_while_held:
                exchange_free(system, target, twin.path, data, after, pause)
            elif held.wanted():
                # Its line would go to the displaced file: let it in first, and be quick after it.
                held.close()
                _after_a_knock(target, twin, splice, decide, system, pause, readers=readers)
            else:
                exchange_held(system, held, target, twin.path, data, pause)
    return Written(target, twin.before, twin.after, "exchange")


@dataclass(slots=True)
class _Twin:
    """A finished new version: made from `before`, holds `after`."""

    path: Path
    before: bytes
    after: bytes


def _after_a_knock(
    target: Path,
    twin: _Twin,
    splice: Splice,
    decide: Decide,
    system: FilePlatform,
    pause: Pause,
    *,
    readers: bool,
) -> None:
    """Exchange right after another program had its turn: one that appends all the time is at rest
    then, for a moment too short to look at the whole file anew.

    What it appended is put on the twin as well. Whether the change is still the right one is asked
    after the exchange, while nobody can use either file.
    """
    for _ in range(_TURNS):
        with _held_soon(target, system, pause, readers=readers) as held:
            now = held.read()
            if not now.startswith(twin.before):
                raise Overtaken
            if more := now[len(twin.before) :]:
                system.grow(twin.path, more)
                twin.before, twin.after = now, twin.after + more
                twin.path = complete(target, twin.path, twin.before, twin.after)
            if not held.wanted():

                def agreed(seen: bytes = now) -> bool:
                    with contextlib.suppress(ChecklistError, Busy):
                        return decide(seen) == splice
                    return False

                exchange_held(system, held, target, twin.path, now, pause, agreed)
                return
    raise Overtaken


@contextlib.contextmanager
def _held_soon(
    target: Path, system: FilePlatform, pause: Pause, *, readers: bool
) -> Iterator[Held]:
    for left in reversed(range(_LOOKS)):
        with contextlib.ExitStack() as stack:
            try:
                held = stack.enter_context(system.hold(target, readers=readers))
            except Busy:
                if not left:
                    raise
                pause(_LOOK_EVERY)
                continue
            yield held
            return


@contextlib.contextmanager
def _discarded_if_unused(system: FilePlatform, twin: _Twin) -> Iterator[None]:
    """When the swap did not happen, the twin still holds nothing but our own bytes: remove it."""
    try:
        yield
    except EditKeptAside:
        raise
    except BaseException:
        if not remove_if(system, twin.path, twin.after):
            UNUSED.add(system, twin.path, twin.after)
        raise


def _in_place(held: Held, target: Path, splice: Splice, data: bytes, after: bytes) -> Written:
    if not held.is_at(target):
        raise Overtaken
    held.write_at(splice.offset, splice.old, splice.new)
    with contextlib.suppress(OSError):  # the change is done, whatever this says
        if not held.is_at(target):
            # Replaced in this very moment: the edit went to the file that is gone.
            raise Overtaken
    return Written(target, data, after, held.method)


def _explain(error: OSError) -> str:
    reasons = {
        errno.ENOENT: "the file is gone; nothing was changed",
        errno.EISDIR: "this is a folder, not a file",
        errno.ELOOP: "its symbolic links lead in a circle",
        errno.EACCES: "no permission to write it; nothing was changed",
        errno.EPERM: "no permission to write it; nothing was changed",
        errno.EROFS: "it is read-only; nothing was changed",
        errno.ENOSPC: "the disk is full; nothing was changed",
        errno.EDQUOT: "the disk quota is used up; nothing was changed",
        errno.ENOTDIR: "a part of its path is a file, not a folder",
        errno.EIO: "the disk reports an error; check the file before going on",
    }
    return reasons.get(error.errno or 0, f"cannot be written: {error.strerror or error}")
