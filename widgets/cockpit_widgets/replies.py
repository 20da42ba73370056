"""What the screen says and asks when replies to its commands come. Without Textual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from cockpit.commands import Command, Question, Reply, SetItem, StopProgress, Ticket


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the bottom of the screen; its instants are RFC 3339."""

    text: str
    ok: bool


@dataclass(frozen=True, slots=True)
class ReasonWanted:
    """These items are not set without a reason; `why` says what stands against it."""

    items: tuple[SetItem, ...]
    why: str


Presented: TypeAlias = Said | ReasonWanted | Question


class ReplyPresenter:
    """Remembers what was asked of the feed and makes of the replies what is to be shown.

    `armed_until` is until when processes may be acted on, `under_way` how far an end of processes
    has come that this screen confirmed; both as the replies told it last.
    """

    def __init__(self) -> None:
        self._sets: dict[Ticket, SetItem] = {}
        self._batch = BatchReplies()
        self._progress: tuple[Ticket, StopProgress] | None = None
        self.armed_until: datetime | None = None

    @property
    def under_way(self) -> StopProgress | None:
        """How far the present end of processes has come; None when none is under way."""
        return self._progress[1] if self._progress is not None else None

    def submitted(self, commands: Sequence[tuple[Ticket, Command]]) -> None:
        """These commands were given in one go."""
        sets = {ticket: one for ticket, one in commands if isinstance(one, SetItem)}
        self._sets |= sets
        self._batch.expect(list(sets))

    def take(self, replies: Sequence[Reply]) -> None:
        """Take in what the replies tell of arming, and of an end of processes under way."""
        for reply in replies:
            self.armed_until = reply.armed_until or self.armed_until
            if reply.under_way is not None:
                self._progress = (reply.ticket, reply.under_way)
            elif not reply.is_progress and self._progress and reply.ticket == self._progress[0]:
                self._progress = None

    def present(self, replies: Sequence[Reply], *, may_ask: bool) -> Presented | None:
        """What to show of replies that came together: a question first, then a reason wanted, then
        one line. Without `may_ask` a question is shown as its line."""
        # What became of it is told before any step on the way.
        told = [reply for reply in replies if reply.text]
        replies = [reply for reply in told if not reply.is_progress] or told[-1:]
        if not replies:
            return None
        asked = next((reply.question for reply in replies if reply.question), None)
        if asked is not None and may_ask:
            return asked
        refused = [reply for reply in replies if not reply.ok]
        sets = [(self._sets.pop(reply.ticket, None), reply) for reply in replies]
        unreasoned = [(item, reply.text) for item, reply in sets if item and reply.needs_reason]
        if unreasoned:
            others = [reply.text for reply in refused if not reply.needs_reason]
            why = "; ".join([unreasoned[0][1], *others])
            return ReasonWanted(tuple(item for item, _ in unreasoned), why)
        together = self._batch.summary(replies)
        if together is not None:
            ok, text = together
            return Said(text, ok)
        reply = (refused or list(replies))[-1]
        word = "" if reply.ok else f"{reply.label}: "
        more = f" (+{len(replies) - 1} more)" if len(replies) > 1 else ""
        return Said(f"{word}{reply.text}{more}", reply.ok)


class BatchReplies:
    """Collects the replies to commands given in one go, in however many lots they come."""

    def __init__(self) -> None:
        self._tickets: frozenset[Ticket] = frozenset()
        self._received: dict[Ticket, Reply] = {}

    def expect(self, tickets: Sequence[Ticket]) -> None:
        """Expect replies to these tickets; a single one is told by its own reply."""
        if tickets:
            self._tickets = frozenset(tickets if len(tickets) > 1 else ())
            self._received = {}

    def summary(self, replies: Sequence[Reply]) -> tuple[bool, str] | None:
        """Whether all went well so far, and a line about it; None when these are other replies."""
        own = {reply.ticket: reply for reply in replies if reply.ticket in self._tickets}
        if not own:
            return None
        self._received |= own
        total = len(self._tickets)
        refused = [reply for reply in self._received.values() if not reply.ok]
        idle = sum(reply.ok and not reply.changed for reply in self._received.values())
        done = len(self._received) - len(refused) - idle
        if refused:
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            first = refused[0]
            return False, f"{done} of {total} set; {first.label}: {first.text}{more}"
        count = f"{total}" if done == total else f"{done} of {total}"
        so_already = f", {idle} so already" if idle else ""
        return True, f"{count} set{so_already}, the last: {list(own.values())[-1].text}"
