"""The reason why the owner of a socket can't be seen, in words, and who would see it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hidden:
    """The users of sockets without a visible owner. `outside`: the asking user may look at all of
    that user's processes, so that the owner is none of those that can be seen at all."""

    uids: tuple[int, ...]
    outside: bool

    @property
    def whose(self) -> str:
        """`uid 1001`, `another user`."""
        return f"uid {' '.join(map(str, self.uids))}" if self.uids else "another user"

    @property
    def why(self) -> str:
        """The reason why the owner can't be seen."""
        if self.outside:
            return "outside this process view (another PID namespace)"
        return "the owner belongs to another user"

    @property
    def act(self) -> str:
        """Advice: who would see the owner."""
        if self.outside:
            return "look from the host, or from the container it runs in"
        return "run as that user or root"


def hidden_of(uids: Collection[int], own: int | None = None) -> Hidden:
    """The hidden owners of sockets that belong to `uids`; `own` is the asking user (None: of this
    process). Root may look at everybody's processes, others at their own."""
    user = own_uid() if own is None else own
    told = tuple(sorted(uids))
    return Hidden(told, bool(told) and user is not None and (user == 0 or set(told) == {user}))


def own_uid() -> int | None:
    """The effective user of this process; None on Windows."""
    if sys.platform == "win32":
        return None
    else:
        return os.geteuid()
