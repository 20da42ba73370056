"""Queries of the evidence verbs: a page of events, and one event with everything about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cockpit.evidence.chain import ChainedEvent, Verification
from cockpit.evidence.reader import Reader
from cockpit.text import json_text, sanitize


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some events, oldest first. `store` is the store's id, as in every row.

    `more` says that others follow; they are those after number `next`.
    """

    store: str
    rows: tuple[ChainedEvent, ...]
    next: int
    more: bool = False

    def events(self) -> list[dict[str, object]]:
        """The events with every column of their rows, ready for JSON."""
        return [_as_dict(row, self.store) for row in self.rows]


def log_page(
    reader: Reader,
    *,
    since: int | None = None,
    limit: int = 100,
    kinds: Sequence[str] | None = None,
    probe: str | None = None,
) -> LogPage:
    """The first `limit` events after number `since`; the newest `limit` of all without it.

    Who asks on with `next` sees every event once. Raises StoreError.
    """
    store = reader.store_id()
    if since is None:
        rows = reader.chained(0, limit, kinds=kinds, probe=probe)
        return LogPage(store, tuple(rows), rows[-1].seq if rows else 0)
    rows = reader.chained(since, limit + 1, kinds=kinds, probe=probe, oldest=True)
    page = rows[:limit]
    return LogPage(store, tuple(page), page[-1].seq if page else since, len(rows) > limit)


@dataclass(frozen=True, slots=True)
class Shown:
    """One event in full: its stored row, its store, and whether its hash still holds."""

    row: ChainedEvent
    store: str
    intact: bool

    def as_dict(self) -> dict[str, object]:
        """Everything as plain values, ready for JSON."""
        return {**_as_dict(self.row, self.store), "intact": self.intact}

    def lines(self) -> list[tuple[str, str]]:
        """Name and value of everything that is set, in reading order, safe to draw."""
        pairs = self.as_dict()
        data, payload = pairs.pop("data"), pairs.pop("payload")
        named = [(name, sanitize(str(v))) for name, v in pairs.items() if v not in ("", None)]
        extra = data.items() if isinstance(data, dict) else ()
        named += [(f"data.{sanitize(key)}", _text(value)) for key, value in extra]
        return named if payload is None else [*named, ("payload", json_text(payload))]


def show(reader: Reader, seq: int) -> Shown | None:
    """The event of number `seq`; None when there is none. Raises StoreError."""
    row = reader.event(seq)
    return None if row is None else Shown(row, reader.store_id(), row.holds())


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the whole chain of a store found; `expected` is a head noted earlier, which
    the chain must still hold (`12:ab34…`, a number and the beginning of its hash)."""

    store: str
    walk: Verification
    broken_at: int | None
    reason: str

    @property
    def intact(self) -> bool:
        """Whether every link holds, up to the last the store says it wrote."""
        return self.broken_at is None

    def as_dict(self) -> dict[str, object]:
        """Everything as plain values, ready for JSON."""
        walk = self.walk
        return {
            "store": self.store,
            "intact": self.intact,
            "events": walk.events,
            "head": {"seq": walk.head_seq, "hash": walk.head_hash},
            "broken_at": self.broken_at,
            "reason": self.reason,
        }

    def lines(self) -> list[str]:
        """The same for people."""
        walk = self.walk
        if not self.intact:
            upto = f"; {_events(walk.events)} before it intact" if walk.events else ""
            return [f"broken at event {self.broken_at}: {self.reason}{upto}"]
        if not walk.events:
            return ["intact: no events yet"]
        return [
            f"intact: {_events(walk.events)} up to number {walk.head_seq}",
            f"head {walk.head_seq}:{walk.head_hash}",
        ]


def _events(count: int) -> str:
    return f"{count} event{'' if count == 1 else 's'}"


def verified(reader: Reader, expected: tuple[int, str] | None = None) -> Verified:
    """Walk the whole chain. Raises StoreError.

    Who rewrites the newest events and the head beside them leaves a chain that holds: `expected`,
    a number and a hash (or its beginning) that were noted elsewhere, shows that.
    """
    walk = reader.verify()
    store, broken_at, reason = reader.store_id(), walk.broken_at, walk.reason
    if expected is not None and broken_at is None:
        seq, hash_ = expected
        row = reader.event(seq)
        if row is None:
            broken_at = walk.head_seq + 1
            reason = f"the chain ends at {walk.head_seq}, it went up to {seq} when that was noted"
        elif not row.hash.startswith(hash_.lower()):
            broken_at, reason = seq, f"event {seq} is another than the one that was noted"
    return Verified(store, walk, broken_at, reason)


def _as_dict(row: ChainedEvent, store: str) -> dict[str, object]:
    """All columns, with `data` and `payload` as values: what the hash covers can be checked."""
    columns = asdict(row)
    return {
        "store": store,
        **columns,
        "data": _value(columns["data"]),
        "payload": _value(columns["payload"]),
    }


def _value(text: str) -> object:
    """The value of a stored JSON text; a damaged one as it stands there."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(value: object) -> str:
    return sanitize(value) if isinstance(value, str) else json_text(value)
