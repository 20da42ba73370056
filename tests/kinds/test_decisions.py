"""Decisions: the last rows of a JSONL file, by stage and reason, and what they prove."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.clock import ManualClock
from cockpit.kinds import tail
from cockpit.kinds.decisions.evaluate import RowReader, judge_decisions
from cockpit.kinds.decisions.facts import DecisionFacts, StageFacts
from cockpit.kinds.decisions.probe import DecisionsProbe
from cockpit.kinds.decisions.table import DecisionsTable
from cockpit.kinds.session_hours import SessionTable
from cockpit.kinds.tail import read_last_lines
from cockpit.model import DoubtKind, Observation, Verdict

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # a Monday


def row(stage: str | None = "technical", *, age: float = 60, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "timestamp": (NOW - timedelta(seconds=age)).isoformat(),
        "symbol": "BTC/USDT",
        "gate_decision": {"approved": False},
        **more,
    }
    if stage is not None:
        made["gate_trace"] = {"stage": stage, "reason": "weak:0.2", **more.get("gate_trace", {})}
    return made


APPROVED = {"gate_decision": {"approved": True}}


def table(**changes: Any) -> DecisionsTable:
    given = {"name": "decisions", "file": "decisions.jsonl", "naive_timestamps": "utc", **changes}
    return DecisionsTable.model_validate(given)


def write(folder: Path, rows: list[Mapping[str, Any]], name: str = "decisions.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


def seen(
    look: Any, folder: Path, rows: list[Mapping[str, Any]], now: datetime = NOW, **changes: Any
) -> Observation:
    write(folder, rows)
    probe = DecisionsProbe(table(**changes), folder)
    observation = look(probe, clock=ManualClock(now)).observation
    assert isinstance(observation, Observation)
    return observation


def facts(of: Observation) -> DecisionFacts:
    found = of.facts_of(DecisionFacts)
    assert found is not None
    return found


def test_stages_and_reasons_are_counted(tmp_path: Path, look: Any) -> None:
    rows = [row("technical") for _ in range(6)]
    rows += [row("ml", gate_trace={"reason": "insufficient_data:0"}) for _ in range(3)]
    rows += [row(None), row("passed", **APPROVED)]
    found = seen(look, tmp_path, rows)
    assert found.verdict is Verdict.OK
    assert found.headline == "1 of 11 approved; most in technical 55%"
    stages = {f.subject: f.facts for f in found.findings[1:]}
    assert stages["ml"] == StageFacts(3, 3 / 11, ("insufficient_data 3",))
    assert facts(found).no_trace == 1
    assert found.metrics["outage_share"] == 0


@pytest.mark.parametrize(
    ("rows", "changes", "verdict", "title"),
    [
        ([row("data_fetch")] * 3, {}, Verdict.FAIL, "DATA OUTAGE"),
        ([row("data_fetch")] * 3, {"all_outage": "warn"}, Verdict.WARN, "DATA OUTAGE"),
        ([row("data_fetch")] * 3 + [row("ml", **APPROVED)], {}, Verdict.OK, ""),
        ([row("ml")] * 3, {}, Verdict.WARN, "ALL REJECTED"),
        ([row("ml")] * 3, {"all_rejected": "ok"}, Verdict.OK, ""),
        ([row("ml", **APPROVED, age=3599)], {}, Verdict.OK, ""),
        ([row("ml", **APPROVED, age=3600)], {}, Verdict.WARN, "QUIET"),
        ([row("ml", **APPROVED, age=3600)], {"quiet": "fail"}, Verdict.FAIL, "QUIET"),
        ([], {}, Verdict.UNKNOWN, "NO DECISIONS"),
        ([row("ml", **APPROVED, price=100)] * 2, {"price": "$.price"}, Verdict.FAIL, "DATA OUTAGE"),
        ([row("ml", **APPROVED, price=101)] * 2, {"price": "$.price"}, Verdict.OK, ""),
        ([row("ml", **APPROVED, data_mode="TEST")], {"data_mode": {"want": "PAPER_LIVE"}},
         Verdict.UNKNOWN, "NO DECISIONS"),
        ([row("ml", **APPROVED, data_mode="PAPER_LIVE"), row("ml", data_mode="TEST")],
         {"data_mode": {"want": "PAPER_LIVE"}}, Verdict.OK, ""),
        ([{**row("ml", **APPROVED), "timestamp": None}], {}, Verdict.UNKNOWN, "NO TIMES"),
    ],
)  # fmt: skip
def test_verdicts(
    tmp_path: Path, look: Any, rows: list[Mapping[str, Any]], changes: dict[str, Any],
    verdict: Verdict, title: str,
) -> None:  # fmt: skip
    found = seen(look, tmp_path, rows, **changes)
    assert (found.verdict, found.findings[0].title) == (verdict, title), found.headline


def test_a_decision_that_is_written_twice_counts_once(tmp_path: Path, look: Any) -> None:
    twice = row("ml", gate_trace={"ts": "2026-01-05T14:00:00"}, **APPROVED)
    twice["gate_trace"]["ts"] = "2026-01-05T14:00:00"
    found = seen(look, tmp_path, [twice, dict(twice), row(None), row(None)])
    assert (facts(found).rows, facts(found).copies, facts(found).approved) == (3, 1, 1)


def test_executed_stands_beside_approved(tmp_path: Path, look: Any) -> None:
    rows = [
        row("ml", **APPROVED, execution={"executed": True}),
        row("ml", **APPROVED, execution={"executed": False}),
        row("ml", **APPROVED, execution=None),
    ]
    found = seen(look, tmp_path, rows, executed="$.execution")
    assert found.headline.startswith("3 of 3 approved, 1 executed")
    assert found.metrics["executed"] == 1


def test_lines_that_can_not_be_read_are_a_doubt(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path, [row("ml", **APPROVED)])
    with path.open("a", encoding="utf-8") as file:
        file.write('rubbish\n[1]\n\n{"timestamp": "2026')  # the last line is being written
    probe = DecisionsProbe(table(), tmp_path)
    found = look(probe, clock=ManualClock(NOW)).observation
    assert facts(found).unreadable == 2
    assert [doubt.kind for doubt in found.doubts] == [DoubtKind.PARTIAL_READ]


def test_the_quiet_is_told_at_its_moment_and_only_within_the_session(
    tmp_path: Path, look: Any
) -> None:
    write(tmp_path, [row("ml", **APPROVED, age=600)])
    probe = DecisionsProbe(table(), tmp_path)
    found = look(probe, clock=ManualClock(NOW)).observation
    due = probe.next_due(found)
    assert due == NOW - timedelta(seconds=600) + timedelta(hours=1)
    assert look(probe, clock=ManualClock(due)).observation.findings[0].title == "QUIET"
    # New York opens at 14:30 UTC in January; at 15:00 half an hour of the session has gone by.
    session = {"opens": "09:30", "closes": "16:00", "zone": "America/New_York"}
    old = [row("ml", **APPROVED, age=86400)]
    open_since = seen(look, tmp_path, old, session=session)
    assert open_since.verdict is Verdict.OK
    later = seen(look, tmp_path, old, now=NOW + timedelta(hours=1), session=session)
    assert later.findings[0].title == "QUIET"
    night = seen(look, tmp_path, old, now=NOW + timedelta(hours=9), session=session)
    assert night.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("session", "at", "opened"),
    [
        ({}, "2026-01-05T15:00:00+00:00", "2026-01-05T00:00:00+00:00"),
        ({}, "2026-01-04T15:00:00+00:00", None),
        ({"opens": "22:00", "closes": "05:00"}, "2026-01-06T03:00:00+00:00",
         "2026-01-05T22:00:00+00:00"),
        ({"opens": "22:00", "closes": "05:00"}, "2026-01-06T05:00:00+00:00", None),
        ({"opens": "09:30", "closes": "16:00", "zone": "Europe/Berlin"},
         "2026-07-06T07:30:00+00:00", "2026-07-06T07:30:00+00:00"),
    ],
)  # fmt: skip
def test_sessions(session: dict[str, Any], at: str, opened: str | None) -> None:
    found = SessionTable.model_validate(session).opened_at(datetime.fromisoformat(at))
    assert (found.isoformat() if found else None) == opened


def test_a_rotated_file_is_read_on_in_the_one_before(tmp_path: Path) -> None:
    write(tmp_path, [{"n": n} for n in range(5)], "d.jsonl.1")
    path = write(tmp_path, [{"n": n} for n in range(5, 7)], "d.jsonl")
    lines = read_last_lines(path, 4).lines
    assert [json.loads(line)["n"] for line in lines] == [3, 4, 5, 6]


def test_the_end_of_a_huge_file_is_read_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes read do not follow from the size: a sparse file of ten gigabytes."""
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.seek(10_000_000_000)
        file.write(b"\n" + b'{"n": 1}\n' * 600)
    asked: list[int] = []

    class Counting(FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(-1 if size is None else size)
            return super().read(size)

    monkeypatch.setattr(tail, "FileIO", Counting)
    assert len(read_last_lines(path, 500).lines) == 500
    assert min(asked) > 0 and sum(asked) < 1_000_000


@pytest.mark.parametrize("what", ["folder", "missing", "pipe"])
def test_what_is_no_file_says_so(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    if what == "folder":
        path.mkdir()
    if what == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes in folders here")
        os.mkfifo(path)
    found = read_last_lines(path, 5)
    assert found.trouble
    assert found.missing is (what == "missing")


@given(st.integers(1, 12), st.lists(st.binary(max_size=30), max_size=30), st.booleans())
def test_the_tail_is_the_end_of_all_lines(
    tmp_path_factory: pytest.TempPathFactory, count: int, parts: list[bytes], ended: bool
) -> None:
    path = tmp_path_factory.mktemp("tail") / "f"
    body = b"\n".join(part.replace(b"\n", b"") for part in parts) + (b"\n" if ended else b"")
    path.write_bytes(body)
    whole = body.split(b"\n")[:-1]
    expected = [line for line in whole if line.strip()][-count:]
    assert list(read_last_lines(path, count).lines) == expected


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.dictionaries(
        st.sampled_from(["timestamp", "gate_trace", "stage", "reason", "approved", "symbol",
                         "gate_decision", "ts"]), inner, max_size=4,
    ) | st.lists(inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(st.lists(values, max_size=8))
def test_any_rows_give_a_verdict_and_no_ok_by_accident(rows: list[Any]) -> None:
    asked = table()
    lines = [json.dumps(each).encode() for each in rows]
    found = RowReader(asked).read(lines)
    judged = judge_decisions(asked, found, NOW)
    if judged.verdict is Verdict.OK:
        assert found.approved and found.times
    keys = [finding.key for finding in judged.findings]
    assert len(keys) == len(set(keys))
