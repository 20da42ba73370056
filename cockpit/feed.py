"""Where a screen gets its board and leaves its commands: the Feed protocol.

A feed is live (the engine runs in this process), attached (another process collects, the store is
read) or past (the store at a moment gone by). The screen does not know which and does not need to.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cockpit.commands import Command, Reply, Ticket
from cockpit.model import Board, Event, EventKind, Observation, Verdict
from cockpit.redaction import SECRETS
from cockpit.text import sanitize

ITEM_KINDS = (
    EventKind.EDIT,
    EventKind.EDIT_REFUSED,
    EventKind.OVERRIDE,
    EventKind.NOTE,
    EventKind.PROGRESS,
)
"""Events that tell the history of a checklist item; their `item` is the key of its finding."""


class FeedMode(enum.StrEnum):
    """How the feed knows what it shows."""

    LIVE = "live"
    ATTACHED = "attached"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One past observation in short: aware UTC moment, verdict, headline, numbers."""

    at: datetime
    verdict: Verdict
    headline: str
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch in which a probe kept one verdict, from its first observation to its last.

    `start` and `seen_until` are aware UTC; headline and metrics are those of the last observation.
    That nobody looked for a while ends no stretch: see the gaps for that.
    """

    verdict: Verdict
    start: datetime
    seen_until: datetime
    headline: str
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artefact:
    """Raw evidence as kept: its bytes without secrets, its media type and SHA-256 (hex).

    `artefact_of` makes one of bytes as they came. One that is made otherwise loses its secrets too,
    but keeps the digest it was given.
    """

    digest: str
    media_type: str
    body: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "media_type", sanitize(self.media_type))
        object.__setattr__(self, "body", SECRETS.body(self.body))


def artefact_of(media_type: str, body: bytes) -> Artefact:
    """Raw evidence as it is kept of `body`."""
    body = SECRETS.body(body)
    return Artefact(hashlib.sha256(body).hexdigest(), media_type, body)


class Feed(Protocol):
    """A board that changes, its past, and a place to leave commands.

    Methods return at once and may be called from the screen's thread only; they raise nothing on
    trouble with the store but say so in `Board.watch`.
    """

    @property
    def mode(self) -> FeedMode: ...

    def now(self) -> datetime:
        """The moment the board speaks of, aware UTC; every age on the screen is counted from it."""
        ...

    def snapshot(self) -> Board: ...

    def events(self, since: int = 0, limit: int = 500) -> Sequence[Event]:
        """Events with `seq` above `since`, oldest first; at most the newest `limit` of them."""
        ...

    def history(self, probe: str, limit: int = 100) -> Sequence[HistoryPoint]:
        """Past observations of a probe, newest first."""
        ...

    def intervals(self, probe: str, since: datetime, until: datetime) -> Sequence[Interval]:
        """The verdicts of a probe between two moments (aware), oldest first."""
        ...

    def artefact(self, digest: str) -> Artefact | None: ...

    def item_events(self, probe: str, limit: int = 500) -> Sequence[Event]:
        """What was done to the items of a checklist (`ITEM_KINDS`), oldest first."""
        ...

    def observation(self, probe: str) -> Observation | None:
        """The latest observation of one probe, as the board shows it."""
        ...

    def submit(self, command: Command) -> Ticket:
        """Leave a command; its `Reply` with this ticket comes later through `replies`."""
        ...

    def replies(self) -> Sequence[Reply]:
        """Replies that arrived since the last call, each given once."""
        ...

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have `wake` called, from any thread, when there is news; returns the way to stop it.

        Wake-ups coalesce: one call may stand for many changes.
        """
        ...
