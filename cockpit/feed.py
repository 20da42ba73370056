"""Where a screen gets its board and leaves its commands: the Feed protocol.

A feed is live (the engine runs in this process), attached (another process collects, the store is
read) or past (the store at a moment gone by). The screen does not know which and does not need to.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from cockpit.model import Board, Event, EventKind, Observation, Verdict

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
class Reprobe:
    """Run one probe now, or every probe when `probe` is None."""

    probe: str | None = None


@dataclass(frozen=True, slots=True)
class SetItem:
    """Set a checklist item that the screen shows.

    `probe` is the checklist's name, `item` the finding's key, `seen` the status word the operator
    saw (`todo`, `doing`, `done`, …), `to` the wanted one; None cycles. `anchor` is the finding's
    `anchor` fact, carried back untouched so that a moved item can be found again. `reason` is why
    it is set to done although what it requires is red. Commands with the same `batch` that follow
    each other are undone together.
    """

    probe: str
    item: str
    seen: str
    anchor: str
    to: str | None = None
    reason: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class NoteItem:
    """Write a note, or the owner, below a checklist item; named as in `SetItem`."""

    probe: str
    item: str
    anchor: str
    text: str
    owner: bool = False


@dataclass(frozen=True, slots=True)
class RecordProgress:
    """The five answers after a task, for the evidence; `below`: under the item as well."""

    probe: str
    item: str
    anchor: str
    done: str
    against_target: str
    next: str
    blockers: str
    estimate: str
    below: bool = False


@dataclass(frozen=True, slots=True)
class UndoEdit:
    """Take back the last checklist edits or note of this feed under the same rules."""


@dataclass(frozen=True, slots=True)
class PlanCommit:
    """Ask what a commit of the cockpit's own edits of checklists would hold."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Say that a problem is known, with a note. It stays on the board."""

    problem: str
    note: str


@dataclass(frozen=True, slots=True)
class Arm:
    """Allow acts on processes for a while; `on` False ends that at once."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class PlanEnd:
    """Ask what ending that process would end. `started_at` is its start as the row shows it (RFC
    3339, UTC), so that another process under the same PID is not meant; `probe` found it.
    """

    pid: int
    started_at: str = ""
    probe: str = ""


@dataclass(frozen=True, slots=True)
class PlanReset:
    """Ask what freeing these ports would end: every service there that the config expects."""

    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlanStart:
    """Ask what starting the service of a listener, a unit, a task or a heartbeat would do; one that
    runs is started anew."""

    probe: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Do what the question `plan` showed. `typed` is what the operator typed to confirm it."""

    plan: str
    typed: str


ProcessCommand: TypeAlias = Arm | PlanEnd | PlanReset | PlanStart | Confirm
Command: TypeAlias = (
    Reprobe
    | SetItem
    | UndoEdit
    | NoteItem
    | RecordProgress
    | PlanCommit
    | Acknowledge
    | ProcessCommand
)
Ticket: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be confirmed: `lines` show exactly what would happen, `expected` is to be typed.

    `plan` names it for `CarryOut`; it can be carried out once, and not for long.
    """

    plan: str
    lines: tuple[str, ...]
    expected: str


@dataclass(frozen=True, slots=True)
class StopProgress:
    """How far the end of processes has come that was confirmed on this screen.

    `act` is its number in the evidence; of `pids` those that are `alive` are killed at `kill_at`
    (aware UTC; None while no grace runs), or were `killed` already and have not ended yet.
    """

    act: str
    pids: tuple[int, ...]
    alive: tuple[int, ...]
    kill_at: datetime | None = None
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a command: done or refused, and one line that says so.

    `label` is the word for what was not done as it should be. `needs_reason`: refused until the
    command comes again with a reason. `question`: nothing is done before it is confirmed.
    `armed_until`: acts on processes are allowed until then (aware UTC). `step`: one of several on
    the way, the reply itself is still to come; `under_way` is how far it has come. `changed` is
    False for an edit that had nothing to change.
    """

    ticket: Ticket
    ok: bool
    text: str
    needs_reason: bool = False
    question: Question | None = None
    armed_until: datetime | None = None
    label: str = "REFUSED"
    is_progress: bool = False
    under_way: StopProgress | None = None
    changed: bool = True


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
    """Raw evidence as kept: redacted bytes, its media type and SHA-256 (hex)."""

    digest: str
    media_type: str
    body: bytes


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
