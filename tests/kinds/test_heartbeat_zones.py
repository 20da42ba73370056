"""A writer in another zone than the config says: told by two beats, with what mends it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from cockpit.clock import ManualClock
from cockpit.kinds.heartbeat.probe import HeartbeatProbe
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import DoubtKind, Observation, Verdict

NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
"""After the start of every process here, so that no beat is from before its engine."""

Beats = Callable[..., list[Observation]]


class _At(ManualClock):
    async def sleep(self, seconds: float) -> None:
        return


@pytest.fixture
def beats(tmp_path: Path, look: Any, spawn: Any) -> Beats:
    """Look at beats a minute apart, `written` by a function of their time, by a live engine."""
    script = tmp_path / "engine_for_zones.py"
    script.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    pid = spawn(script).pid

    def run(written: Callable[[datetime], Any], count: int = 2, **config: Any) -> list[Observation]:
        given = {"name": "live", "file": "beat.json", "process": [script.name], **config}
        probe = HeartbeatProbe(HeartbeatTable.model_validate(given), tmp_path, zone=UTC)
        seen: list[Observation] = []
        for number in range(count):
            at = NOW + timedelta(minutes=number)
            text = json.dumps({"timestamp": written(at), "pid": pid})
            (tmp_path / "beat.json").write_text(text, encoding="utf-8")
            os.utime(tmp_path / "beat.json", (at.timestamp(), at.timestamp()))
            clock = _At(at + timedelta(seconds=2))
            seen.append(look(probe, seen[-1] if seen else None, clock=clock).observation)
        return seen

    return run


def title(seen: Observation, key: str = "age") -> str:
    found = seen.finding(key)
    assert found is not None
    return found.title


def naive(zone: str) -> Callable[[datetime], str]:
    return lambda at: at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat()


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("Europe/Istanbul", "+03:00"), ("Asia/Kathmandu", "+05:45"), ("America/Phoenix", "-07:00")],
)
def test_two_beats_off_by_a_difference_of_zones_are_a_wrong_zone_and_the_remedy_mends_it(
    beats: Beats, zone: str, offset: str
) -> None:
    first, second, third = beats(naive(zone), count=3)
    assert title(first) in ("FUTURE TIMESTAMP", "STALLED"), "one beat proves no zone"
    assert "as a wrong zone would put it" in first.doubts[0].text
    for seen in (second, third):
        assert (seen.verdict, title(seen), title(seen, "parity")) == (
            Verdict.UNKNOWN,
            "WRONG ZONE",
            "",
        )
        assert f"another zone at UTC{offset}" in seen.headline
        assert {doubt.kind for doubt in seen.doubts} == {DoubtKind.CLOCK}
    remedy = second.headline.split('naive_timestamps = "')[1].split('"')[0]
    (mended,) = beats(naive(zone), count=1, naive_timestamps=remedy)
    assert (mended.verdict, mended.doubts) == (Verdict.OK, ())


@pytest.mark.parametrize(
    "written",
    [
        lambda at: naive("Asia/Tokyo")(at) + "Z",
        lambda at: (at + timedelta(hours=9)).timestamp(),
        lambda at: f"{at + timedelta(hours=9):%a, %d %b %Y %H:%M:%S} +0000",
    ],
)
def test_a_writer_that_calls_its_time_another_zone_is_to_be_mended(
    beats: Beats, written: Any
) -> None:
    seen = beats(written)[-1]
    assert title(seen) == "WRONG ZONE"
    assert "the writer writes UTC+09:00 and calls it another zone" in seen.headline
    assert seen.finding("age").next_act.startswith("mend the writer")  # type: ignore[union-attr]
    assert "naive_timestamps" not in seen.headline


@pytest.mark.parametrize("hours", [-5, 5])
def test_the_pid_of_an_engine_in_another_zone_was_not_given_away(
    tmp_path: Path, look: Any, spawn: Any, hours: int
) -> None:
    """Its beats, five hours early, seem to be older than itself; one beat is enough for that."""
    script = tmp_path / "engine_for_zones.py"
    script.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    pid = spawn(script).pid
    for config in ({}, {"process": [script.name]}):
        given = {"name": "live", "file": "beat.json", **config}
        probe = HeartbeatProbe(HeartbeatTable.model_validate(given), tmp_path, zone=UTC)
        at = datetime.now(UTC)
        stamp = (at + timedelta(hours=hours)).replace(tzinfo=None).isoformat()
        (tmp_path / "beat.json").write_text(json.dumps({"timestamp": stamp, "pid": pid}))
        seen = look(probe).observation
        assert "given away" not in seen.headline
        assert seen.finding("parity").verdict is Verdict.OK


@pytest.mark.parametrize(
    "written",
    [
        lambda at: (NOW - timedelta(hours=3)).isoformat(),  # the same beat, touched again and again
        lambda at: (at - timedelta(minutes=15)).isoformat(),  # a delayed feed: no zone is there
        lambda at: (at - timedelta(hours=3) + (at - NOW) * 2).isoformat(),  # another gap each time
        lambda at: (at - timedelta(hours=2, minutes=52)).isoformat(),
    ],
)
def test_an_old_beat_in_a_file_that_is_written_stays_stalled(beats: Beats, written: Any) -> None:
    for seen in beats(written, count=3):
        assert (seen.verdict, title(seen)) == (Verdict.FAIL, "STALLED")


def test_a_wrong_zone_hides_no_engine_that_stands_still(
    beats: Beats, tmp_path: Path, look: Any
) -> None:
    seen = beats(naive("Asia/Tokyo"))[-1]
    given = {"name": "live", "file": "beat.json", "process": ["engine_for_zones.py"]}
    probe = HeartbeatProbe(HeartbeatTable.model_validate(given), tmp_path, zone=UTC)
    later = look(probe, seen, clock=_At(NOW + timedelta(minutes=10))).observation
    assert later.verdict is Verdict.FAIL


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "local", "utc"])
def test_a_named_zone_reads_its_own_writer(beats: Beats, zone: str) -> None:
    writer = zone if "/" in zone else "UTC"
    for seen in beats(naive(writer), naive_timestamps=zone):
        assert (seen.verdict, seen.doubts) == (Verdict.OK, ())


def test_a_beat_that_agrees_when_read_as_utc_or_local_is_told_at_once(beats: Beats) -> None:
    (seen,) = beats(naive("UTC"), count=1, naive_timestamps="Asia/Kolkata")
    assert title(seen) == "WRONG ZONE"
    assert 'naive_timestamps = "utc"' in seen.headline


def test_a_zone_that_is_none_is_a_clear_mistake() -> None:
    given = {"name": "live", "file": "beat.json", "naive_timestamps": "Europe/Berln"}
    with pytest.raises(ValidationError, match='no zone is called "Europe/Berln"; did you mean'):
        HeartbeatTable.model_validate(given)
