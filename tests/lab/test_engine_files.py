"""What an engine leaves on disk, beat by beat, on a clock that stands still."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support import DEADLINE

from cockpit.clock import ManualClock
from cockpit.lab.engine import DECISIONS, HEARTBEAT, LOG, PIDFILE, STATE, Engine, Pulse


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(tmp_path: Path, clock: ManualClock) -> Engine:
    started = Engine(tmp_path, clock.now, 17685)
    started.start()
    return started


def rows(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / DECISIONS).read_text().splitlines()]


def test_the_heartbeat_in_the_real_ones_shape(
    tmp_path: Path, engine: Engine, clock: ManualClock
) -> None:
    text = (tmp_path / HEARTBEAT).read_text()
    beat = json.loads(text)
    assert text == json.dumps(beat, indent=2)
    stamp = datetime.fromisoformat(beat.pop("timestamp"))
    assert stamp.tzinfo is None
    assert stamp == clock.now().astimezone().replace(tzinfo=None)
    last = beat.pop("last_decision_ts")
    assert last == rows(tmp_path)[-1]["timestamp"]
    assert beat == {
        "pid": 17685,
        "mode": "PAPER_LIVE",
        "shadow_collector_attached": True,
        "symbols": ["BTC/USDT", "ETH/USDT", "SOL/USDT"],
        "total_decisions_session": 2,
        "paper_live_decisions_session": 2,
    }


def test_the_timestamp_has_microseconds_even_on_a_whole_second(
    tmp_path: Path, engine: Engine
) -> None:
    assert json.loads((tmp_path / HEARTBEAT).read_text())["timestamp"].endswith(".000000")


def test_pidfile_and_state(tmp_path: Path, engine: Engine) -> None:
    assert (tmp_path / PIDFILE).read_bytes() == b"17685"
    state = json.loads((tmp_path / STATE).read_text())
    assert (state["status"], state["mode"], state["total_trades"]) == (
        "active",
        "paper_live_data",
        0,
    )
    engine.stop()
    assert not (tmp_path / PIDFILE).exists()
    assert json.loads((tmp_path / STATE).read_text())["status"] == "stopped"
    assert (tmp_path / HEARTBEAT).exists()


def test_a_block_is_two_rows_of_one_trace_and_some_have_none(
    tmp_path: Path, engine: Engine
) -> None:
    for _ in range(59):
        engine.beat()
    written = rows(tmp_path)
    assert len(written) == 60
    assert json.loads((tmp_path / HEARTBEAT).read_text())["total_decisions_session"] == 60
    blocks = list(zip(written[::2], written[1::2], strict=True))
    for first, second in blocks:
        assert first["symbol"] == second["symbol"]
        assert first.get("gate_trace", {}).get("ts") == second.get("gate_trace", {}).get("ts")
    assert len({row["decision_id"] for row in written}) == 60
    traces = [row.get("gate_trace") for row in written]
    assert None in traces
    assert {} in traces
    assert {t["stage"] for t in traces if t} >= {"passed", "scalping", "technical"}
    assert {type(row["market_context"]["volatility"]) for row in written} == {float, str}
    sizes = [len(json.dumps(row)) for row in written if row.get("gate_trace")]
    assert 900 < sum(sizes) / len(sizes) < 1300


def test_the_log_has_colours_no_date_and_a_continuation_line(
    tmp_path: Path, engine: Engine
) -> None:
    lines = (tmp_path / LOG).read_text().splitlines()
    assert lines[0][8:] == (
        " | \x1b[32mINFO\x1b[0m | __main__ | "
        "Paper-live turnover overrides: min_ratio=2.0 max_daily=10"
    )
    assert lines[2].startswith("  ")


def test_a_stall_is_over_only_when_it_is_lifted(tmp_path: Path, clock: ManualClock) -> None:
    beats: list[None] = []
    beaten = threading.Event()

    class Counted(Engine):
        def beat(self) -> None:
            super().beat()
            beats.append(None)
            beaten.set()

    engine = Counted(tmp_path, clock.now, 1)
    engine.start()
    pulse = Pulse(engine, interval=0.001)
    pulse.stall()
    thread = threading.Thread(target=pulse.run, daemon=True)
    thread.start()
    held = len(beats)
    threading.Event().wait(0.05)
    assert len(beats) == held == 1
    beaten.clear()
    pulse.resume()
    assert beaten.wait(DEADLINE)
    pulse.end()
    thread.join(DEADLINE)
    assert not thread.is_alive()
