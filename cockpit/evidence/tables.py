"""The ledger over the tables, inside one write transaction, and what it remembers between two.

Other processes write to the same store, so nothing is taken from memory that the tables may have
moved on from: a remembered standing counts only while its row is still the one remembered.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cockpit.board import Acknowledgement
from cockpit.evidence.chain import link
from cockpit.evidence.codec import (
    alert_json,
    body_json,
    canonical,
    load_alert,
    load_moments,
    load_observation,
    moments_json,
    parse_stamp,
    same_body,
    sha256,
    stamp,
)
from cockpit.evidence.ledger import Ack
from cockpit.feed import Artefact
from cockpit.model import Event, Observation
from cockpit.policy import AlertState
from cockpit.standing import Standing

_CURRENT = (
    "SELECT c.probe, c.observation, c.body, b.body, c.observed_at, c.valid_until, c.duration, "
    "c.metrics, c.since, c.finding_since FROM current c JOIN bodies b ON b.id = c.body"
)
EVENT_COLUMNS = (
    "seq, at, kind, probe, subject, text, verdict, actor, ticket, data, source, prev_hash, hash"
)


@dataclass(frozen=True, slots=True)
class Held:
    """A current row as it was read or written: its observation, its body, and what they mean."""

    observation: int
    body: int
    standing: Standing


@dataclass(slots=True)
class Memo:
    """What the writer remembers between two transactions; moved on only by a commit."""

    held: dict[str, Held] = field(default_factory=dict)
    alerts: dict[str, AlertState] = field(default_factory=dict)
    acks: dict[str, Ack] | None = None
    last_seq: int = 0
    last_observation: int = 0


class Tables:
    """The tables within one BEGIN IMMEDIATE transaction of `connection`."""

    def __init__(self, connection: sqlite3.Connection, memo: Memo) -> None:
        self.connection = connection
        self._memo = memo
        self._held: dict[str, Held] = {}
        self._alerts: dict[str, AlertState] = {}
        self._acks: dict[str, Ack] | None = None
        self._head = chain_head(connection)
        self._wrote_events = False
        self._recorded: dict[str, tuple[int, int, Observation]] = {}
        self.events: list[Event] = []
        self.fresh: dict[str, Standing] = {}

    # -- reading

    def standing(self, probe: str) -> Standing | None:
        held = self._current(probe)
        return held.standing if held else None

    def standings(self) -> Mapping[str, Standing]:
        probes = [row[0] for row in self.connection.execute("SELECT probe FROM current")]
        return {p: standing for p in probes if (standing := self.standing(p)) is not None}

    def _current(self, probe: str) -> Held | None:
        mine = self._held.get(probe)
        if mine is not None:
            return mine
        row = self.connection.execute(
            "SELECT observation FROM current WHERE probe = ?", (probe,)
        ).fetchone()
        if row is None:
            return None
        known = self._memo.held.get(probe)
        if known is not None and known.observation == row[0]:
            return known
        full = self.connection.execute(f"{_CURRENT} WHERE c.probe = ?", (probe,)).fetchone()
        held = read_held(full) if full else None
        if held is not None:
            self._held[probe] = held
        return held

    def alert(self, probe: str) -> AlertState:
        mine = self._alerts.get(probe)
        if mine is not None:
            return mine
        row = self.connection.execute(
            "SELECT state FROM policy WHERE probe = ?", (probe,)
        ).fetchone()
        state = AlertState()
        if row is not None:
            try:
                state = load_alert(row[0])
            except ValueError:
                state = AlertState()  # unreadable: the policy starts anew with this observation
        self._alerts[probe] = state
        return state

    def acks(self) -> Mapping[str, Ack]:
        if self._acks is None:
            self._acks = read_acks(self.connection)
        return dict(self._acks)

    # -- writing

    def record(self, observation: Observation, source: str) -> None:
        body = self._body(observation)
        cursor = self.connection.execute(
            "INSERT INTO observations (probe, at, valid_until, verdict, body, duration, metrics, "
            "source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                observation.probe,
                stamp(observation.observed_at),
                stamp(observation.valid_until),
                observation.verdict.value,
                body,
                observation.duration,
                canonical(dict(observation.metrics)),
                source,
            ),
        )
        row_id = cursor.lastrowid or 0
        self._recorded[observation.probe] = (row_id, body, observation)

    def _body(self, observation: Observation) -> int:
        current = self._current(observation.probe)
        if current is not None and same_body(current.standing.observation, observation):
            return current.body
        text = body_json(observation)
        digest = sha256(text)
        row = self.connection.execute("SELECT id FROM bodies WHERE hash = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        cursor = self.connection.execute(
            "INSERT INTO bodies (hash, headline, body) VALUES (?, ?, ?)",
            (digest, observation.headline, zlib.compress(text.encode())),
        )
        body = cursor.lastrowid or 0
        self.connection.executemany(
            "INSERT OR IGNORE INTO body_artefacts (body, digest) VALUES (?, ?)",
            [(body, reference.digest) for reference in observation.artefacts],
        )
        return body

    def stand(self, standing: Standing, source: str) -> None:
        seen = standing.observation
        recorded = self._recorded.get(seen.probe)
        if recorded is None or recorded[2] is not seen:
            self.record(seen, source)
            recorded = self._recorded[seen.probe]
        row_id, body, _ = recorded
        self.connection.execute(
            "INSERT OR REPLACE INTO current (probe, observation, body, observed_at, valid_until, "
            "duration, metrics, since, finding_since, source) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                seen.probe,
                row_id,
                body,
                stamp(seen.observed_at),
                stamp(seen.valid_until),
                seen.duration,
                canonical(dict(seen.metrics)),
                stamp(standing.since),
                moments_json(standing.finding_since),
                source,
            ),
        )
        self._held[seen.probe] = Held(row_id, body, standing)
        self.fresh[seen.probe] = standing

    def set_alert(self, probe: str, state: AlertState) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO policy (probe, state) VALUES (?, ?)",
            (probe, alert_json(state)),
        )
        self._alerts[probe] = state

    def set_ack(self, problem: str, ack: Ack | None) -> None:
        acks = dict(self.acks())
        if ack is None:
            self.connection.execute("DELETE FROM acks WHERE problem = ?", (problem,))
            acks.pop(problem, None)
        else:
            self.connection.execute(
                "INSERT OR REPLACE INTO acks (problem, actor, note, at, probes) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    problem,
                    ack.given.by,
                    ack.given.note,
                    stamp(ack.given.at),
                    canonical(list(ack.probes)),
                ),
            )
            acks[problem] = ack
        self._acks = acks

    def append(self, event: Event, source: str) -> Event:
        seq, prev_hash = self._head
        chained = link(event, seq + 1, source, prev_hash)
        self.connection.execute(
            f"INSERT INTO events ({EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                chained.seq,
                chained.at,
                chained.kind,
                chained.probe,
                chained.subject,
                chained.text,
                chained.verdict,
                chained.actor,
                chained.ticket,
                chained.data,
                chained.source,
                chained.prev_hash,
                chained.hash,
            ),
        )
        self._head = (chained.seq, chained.hash)
        self._wrote_events = True
        stored = chained.event()
        self.events.append(stored)
        return stored

    def keep(self, artefact: Artefact, now: datetime) -> None:
        self.connection.execute(
            "INSERT OR IGNORE INTO artefacts (digest, media_type, size, body, first_seen) "
            "VALUES (?, ?, ?, ?, ?)",
            (
                artefact.digest,
                artefact.media_type,
                len(artefact.body),
                zlib.compress(artefact.body),
                stamp(now),
            ),
        )

    def number_from(self, last_seq: int) -> None:
        """Let an empty chain begin after `last_seq`, so that numbers already told stay unique."""
        seq, hash_ = self._head
        (events,) = self.connection.execute("SELECT count(*) FROM events").fetchone()
        if events == 0 and seq < last_seq:
            self._head = (last_seq, hash_)
            self._wrote_events = True
            self.connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'chain_first'", (str(last_seq + 1),)
            )

    # -- the end of the transaction

    def seal(self) -> None:
        """Write the chain's head: the last statement before the commit."""
        if self._wrote_events:
            seq, hash_ = self._head
            self.connection.executemany(
                "UPDATE meta SET value = ? WHERE key = ?",
                [(str(seq), "chain_seq"), (hash_, "chain_hash")],
            )

    def committed(self) -> None:
        """Move the memo on: what this transaction read and wrote is now true."""
        memo = self._memo
        memo.held.update(self._held)
        memo.alerts.update(self._alerts)
        if self._acks is not None:
            memo.acks = self._acks
        memo.last_seq = max(memo.last_seq, self._head[0])
        newest = max((held.observation for held in self._held.values()), default=0)
        memo.last_observation = max(memo.last_observation, newest)


def chain_head(connection: sqlite3.Connection) -> tuple[int, str]:
    """Number and hash of the newest event; sqlite3.DatabaseError when the store lost them."""
    values = dict(
        connection.execute("SELECT key, value FROM meta WHERE key IN ('chain_seq', 'chain_hash')")
    )
    try:
        return int(values["chain_seq"]), values["chain_hash"]
    except (KeyError, ValueError) as error:
        raise sqlite3.DatabaseError("the head of the event chain is missing") from error


def read_held(row: tuple[object, ...]) -> Held | None:
    """The meaning of a current row joined with its body; None when its texts are damaged."""
    _, observation, body, packed, observed_at, valid_until, duration, metrics, since, findings = row
    try:
        text = zlib.decompress(packed).decode()  # type: ignore[arg-type]
        seen = load_observation(
            text,
            str(observed_at),
            str(valid_until),
            float(duration),  # type: ignore[arg-type]
            str(metrics),
        )
        standing = Standing(seen, parse_stamp(str(since)), load_moments(str(findings)))
    except (ValueError, zlib.error):
        return None
    return Held(int(observation), int(body), standing)  # type: ignore[call-overload]


def read_current(connection: sqlite3.Connection, after: int = 0) -> list[Held]:
    """The current rows whose observation is newer than number `after`."""
    rows = connection.execute(f"{_CURRENT} WHERE c.observation > ?", (after,)).fetchall()
    return [held for row in rows if (held := read_held(row)) is not None]


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
            given = Acknowledgement(actor, note, parse_stamp(at))
            acks[problem] = Ack(given, tuple(json.loads(probes)))
        except ValueError:
            continue  # damaged: the problem counts as not acknowledged
    return acks
