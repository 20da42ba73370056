"""The rows behind the evidence verbs: events as a list, and one event with everything about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cockpit.evidence.chain import ChainedEvent
from cockpit.evidence.reader import Reader
from cockpit.facts import Facts


@dataclass(frozen=True, slots=True)
class LogRow:
    """An event in the words of the store; `at` is RFC 3339 in UTC, `verdict` may be empty."""

    seq: int
    at: str
    kind: str
    subject: str
    verdict: str
    text: str
    actor: str
    source: str


def log_rows(
    reader: Reader,
    *,
    since: int = 0,
    limit: int = 100,
    kinds: Sequence[str] | None = None,
    probe: str | None = None,
) -> list[LogRow]:
    """The newest `limit` events above number `since`, oldest first. Raises StoreError."""
    return [
        LogRow(
            row.seq,
            row.at,
            row.kind,
            row.subject or row.probe,
            row.verdict or "",
            row.text,
            row.actor,
            row.source,
        )
        for row in reader.chained(since, limit, kinds=kinds, probe=probe)
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """One event in full: its stored row, its data, and whether its hash still holds."""

    row: ChainedEvent
    data: Facts
    intact: bool

    def as_dict(self) -> dict[str, object]:
        """Everything as plain values, ready for JSON."""
        return {**asdict(self.row), "data": dict(self.data), "intact": self.intact}

    def lines(self) -> list[tuple[str, str]]:
        """Name and value of everything that is set, in reading order."""
        pairs = self.as_dict()
        data = pairs.pop("data")
        named = [(name, str(value)) for name, value in pairs.items() if value not in ("", None)]
        extra = data.items() if isinstance(data, dict) else ()
        return [*named, *((f"data.{key}", str(value)) for key, value in extra)]


def show(reader: Reader, seq: int) -> Shown | None:
    """The event of number `seq`; None when there is none. Raises StoreError."""
    row = reader.event(seq)
    if row is None:
        return None
    return Shown(row, row.event().data, row.holds())
