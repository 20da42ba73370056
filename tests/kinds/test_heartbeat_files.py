"""What a heartbeat file may be: PIDs as text, pidfiles of several lines, touched files, bands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cockpit.clock import ManualClock
from cockpit.kinds.heartbeat.measurements import pid_of
from cockpit.kinds.heartbeat.probe import HeartbeatProbe
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import DoubtKind, Finding, Observation, Verdict

NAME = "engine_for_files.py"
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


class _At(ManualClock):
    async def sleep(self, seconds: float) -> None:
        return


@pytest.fixture
def pid(tmp_path: Path, spawn: Any) -> int:
    script = tmp_path / NAME
    script.write_text("import sys\nprint('up', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    return int(spawn(script).pid)


@pytest.fixture
def seen_at(tmp_path: Path, look: Any) -> Callable[..., Observation]:
    """Look at `NOW` plus so many seconds."""

    def run(seconds: float = 1, previous: Observation | None = None, **config: Any) -> Observation:
        clock = _At(NOW + timedelta(seconds=seconds))
        found: Observation = look(made(tmp_path, **config), previous, clock=clock).observation
        return found

    return run


def made(folder: Path, **config: Any) -> HeartbeatProbe:
    given = {"name": "live", "file": "beat", "process": [NAME], **config}
    return HeartbeatProbe(HeartbeatTable.model_validate(given), folder)


def write(folder: Path, seconds: float = 0, **data: Any) -> None:
    at = NOW + timedelta(seconds=seconds)
    text = json.dumps({"timestamp": at.isoformat(), **data})
    (folder / "beat").write_text(text, encoding="utf-8")
    os.utime(folder / "beat", (at.timestamp(), at.timestamp()))


def finding(seen: Observation, key: str) -> Finding:
    found = seen.finding(key)
    assert found is not None
    return found


@pytest.mark.parametrize("form", [int, str, float, "{} ".format])
def test_a_pid_as_text_is_a_pid(tmp_path: Path, seen_at: Any, pid: int, form: Any) -> None:
    write(tmp_path, pid=form(pid))
    assert seen_at().headline == "beating, PIDs agree"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("abc", "pid is a string 'abc'"),
        (1.5, "pid is a number 1.5"),
        (0, "pid is a number 0"),
        (-4, "pid is a number -4"),
        (True, "pid is a boolean True"),
        (None, "pid is null"),
        ([8120], "pid is an array"),
    ],
)
def test_a_pid_that_is_none_is_told_as_it_stands_there(
    tmp_path: Path, seen_at: Any, pid: int, value: Any, says: str
) -> None:
    write(tmp_path, pid=value)
    seen = seen_at()
    assert (seen.verdict, finding(seen, "parity").title) == (Verdict.UNKNOWN, "NO PID")
    assert f"engine {pid}; {says}" in seen.headline
    alone = seen_at(process=None)
    assert f"no PID to check: {says}" in alone.headline


@pytest.mark.parametrize(
    ("body", "pid", "trouble"),
    [
        (b"8120\n/var/lib/data\n1795723878\n5432\n/tmp\nlocalhost\n  5432001  98304\n", 8120, ""),
        (b"8120\r\nsecond line\r\n", 8120, ""),
        (b"\n  8120  \n", 8120, ""),
        (b"abc\n8120\n", None, "no PID in its first line: 'abc'"),
        (b"8120 9120\n", None, "no PID in it: '8120 9120'"),
        (b"-5\n", None, "no PID in it: '-5'"),
    ],
)
def test_a_pidfile_holds_the_pid_in_its_first_line(
    body: bytes, pid: int | None, trouble: str
) -> None:
    read = pid_of(body)
    assert (read.pid, read.trouble) == (pid, trouble)


@pytest.mark.parametrize(
    "body",
    [b"", b"alive\n", b"\xff\x00" * 9, b"{}", b"x" * 2_000_000],
    ids=["empty", "a word", "binary", "an object", "longer than the cap"],
)
def test_a_touched_file_counts_by_its_own_time(
    tmp_path: Path, seen_at: Any, pid: int, body: bytes
) -> None:
    (tmp_path / "beat").write_bytes(body)
    os.utime(tmp_path / "beat", (NOW.timestamp(), NOW.timestamp()))
    seen = seen_at(format="touch")
    assert (seen.verdict, seen.headline, seen.doubts) == (Verdict.OK, "beating, engine runs", ())
    assert seen.basis["timestamp"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    assert seen_at(121, format="touch").verdict is Verdict.WARN
    late = seen_at(301, format="touch")
    assert (late.verdict, finding(late, "age").title) == (Verdict.FAIL, "STALLED")
    alone = seen_at(format="touch", process=None)
    assert (alone.verdict, alone.headline) == (Verdict.OK, "beating, nothing to compare")
    assert {doubt.kind for doubt in alone.doubts} == {DoubtKind.UNCOMPARED}


def test_a_touched_file_and_a_pidfile(tmp_path: Path, seen_at: Any, pid: int) -> None:
    (tmp_path / "beat").touch()
    os.utime(tmp_path / "beat", (NOW.timestamp(), NOW.timestamp()))
    (tmp_path / "live.pid").write_text(f"{pid}\n", encoding="utf-8")
    seen = seen_at(format="touch", pidfile="live.pid")
    assert (seen.verdict, seen.doubts) == (Verdict.OK, ())
    (tmp_path / "live.pid").write_text(f"{2**22 + 1}\n", encoding="utf-8")
    wrong = seen_at(format="touch", pidfile="live.pid", start_grace="1ms")
    assert (wrong.verdict, finding(wrong, "parity").title) == (Verdict.FAIL, "PID MISMATCH")


def test_what_is_no_touched_file(tmp_path: Path, seen_at: Any, pid: int) -> None:
    assert finding(seen_at(format="touch"), "age").title == "NO HEARTBEAT"
    (tmp_path / "beat").mkdir()
    assert "a folder" in finding(seen_at(format="touch"), "age").text
    (tmp_path / "beat").rmdir()
    (tmp_path / "beat").write_text("alive", encoding="utf-8")
    assert 'format = "touch"' in finding(seen_at(), "age").next_act
    with pytest.raises(ValidationError, match="touched has no `counter`"):
        made(tmp_path, format="touch", counter="$.n")


BANDS = {"200s": "dashboard", "2h": "watchdog", "20m": "API"}


@pytest.mark.parametrize(
    ("seconds", "verdict", "named"),
    [
        (119, Verdict.OK, ()),
        (199, Verdict.WARN, ()),
        (200, Verdict.WARN, ("dashboard (200s)",)),
        (1200, Verdict.FAIL, ("dashboard (200s)", "API (20m)")),
        (7200, Verdict.FAIL, ("dashboard (200s)", "API (20m)", "watchdog (2h)")),
    ],
)
def test_each_band_names_who_takes_the_beat_for_dead(
    tmp_path: Path, seen_at: Any, pid: int, seconds: int, verdict: Verdict, named: Any
) -> None:
    write(tmp_path, pid=pid)
    seen = seen_at(seconds, bands=BANDS)
    assert seen.verdict is verdict
    assert seen.headline.endswith(f"too old for {', '.join(named)}") is bool(named)


def test_a_band_below_the_first_limit_is_a_warning_of_its_own(
    tmp_path: Path, seen_at: Any, pid: int
) -> None:
    write(tmp_path, pid=pid)
    assert seen_at(59, bands={"60s": "probe"}).verdict is Verdict.OK
    seen = seen_at(60, bands={"60s": "probe"})
    assert (seen.verdict, "too old for probe (1m)" in seen.headline) == (Verdict.WARN, True)


def test_the_words_turn_at_each_band_by_time_alone(tmp_path: Path, seen_at: Any, pid: int) -> None:
    write(tmp_path, pid=pid)
    watching = made(tmp_path, bands=BANDS)
    seen, dues = seen_at(bands=BANDS), []
    while (due := watching.next_due(seen)) is not None:
        dues.append((due - NOW).total_seconds())
        seen = seen_at(dues[-1], seen, bands=BANDS)
    assert dues == [120, 200, 300, 1200, 7200]


@pytest.mark.parametrize(
    ("bands", "says"),
    [
        ({"soon": "x"}, '"soon" is no age'),
        ({"0s": "x"}, '"0s" is no age'),
        ({"2h": ""}, "at least 1 character"),
    ],
)
def test_a_band_that_is_none_is_a_clear_mistake(tmp_path: Path, bands: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        made(tmp_path, bands=bands)


def test_the_rate_of_the_counter_and_an_engine_that_lives_and_does_nothing(
    tmp_path: Path, seen_at: Any, pid: int
) -> None:
    counted = {"counter": "$.decisions_total"}
    write(tmp_path, pid=pid, decisions_total=100)
    first = seen_at(**counted)
    assert "counter_per_minute" not in first.metrics
    write(tmp_path, 30, pid=pid, decisions_total="112")
    second = seen_at(31, first, **counted)
    assert (second.metrics["counter_per_minute"], second.metrics["counter"]) == (24.0, 112.0)
    again = seen_at(36, second, **counted)
    assert again.metrics["counter_per_minute"] == 24.0, "the same beat, the same rate"
    write(tmp_path, 400, pid=pid, decisions_total=112)
    idle = seen_at(401, again, **counted)
    assert (idle.verdict, finding(idle, "counter").title) == (Verdict.WARN, "IDLE")
    assert idle.metrics["counter_per_minute"] == 0.0
    assert finding(idle, "age").verdict is Verdict.OK


def test_a_counter_that_fell_was_started_anew_and_does_not_stand(
    tmp_path: Path, seen_at: Any, pid: int
) -> None:
    counted = {"counter": "$.n"}
    write(tmp_path, pid=pid, n=812)
    seen = seen_at(**counted)
    write(tmp_path, 301, pid=pid, n=0)
    fell = seen_at(302, seen, **counted)
    assert (fell.verdict, "counter_per_minute" in fell.metrics) == (Verdict.OK, False)
    since = f"{NOW + timedelta(seconds=301):%Y-%m-%dT%H:%M:%SZ}"
    assert finding(fell, "counter").text == f"0, counted anew since {since}"
    write(tmp_path, 361, pid=pid, n=3)
    later = seen_at(362, fell, **counted)
    assert finding(later, "counter").text == f"3, counted anew since {since}"
    assert later.metrics["counter_per_minute"] == 3.0


@pytest.mark.parametrize(
    ("value", "says"),
    [('"many"', "a string 'many'"), ("null", "null"), ("1" + "0" * 400, "a number 1000")],
    ids=["a word", "null", "more than any float"],
)
def test_a_counter_that_is_no_number_is_told_as_it_stands_there(
    tmp_path: Path, seen_at: Any, pid: int, value: str, says: str
) -> None:
    text = f'{{"timestamp": "{NOW.isoformat()}", "pid": {pid}, "n": {value}}}'
    (tmp_path / "beat").write_text(text, encoding="utf-8")
    os.utime(tmp_path / "beat", (NOW.timestamp(), NOW.timestamp()))
    seen = seen_at(counter="$.n")
    assert seen.verdict is Verdict.UNKNOWN
    assert finding(seen, "counter").text.startswith(f"n is {says}")
    assert finding(seen_at(counter="$.m"), "counter").text == "no number at $.m"
