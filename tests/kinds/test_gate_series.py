"""What a report is of: its series, the files it judges, the mode of its data."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cockpit.clock import ManualClock
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.gate.series import copies, holes, reports
from cockpit.kinds.gate.table import GateTable
from cockpit.model import DoubtKind, Observation, Verdict

SCORE = {"each": "$.gates", "met": "met"}


def report(current: float, **more: Any) -> str:
    part = {"met": True, "required": 5, "current": current}
    return json.dumps({"gates": {"edge": part}, **more})


def written(folder: Path, name: str, body: str, at: datetime) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def seen(look: Any, folder: Path, now: datetime, **changes: Any) -> Observation:
    table = {"name": "gate", "json": "r_*.json", "score": SCORE, **changes}
    gate = GateTable.model_validate(table)
    probe = build(gate, LoadedConfig(Config([gate]), folder))
    observation = look(probe, clock=ManualClock(now)).observation
    assert isinstance(observation, Observation)
    return observation


def doubts(of: Observation) -> set[DoubtKind]:
    return {doubt.kind for doubt in of.doubts}


DAY = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["daily_2026-01-05", "daily_2026-01-02", "daily_2026-01-01"], 0),
        (["daily_2026-01-08", "daily_2026-01-06"], 1),
        (["weekly_2026-01-05", "weekly_2025-12-29", "weekly_2025-12-15"], 1),
        (["weekly_2026-01-05", "weekly_2025-12-29", "weekly_2025-12-20"], 0),
        (["r_2026-01-22", "r_2026-01-21", "r_2026-01-20", "r_2026-01-14", "r_2026-01-13"], 1),
        (["r_2026-01-22", "r_2025-06-01"], 0),
        (["a", "b"], 0),
    ],
)
def test_holes_of_a_series(tmp_path: Path, names: list[str], told: int) -> None:
    for name in names:
        written(tmp_path, f"{name}.json", "{}", DAY)
    found, _ = reports(tmp_path, "*.json")
    assert len(holes(found)) == told


@pytest.mark.parametrize(
    ("older", "same"),
    [
        (report(7, generated_at="2025-12-29T00:00:00Z", week="2025-W52"), True),
        (report(7, generated_at="2025-12-29T00:00:00Z", note="of 2025-12-29"), False),
        (report(8, generated_at="2025-12-29T00:00:00Z", week="2025-W52"), False),
        ("rubbish", False),
    ],
)
def test_copies_are_the_same_but_for_their_dates(tmp_path: Path, older: str, same: bool) -> None:
    newest = report(7, generated_at="2026-01-05T00:00:00Z", week="2026-W01")
    written(tmp_path, "r_2026-01-05.json", newest, DAY)
    written(tmp_path, "r_2025-12-29.json", older, DAY)
    found, _ = reports(tmp_path, "r_*.json")
    assert copies(found[0], newest.encode(), found) == (["r_2025-12-29.json"] if same else [])


def test_a_copied_measurement_is_no_new_one(tmp_path: Path, look: Any) -> None:
    written(tmp_path, "r_2026-01-05.json", report(7), DAY)
    written(tmp_path, "r_2025-12-29.json", report(7), DAY)
    assert seen(look, tmp_path, DAY).verdict is Verdict.UNKNOWN
    written(tmp_path, "r_2025-12-29.json", report(6), DAY)
    assert seen(look, tmp_path, DAY).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        (datetime(2026, 1, 5, 11, 0, tzinfo=UTC), Verdict.OK),
        (datetime(2026, 1, 5, 12, 5, tzinfo=UTC), Verdict.UNKNOWN),
    ],
)
def test_a_result_is_of_the_files_it_judges(
    tmp_path: Path, look: Any, changed: datetime, verdict: Verdict
) -> None:
    written(tmp_path, "r_a.json", report(7), DAY)
    written(tmp_path, "src/deep/a.py", "x = 1", changed)
    written(tmp_path, "src/node_modules/b.py", "x = 1", datetime(2026, 1, 5, 13, tzinfo=UTC))
    now = datetime(2026, 1, 5, 12, 10, tzinfo=UTC)
    found = seen(look, tmp_path, now, judges=["src/**/*.py"])
    assert found.verdict is verdict, found.headline
    assert (DoubtKind.STALE in doubts(found)) is (verdict is not Verdict.OK)
    gone = seen(look, tmp_path, now, judges=["lib/*.py"])
    assert (gone.verdict, doubts(gone)) == (Verdict.UNKNOWN, {DoubtKind.NOTHING_MEASURED})


@pytest.mark.parametrize(
    ("bodies", "verdict", "words"),
    [
        ([report(7, data_mode="PAPER_LIVE")], Verdict.OK, ""),
        ([report(7, data_mode="paper-live")], Verdict.OK, ""),
        ([report(7, summary={"data_mode": "PAPER_LIVE"})], Verdict.OK, ""),
        ([report(7, data_mode="TEST")], Verdict.UNKNOWN, "1 of TEST"),
        ([report(7)], Verdict.UNKNOWN, "no mode named"),
        ([report(7, data_mode="TEST"), report(8, data_mode="PAPER_LIVE")], Verdict.OK, ""),
        ([report(9, data_mode="TEST"), report(4, data_mode="PAPER_LIVE")], Verdict.UNKNOWN, "4 is"),
    ],
)
def test_a_report_of_another_mode_proves_nothing(
    tmp_path: Path, look: Any, bodies: list[str], verdict: Verdict, words: str
) -> None:
    for age, body in enumerate(bodies):
        written(tmp_path, f"r_{age}.json", body, DAY.replace(hour=12 - age))
    found = seen(look, tmp_path, DAY, data_mode={"want": "PAPER_LIVE"})
    assert found.verdict is verdict, found.headline
    assert words in found.headline
    if len(bodies) > 1:
        assert "1 of TEST" in str(found.basis["other_modes"])


def test_parts_of_another_mode_are_named(tmp_path: Path, look: Any) -> None:
    def part(mode: str) -> Mapping[str, Any]:
        return {"met": True, "required": 1, "current": 2, "data_mode": mode}

    body = {"gates": {"a": part("PAPER_LIVE"), "b": part("TEST")}}
    written(tmp_path, "r_1.json", json.dumps(body), DAY)
    found = seen(look, tmp_path, DAY, data_mode={"want": "PAPER_LIVE"})
    assert found.headline == "1/2 proven; file says 2/2: b of TEST, not PAPER_LIVE"
    assert found.verdict is Verdict.UNKNOWN
