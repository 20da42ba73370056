"""The SHA-256 chain over the events: each hash covers the event and the hash before it.

What is hashed is ASCII text without blanks, so that any language can repeat it. `hash_version` of
an event says how it is made:

1. the JSON array `[prev_hash, seq, at, kind, probe, subject, text, verdict, actor, ticket, data,
   source]`, with `data` as the text that is stored (schema 1; such events have no payload);
2. the canonical JSON object (keys sorted) of all columns but `hash`, with `data` and `payload` as
   the JSON values they are; both are stored as canonical JSON.

All other members but `seq` and `hash_version` are strings (`verdict` may be null). Events of both
versions follow each other in one chain. The first event follows the genesis hash, SHA-256 of
`cockpit-evidence:` and the store's random id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cockpit.evidence.serialization import canonical, load_facts, sha256
from cockpit.facts import Json
from cockpit.model import Event, Verdict
from cockpit.text import format_utc, parse_instant, sanitize

HASH_VERSION = 2
NO_PAYLOAD = "null"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ChainedEvent:
    """An event as its row in the store: `data` and `payload` are JSON texts.

    The fields stand in the order of `row_mapper.event_columns`.
    """

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
    payload: str
    source: str
    hash_version: int
    prev_hash: str
    hash: str

    def holds(self) -> bool:
        """Whether the hash still covers what stands here."""
        if self.hash_version == 1:
            return self.payload == NO_PAYLOAD and self.hash == _digest_1(self)
        if self.hash_version != HASH_VERSION:
            return False
        try:
            data, payload = json.loads(self.data), json.loads(self.payload)
        except (ValueError, TypeError, RecursionError):
            return False
        as_stored = (canonical(data), canonical(payload)) == (self.data, self.payload)
        return as_stored and self.hash == _digest_2(self, data, payload)

    def event(self) -> Event:
        """The model event of this row; one that says so when the row's texts are damaged."""
        known = {verdict.value for verdict in Verdict}
        verdict = None
        if self.verdict is not None:
            verdict = Verdict(self.verdict) if self.verdict in known else Verdict.UNKNOWN
        try:
            return Event(
                at=parse_instant(self.at),
                kind=self.kind,
                text=self.text,
                subject=self.subject,
                probe=self.probe,
                verdict=verdict,
                actor=self.actor,
                ticket=self.ticket,
                data=load_facts(self.data),
                payload=json.loads(self.payload),
                seq=self.seq,
            )
        except (ValueError, TypeError, RecursionError):
            text = f"event {self.seq} can't be read: its row is damaged"
            return Event(at=_EPOCH, kind=self.kind, text=text, seq=self.seq)


def genesis(store_id: str) -> str:
    """The hash that stands before the first event of a store."""
    return sha256(f"cockpit-evidence:{store_id}")


def link(event: Event, seq: int, source: str, prev_hash: str) -> ChainedEvent:
    """`event` as the next link of the chain."""
    row = ChainedEvent(
        seq=seq,
        at=format_utc(event.at, precision="microseconds"),
        kind=str(event.kind),
        probe=event.probe,
        subject=event.subject,
        text=event.text,
        verdict=None if event.verdict is None else event.verdict.value,
        actor=event.actor,
        ticket=sanitize(event.ticket),
        data=canonical(event.data),
        payload=canonical(event.payload),
        source=source,
        hash_version=HASH_VERSION,
        prev_hash=prev_hash,
        hash="",
    )
    return replace(row, hash=_digest_2(row, event.data, event.payload))


def _digest_1(row: ChainedEvent) -> str:
    columns = (
        row.prev_hash,
        row.seq,
        row.at,
        row.kind,
        row.probe,
        row.subject,
        row.text,
        row.verdict,
        row.actor,
        row.ticket,
        row.data,
        row.source,
    )
    return sha256(json.dumps(columns, separators=(",", ":")))


def _digest_2(row: ChainedEvent, data: object, payload: Json) -> str:
    """The hash over the columns of `row`, `data` and `payload` being the values of its texts."""
    columns = {
        "actor": row.actor,
        "at": row.at,
        "data": data,
        "hash_version": row.hash_version,
        "kind": row.kind,
        "payload": payload,
        "prev_hash": row.prev_hash,
        "probe": row.probe,
        "seq": row.seq,
        "source": row.source,
        "subject": row.subject,
        "text": row.text,
        "ticket": row.ticket,
        "verdict": row.verdict,
    }
    return sha256(canonical(columns))


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
