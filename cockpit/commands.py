"""The commands a screen gives, and the replies that come back.

A command says what is wanted, with what its giver saw; whoever carries it out looks again. Giving
one yields a ticket; every reply names the ticket it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


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

    `plan` names it for `Confirm`; it can be carried out once, and not for long.
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
    `armed_until`: acts on processes are allowed until then (aware UTC). `is_progress`: one of
    several on the way, the reply itself is still to come; `under_way` is how far it has come.
    `changed` is False for an edit that had nothing to change.
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
