"""The weekly shadow report of the lab: seven promotion gates, one of them passed on nothing."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

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
