"""Logs: levels, times and continuation lines, lines that must and must not be there, quiet."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit import facts as codec
from cockpit.clock import ManualClock
from cockpit.config.errors import ConfigErrors
from cockpit.config.load import loads
from cockpit.facts import FindingFacts
from cockpit.kinds.log.evaluate import Logs, judge_logs
from cockpit.kinds.log.facts import LogFileFacts, LogLineFacts
from cockpit.kinds.log.follow import Follower
from cockpit.kinds.log.lines import LineReader, head_of
from cockpit.kinds.log.probe import LogProbe, youngest_start
from cockpit.kinds.log.rows import PANE
from cockpit.kinds.log.table import LogTable
from cockpit.kinds.log.tally import FileTally
from cockpit.kinds.service.facts import UnitFacts
from cockpit.model import Board, Concern, DoubtKind, Finding, Observation, Rollup, Verdict
from cockpit.rows import View
from cockpit.system.processes import process_table

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
OVERRIDES = r"overrides: min_ratio=(?P<min_ratio>\S+) max_daily=(?P<max_daily>\S+)"
LINE = "overrides: min_ratio=2.0 max_daily=10"


class Still(ManualClock):
    """A clock that stands; sleeping takes no time."""

    async def sleep(self, seconds: float) -> None:
        return


@dataclass(frozen=True, slots=True)
class Started(FindingFacts, type="test.started"):
    """When processes were started, as a port and an engine tell of it."""

    starts: tuple[datetime, ...] = ()


def table(**changes: Any) -> LogTable:
    given = {"name": "logs", "files": ["engine.log"], "naive_timestamps": "utc", **changes}
    return LogTable.model_validate(given)


def at(seconds: float, text: str, level: str = "INFO") -> str:
    """A line of `seconds` ago."""
    return f"{NOW - timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S},123 - engine - {level} - {text}"


def age(path: Path, seconds: float = 0) -> None:
    stamp = NOW.timestamp() - seconds
    os.utime(path, (stamp, stamp))


def write(path: Path, lines: Sequence[str], seconds: float = 0) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    age(path, seconds)
    return path


def add(path: Path, lines: Sequence[str], seconds: float = 0) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
    age(path, seconds)


def engine(start: datetime | None) -> dict[str, Observation]:
    """A board on which the engine was started then; None: it is gone."""
    seen = Started((start,) if start else ())
    finding = Finding("parity", OK, "engine", facts=seen)
    later = NOW + timedelta(minutes=1)
    return {
        "engine": Observation(
            "engine", "heartbeat", Concern.RUN, OK, "", NOW, later, findings=(finding,)
        )
    }


class Watch:
    """A probe that is run again and again, as a cockpit does."""

    def __init__(self, look: Any, folder: Path, **changes: Any) -> None:
        self._look = look
        self.probe = LogProbe(table(**changes), folder)

    def __call__(self, now: datetime = NOW, **more: Any) -> Observation:
        observation = self._look(self.probe, clock=Still(now), **more).observation
        assert isinstance(observation, Observation)
        return observation


def titles(found: Observation) -> list[str]:
    return [finding.title for finding in found.findings if finding.title]


def file_facts(found: Observation) -> LogFileFacts:
    facts = found.facts_of(LogFileFacts)
    assert facts is not None
    return facts


def line_facts(found: Observation) -> LogLineFacts:
    facts = found.facts_of(LogLineFacts)
    assert facts is not None
    return facts


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("13:17:50 | INFO | __main__ | msg", "INFO"),
        ("2026-01-05 12:00:00,123 - a.b - ERROR - lost", "ERROR"),
        ("2026-01-05 12:00:00.123 | ERROR    | a:b:12 - lost", "ERROR"),
        ("2026-01-05 12:00:00 UTC [123] ERROR:  relation", "ERROR"),
        ("2026-01-05T12:00:00Z WARN lost", "WARNING"),
        ("2026/01/05 12:00:00 [error] 123#0: upstream", "ERROR"),
        ("[2026-01-05 12:00:00 +0000] [123] [CRITICAL] worker timeout", "CRITICAL"),
        ("ERROR:root:lost", "ERROR"),
        ("INFO:     127.0.0.1:5 - \"GET /error HTTP/1.1\" 500", "INFO"),
        ('{"ts": "2026-01-05T12:00:00Z", "level": "error", "msg": "x"}', "ERROR"),
        ('{"time": 1767614400000, "level": 50, "msg": "x"}', "CRITICAL"),
        ("time=2026-01-05T12:00:00Z level=warn msg=slow", "WARNING"),
        ("E0105 12:00:00.123456 77 main.cc:12] lost", "ERROR"),
        ("Jan  5 12:00:00 host engine[77]: ERROR: lost", "ERROR"),
        ("2026-01-05 12:00:00 - a - INFO - got an ERROR - twice", "INFO"),
        ("2026-01-05 12:00:00 INFO last ERROR: timeout", "INFO"),
        ("2026-01-05 12:00:00 worker INFO last ERROR: timeout", "INFO"),
        ("2026-01-05 12:00:00 0 errors, test_error PASSED", ""),
        ("2026-01-05 12:00:00 ERROR: 0", ""),
        ("12:00:00 no errors in the last hour", ""),
        ("ERROR_COUNT=0", ""),
        ("error rate is 0.2", ""),
        ("the ERROR column is empty", ""),
    ],
)  # fmt: skip
def test_the_level_is_a_field_and_no_word_of_the_message(line: str, level: str) -> None:
    assert head_of(line, NOW)[1] == level


@pytest.mark.parametrize(
    ("lines", "changes", "verdict", "title"),
    [
        ([at(60, "well")], {}, OK, ""),
        ([at(60, "lost", "ERROR")], {}, WARN, "LOG ERRORS"),
        ([at(601, "lost", "ERROR"), at(5, "well")], {}, OK, ""),
        ([at(60, "lost", "ERROR")], {"errors_warn": 2}, OK, ""),
        ([at(60, "lost", "ERROR")], {"errors_warn": 0}, OK, ""),
        ([at(60, "lost", "ERROR")] * 3, {"errors_fail": 3}, FAIL, "LOG ERRORS"),
        ([at(60, "lost", "CRITICAL")], {}, FAIL, "CRITICAL ERRORS"),
        ([at(60, "lost", "CRITICAL")], {"critical": "ok"}, WARN, "LOG ERRORS"),
        ([at(60, "slow", "WARNING")] * 9, {}, OK, ""),
        ([at(60, "slow", "WARNING")] * 9, {"warnings_warn": 9}, WARN, "LOG WARNINGS"),
        ([at(300, "well")], {"quiet_after": "5m"}, WARN, "QUIET LOG"),
        ([at(299, "well")], {"quiet_after": "5m"}, OK, ""),
        ([at(300, "well")], {"quiet_after": "5m", "quiet": "fail"}, FAIL, "QUIET LOG"),
        ([], {}, OK, ""),
    ],
)  # fmt: skip
def test_verdicts_of_a_file(
    tmp_path: Path, look: Any, lines: list[str], changes: dict[str, Any], verdict: Verdict,
    title: str,
) -> None:  # fmt: skip
    write(tmp_path / "engine.log", lines)
    found = Watch(look, tmp_path, **changes)()
    assert (found.verdict, titles(found)) == (verdict, [title] if title else []), found.headline


def test_levels_and_metrics(tmp_path: Path, look: Any) -> None:
    lines = [at(90, "lost", "ERROR"), at(80, "slow", "WARNING"), *[at(60, "well")] * 8]
    path = write(tmp_path / "engine.log", lines)
    found = Watch(look, tmp_path)()
    assert file_facts(found).levels == ("ERROR 1", "WARNING 1", "INFO 8")
    assert found.metrics == {
        "errors": 1, "warnings": 1, "lines_per_minute": 1, "age": 60,
        "bytes": path.stat().st_size,
    }  # fmt: skip
    assert codec.decode(codec.encode(file_facts(found))) == file_facts(found)


def test_a_line_goes_on_below_it(tmp_path: Path, look: Any) -> None:
    traceback = [
        "\x1b[31mTraceback (most recent call last):\x1b[0m",
        '  File "a.py", line 1, in <module>',
        "ERROR_SOURCE: none of the levels",
        "ValueError: price is nan",
    ]
    path = write(tmp_path / "engine.log", [at(60, "order failed", "ERROR"), *traceback])
    watch = Watch(look, tmp_path)
    found = watch()
    assert file_facts(found).levels == ("ERROR 1",)
    assert file_facts(found).last_error.endswith("order failed / ValueError: price is nan")
    # The rest of a traceback may come later than its head.
    add(path, [at(50, "again", "ERROR"), *traceback[:2]])
    watch()
    add(path, ["KeyError: 'price'"])
    found = watch()
    assert file_facts(found).levels == ("ERROR 2",)
    assert file_facts(found).last_error.endswith("again / KeyError: 'price'")


@pytest.mark.parametrize(
    ("above", "levels"),
    [("INFO", ("ERROR 1", "INFO 1")), ("DEBUG", ("DEBUG 1",)), ("WARNING", ("WARNING 1",))],
)
def test_a_traceback_that_nobody_logged_is_an_error(
    tmp_path: Path, look: Any, above: str, levels: tuple[str, ...]
) -> None:
    trace = ["Traceback (most recent call last):", '  File "a.py"', "ValueError: nan"]
    write(tmp_path / "engine.log", [at(60, "retry", above), *trace], 50)
    assert file_facts(Watch(look, tmp_path)()).levels == levels


def test_a_window_that_is_shorter_than_the_stretch_is_a_doubt(tmp_path: Path, look: Any) -> None:
    write(tmp_path / "engine.log", [at(500 - n, "x" * 60) for n in range(480)])
    found = Watch(look, tmp_path, window=4)()
    assert [doubt.kind for doubt in found.doubts] == [DoubtKind.PARTIAL_READ]
    assert found.metrics["lines_per_minute"] == pytest.approx(60, rel=0.5)
    assert Watch(look, tmp_path, window=4, within="10s")().doubts == ()


def test_what_is_said_does_not_change_from_look_to_look(tmp_path: Path, look: Any) -> None:
    lines = [at(90, "failed", "WARNING"), at(80, LINE)]
    path = write(tmp_path / "engine.log", lines)
    rules = {
        "required": [{"pattern": OVERRIDES, "within": "1h"}, {"pattern": "none", "within": "1h"}],
        "forbidden": [{"pattern": "failed"}],
    }
    watch = Watch(look, tmp_path, **rules)
    first = watch()
    add(path, [at(1, "well")])
    later = watch(NOW + timedelta(seconds=7))
    assert later.headline == first.headline
    assert [one.text for one in later.findings] == [one.text for one in first.findings]


def test_colours_are_no_part_of_a_line(tmp_path: Path, look: Any) -> None:
    line = f"14:59:00 | \x1b[31mERROR\x1b[0m | __main__ | \x1b[1m{LINE}\x1b[0m"
    write(tmp_path / "engine.log", [line])
    found = Watch(look, tmp_path, required=[{"pattern": OVERRIDES}])()
    assert file_facts(found).levels == ("ERROR 1",)
    assert line_facts(found).values == ("min_ratio=2.0", "max_daily=10")


@pytest.mark.parametrize(
    ("clocks", "expected"),
    [
        (["23:58:00", "23:59:59", "00:00:01", "14:59:00"],
         ["04T23:58:00", "04T23:59:59", "05T00:00:01", "05T14:59:00"]),
        (["14:00:00", "13:00:00", "14:59:00"], ["04T14:00:00", "05T13:00:00", "05T14:59:00"]),
        (["14:58:30", "14:58:00", "14:59:00"], ["05T14:58:30", "05T14:58:00", "05T14:59:00"]),
        (["10:00:00", "10:00:00", "16:00:30"], ["04T10:00:00", "04T10:00:00", "04T16:00:30"]),
        (["12:00:00", "11:00:00", "10:07:00"], ["03T12:00:00", "04T11:00:00", "05T10:07:00"]),
    ],
)  # fmt: skip
def test_lines_without_a_date_are_dated_by_their_order(
    clocks: list[str], expected: list[str]
) -> None:
    raw = [f"{clock} | INFO | engine | x".encode() for clock in clocks]
    block = LineReader("utc").read(raw, NOW)
    told = [line.at.strftime("%dT%H:%M:%S") for line in block.lines if line.at]
    assert told == expected


def test_a_time_without_a_date_is_of_its_own_zone() -> None:
    # 23:59 in New York is 04:59 UTC of the day after, and the file says when that was.
    written = datetime(2026, 1, 6, 5, 0, 30, tzinfo=UTC)
    raw = [b"23:59:00 | INFO | x", b"00:00:25 | INFO | y"]
    block = LineReader("local", ZoneInfo("America/New_York")).read(raw, written)
    times = [datetime(2026, 1, 6, 4, 59, tzinfo=UTC), datetime(2026, 1, 6, 5, 0, 25, tzinfo=UTC)]
    assert [line.at for line in block.lines] == times


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%H:%M:%S"])
def test_a_wrong_zone_is_told_and_read_as_what_it_is(tmp_path: Path, look: Any, form: str) -> None:
    east = [f"{NOW + timedelta(hours=3) - timedelta(seconds=s):{form}} ERROR x" for s in (700, 0)]
    write(tmp_path / "engine.log", east)
    found = Watch(look, tmp_path, quiet_after="1m")()
    assert [doubt.kind for doubt in found.doubts] == [DoubtKind.CLOCK]
    assert file_facts(found).last_at == NOW
    assert file_facts(found).levels == ("ERROR 1",)
    assert titles(found) == ["LOG ERRORS"]


def test_a_log_without_times_counts_from_the_first_look_on(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", ["ERROR: of long ago"])
    watch = Watch(look, tmp_path)
    first = watch()
    assert first.verdict is OK
    assert [doubt.kind for doubt in first.doubts] == [DoubtKind.PARTIAL_READ]
    add(path, ["ERROR: of now"])
    assert watch().verdict is WARN


def test_an_error_is_over_at_its_moment(tmp_path: Path, look: Any) -> None:
    write(tmp_path / "engine.log", [at(60, "lost", "ERROR")])
    watch = Watch(look, tmp_path)
    due = watch.probe.next_due(watch())
    assert due is not None
    assert NOW + timedelta(seconds=540) <= due <= NOW + timedelta(seconds=542)
    assert watch(due).verdict is OK


def test_a_log_is_followed_through_rotation_and_truncation(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", [at(60, "1", "ERROR")])
    watch = Watch(look, tmp_path)
    assert watch().metrics["errors"] == 1
    add(path, [at(50, "2", "ERROR")])
    assert watch().metrics["errors"] == 2
    # What is written between the last look and the rotation is not lost.
    add(path, [at(40, "3", "ERROR")])
    path.rename(tmp_path / "engine.log.1")
    write(path, [at(30, "4", "ERROR")])
    assert watch().metrics["errors"] == 4
    # Emptied in place, and filled again to more than it held.
    write(path, [at(20, "5", "ERROR"), at(10, "6", "ERROR")])
    assert watch().metrics["errors"] == 6
    write(path, [])
    assert watch().metrics["errors"] == 6
    assert watch().metrics["errors"] == 6


def test_a_log_that_was_renamed_with_a_date_is_read_to_its_end(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", [at(60, "1")])
    watch = Watch(look, tmp_path)
    watch()
    add(path, [at(50, "2", "ERROR")])
    path.rename(tmp_path / "engine-2026-01-05.log")
    between = watch()
    assert (between.verdict, between.headline) == (UNKNOWN, "engine.log: no such file")
    write(path, [at(40, "3")])
    assert watch().metrics["errors"] == 1


def test_a_first_look_goes_on_in_the_file_that_was_rotated(tmp_path: Path, look: Any) -> None:
    write(tmp_path / "engine.log.1", [at(70, LINE), at(60, "1", "ERROR")], 55)
    write(tmp_path / "engine.log", [at(50, "2", "ERROR")])
    found = Watch(look, tmp_path, required=[{"pattern": OVERRIDES}])()
    assert found.metrics["errors"] == 2
    assert line_facts(found).values == ("min_ratio=2.0", "max_daily=10")
    # Where the config names both, each line counts once.
    both = Watch(look, tmp_path, files=["engine.log*"])()
    assert both.metrics["errors"] == 2


def test_a_busy_log_is_looked_at_once_a_second(tmp_path: Path, look: Any, quick_clock: Any) -> None:
    write(tmp_path / "engine.log", [at(60, "1")])
    probe = LogProbe(table(), tmp_path)
    clock = quick_clock()
    look(probe, clock=clock)
    assert clock.sleeps == []
    look(probe, clock=clock, reasons=("engine.log changed",))
    assert 0 < clock.sleeps[0] <= 1
    look(probe, clock=clock, reasons=("engine.log changed", "key"))
    assert len(clock.sleeps) == 1


def test_a_half_written_line_waits_for_its_end(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", [at(60, "1")])
    watch = Watch(look, tmp_path, forbidden=[{"pattern": "whole line"}])
    with path.open("a", encoding="utf-8") as file:
        file.write(at(50, "a whole li", "ERROR"))
    assert watch().verdict is OK
    add(path, ["ne"])
    found = watch()
    assert found.metrics["errors"] == 1
    assert line_facts(found).line.endswith("a whole line")


def test_the_end_of_a_huge_log_is_read_alone(
    tmp_path: Path, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes read do not follow from the size: a sparse file of ten gigabytes."""
    path = tmp_path / "engine.log"
    with path.open("wb") as file:
        file.seek(10_000_000_000)
        file.write(f"\n{at(60, 'lost', 'ERROR')}\n".encode())
    age(path)
    seen: list[int] = []
    read = LineReader.read

    def counted(self: LineReader, raw: Sequence[bytes], *args: Any, **more: Any) -> Any:
        seen.append(sum(map(len, raw)))
        return read(self, raw, *args, **more)

    monkeypatch.setattr(LineReader, "read", counted)
    watch = Watch(look, tmp_path, window=64)
    found = watch()
    assert found.metrics["errors"] == 1
    assert found.metrics["bytes"] > 10_000_000_000
    add(path, [at(50, "lost", "ERROR")])
    assert watch().metrics["errors"] == 2
    assert sum(seen) < 1000


def test_a_window_that_begins_with_a_line_loses_none(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"first\n" + b"second\n" + b"third\n")
    for window, lines in ((13, (b"second", b"third")), (12, (b"third",)), (5, ())):
        (piece,) = Follower(path, window).look().pieces
        assert piece.lines == lines


def test_what_comes_too_fast_is_skipped_and_told(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", [at(60, "1")])
    watch = Watch(look, tmp_path, window=4)
    watch()
    add(path, [at(50, "x" * 80)] * 100)
    found = watch()
    assert [doubt.kind for doubt in found.doubts] == [DoubtKind.PARTIAL_READ]
    assert "came faster" in found.doubts[0].text


@pytest.mark.parametrize(
    "what", ["missing", "folder", "pipe", "unreadable", "no match", "no folder"]
)
def test_a_log_that_is_not_there_is_not_known(tmp_path: Path, look: Any, what: str) -> None:
    files = {"no match": ["*.log"], "no folder": ["logs/*.log"]}.get(what, ["engine.log"])
    path = tmp_path / "engine.log"
    if what == "folder":
        path.mkdir()
    if what == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no pipes in folders here")
        os.mkfifo(path)
    if what == "unreadable":
        write(path, [at(1, "x")]).chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
    found = Watch(look, tmp_path, files=files, required=[{"pattern": "x"}])()
    assert found.verdict is UNKNOWN
    assert titles(found) == ["NO LOG", "NO LOG"]
    assert [doubt.kind for doubt in found.doubts] == [DoubtKind.NOTHING_MEASURED]
    assert found.findings[0].text


def test_every_file_has_its_row_and_only_the_newest_must_not_be_quiet(
    tmp_path: Path, look: Any
) -> None:
    write(tmp_path / "a.log", [at(7200, "of yesterday's run")], 7200)
    write(tmp_path / "b.log", [at(10, "well")], 10)
    write(tmp_path / "c.log.gz", ["packed"], 1)
    found = Watch(look, tmp_path, files=["*.log*"], quiet_after="1h")()
    assert found.verdict is OK, found.headline
    assert [finding.subject for finding in found.findings] == ["b.log", "a.log"]
    by_name = Watch(look, tmp_path, files=["a.log", "b.log"], quiet_after="1h")()
    assert titles(by_name) == ["QUIET LOG"]


@pytest.mark.parametrize(
    ("lines", "started", "verdict", "title"),
    [
        ([at(100, LINE)], 120, OK, ""),
        ([at(121, LINE)], 120, OK, ""),  # cut to the second on both sides
        ([at(300, LINE), at(50, "well")], 120, FAIL, "LINE MISSING"),
        ([at(300, LINE), at(20, "well")], 30, WARN, "STARTING"),
        ([at(100, "overrides: min_ratio=3.0 max_daily=10")], 120, FAIL, "WRONG VALUE"),
        ([at(110, "overrides: min_ratio=3.0 max_daily=10"), at(100, LINE)], 120, OK, ""),
        ([at(100, "overrides: min_ratio=2 max_daily=10.0")], 120, OK, ""),
        ([at(100, "well")], 120, FAIL, "LINE MISSING"),
        ([at(100, LINE)], None, OK, ""),
        ([at(100, "well")], None, FAIL, "LINE MISSING"),
    ],
)  # fmt: skip
def test_a_line_that_must_be_there_since_the_start(
    tmp_path: Path, look: Any, lines: list[str], started: float | None, verdict: Verdict,
    title: str,
) -> None:  # fmt: skip
    write(tmp_path / "engine.log", lines)
    wanted = {
        "pattern": OVERRIDES,
        "since": "engine",
        "want": {"min_ratio": "2.0", "max_daily": 10},
    }
    board = engine(NOW - timedelta(seconds=started) if started is not None else None)
    found = Watch(look, tmp_path, required=[wanted])(board=board)
    assert (found.verdict, titles(found)) == (verdict, [title] if title else []), found.headline
    doubts = [DoubtKind.UNCOMPARED] if started is None else []
    assert [doubt.kind for doubt in found.doubts] == doubts


def test_a_line_above_the_window_is_not_known(tmp_path: Path, look: Any) -> None:
    lines = [at(3000, LINE), *[at(2000 - n, "x" * 40) for n in range(200)]]
    write(tmp_path / "engine.log", lines)
    wanted = {"pattern": OVERRIDES, "since": "engine"}
    board = engine(NOW - timedelta(seconds=3100))
    small = Watch(look, tmp_path, required=[wanted], window=4)(board=board)
    assert titles(small) == ["NOT FOUND"]
    assert "`window`" in small.findings[-1].next_act
    large = Watch(look, tmp_path, required=[wanted], window=64)(board=board)
    assert large.verdict is OK
    # Where the window reaches back to the start, it is missing for sure.
    young = engine(NOW - timedelta(seconds=1810))
    assert titles(Watch(look, tmp_path, required=[wanted], window=4)(board=young)) == [
        "LINE MISSING"
    ]


def test_a_line_that_was_seen_is_remembered_over_a_restart_of_the_cockpit(
    tmp_path: Path, look: Any
) -> None:
    path = write(tmp_path / "engine.log", [at(3000, LINE)])
    wanted = {"pattern": OVERRIDES, "since": "engine", "want": {"min_ratio": 2.0}}
    board = engine(NOW - timedelta(seconds=3100))
    before = Watch(look, tmp_path, required=[wanted], window=4)(board=board)
    add(path, [at(2000 - n, "x" * 40) for n in range(200)])
    after = Watch(look, tmp_path, required=[wanted], window=4)(board=board, previous=before)
    assert after.verdict is OK
    assert line_facts(after).values == ("min_ratio=2.0", "max_daily=10")
    # A new start asks for a new line; another pattern was never seen.
    young = engine(NOW - timedelta(seconds=1000))
    again = Watch(look, tmp_path, required=[wanted], window=4)(board=young, previous=before)
    assert titles(again) == ["LINE MISSING"]
    other = {"pattern": "overrides: none", "since": "engine"}
    unseen = Watch(look, tmp_path, required=[other], window=4)(board=board, previous=before)
    assert titles(unseen) == ["NOT FOUND"]


def test_a_line_that_must_not_be_there(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", [at(300, "DNS resolution failed"), at(10, "well")])
    rule = {"pattern": "DNS resolution failed", "since": "engine", "within": "1h"}
    watch = Watch(look, tmp_path, forbidden=[rule])
    old = NOW - timedelta(seconds=600)
    found = watch(board=engine(old))
    assert (found.verdict, titles(found)) == (FAIL, ["FORBIDDEN LINE"])
    add(path, [at(5, "DNS resolution failed again")])
    found = watch(board=engine(old))
    facts = line_facts(found)
    assert (facts.count, facts.seen_at) == (2, NOW - timedelta(seconds=5))
    assert facts.line.endswith("failed again")
    # A restart ends it, and so does its age.
    assert watch(board=engine(NOW)).verdict is OK
    due = watch.probe.next_due(watch(board=engine(old)))
    assert due is not None
    assert watch(due, board=engine(old)).verdict is OK
    mild = Watch(look, tmp_path, forbidden=[{**rule, "otherwise": "warn"}])
    assert mild(board=engine(old)).verdict is WARN


def test_a_line_counts_once_over_a_restart_of_the_cockpit(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", [at(300, "failed"), at(300, "failed")])
    rule = {"pattern": "failed"}
    before = Watch(look, tmp_path, forbidden=[rule])()
    add(path, [at(100, "failed")])
    watch = Watch(look, tmp_path, forbidden=[rule])
    assert line_facts(watch(previous=before)).count == 3
    assert line_facts(watch()).count == 3


def test_a_pattern_that_never_ends_is_not_known_and_holds_nobody_up(
    tmp_path: Path, look: Any
) -> None:
    write(tmp_path / "engine.log", [at(60, "a" * 60 + "!"), at(50, LINE)])
    found = Watch(
        look, tmp_path, required=[{"pattern": OVERRIDES}],
        forbidden=[{"pattern": "(a+)+$"}],
    )()  # fmt: skip
    assert titles(found) == ["NOT MATCHED"]
    assert found.verdict is UNKNOWN


def test_the_start_of_a_service_is_that_of_its_process() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        facts = UnitFacts("engine.service", "systemd-user", "active", process.pid, "running")
        finding = Finding("unit", OK, "engine.service", facts=facts)
        seen = Observation("service", "service", Concern.RUN, OK, "", NOW, NOW, findings=(finding,))
        start = youngest_start(seen)
        known = process_table.facts(process.pid)
        process.communicate(b"\n")
    assert known is not None
    assert start == known.started_at
    assert youngest_start(seen) is None
    assert youngest_start(None) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("required = [{ pattern = '(' }]", "not a regular expression"),
        ("required = [{ pattern = 'a', want = { b = 1 } }]", 'no group called "b"'),
        ("required = [{ pattern = 'a', since = 'engin' }]", 'service is called "engin"'),
        ("forbidden = [{ pattern = 'a' }, { pattern = 'a' }]", 'holds "a" twice'),
        ("naive_timestamps = 'Europe/Berln'", 'no zone is called "Europe/Berln"'),
        ("files = []", "files"),
        ("files = ['*/a.log']", "has a wildcard in a folder"),
    ],
)
def test_mistakes_in_the_table_are_told(tmp_path: Path, text: str, problem: str) -> None:
    beat = '[[heartbeat]]\nname = "engine"\nfile = "b.json"\n'
    files = "" if text.startswith("files") else 'files = ["a.log"]\n'
    with pytest.raises(ConfigErrors) as caught:
        loads(f'{beat}[[log]]\nname = "s"\n{files}{text}\n', tmp_path)
    assert any(problem in str(error) for error in caught.value.errors)


_PARTS = st.sampled_from(
    [b"23:59:59 ", b"00:00:01 | ERROR | x", b"2026-02-30 10:00:00 ", b"2026-01-05T15:00:00Z INFO",
     b"0001-01-01 00:00:00 ", b"9999-12-31 23:59:59 ", b"Traceback (most recent call last):",
     b"\x1b[31m", b"\n", b"\r", b"\0", b"  ", b'{"level": "error", "ts": 1e400}', b"Feb 29 ",
     b"CRITICAL", b"[", b" - ", b": ", b"{" * 50]
)  # fmt: skip


@given(st.lists(_PARTS | st.binary(max_size=12), max_size=25).map(b"".join))
def test_any_bytes_give_lines_and_a_verdict(body: bytes) -> None:
    raw = body.split(b"\n")
    for naive in ("utc", "Europe/Berlin"):
        block = LineReader(naive).read(raw, NOW)
        assert len(block.lines) <= len(raw)
        assert all(line.at is None or line.at.tzinfo is not None for line in block.lines)
        tally = FileTally(looked=True, modified_at=NOW, skew=block.skew)
        tally.add(block.lines, NOW, NOW)
        judged, _ = judge_logs(table(), Logs({"a.log": tally}), NOW)
        recent = [
            line for line in block.lines
            if line.head and line.level in ("ERROR", "CRITICAL") and line.at is not None
            and line.at >= NOW - timedelta(minutes=10)
        ]  # fmt: skip
        assert (judged.verdict is OK) is not bool(recent)


@given(
    st.lists(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=4),
             max_size=5),
)  # fmt: skip
def test_lines_that_come_bit_by_bit_are_the_lines_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, looks: list[list[bytes]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "f"
    path.write_bytes(b"")
    follower = Follower(path, 1_000_000)
    seen: list[bytes] = []
    for lines in looks:
        with path.open("ab") as file:
            file.write(b"".join(line + b"\n" for line in lines))
        seen += [line for piece in follower.look().pieces for line in piece.lines]
    assert seen == [line for lines in looks for line in lines]


def test_lines_without_a_time_are_no_silence(tmp_path: Path, look: Any) -> None:
    path = write(tmp_path / "engine.log", [at(700, "began")], 700)
    watch = Watch(look, tmp_path, quiet_after="5m")
    assert titles(watch()) == ["QUIET LOG"]
    add(path, ["  step 1 of 9"], 10)
    assert watch().verdict is OK


def test_a_row_a_file_and_a_row_a_line(tmp_path: Path, look: Any) -> None:
    write(tmp_path / "engine.log", [at(300, LINE), at(60, "lost\x1b[2J", "ERROR")])
    rules = {"required": [{"name": "overrides", "pattern": OVERRIDES}],
             "forbidden": [{"pattern": "never"}]}  # fmt: skip
    found = Watch(look, tmp_path, **rules)()
    board = Board(NOW, Rollup(OK), Rollup(OK), {"logs": found})
    view = View(board, NOW, UTC)
    told = [row.text() for row in PANE.rows(view)]
    size = (tmp_path / "engine.log").stat().st_size
    assert told == [
        f"▲ engine.log {size} LOG ERRORS 1 error within 10m, the last 14:59:00: "
        "2026-01-05 14:59:00,123 - engine - ERROR - lost 1m",
        "· overrides min_ratio=2.0, max_daily=10, 14:55:00",
        "· never not seen",
    ]
    assert PANE.banner is not None
    assert "logs" in "".join(span.text for span in PANE.banner(view))
