"""The lab's paper-live engine, a child process.

It writes what the real one writes, the way the real one writes it: heartbeat and state in place and
not atomically, timestamps naive and local, a pidfile without a newline that only an orderly end
removes, a log with colour codes and no date.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from cockpit.lab import child
from cockpit.lab.records import ROWS_PER_BLOCK, SYMBOLS, block

HEARTBEAT = Path("data", "rl", "paper_live_heartbeat.json")
DECISIONS = Path("data", "rl", "shadow_decisions.jsonl")
STATE = Path("data", "unified_trading", "state.json")
PIDFILE = Path("logs", "paper_live.pid")
LOG = Path("logs", "paper_live_longrun.out.log")
MODE = "paper_live_data"
_BEATS_PER_BLOCK = 2  # at a beat every 2 s about 45 MB of decisions a day
_COLOURS = {"INFO": "32", "WARNING": "33"}


class Engine:
    """The files of one engine run below `root`; `now` gives aware datetimes, `pid` is its own."""

    def __init__(self, root: Path, now: child.Now, pid: int) -> None:
        self._root = root
        self._now = now
        self._pid = pid
        self._beats = 0
        self._decisions = 0
        self._last_decision: str | None = None

    def start(self) -> None:
        """Pidfile, state, the first log lines and the first beat."""
        for path in (HEARTBEAT, STATE, PIDFILE):
            (self._root / path).parent.mkdir(parents=True, exist_ok=True)
        (self._root / PIDFILE).write_text(str(self._pid), encoding="utf-8")
        self._write(STATE, self._state("active"))
        self._log("INFO", "Paper-live turnover overrides: min_ratio=2.0 max_daily=10")
        self._log("WARNING", "Shadow mode, no order leaves this process:\n  balance is simulated")
        self.beat()

    def beat(self) -> None:
        """Write one beat: every second one works through a block of decisions."""
        if self._beats % _BEATS_PER_BLOCK == 0:
            self._decide(self._beats // _BEATS_PER_BLOCK)
        self._beats += 1
        self._write(HEARTBEAT, self._heartbeat())

    def stop(self) -> None:
        """End in good order: the state says stopped and the pidfile is removed."""
        self._write(STATE, self._state("stopped"))
        self._log("INFO", "Engine stopped")
        (self._root / PIDFILE).unlink(missing_ok=True)

    def _local(self) -> datetime:
        return self._now().astimezone().replace(tzinfo=None)

    def _decide(self, number: int) -> None:
        rows = block(number, self._local())
        with (self._root / DECISIONS).open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
        self._decisions += ROWS_PER_BLOCK
        self._last_decision = rows[-1]["timestamp"]
        reason = rows[-1]["gate_decision"]["rejection_reason"] or "approved"
        self._log("INFO", f"{rows[-1]['symbol']} HOLD: {reason}")

    def _heartbeat(self) -> dict[str, Any]:
        return {
            "timestamp": self._local().isoformat(timespec="microseconds"),
            "pid": self._pid,
            "mode": "PAPER_LIVE",
            "shadow_collector_attached": True,
            "symbols": list(SYMBOLS),
            "last_decision_ts": self._last_decision,
            "total_decisions_session": self._decisions,
            "paper_live_decisions_session": self._decisions,
        }

    def _state(self, status: str) -> dict[str, Any]:
        return {
            "mode": MODE,
            "status": status,
            "timestamp": self._local().isoformat(timespec="microseconds"),
            "initial_capital": 10_000.0,
            "current_balance": 10_000.0,
            "total_pnl": 0.0,
            "daily_pnl": 0.0,
            "max_drawdown_pct": 0.0,
            "total_trades": 0,
            "positions": {},
        }

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        # Opened in place: a reader can find the file empty or half written, as with the real one.
        with (self._root / path).open("w", encoding="utf-8") as out:
            json.dump(content, out, indent=2)

    def _log(self, level: str, message: str) -> None:
        coloured = f"\x1b[{_COLOURS[level]}m{level}\x1b[0m"
        with (self._root / LOG).open("a", encoding="utf-8") as out:
            out.write(f"{self._local():%H:%M:%S} | {coloured} | __main__ | {message}\n")


class Pulse:
    """Beats an engine every `interval` seconds until told to end; `stall` holds it, `resume` lets
    it go on. Both have taken effect when they return."""

    def __init__(self, engine: Engine, interval: float) -> None:
        self._engine = engine
        self._interval = interval
        self._stalled = False
        self._ended = False
        self._beating = threading.Lock()
        self._wake = threading.Event()

    def run(self) -> None:
        while True:
            self._wake.wait(self._interval)
            self._wake.clear()
            if self._ended:
                return
            self._beat_unless_stalled()

    def stall(self) -> None:
        with self._beating:
            self._stalled = True

    def resume(self) -> None:
        with self._beating:
            self._stalled = False
        self._beat_unless_stalled()

    def end(self) -> None:
        self._ended = True
        self._wake.set()

    def _beat_unless_stalled(self) -> None:
        with self._beating:
            if not self._stalled:
                self._engine.beat()


def main(arguments: Sequence[str] | None = None) -> None:
    """Beat until SIGTERM, or until the pipe from the lab closes."""
    parser = argparse.ArgumentParser(description="The lab's engine.")
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between two beats")
    parser.add_argument("--lab", help="which lab it belongs to, for whoever reads its argv")
    options = parser.parse_args(arguments)

    engine = Engine(Path.cwd(), child.utc_now, os.getpid())
    pulse = Pulse(engine, options.interval)
    # The exception leaves `Event.wait` at once; setting the event from a handler could deadlock.
    signal.signal(signal.SIGTERM, _leave)
    if sys.platform == "win32":
        signal.signal(signal.SIGBREAK, _leave)
    try:
        engine.start()
        child.announce(0)
        orders = {"stall": pulse.stall, "resume": pulse.resume}
        child.obey(orders, lambda orphaned: pulse.end())
        pulse.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with suppress(FileNotFoundError):  # an orphan's workspace may be gone already
            engine.stop()


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
