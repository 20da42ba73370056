"""What the lab engine leaves behind: rows of its decision log, and its weekly report.

Every block the engine works through leaves two rows that share symbol and `gate_trace.ts`; some
blocks leave a short trace, some none at all.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
ROWS_PER_BLOCK = 2
_PRICES = {"BTC/USDT": 97_412.5, "ETH/USDT": 3_388.2, "SOL/USDT": 191.4}


class Outcome(NamedTuple):
    """The outcome of a block: `reason` may carry a count after a colon; stage None: no trace."""

    stage: str | None
    reason: str
    approved: bool = False


_OUTCOMES = (
    Outcome("scalping", "scalping_trend_too_strong"),
    Outcome("ensemble", "ensemble_no_majority:2"),
    Outcome(None, "no_signal"),
    Outcome("passed", "passed", approved=True),
    Outcome("technical", "volume_too_low:0.41"),
    Outcome("mtf_filter", "higher_timeframe_disagrees"),
    Outcome("scalping", "scalping_trend_too_strong"),
)


def block(number: int, local: datetime) -> list[dict[str, Any]]:
    """The two rows of block `number` at a naive local time."""
    return [_row(number, half, local) for half in range(ROWS_PER_BLOCK)]


def _row(number: int, half: int, local: datetime) -> dict[str, Any]:
    symbol = SYMBOLS[number % len(SYMBOLS)]
    outcome = _OUTCOMES[number % len(_OUTCOMES)]
    stamp = local.isoformat()
    # A slow wave instead of a random walk: the same block number has the same price everywhere.
    price = round(_PRICES[symbol] * (1 + ((number * 37) % 200 - 100) / 20_000), 2)
    row: dict[str, Any] = {
        "timestamp": stamp,
        "decision_id": f"shadow_{local:%Y%m%d_%H%M%S}_{number:06d}_{half}",
        "data_mode": "PAPER_LIVE",
        "symbol": symbol,
        "market_context": {
            "price": price,
            "volatility": "normal" if half else 0.0213,
            "volume_24h": 28_140_000_000.0,
            "regime": "ranging" if number % 2 else "trending",
            "rsi": round(42 + number % 23 + 0.5, 1),
            "spread_bps": 1.4,
            "sma_20": round(price * 0.998, 2),
            "sma_50": round(price * 0.994, 2),
            "atr_pct": 0.84,
            "data_source": "binance",
        },
        "gate_decision": {
            "approved": outcome.approved,
            "score": 0.71 if outcome.approved else 0.38,
            "rejection_reason": None if outcome.approved else outcome.reason,
            "threshold": 0.6,
            "model": "ensemble_v3",
        },
        "gate_trace": {
            "stage": outcome.stage,
            "reason": outcome.reason,
            "symbol": symbol,
            "source": "unified_engine",
            "timeframe": "5m",
            "rows": 500,
            "ts": stamp,
        },
        "actual_decision": {
            "action": "BUY" if outcome.approved else "HOLD",
            "confidence": 0.64 if outcome.approved else 0.0,
            "size": 0.0,
            "reason": "shadow mode: no order is sent",
        },
        "execution": {"executed": False, "fill_price": None, "slippage_bps": None},
        "costs": {"fee_bps": 7.5, "slippage_bps": 2.0, "total": 0.0},
        "outcome": None,
    }
    if outcome.stage == "mtf_filter":
        row["gate_trace"] = {"stage": outcome.stage, "reason": outcome.reason, "ts": stamp}
    if outcome.stage is None:
        # Both shapes occur: no key, and an empty object.
        if number % 2:
            del row["gate_trace"]
        else:
            row["gate_trace"] = {}
    return row


REPORTS = Path("data", "reports")
PATTERN = "weekly_shadow_report_*.json"


def write_report(root: Path, day: datetime, written: datetime, *, worse: bool) -> Path:
    """Write the report of `day`, made at `written` (aware; local time in the file).

    Healthy, the file counts 5 of 7 met; `worse` takes three of them away. Both times the met
    `max_drawdown` rests on zero trades.
    """
    path = root / REPORTS / f"weekly_shadow_report_{day.astimezone():%Y-%m-%d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_report(written, worse), indent=2) + "\n", encoding="utf-8")
    return path


def _report(written: datetime, worse: bool) -> dict[str, Any]:
    gates = {
        "weeks_collected": _gate(4, 4, True),
        "positive_edge": _gate(0.0, -0.00018 if worse else 0.00032, not worse),
        "hit_rate": _gate(0.52, 0.47 if worse else 0.561, not worse),
        "incremental_sharpe": _gate(0.5, 0.12 if worse else 0.31, False),
        "max_drawdown": _gate(0.15, 0.0, True),
        "btc_mitigation": _gate(0.02, 0.029 if worse else 0.011, not worse),
        "human_signoff": _gate(True, False, False),
    }
    met = sum(gate["met"] for gate in gates.values())
    return {
        "generated_at": written.astimezone().replace(tzinfo=None).isoformat(),
        "week": 4,
        "summary": {
            "total_decisions": 20_160,
            "total_trades": 0,
            "promotion_gates_met": f"{met}/{len(gates)}",
            "promotion_gate_progress": gates,
        },
    }


def _gate(required: object, current: object, met: bool) -> dict[str, Any]:
    return {"required": required, "current": current, "met": met}
