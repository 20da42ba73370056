"""Evidence in the tables of the store within one transaction, and what is known between two.

Other processes write to the same store, so nothing is taken from memory that the tables may have
moved on from: a remembered probe_state counts only while its row is still the one remembered.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime

from cockpit.alerting.policy import AlertState
from cockpit.evidence.chain import ChainedEvent, link
from cockpit.evidence.row_mapper import (
    CURRENT,
    EVENT_COLUMNS,
    CurrentRow,
    chain_head,
    read_acks,
    read_current_row,
)
from cockpit.evidence.rules import Ack
from cockpit.evidence.serialization import (
    alert_json,
    body_json,
    canonical,
    load_alert,
    metrics_json,
    moments_json,
    same_body,
    sha256,
    stamp,
)
from cockpit.feed import Artefact
from cockpit.model import Event, Observation
from cockpit.probe_state import ProbeState
from cockpit.text import format_utc


@dataclass(slots=True)
class Memo:
    """What the writer remembers between two transactions; moved on only by a commit."""

    current: dict[str, CurrentRow] = field(default_factory=dict)
    alerts: dict[str, AlertState] = field(default_factory=dict)
    acks: dict[str, Ack] | None = None
    last_seq: int = 0
    last_observation: int = 0


class SqliteRepository:
    """The tables within one BEGIN IMMEDIATE transaction of `connection`."""

    def __init__(self, connection: sqlite3.Connection, memo: Memo) -> None:
        self.connection = connection
        self._memo = memo
        self._rows: dict[str, CurrentRow] = {}
        self._alerts: dict[str, AlertState] = {}
        self._acks: dict[str, Ack] | None = None
        self._head = chain_head(connection)
        self._wrote_events = False
        self._recorded: dict[str, tuple[int, int, Observation]] = {}
        self.events: list[Event] = []
        self.fresh: dict[str, ProbeState] = {}

    # -- reading

    def probe_state(self, probe: str) -> ProbeState | None:
        row = self._current(probe)
        return row.probe_state if row else None

    def probe_states(self) -> Mapping[str, ProbeState]:
        probes = [row[0] for row in self.connection.execute("SELECT probe FROM current")]
        return {p: probe_state for p in probes if (probe_state := self.probe_state(p)) is not None}

    def _current(self, probe: str) -> CurrentRow | None:
        mine = self._rows.get(probe)
        if mine is not None:
            return mine
        row = self.connection.execute(
            "SELECT observation FROM current WHERE probe = ?", (probe,)
        ).fetchone()
        if row is None:
            return None
        known = self._memo.current.get(probe)
        if known is not None and known.observation == row[0]:
            return known
        full = self.connection.execute(f"{CURRENT} WHERE c.probe = ?", (probe,)).fetchone()
        row = read_current_row(full) if full else None
        if row is not None:
            self._rows[probe] = row
        return row

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

    def events_after(self, seq: int, at: datetime) -> list[Event]:
        """The events above number `seq` that happened at `at` (aware) or later, oldest first."""
        rows = self.connection.execute(
            f"SELECT {EVENT_COLUMNS} FROM events WHERE seq > ? AND at >= ? ORDER BY seq",
            (seq, format_utc(at, precision="microseconds")),
        )
        return [ChainedEvent(*row).event() for row in rows]

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
                metrics_json(observation.metrics),
                source,
            ),
        )
        row_id = cursor.lastrowid or 0
        self._recorded[observation.probe] = (row_id, body, observation)

    def _body(self, observation: Observation) -> int:
        current = self._current(observation.probe)
        if current is not None and same_body(current.probe_state.observation, observation):
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

    def save_current(self, probe_state: ProbeState, source: str) -> None:
        seen = probe_state.observation
        recorded = self._recorded.get(seen.probe)
        if recorded is None or recorded[2] is not seen:
            self.record(seen, source)
            recorded = self._recorded[seen.probe]
        row_id, body, _ = recorded
        before = self._current(seen.probe)
        if before is not None and before.probe_state.finding_since == probe_state.finding_since:
            moments = before.moments
        else:
            moments = moments_json(probe_state.finding_since)
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
                metrics_json(seen.metrics),
                stamp(probe_state.since),
                moments,
                source,
            ),
        )
        self._rows[seen.probe] = CurrentRow(row_id, body, probe_state, moments)
        self.fresh[seen.probe] = probe_state

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
            f"INSERT INTO events ({EVENT_COLUMNS}) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            astuple(chained),
        )
        self._head = (chained.seq, chained.hash)
        self._wrote_events = True
        stored = chained.event()
        self.events.append(stored)
        return stored

    def save_artefact(self, artefact: Artefact, now: datetime) -> None:
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

    def try_to_write(self, now: datetime) -> None:
        """Write something of no meaning: whether it can be committed tells if the disk takes it."""
        self.connection.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES ('tried_at', ?)", (stamp(now),)
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
        memo.current.update(self._rows)
        memo.alerts.update(self._alerts)
        if self._acks is not None:
            memo.acks = self._acks
        memo.last_seq = max(memo.last_seq, self._head[0])
        newest = max((row.observation for row in self._rows.values()), default=0)
        memo.last_observation = max(memo.last_observation, newest)
