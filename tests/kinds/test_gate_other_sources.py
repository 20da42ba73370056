"""Gates over a Nagios plugin, a query, two numbers, somebody's word and another gate."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cockpit.clock import ManualClock
from cockpit.config.errors import ConfigErrors
from cockpit.config.load import load
from cockpit.config.models import Config, LoadedConfig
from cockpit.engine.probe_set import build
from cockpit.kinds.gate.facts import PartFacts, ScoreFacts
from cockpit.kinds.gate.nagios import figures, judge_plugin
from cockpit.kinds.gate.output import Ending, Output, judge_output
from cockpit.kinds.gate.sql import SqlGateProbe
from cockpit.kinds.gate.table import GateTable
from cockpit.model import Concern, Doubt, DoubtKind, Finding, Observation, Verdict

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


class StillClock(ManualClock):
    """Stands still, and lets nobody wait."""

    async def sleep(self, seconds: float) -> None:
        return


def table(**given: Any) -> GateTable:
    return GateTable.model_validate({"name": "gate", **given})


def probe_of(folder: Path, *tables: GateTable) -> Any:
    return build(tables[0], LoadedConfig(Config(list(tables)), folder))


def seen(look: Any, folder: Path, now: datetime = NOW, **given: Any) -> Observation:
    observation = look(probe_of(folder, table(**given)), clock=StillClock(now)).observation
    assert isinstance(observation, Observation)
    return observation


def doubts(of: Observation) -> set[DoubtKind]:
    return {doubt.kind for doubt in of.doubts}


@pytest.mark.parametrize(
    ("code", "stdout", "verdict", "told"),
    [
        (0, "DISK OK - 20% used | /=20%;80;90", OK, "DISK OK - 20% used"),
        (1, "WARNING: 85% used", WARN, "WARNING: 85% used"),
        (2, "CRITICAL - gone", FAIL, "CRITICAL - gone"),
        (3, "UNKNOWN - no route", UNKNOWN, "no route"),
        (0, "DISK CRITICAL - 99% used", UNKNOWN, "exit 0 is OK, but"),
        (2, "OK - all fine", FAIL, "exit 2 is CRITICAL, but"),
        (0, "", UNKNOWN, "not a word"),
        (2, "", FAIL, "not a word"),
        (4, "OK - fine", UNKNOWN, "no state of a Nagios plugin"),
        (0, "3 sessions, 0 critical alarms", OK, "0 critical alarms"),
    ],
)
def test_a_nagios_plugin_says_its_state_by_its_exit_code(
    code: int, stdout: str, verdict: Verdict, told: str
) -> None:
    output = Output(Ending.EXITED, code, stdout)
    judged = judge_output(output, table(command=["x"], nagios=True))
    assert (judged.verdict, told in judged.headline) == (verdict, True), judged.headline
    assert judged.findings[0].next_act or verdict is OK


def test_figures_of_a_plugin() -> None:
    line = "OK | time=0.5s;1;2;0 'free space'=12.5GB size=-3B;;; 'it''s'=4 bad=x =5 e=1e3"
    found = figures([line, "more text", "more | last=7c"])
    assert found == {
        "time": 0.5,
        "free space": 12.5,
        "size": -3.0,
        "it's": 4.0,
        "e": 1000.0,
        "last": 7.0,
    }


@pytest.mark.parametrize(
    ("code", "stderr", "verdict", "title"),
    [
        (1, "Traceback (most recent call last):\n  x\nKeyError: 'a'", FAIL, "CRASHED"),
        (127, "plugin: command not found", UNKNOWN, "MISSING"),
    ],
)
def test_a_plugin_that_crashed_is_no_warning(
    code: int, stderr: str, verdict: Verdict, title: str
) -> None:
    output = Output(Ending.EXITED, code, "", stderr)
    judged = judge_output(output, table(command=["plugin"], nagios=True))
    assert (judged.verdict, judged.findings[0].title) == (verdict, title)


@given(st.integers(0, 5), st.text(max_size=80) | st.from_regex(r"\AOK \| [a-z'=0-9;]{0,40}\Z"))
def test_no_output_crashes_the_reading_of_a_plugin(code: int, text: str) -> None:
    judged = judge_plugin(code, text)
    assert judged.verdict is not OK or (code == 0 and text.strip())


def database(folder: Path) -> Path:
    path = folder / "trades.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("create table t (ok int, word text)")
        made.executemany("insert into t values (?, ?)", [(1, "a"), (1, "b"), (0, "c")])
        made.commit()
    return path


ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n) select max(x) from n"


@pytest.mark.parametrize(
    ("query", "passes", "verdict", "told"),
    [
        ("select count(*) from t", 3, OK, "1/1 proven"),
        ("select count(*) from t", 4, FAIL, "0/1 proven"),
        ("select sum(ok), count(*) from t", "all", FAIL, "2/3"),
        ("select sum(ok), count(*) from t", "60%", OK, "2/3"),
        ("select 2, 2", "all", OK, "2/2"),
        ("select 3, 2", "all", UNKNOWN, "more met than there are"),
        ("select 0, 0", "all", UNKNOWN, "nothing was measured"),
        ("select -1, 2", "all", UNKNOWN, "no two counts"),
        ("select 1.5, 2", "all", UNKNOWN, "no two counts"),
        ("select word from t where word = 'a'", "a", OK, "1/1 proven"),
        ("select word from t where word = 'b'", "a", FAIL, "0/1 proven"),
        ("select max(ok) from t where ok > 5", 1, UNKNOWN, "NULL"),
        ("select ok from t", 1, UNKNOWN, "more than one row"),
        ("select ok from t where ok > 5", 1, UNKNOWN, "no row"),
        ("select 1, 2, 3", 1, UNKNOWN, "3 columns"),
        ("select x'00'", 1, UNKNOWN, "bytes"),
        ("select 5", "all", UNKNOWN, "`pass` must say"),
        ("select missing from t", 1, UNKNOWN, "no such column"),
        ("select 1; select 2", 1, UNKNOWN, "one statement at a time"),
        ("delete from t", 1, UNKNOWN, "not authorized"),
        ("attach 'other.db' as o", 1, UNKNOWN, "not authorized"),
        ("pragma user_version = 3", 1, UNKNOWN, "not authorized"),
        ("select zeroblob(2000000)", 1, UNKNOWN, "too big"),
    ],
)
def test_a_query(
    look: Any, tmp_path: Path, query: str, passes: Any, verdict: Verdict, told: str
) -> None:
    before = database(tmp_path).read_bytes()
    sql = {"file": "trades.db", "query": query}
    of = seen(look, tmp_path, sql=sql, **{"pass": passes})
    assert (of.verdict, told in of.headline) == (verdict, True), of.headline
    assert [path.name for path in tmp_path.iterdir()] == ["trades.db"]
    assert (tmp_path / "trades.db").read_bytes() == before


def test_a_query_without_an_end_is_stopped(look: Any, tmp_path: Path) -> None:
    database(tmp_path)
    sql = {"file": "trades.db", "query": ENDLESS}
    of = seen(look, tmp_path, sql=sql, timeout="250ms", **{"pass": 1})
    assert of.verdict is UNKNOWN and "no answer within 0.2 s" in of.headline


def test_a_database_that_is_none_or_not_there_or_old(look: Any, tmp_path: Path) -> None:
    sql = {"file": "trades.db", "query": "select count(*) from t"}
    of = seen(look, tmp_path, sql=sql, **{"pass": 1})
    assert of.verdict is UNKNOWN and "there is no file" in of.headline
    assert not list(tmp_path.iterdir())
    path = database(tmp_path)
    os.utime(path, (NOW.timestamp() - 7200,) * 2)
    assert seen(look, tmp_path, sql=sql, **{"pass": 1}).verdict is OK
    of = seen(look, tmp_path, sql=sql, max_age="1h", **{"pass": 1})
    assert of.verdict is UNKNOWN and DoubtKind.STALE in doubts(of)
    path.write_text("no database, but long enough to be looked at as one" * 20)
    assert seen(look, tmp_path, sql=sql, **{"pass": 1}).verdict is UNKNOWN


def test_a_database_that_another_process_writes_is_read(look: Any, tmp_path: Path) -> None:
    path = database(tmp_path)
    sql = {"file": "trades.db", "query": "select count(*) from t"}
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("insert into t values (1, 'd')")
        writer.commit()
        writer.execute("begin immediate")
        assert seen(look, tmp_path, sql=sql, **{"pass": 4}).verdict is OK
        writer.rollback()


def figure(folder: Path, name: str, value: Any, at: datetime = NOW) -> dict[str, str]:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps({"v": value}))
    os.utime(path, (at.timestamp(), at.timestamp()))
    return {"json": name, "value": "$.v"}


@pytest.mark.parametrize(
    ("one", "other", "within", "verdict"),
    [
        (100, 100.01, 0.01, FAIL),
        (0.3, 0.31, 0.02, OK),
        (5, 5, 0, OK),
        (5, 6, 0, FAIL),
        (99, 100, "1%", OK),
        (98, 100, "1%", FAIL),
        (-1, 1, 1, FAIL),
        ("5", 5, 0, UNKNOWN),
        (None, 5, 0, UNKNOWN),
        (True, 1, 0, UNKNOWN),
        ('{"v": NaN}', 1, 0, UNKNOWN),
        ('{"v": 2, "v": 1}', 1, 0, UNKNOWN),
        ('{"v": ', 1, 0, UNKNOWN),
    ],
)
def test_two_numbers(
    look: Any, tmp_path: Path, one: Any, other: Any, within: Any, verdict: Verdict
) -> None:
    left, right = figure(tmp_path, "a.json", one), figure(tmp_path, "b.json", other)
    of = seen(look, tmp_path, compare={"one": left, "other": right, "within": within})
    assert of.verdict is verdict, of.headline


def test_two_numbers_are_as_old_as_the_older_report(look: Any, tmp_path: Path) -> None:
    old = NOW - timedelta(hours=3)
    sides = {"one": figure(tmp_path, "a.json", 5, old), "other": figure(tmp_path, "b.json", 5)}
    compare = {**sides, "within": 0}
    probe = probe_of(tmp_path, table(compare=compare, max_age="4h"))
    of = look(probe, clock=StillClock(NOW)).observation
    assert (of.verdict, probe.next_due(of)) == (OK, old + timedelta(hours=4))
    of = seen(look, tmp_path, compare=compare, max_age="2h")
    assert of.verdict is UNKNOWN and DoubtKind.STALE in doubts(of)
    (tmp_path / "b.json").unlink()
    of = seen(look, tmp_path, compare=compare)
    assert of.verdict is UNKNOWN and "nothing matches b.json" in of.headline


SIGNED = {"by": "Ana", "note": "drill of the stop", "expires": "2026-03-04"}


def test_somebodys_word_counts_until_it_expires(look: Any, tmp_path: Path) -> None:
    probe = probe_of(tmp_path, table(manual=SIGNED))
    of = look(probe, clock=StillClock(NOW)).observation
    assert (of.verdict, of.headline) == (OK, "by hand, Ana: drill of the stop, until 2026-03-04")
    end = datetime(2026, 3, 5, tzinfo=UTC)
    assert probe.next_due(of) == end
    of = seen(look, tmp_path, end - timedelta(seconds=1), manual=SIGNED)
    assert of.verdict is OK
    of = seen(look, tmp_path, end, manual=SIGNED)
    assert of.verdict is UNKNOWN and DoubtKind.STALE in doubts(of)
    exact = {**SIGNED, "expires": "2026-03-04T13:00:00+02:00"}
    assert seen(look, tmp_path, manual=exact).verdict is UNKNOWN


def test_the_file_somebody_signed_is_kept(look: Any, tmp_path: Path) -> None:
    manual = {**SIGNED, "file": "drill.md"}
    of = seen(look, tmp_path, manual=manual)
    assert of.verdict is UNKNOWN and "no such file" in of.headline
    (tmp_path / "drill.md").write_text("it stopped within 2 s")
    run = look(probe_of(tmp_path, table(manual=manual)), clock=StillClock(NOW))
    (ref,) = run.observation.artefacts
    assert run.ctx.artefacts[ref.digest].body == b"it stopped within 2 s"
    assert run.observation.verdict is OK
    (tmp_path / "drill.md").write_text("")
    assert seen(look, tmp_path, manual=manual).verdict is UNKNOWN


def other(verdict: Verdict, facts: ScoreFacts, *doubts: Any, unknown: int = 0) -> Observation:
    score = Finding("score", verdict, "quality", text="t", title="X", next_act="y", facts=facts)
    parts = tuple(
        Finding(f"gate:p{n}", UNKNOWN, f"p{n}", text="not said", facts=PartFacts())
        for n in range(unknown)
    )
    told = tuple(Doubt(kind, text) for kind, text in doubts)
    return Observation(
        probe="quality",
        kind="gate",
        affects=Concern.READINESS,
        verdict=verdict,
        headline="said",
        observed_at=NOW,
        valid_until=NOW + timedelta(minutes=5),
        findings=(score, *parts),
        doubts=told,
    )


def of_other(look: Any, folder: Path, seen_: Observation | None, **given: Any) -> Observation:
    quality = GateTable.model_validate({"name": "quality", "tap": "t.tap"})
    probe = probe_of(folder, table(gate="quality", **given), quality)
    assert probe.depends_on() == ("quality",)
    board = {} if seen_ is None else {"quality": seen_}
    observation = look(probe, clock=StillClock(NOW), board=board).observation
    assert isinstance(observation, Observation)
    return observation


@pytest.mark.parametrize("verdict", [OK, WARN, FAIL, UNKNOWN])
def test_another_gates_verdict(look: Any, tmp_path: Path, verdict: Verdict) -> None:
    of = of_other(look, tmp_path, other(verdict, ScoreFacts(2, 2, 3)))
    assert (of.verdict, of.headline) == (verdict, "quality: said")
    assert of.findings[0].facts == ScoreFacts(2, 2, 3)


@pytest.mark.parametrize(
    ("seen_", "at_least", "verdict"),
    [
        (other(FAIL, ScoreFacts(18, 18, 24)), 18, OK),
        (other(FAIL, ScoreFacts(17, 17, 24)), 18, FAIL),
        (other(FAIL, ScoreFacts(17, 17, 24), unknown=1), 18, UNKNOWN),
        (other(OK, ScoreFacts(24, 24, 24)), 18, OK),
        (other(WARN, ScoreFacts(24, 24, 24)), 18, WARN),
        (other(UNKNOWN, ScoreFacts(20, 20, 24), (DoubtKind.STALE, "old")), 18, UNKNOWN),
        (other(FAIL, ScoreFacts(20, 20, 24), (DoubtKind.STALE, "old")), 18, UNKNOWN),
        (
            other(UNKNOWN, ScoreFacts(20, 18, 24), (DoubtKind.VACUOUS, "p0: vacuous"), unknown=1),
            18,
            OK,
        ),
        (other(OK, ScoreFacts(0, 0, 0), (DoubtKind.EXIT_ONLY, "exit 0")), 1, UNKNOWN),
        (None, 1, UNKNOWN),
    ],
)
def test_so_many_parts_of_another_gate(
    look: Any, tmp_path: Path, seen_: Observation | None, at_least: int, verdict: Verdict
) -> None:
    of = of_other(look, tmp_path, seen_, at_least=at_least)
    assert of.verdict is verdict, of.headline
    if verdict is OK:
        assert not any(doubt.kind.removes_basis for doubt in of.doubts)


def test_gates_in_a_circle_prove_nothing_and_wake_nobody(look: Any, tmp_path: Path) -> None:
    one, two = table(gate="two"), GateTable.model_validate({"name": "two", "gate": "gate"})
    probe = probe_of(tmp_path, one, two)
    assert probe.depends_on() == ()
    of = look(probe, clock=StillClock(NOW)).observation
    assert of.verdict is UNKNOWN and "gate → two → gate" in of.headline


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"manual": {**SIGNED, "expires": "soon"}}, "a day such as"),
        ({"manual": {**SIGNED, "expires": "2026-03-04T12:00:00"}}, "with its offset"),
        ({"manual": {"by": "Ana", "note": "x"}}, "expires"),
        ({"manual": SIGNED, "pass": 1}, "`pass` is not for `manual`"),
        ({"gate": "a", "pass": "80%"}, "`at_least` says how many"),
        ({"gate": "a", "max_age": "1h"}, "`max_age` is not for `gate`"),
        ({"tap": "a", "at_least": 1}, "`at_least` is for `gate`"),
        ({"tap": "a", "nagios": True}, "`nagios` is for `command`"),
        ({"command": ["a"], "nagios": True, "score": "exit"}, "leave `score`"),
        (
            {"compare": {"one": {"json": "a", "value": "$.a"}, "other": {"json": "a"}}},
            "compare.other.value",
        ),
        (
            {
                "compare": {
                    "one": {"json": "a", "value": "$.a"},
                    "other": {"json": "a", "value": "$.a"},
                    "within": 1,
                }
            },
            "always agrees",
        ),
        (
            {
                "compare": {
                    "one": {"json": "a", "value": "$.a"},
                    "other": {"json": "b", "value": "$.a"},
                    "within": "lots",
                }
            },
            "`within` is a number",
        ),
    ],
)
def test_what_makes_no_sense_is_told(given_: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        table(**given_)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[gate]]\nname = "a"\ngate = "a"\n', "can't stand on itself"),
        ('[[gate]]\nname = "a"\ngate = "qualty"\n', 'no gate is called "qualty"'),
    ],
)
def test_a_gate_that_is_none_is_a_mistake(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(text + '[[gate]]\nname = "quality"\ntap = "t.tap"\n')
    with pytest.raises(ConfigErrors) as raised:
        load(path)
    assert told in str(raised.value)


def test_a_date_of_toml_is_an_expiry(tmp_path: Path) -> None:
    path = tmp_path / "cockpit.toml"
    path.write_text(
        '[[gate]]\nname = "a"\nmanual = { by = "Ana", note = "n", expires = 2026-12-31 }\n'
    )
    (gate,) = load(path).config.of_kind("gate")
    assert gate.manual.expires == "2026-12-31"


_ROWS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(max_size=5), st.none()
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_ROWS, min_size=1, max_size=3), st.sampled_from(["all", 1, "80%", "a"]))
def test_no_row_crashes_a_query_and_none_is_ok_by_accident(row: list[Any], passes: Any) -> None:
    gate = table(sql={"file": "x.db", "query": "select 1"}, **{"pass": passes})
    assert gate.sql is not None
    probe = SqlGateProbe(gate, Path(), gate.sql)
    judged = probe._of_value(row[0]) if len(row) == 1 else probe._of_counts(tuple((row * 2)[:2]))
    if judged.verdict is OK and len(row) > 1:
        met, total = row[:2]
        assert 0 < met <= total
