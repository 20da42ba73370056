"""What a heartbeat means: ages, clocks, zones, bad reads, counters and PIDs, without any file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kinds.base import Judgement
from cockpit.kinds.heartbeat.evaluate import counter_word, judge
from cockpit.kinds.heartbeat.measurements import (
    Beat,
    BeatRead,
    Engine,
    Evidence,
    PidRead,
    beat_of,
    pid_of,
)
from cockpit.kinds.heartbeat.table import HeartbeatTable
from cockpit.kinds.json_query import BadJson, decode
from cockpit.model import DoubtKind, Verdict

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
ISTANBUL = ZoneInfo("Europe/Istanbul")
TABLE = HeartbeatTable(
    name="paper-live",
    file="data/beat.json",
    pidfile="logs/live.pid",
    process=["engine.py", "run"],
    counter="$.total_decisions_session",
)
ENGINE = Engine(17685, (17685,), NOW - timedelta(hours=47))
GOOD = Evidence(
    now=NOW,
    read=BeatRead(Beat(NOW, NOW, 17685, 76)),
    pidfile=PidRead(17685),
    engines=(ENGINE,),
)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def verdict_of(evidence: Evidence, table: HeartbeatTable = TABLE) -> Judgement:
    return judge(table, table.file, evidence)


def with_beat(**changes: Any) -> Evidence:
    assert GOOD.read.beat is not None
    return replace(GOOD, read=BeatRead(replace(GOOD.read.beat, **changes)))


def kinds(judged: Judgement) -> set[DoubtKind]:
    return {doubt.kind for doubt in judged.doubts}


def title(judged: Judgement, key: str) -> str:
    return next(finding.title for finding in judged.findings if finding.key == key)


def test_all_agree() -> None:
    judged = verdict_of(GOOD)
    assert judged.verdict is Verdict.OK
    assert judged.headline == "76 decisions, PIDs agree"
    assert judged.doubts == ()
    assert judged.basis["timestamp"] == "2026-01-05T12:00:00Z"
    assert judged.metrics == {"age": 0.0, "counter": 76.0}


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (0, Verdict.OK),
        (119, Verdict.OK),
        (120, Verdict.WARN),
        (299, Verdict.WARN),
        (300, Verdict.FAIL),
        (10**6, Verdict.FAIL),
    ],
)
def test_age(age: float, verdict: Verdict) -> None:
    judged = verdict_of(with_beat(timestamp=ago(age), mtime=ago(age)))
    assert next(f for f in judged.findings if f.key == "age").verdict is verdict


@pytest.mark.parametrize("ahead", [2, 60, 10800, 18000])
def test_a_future_beat_is_never_ok(ahead: int) -> None:
    judged = verdict_of(with_beat(timestamp=NOW + timedelta(seconds=ahead)))
    assert judged.verdict is Verdict.UNKNOWN
    assert title(judged, "age") == "FUTURE TIMESTAMP"
    assert DoubtKind.CLOCK in kinds(judged)


def test_a_future_beat_in_an_old_file_is_stalled_for_sure() -> None:
    judged = verdict_of(with_beat(timestamp=NOW + timedelta(hours=2), mtime=ago(7000)))
    assert judged.verdict is Verdict.FAIL


def test_a_beat_that_looks_fresh_in_an_old_file_is_not() -> None:
    """Local time taken for UTC makes a stale heartbeat young; the file's own time does not."""
    judged = verdict_of(with_beat(mtime=ago(10799), otherwise=ago(10799)))
    assert judged.verdict is Verdict.FAIL
    assert DoubtKind.CLOCK in kinds(judged)
    assert 'naive_timestamps = "utc"' in judged.headline


def test_a_touched_file_does_not_make_an_old_beat_young() -> None:
    judged = verdict_of(with_beat(timestamp=ago(900)))
    assert judged.verdict is Verdict.FAIL
    assert DoubtKind.CONTRADICTS in kinds(judged)


def test_stalled_names_the_witness_that_decided() -> None:
    judged = verdict_of(with_beat(mtime=ago(3600)))
    assert judged.headline == (
        "stalled: file last written 2026-01-05T11:00:00Z, though its timestamp says"
        " 2026-01-05T12:00:00Z; limit 5m"
    )
    judged = verdict_of(with_beat(timestamp=ago(3600)))
    assert judged.headline.startswith("stalled: last beat 2026-01-05T11:00:00Z, limit 5m")


def test_the_wrong_zone_is_the_first_thing_told() -> None:
    """A UTC writer read as local time: three hours old, and its engine started after that."""
    engine = replace(ENGINE, started_at=ago(600))
    seen = with_beat(timestamp=ago(10800), otherwise=NOW)
    judged = verdict_of(replace(seen, engines=(engine,)))
    assert judged.verdict is Verdict.UNKNOWN
    assert title(judged, "age") == "WRONG ZONE"
    assert title(judged, "parity") == ""
    assert judged.headline.startswith("wrong zone: ")
    assert 'naive_timestamps = "utc"' in judged.headline
    assert DoubtKind.CLOCK in kinds(judged)


def test_the_wrong_zone_hides_no_engine_that_took_over_the_pid() -> None:
    engine = replace(ENGINE, started_at=NOW + timedelta(seconds=30))
    seen = replace(with_beat(timestamp=ago(10800), otherwise=NOW), engines=(engine,))
    assert title(verdict_of(seen), "parity") == "STARTING"
    later = replace(seen, now=NOW + timedelta(seconds=151))
    assert title(verdict_of(later), "parity") == "NO FIRST BEAT"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"read": BeatRead(Beat(NOW, NOW, None, 76))}, "NO PID"),
        ({"pidfile": PidRead(trouble="no such file")}, "NO PIDFILE"),
        ({"pidfile": PidRead(trouble="it is empty")}, "NO PIDFILE"),
    ],
)
def test_a_witness_that_says_nothing_is_no_mismatch(changes: Any, expected: str) -> None:
    judged = verdict_of(replace(GOOD, **changes))
    assert (judged.verdict, title(judged, "parity")) == (Verdict.UNKNOWN, expected)
    assert next(f for f in judged.findings if f.key == "parity").next_act


def test_a_file_time_in_the_future_is_no_witness() -> None:
    judged = verdict_of(with_beat(mtime=NOW + timedelta(hours=3)))
    assert judged.verdict is Verdict.OK
    assert DoubtKind.CLOCK in kinds(judged) or DoubtKind.CONTRADICTS in kinds(judged)


@pytest.mark.parametrize(
    ("since", "verdict"),
    [(5, Verdict.OK), (119, Verdict.OK), (120, Verdict.UNKNOWN), (300, Verdict.FAIL)],
)
def test_a_bad_read_keeps_the_last_good_beat(since: int, verdict: Verdict) -> None:
    kept = Beat(ago(since), ago(since), 17685, 76)
    evidence = replace(GOOD, read=BeatRead(None, "0 bytes", mtime=NOW), last_good=kept)
    judged = verdict_of(evidence)
    assert judged.verdict is verdict
    assert DoubtKind.PARTIAL_READ in kinds(judged)
    assert (title(judged, "age") == "UNREADABLE") is (verdict is not Verdict.OK)


def test_a_bad_first_read_is_unknown() -> None:
    judged = verdict_of(replace(GOOD, read=BeatRead(None, "0 bytes", mtime=NOW)))
    assert judged.verdict is Verdict.UNKNOWN
    assert title(judged, "age") == "UNREADABLE"


def test_an_empty_file_nobody_has_written_for_long_is_a_failure() -> None:
    judged = verdict_of(replace(GOOD, read=BeatRead(None, "0 bytes", mtime=ago(3600))))
    assert judged.verdict is Verdict.FAIL


def test_missing_file() -> None:
    judged = verdict_of(replace(GOOD, read=BeatRead(None, "no such file", missing=True)))
    assert judged.verdict is Verdict.UNKNOWN
    assert title(judged, "age") == "NO HEARTBEAT"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"engines": ()}, "ENGINE GONE"),
        (
            {"engines": (), "read": BeatRead(None, "no such file", True), "pidfile": None},
            "NO ENGINE",
        ),
        ({"engines": (ENGINE, replace(ENGINE, pid=18800, pids=(18800,)))}, "TWO ENGINES"),
        ({"engines": tuple(replace(ENGINE, pid=p, pids=(p,)) for p in (1, 2, 3))}, "3 ENGINES"),
        ({"pidfile": PidRead(99)}, "PID MISMATCH"),
        ({"read": BeatRead(Beat(NOW, NOW, 99, 76))}, "PID MISMATCH"),
        ({"engines": (replace(ENGINE, pid=4, pids=(4,)),)}, "PID MISMATCH"),
    ],
)
def test_parity_failures(changes: dict[str, Any], expected: str) -> None:
    judged = verdict_of(replace(GOOD, **changes))
    assert judged.verdict is Verdict.FAIL
    assert title(judged, "parity") == expected
    parity = next(f for f in judged.findings if f.key == "parity")
    assert parity.cause == "engine:paper-live"
    assert parity.next_act


def test_launcher_and_interpreter_are_one_engine() -> None:
    both = Engine(17685, (17680, 17685), NOW - timedelta(hours=1))
    assert verdict_of(replace(GOOD, engines=(both,))).verdict is Verdict.OK


def test_an_unreadable_pidfile_is_unknown() -> None:
    judged = verdict_of(replace(GOOD, pidfile=PidRead(trouble="no such file")))
    assert judged.verdict is Verdict.UNKNOWN
    assert DoubtKind.PARTIAL_READ in kinds(judged)


def test_a_hidden_process_is_unknown_not_gone() -> None:
    judged = verdict_of(replace(GOOD, engines=(), hidden=(17685,)))
    assert judged.verdict is Verdict.UNKNOWN
    assert DoubtKind.PARTIAL_PERMISSION in kinds(judged)


def test_without_process_words_a_given_away_pid_is_found_by_its_start() -> None:
    table = TABLE.model_copy(update={"process": None})
    evidence = replace(GOOD, engines=None, holder=ENGINE)
    assert verdict_of(evidence, table).verdict is Verdict.OK
    young = replace(ENGINE, started_at=NOW + timedelta(seconds=30))
    judged = verdict_of(replace(evidence, holder=young), table)
    assert title(judged, "parity") == "ENGINE GONE"
    assert verdict_of(replace(evidence, holder=None), table).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("after", "verdict"), [(1, Verdict.OK), (2, Verdict.OK), (3, Verdict.WARN)]
)
def test_a_start_may_be_read_a_little_after_the_beat_it_wrote(after: int, verdict: Verdict) -> None:
    """A start time is read a second late, a beat is cut to whole seconds."""
    fresh = replace(ENGINE, started_at=NOW + timedelta(seconds=after))
    assert verdict_of(replace(GOOD, engines=(fresh,))).verdict is verdict


def test_a_counter_that_stands_while_beats_go_on_is_a_doubt() -> None:
    evidence = replace(GOOD, last_good=Beat(ago(5), ago(5), 17685, 76), moved_at=ago(400))
    judged = verdict_of(evidence)
    assert judged.verdict is Verdict.WARN
    assert DoubtKind.CONTRADICTS in kinds(judged)
    moved = replace(evidence, last_good=Beat(ago(5), ago(5), 17685, 75))
    assert verdict_of(moved).verdict is Verdict.OK


def test_no_counter_where_one_belongs_is_unknown() -> None:
    assert verdict_of(with_beat(counter=None)).verdict is Verdict.UNKNOWN


def test_constants_prove_nothing() -> None:
    """A file whose only sign of life is its mode says nothing."""
    data = {"mode": "PAPER_LIVE", "shadow_collector_attached": True}
    judged = verdict_of(replace(GOOD, read=BeatRead(beat_of(data, TABLE, NOW))))
    assert judged.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("data", [None, [], [1], "x", 1, True, {}, {"timestamp": None}])
def test_wrong_shapes_are_unknown_at_once(data: Any) -> None:
    kept = Beat(ago(1), ago(1), 17685, 76)
    beat = beat_of(data, TABLE, NOW)
    judged = verdict_of(replace(GOOD, read=BeatRead(beat), last_good=kept))
    assert judged.verdict is Verdict.UNKNOWN
    assert title(judged, "age") == "UNREADABLE"


def test_naive_time_is_local_and_the_zone_error_is_named() -> None:
    local = NOW.astimezone(ISTANBUL).replace(tzinfo=None).isoformat()
    beat = beat_of({"timestamp": local, "pid": 17685}, TABLE, NOW, ISTANBUL)
    assert beat.timestamp == NOW
    assert beat.otherwise == NOW + timedelta(hours=3)


@pytest.mark.parametrize(
    ("body", "pid"),
    [(b"17685", 17685), (b"17685\r\n", 17685), (b"", None), (b"x", None), (b"-1", None),
     (b"0", None), (b"1 2", None), (b"9" * 50, None), (b"\xff\xfe1\x002\x00", None)],
)  # fmt: skip
def test_pidfile(body: bytes, pid: int | None) -> None:
    assert pid_of(body).pid == pid


@pytest.mark.parametrize(
    ("path", "word"),
    [("$.total_decisions_session", "decisions"), ("$.n", "counted"), ("$['a b'].loops", "loops")],
)
def test_counter_word(path: str, word: str) -> None:
    assert counter_word(path) == word


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["timestamp", "pid", "x"]) | st.text(max_size=5), inner)
    ),
    max_leaves=12,
)


@given(json_values, st.none() | st.datetimes(timezones=st.just(UTC)))
def test_any_json_gives_a_verdict_and_no_ok_without_a_time(
    data: Any, mtime: datetime | None
) -> None:
    beat = beat_of(data, TABLE, mtime, ISTANBUL)
    judged = verdict_of(replace(GOOD, read=BeatRead(beat)))
    assert judged.verdict is not Verdict.OK or judged.basis["timestamp"] is not None
    if judged.verdict is Verdict.OK:
        assert beat.timestamp is not None and beat.pid == 17685


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(body: bytes) -> None:
    try:
        data = decode(body)
    except BadJson:
        return
    assert verdict_of(replace(GOOD, read=BeatRead(beat_of(data, TABLE, NOW)))).verdict is not (
        Verdict.OK
    )


@given(st.binary(max_size=60))
def test_any_bytes_are_a_pid_or_not(body: bytes) -> None:
    read = pid_of(body)
    assert (read.pid is None) is bool(read.trouble)


@pytest.mark.parametrize("body", [b"[" * 5000 + b"]" * 5000, b"9" * 6000, b"{" * 100_000])
def test_hostile_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        decode(body)
