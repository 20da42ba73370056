"""Rows of the store read back into what they mean; a damaged row is left out, never fatal."""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass

from cockpit.alerting.policy import AlertState
from cockpit.board import Acknowledgement
from cockpit.evidence.rules import Ack
from cockpit.evidence.serialization import load_alert, load_moments, load_observation
from cockpit.model import Observation
from cockpit.probe_state import ProbeState
from cockpit.text import parse_instant

CURRENT = (
    "SELECT c.probe, c.observation, c.body, b.body, c.observed_at, c.valid_until, c.duration, "
    "c.metrics, c.since, c.finding_since FROM current c JOIN bodies b ON b.id = c.body"
)
_NEWEST = (
    "SELECT b.body, o.at, o.valid_until, o.duration, o.metrics FROM observations o "
    "JOIN bodies b ON b.id = o.body WHERE o.probe = ? ORDER BY o.at DESC, o.id DESC LIMIT 1"
)
EVENT_COLUMNS = (
    "seq, at, kind, probe, subject, text, verdict, actor, ticket, data, payload, source, "
    "hash_version, prev_hash, hash"
)
_EVENT_COLUMNS_1 = EVENT_COLUMNS.replace("payload", "'null'").replace("hash_version", "1")


@dataclass(frozen=True, slots=True)
class CurrentRow:
    """A current row as it was read or written: its observation, its body, and what they mean.

    `moments` is the JSON of the probe_state's `finding_since`, kept because it rarely changes.
    """

    observation: int
    body: int
    probe_state: ProbeState
    moments: str


def event_columns(version: int) -> str:
    """The columns of an event as `ChainedEvent` wants them, of a store of that schema version."""
    return EVENT_COLUMNS if version > 1 else _EVENT_COLUMNS_1


def chain_head(connection: sqlite3.Connection) -> tuple[int, str]:
    """Number and hash of the newest event; sqlite3.DatabaseError when the store lost them."""
    values = dict(
        connection.execute("SELECT key, value FROM meta WHERE key IN ('chain_seq', 'chain_hash')")
    )
    try:
        return int(values["chain_seq"]), values["chain_hash"]
    except (KeyError, ValueError) as error:
        raise sqlite3.DatabaseError("the head of the event chain is missing") from error


def read_current_row(row: tuple[object, ...]) -> CurrentRow | None:
    """The meaning of a current row joined with its body; None when its texts are damaged."""
    _, observation, body, *seen_as, since, findings = row
    try:
        seen = _seen(*seen_as)
        probe_state = ProbeState(seen, parse_instant(str(since)), load_moments(str(findings)))
    except (ValueError, zlib.error):
        return None
    return CurrentRow(int(observation), int(body), probe_state, str(findings))  # type: ignore[call-overload]


def _seen(
    packed: object, observed_at: object, valid_until: object, duration: object, metrics: object
) -> Observation:
    """The observation of a row. Raises ValueError or zlib.error when its texts are damaged."""
    return load_observation(
        zlib.decompress(packed).decode(),  # type: ignore[arg-type]
        str(observed_at),
        str(valid_until),
        float(duration),  # type: ignore[arg-type]
        str(metrics),
    )


def read_newest(connection: sqlite3.Connection, probe: str) -> Observation | None:
    """The newest observation of a probe, whoever made it; None when there is none to be read."""
    row = connection.execute(_NEWEST, (probe,)).fetchone()
    try:
        return _seen(*row) if row is not None else None
    except (ValueError, zlib.error):
        return None


def read_current(connection: sqlite3.Connection, after: int = 0) -> list[CurrentRow]:
    """The current rows whose observation is newer than number `after`."""
    rows = connection.execute(f"{CURRENT} WHERE c.observation > ?", (after,)).fetchall()
    return [read for row in rows if (read := read_current_row(row)) is not None]


def read_alerts(connection: sqlite3.Connection) -> dict[str, AlertState]:
    """The policy's memory of every probe."""
    states: dict[str, AlertState] = {}
    for probe, state in connection.execute("SELECT probe, state FROM policy"):
        try:
            states[probe] = load_alert(state)
        except ValueError:
            continue  # as if there were none: the policy starts anew
    return states


def read_acks(connection: sqlite3.Connection) -> dict[str, Ack]:
    """The acknowledgements in force, by problem."""
    acks: dict[str, Ack] = {}
    rows = connection.execute("SELECT problem, actor, note, at, probes FROM acks")
    for problem, actor, note, at, probes in rows:
        try:
            given = Acknowledgement(actor, note, parse_instant(at))
            acks[problem] = Ack(given, tuple(json.loads(probes)))
        except ValueError:
            continue  # damaged: the problem counts as not acknowledged
    return acks
