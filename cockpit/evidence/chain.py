"""The SHA-256 chain over the events: each hash covers the event and the hash before it.

What is hashed is the JSON array `[prev_hash, seq, at, kind, probe, subject, text, verdict, actor,
ticket, data, source]` in ASCII without blanks, with `data` as the text that is stored. All members
but `seq` are strings (`verdict` may be null), so any language can repeat it. The first event
follows the genesis hash, SHA-256 of `cockpit-evidence:` and the store's random id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cockpit.evidence.serialization import facts_json, load_facts, parse_stamp, sha256, stamp
from cockpit.model import Event, Verdict
from cockpit.text import sanitize

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """An event as it is stored, in text, with the hash before it and its own."""

    seq: int
    at: str
    kind: str
    probe: str
    subject: str
    text: str
    verdict: str | None
    actor: str
    ticket: str
    data: str
    source: str
    prev_hash: str
    hash: str

    def holds(self) -> bool:
        """Whether the hash still covers what stands here."""
        fields = (
            self.seq,
            self.at,
            self.kind,
            self.probe,
            self.subject,
            self.text,
            self.verdict,
            self.actor,
            self.ticket,
            self.data,
            self.source,
        )
        return self.hash == _digest(self.prev_hash, fields)

    def event(self) -> Event:
        """The model event of this row; one that says so when the row's texts are damaged."""
        known = {verdict.value for verdict in Verdict}
        verdict = None
        if self.verdict is not None:
            verdict = Verdict(self.verdict) if self.verdict in known else Verdict.UNKNOWN
        try:
            at, data = parse_stamp(self.at), load_facts(self.data)
        except ValueError:
            text = f"event {self.seq} can't be read: its row is damaged"
            return Event(at=_EPOCH, kind=self.kind, text=text, seq=self.seq)
        return Event(
            at=at,
            kind=self.kind,
            text=self.text,
            subject=self.subject,
            probe=self.probe,
            verdict=verdict,
            actor=self.actor,
            ticket=self.ticket,
            data=data,
            seq=self.seq,
        )


def genesis(store_id: str) -> str:
    """The hash that stands before the first event of a store."""
    return sha256(f"cockpit-evidence:{store_id}")


def link(event: Event, seq: int, source: str, prev_hash: str) -> ChainedEvent:
    """`event` as the next link of the chain."""
    fields = (
        seq,
        stamp(event.at),
        str(event.kind),
        event.probe,
        event.subject,
        event.text,
        None if event.verdict is None else event.verdict.value,
        event.actor,
        sanitize(event.ticket),
        facts_json(event.data),
        source,
    )
    return ChainedEvent(*fields, prev_hash, _digest(prev_hash, fields))


def _digest(prev_hash: str, fields: tuple[object, ...]) -> str:
    return sha256(json.dumps([prev_hash, *fields], separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the chain found: how many events hold, and the first that does not."""

    ok: bool
    events: int
    head_seq: int
    head_hash: str
    broken_at: int | None = None
    reason: str = ""


def verify(
    events: Iterable[ChainedEvent],
    *,
    first_seq: int,
    genesis_hash: str,
    head: tuple[int, str] | None = None,
) -> Verification:
    """Walk `events`, oldest first, and recompute every hash.

    `first_seq` is the number the chain begins with, `genesis_hash` what stands before it; `head`
    is the last (seq, hash) the store says it wrote, which shows a tail that was cut off.
    """
    seq, hash_ = first_seq - 1, genesis_hash
    count = 0

    def broken(at: int, reason: str) -> Verification:
        return Verification(False, count, seq, hash_, at, reason)

    for event in events:
        if event.seq != seq + 1:
            return broken(seq + 1, f"event {seq + 1} is missing")
        if event.prev_hash != hash_:
            return broken(event.seq, f"event {event.seq} does not follow the one before it")
        if not event.holds():
            return broken(event.seq, f"event {event.seq} was changed")
        seq, hash_ = event.seq, event.hash
        count += 1
    if head is not None and head != (seq, hash_):
        return broken(seq + 1, f"the chain ends at {seq}, the store wrote up to {head[0]}")
    return Verification(True, count, seq, hash_)
