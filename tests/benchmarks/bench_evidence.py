"""What the evidence store costs, beside a rival in the same run: ROWS (default 1,000,000).

Prints each figure and its ratio: the snapshot against a GROUP BY over all observations, the
sparkline against reading every row of the day, a batch of observations against one transaction
each, looking for news against reading the events.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from cockpit.board import ProbeInfo
from cockpit.clock import SystemClock
from cockpit.evidence.reader import Reader
from cockpit.evidence.serialization import stamp
from cockpit.evidence.store import Store
from cockpit.evidence.store_feed import StoreFeed
from cockpit.kinds.listener.facts import OwnerFacts
from cockpit.model import Concern, Finding, Observation, SessionInfo, Verdict

PROBES = 20
CLOCK = SystemClock()


def milliseconds(work: Callable[[], object], times: int = 15) -> float:
    """Median run time."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def report(name: str, ours: float, rival_name: str, rival: float, unit: str = "ms") -> None:
    print(f"{name:<34}{ours:>10.3f} {unit:<4} {rival / ours:>9.1f}x  ({rival_name} {rival:.3f})")


def seen(probe: str, number: int) -> Observation:
    now = CLOCK.now()
    findings = tuple(
        Finding(
            f"{port}", Verdict.OK, f":{port}", "one owner", facts=OwnerFacts(pid=4412, port=port)
        )
        for port in range(8000, 8010)
    )
    return Observation(
        probe,
        "listener",
        Concern.RUN,
        Verdict.FAIL if number % 500 == 0 else Verdict.OK,
        "ten listeners, one owner each",
        now,
        now + timedelta(minutes=1),
        0.004,
        findings,
        metrics={"listeners": 10.0, "ms": number / 7},
    )


def open_store(path: Path) -> Store:
    return Store.open(path, clock=CLOCK, actor="bench", alive=lambda pid, started_at: True)


def fill(path: Path, rows: int) -> None:
    """Give the store a past of `rows` observations, five seconds apart for each probe."""
    with closing(sqlite3.connect(path)) as db:
        (body,) = db.execute("SELECT min(id) FROM bodies").fetchone()
        start = CLOCK.now() - timedelta(seconds=5 * rows / PROBES)
        db.executemany(
            "INSERT INTO observations (probe, at, valid_until, verdict, body, duration, metrics, "
            "source) VALUES (?, ?, ?, 'OK', ?, 0.004, ?, 'collector')",
            (
                (
                    f"probe{number % PROBES}",
                    (at := stamp(start + timedelta(seconds=5 * (number // PROBES)))),
                    at,
                    body,
                    f'{{"listeners":10.0,"ms":{number % 97}}}',
                )
                for number in range(rows)
            ),
        )
        db.commit()


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidence.db"
        store = open_store(path)
        names = [f"probe{number}" for number in range(PROBES)]
        for name in names:
            store.observe(seen(name, 1))
        assert store.flush(30)
        fill(path, rows)
        for name in names:
            store.observe(seen(name, 2))
        assert store.flush(30)
        print(f"{rows:,} observations of {PROBES} probes, {path.stat().st_size / 2**20:.0f} MB")
        read(path, names)
        write(store, Path(folder))
        store.close(5)


def read(path: Path, names: list[str]) -> None:
    plan = [ProbeInfo(name, Concern.RUN) for name in names]
    now = CLOCK.now()

    def fresh_snapshot() -> None:
        feed = StoreFeed(path, lambda: plan, CLOCK, SessionInfo, lambda command, ticket: None)
        assert len(feed.snapshot().observations) == PROBES
        feed.close(5)

    feed = StoreFeed(path, lambda: plan, CLOCK, SessionInfo, lambda command, ticket: None)
    reader = Reader(path)
    with closing(sqlite3.connect(path)) as db:
        newest = milliseconds(
            lambda: db.execute(
                "SELECT probe, max(at), body FROM observations GROUP BY probe, body"
            ).fetchall(),
            3,
        )
        day = stamp(now - timedelta(days=1))
        whole_day = milliseconds(
            lambda: db.execute(
                "SELECT metrics FROM observations WHERE probe = 'probe3' AND at > ?", (day,)
            ).fetchall(),
            5,
        )
    report("snapshot, first", milliseconds(fresh_snapshot, 5), "GROUP BY", newest)
    report("snapshot, again", milliseconds(feed.snapshot), "GROUP BY", newest)
    feed.close(5)
    line = milliseconds(lambda: reader.intervals("probe3", now - timedelta(days=1), now), 5)
    report("intervals of 24 h", line, "every row", whole_day)
    report(
        "anything new?",
        milliseconds(reader.changed, 200),
        "last events",
        milliseconds(lambda: reader.events(0, 500)),
    )
    report(
        "history of 100",
        milliseconds(lambda: reader.history("probe3", 100)),
        "every row",
        whole_day,
    )
    reader.close()


def write(store: Store, folder: Path) -> None:
    count = 4000

    def batch() -> None:
        for number in range(count):
            store.observe(seen(f"probe{number % PROBES}", number))
        assert store.flush(60)

    def one_by_one() -> None:
        for number in range(count // 10):
            store.observe(seen(f"probe{number % PROBES}", number))
            assert store.flush(60)

    made = milliseconds(lambda: [seen("probe", number) for number in range(count)], 3)
    batched = max(milliseconds(batch, 3) - made, 0.001) * 1000 / count
    single = milliseconds(one_by_one, 3) * 1000 / (count // 10)
    report("an observation, in batches", batched, "a commit each", single, "us")
    empty = folder / "new.db"

    def create() -> None:
        open_store(empty).close(5)
        for name in ("new.db", "new.db-wal", "new.db-shm"):
            (folder / name).unlink(missing_ok=True)

    report(
        "open a store of this size",
        milliseconds(lambda: open_store(store.path).close(5), 5),
        "make a new one",
        milliseconds(create, 5),
    )
    idle = 3.0
    before = time.process_time()
    threading.Event().wait(idle)
    used = (time.process_time() - before) / idle * 100
    print(f"{'the writer at rest':<34}{used:>10.3f} % of one core")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
