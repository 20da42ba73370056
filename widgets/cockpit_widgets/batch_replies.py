"""The replies to a batch of commands, summarized in one line. Without Textual."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.feed import Reply, Ticket


class BatchReplies:
    """The replies to commands that were given in one go, in however many lots they come."""

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
