"""The heartbeat probe on real files and real processes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cockpit.clock import ManualClock
from cockpit.kinds.heartbeat.probe import FILE_CAP, HeartbeatProbe
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.model import DoubtKind, Observation, Verdict

ENGINE = """
import sys
print("up", flush=True)
sys.stdin.read()
"""
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def table(**changes: Any) -> HeartbeatTable:
    given = {"name": "live", "file": "beat.json", "counter": "$.decisions", **changes}
    return HeartbeatTable.model_validate(given)


def write_beat(folder: Path, at: datetime, pid: int, decisions: int = 1) -> Path:
    file = folder / "beat.json"
    local = at.astimezone().replace(tzinfo=None).isoformat()
    file.write_text(json.dumps({"timestamp": local, "pid": pid, "decisions": decisions}))
    os.utime(file, (at.timestamp(), at.timestamp()))
    return file


def doubts(observation: Observation) -> set[DoubtKind]:
    return {doubt.kind for doubt in observation.doubts}


@pytest.fixture
def engine(tmp_path: Path, spawn: Any) -> Callable[..., Any]:
    script = tmp_path / "run_engine_for_test.py"
    script.write_text(ENGINE)
    return lambda *args: spawn(script, "run", *args)


WORDS = ["run_engine_for_test.py", "run"]


def test_three_way_parity_on_a_live_process(tmp_path: Path, look: Any, engine: Any) -> None:
    process = engine("--mode", "paper")
    write_beat(tmp_path, datetime.now(UTC) + timedelta(seconds=0), process.pid, 76)
    (tmp_path / "live.pid").write_text(str(process.pid))
    probe = HeartbeatProbe(table(pidfile="live.pid", process=WORDS), tmp_path)
    seen = look(probe)
    assert seen.observation.verdict is Verdict.OK, seen.observation
    assert seen.observation.headline == "76 decisions, PIDs agree"
    assert [identity.pid for identity in seen.ctx.processes] == [process.pid]
    row = seen.observation.finding(f"engine:{process.pid}")
    assert row is not None and "run" in row.facts.argv

    process.kill()
    process.wait()
    gone = look(probe, seen.observation).observation
    assert gone.verdict is Verdict.FAIL
    parity = gone.finding("parity")
    assert parity is not None and parity.title == "ENGINE GONE"
    assert gone.finding("age").verdict is Verdict.OK  # type: ignore[union-attr]


def test_two_engines_are_both_watched(tmp_path: Path, look: Any, engine: Any) -> None:
    first, second = engine(), engine()
    write_beat(tmp_path, datetime.now(UTC), first.pid)
    seen = look(HeartbeatProbe(table(process=WORDS), tmp_path))
    assert seen.observation.finding("parity").title == "TWO ENGINES"
    assert {identity.pid for identity in seen.ctx.processes} == {first.pid, second.pid}


def test_who_only_mentions_the_engine_is_none(tmp_path: Path, look: Any, spawn: Any) -> None:
    """A checker whose own command line names the script is not an engine."""
    script = tmp_path / "checker.py"
    script.write_text(ENGINE)
    spawn(script, "run_engine_for_test.py run", "run_engine_for_test.py", "run")
    seen = look(HeartbeatProbe(table(process=WORDS, counter=None), tmp_path))
    assert seen.observation.finding("parity").title == "NO ENGINE"
    assert seen.observation.verdict is Verdict.FAIL


def test_a_half_written_file_is_read_again(
    tmp_path: Path, look: Any, quick_clock: Any, engine: Any
) -> None:
    file = tmp_path / "beat.json"
    file.write_text('{"timestamp": "2026-')
    pid = engine().pid
    clock = quick_clock(slept=lambda: write_beat(tmp_path, datetime.now(UTC), pid))
    seen = look(HeartbeatProbe(table(process=WORDS), tmp_path), clock=clock).observation
    assert clock.sleeps == [0.05]
    assert seen.verdict is Verdict.OK
    assert not seen.doubts


@pytest.mark.parametrize("body", [b"", b"   ", b'{"timestamp": "20', b"\xff\xfe\x00", b"\x00" * 50])
def test_one_bad_read_is_no_alarm_but_a_lasting_one_is(
    tmp_path: Path, look: Any, engine: Any, body: bytes
) -> None:
    write_beat(tmp_path, datetime.now(UTC), engine().pid, 5)
    given = table(process=WORDS, warn_after="60s", fail_after="120s")
    probe = HeartbeatProbe(given, tmp_path)
    good = look(probe).observation
    (tmp_path / "beat.json").write_bytes(body)
    bad = look(probe, good).observation
    assert bad.verdict is Verdict.OK
    assert doubts(bad) == {DoubtKind.PARTIAL_READ}

    at = bad.observed_at.replace(microsecond=0)
    for seconds, verdict in ((61, Verdict.UNKNOWN), (121, Verdict.FAIL)):
        clock = _Later(at + timedelta(seconds=seconds))
        later = look(probe, bad, clock=clock).observation
        assert later.verdict is verdict
        assert later.finding("age").title == "UNREADABLE"


class _Later(ManualClock):
    """Stands at one moment; sleeping takes no time."""

    async def sleep(self, seconds: float) -> None:
        return


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b'"x"', b"{}", b"<html>"])
def test_a_first_look_at_rubbish_is_unknown(tmp_path: Path, look: Any, body: bytes) -> None:
    (tmp_path / "beat.json").write_bytes(body)
    seen = look(HeartbeatProbe(table(), tmp_path)).observation
    assert seen.verdict is Verdict.UNKNOWN
    assert seen.finding("age").title == "UNREADABLE"


def test_missing_file_folder_and_fifo(tmp_path: Path, look: Any) -> None:
    probe = HeartbeatProbe(table(), tmp_path)
    assert look(probe).observation.finding("age").title == "NO HEARTBEAT"
    (tmp_path / "beat.json").mkdir()
    assert "folder" in look(probe).observation.finding("age").text
    (tmp_path / "beat.json").rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "beat.json")
        assert "regular" in look(probe).observation.finding("age").text


def test_a_huge_file_is_refused(tmp_path: Path, look: Any) -> None:
    with (tmp_path / "beat.json").open("wb") as file:
        file.truncate(FILE_CAP + 1)
    seen = look(HeartbeatProbe(table(), tmp_path)).observation
    assert "larger than" in seen.finding("age").text
    assert seen.verdict is Verdict.UNKNOWN


def test_the_zone_of_the_config_is_this_machines(tmp_path: Path, look: Any) -> None:
    """A beat of this second, written in another zone, is told as a zone error, never OK."""
    written = NOW.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
    file = tmp_path / "beat.json"
    file.write_text(json.dumps({"timestamp": written.isoformat(), "pid": os.getpid()}))
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    zone = ZoneInfo("America/New_York")
    right = HeartbeatProbe(table(counter=None), tmp_path, zone=zone)
    assert look(right, clock=_Later(NOW)).observation.finding("age").verdict is Verdict.OK
    wrong = HeartbeatProbe(table(counter=None, naive_timestamps="utc"), tmp_path, zone=zone)
    seen = look(wrong, clock=_Later(NOW)).observation
    assert seen.finding("age").verdict is Verdict.UNKNOWN
    assert DoubtKind.CLOCK in doubts(seen)


def test_the_verdict_turns_on_time_without_a_file_event(tmp_path: Path, look: Any) -> None:
    write_beat(tmp_path, NOW - timedelta(seconds=0.7), os.getpid())
    probe = HeartbeatProbe(table(warn_after="20s", fail_after="50s"), tmp_path)
    seen = look(probe, clock=_Later(NOW)).observation
    verdicts = []
    while (due := probe.next_due(seen)) is not None:
        before = look(probe, seen, clock=_Later(due - timedelta(milliseconds=1))).observation
        seen = look(probe, seen, clock=_Later(due)).observation
        verdicts.append((before.finding("age").verdict, seen.finding("age").verdict))
    assert verdicts == [(Verdict.OK, Verdict.WARN), (Verdict.WARN, Verdict.FAIL)]


def test_a_pid_that_was_given_away_is_not_the_engine(tmp_path: Path, look: Any) -> None:
    """Without process words: this test's own process is younger than the beat that names it."""
    file = write_beat(tmp_path, NOW, os.getpid())
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    seen = look(HeartbeatProbe(table(), tmp_path), clock=_Later(NOW)).observation
    assert seen.finding("parity").title == "ENGINE GONE"
    assert "given away" in seen.finding("parity").text


def test_no_age_stands_in_any_text(tmp_path: Path, look: Any) -> None:
    """The body of an observation stays the same while only time passes."""
    write_beat(tmp_path, NOW, os.getpid())
    probe = HeartbeatProbe(table(), tmp_path)
    one = look(probe, clock=_Later(NOW + timedelta(seconds=10))).observation
    other = look(probe, one, clock=_Later(NOW + timedelta(seconds=20))).observation
    assert (one.headline, one.findings, one.basis) == (other.headline, other.findings, other.basis)
