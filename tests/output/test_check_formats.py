"""The formats of `check`: the same board for CI, a ticket, Nagios and Prometheus."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from support import cockpit

from cockpit.board import ProbeInfo, compose
from cockpit.kinds.gate.junit import junit_counts
from cockpit.model import (
    Board,
    Concern,
    Doubt,
    DoubtKind,
    Finding,
    Observation,
    SessionInfo,
    Verdict,
)
from cockpit.output.formats import NAMES, format_of
from cockpit.probe_state import ProbeState

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def observation(name: str, verdict: Verdict, text: str = "said", *found: Finding) -> Observation:
    return Observation(
        probe=name,
        kind="listener",
        affects=Concern.RUN,
        verdict=verdict,
        headline=text,
        observed_at=NOW,
        valid_until=NOW + timedelta(seconds=30),
        duration=0.25,
        findings=found,
        doubts=(Doubt(DoubtKind.STALE, "old | news"),) if verdict is UNKNOWN else (),
        metrics={"owners": 2.0, "age": 1.5},
    )


def board(*seen: Observation) -> Board:
    states = {one.probe: ProbeState(one, NOW) for one in seen}
    plan = [ProbeInfo(one.probe, one.affects) for one in seen]
    return compose(plan, states, NOW, identity=SessionInfo(host="box", label="PAPER"))


def mixed() -> Board:
    return board(
        observation("backend", FAIL, "two owners",
                    Finding("port:1", FAIL, ":8001", "two | owners", "TWO OWNERS", "port:1", "end"),
                    Finding("pid:7", OK, "7", "started")),
        observation("slow", WARN, "slow", Finding("a", WARN, "a", "3 s", "SLOW")),
        observation("blind", UNKNOWN),
        observation("fine", OK),
    )  # fmt: skip


def rendered(name: str, of: Board) -> str:
    return format_of(name).render(of)


def test_junit_has_a_case_a_finding_and_hides_nothing() -> None:
    text = rendered("junit", mixed())
    root = ElementTree.fromstring(text)
    assert [suite.get("name") for suite in root] == ["backend", "slow", "blind", "fine"]
    cases = {str(case.get("name")): case for case in root.iter("testcase")}
    assert list(cases) == [":8001 [port:1]", "7 [pid:7]", "a", "blind", "fine"]
    told = cases[":8001 [port:1]"].find("failure")
    assert told is not None
    assert (told.get("type"), told.get("message")) == ("FAIL", "TWO OWNERS: two | owners")
    assert cases["a"][0].get("type") == "WARN"
    assert cases["blind"].find("error") is not None
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("5", "2", "1")
    counts = junit_counts(text)
    assert (counts.passed, counts.failed, counts.errors) == (2, 2, 1)


def test_markdown_leaves_every_sign_as_it_is() -> None:
    text = rendered("markdown", mixed())
    assert text.startswith("## RUN FAIL, GO-LIVE NOT KNOWN")
    assert r"two \| owners" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 6
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)


def test_nagios_says_the_worst_first_and_the_figures_apart() -> None:
    first, *rest = rendered("nagios", mixed()).splitlines()
    status, _, figures = first.partition(" | ")
    assert status.startswith("COCKPIT CRITICAL - RUN FAIL, GO-LIVE NOT KNOWN; FAIL TWO OWNERS")
    assert figures == "'backend time'=0.25s"
    assert sum("|" in line for line in rest) == 1
    assert any(line.endswith("'backend owners'=2") for line in rest)
    assert rendered("nagios", board(observation("fine", OK))).startswith("COCKPIT OK - RUN OK")


def test_prometheus_is_read_by_prometheus() -> None:
    families = {f.name: f for f in text_string_to_metric_families(rendered("prometheus", mixed()))}
    verdicts = {s.labels["probe"]: s.value for s in families["cockpit_probe_verdict"].samples}
    assert verdicts == {"backend": 2, "slow": 1, "blind": 3, "fine": 0}
    (doubt,) = families["cockpit_probe_doubts"].samples
    assert (doubt.labels["probe"], doubt.labels["doubt"], doubt.value) == ("blind", "stale", 1)
    figures = families["cockpit_probe_metric"].samples
    assert {s.labels["metric"] for s in figures} == {"owners", "age"}
    assert families["cockpit_check_timestamp_seconds"].samples[0].value == NOW.timestamp()


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_written_in_every_format(name: str, said: str) -> None:
    probe = re.sub(r"\s", " ", name).strip() or "x"
    seen = board(observation(probe, FAIL, said, Finding("k", FAIL, name, said, "T", "", said)))
    told = {each: rendered(each, seen) for each in NAMES}
    ElementTree.fromstring(told["junit"])
    assert list(text_string_to_metric_families(told["prometheus"]))
    assert told["nagios"].startswith("COCKPIT CRITICAL")


@pytest.mark.parametrize("name", NAMES)
def test_every_format_of_an_empty_board(name: str) -> None:
    assert rendered(name, board())


def test_the_file_is_replaced_in_one_step_and_its_exit_code_stays(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text(
        '[[listener]]\nname = "none"\nport = 1\nexpect = "none"\n', encoding="utf-8"
    )
    target = tmp_path / "cockpit.prom"
    target.write_text("old\n", encoding="utf-8")
    target.chmod(0o640)
    before = target.stat().st_ino
    asked = ("check", "--format", "prometheus", "--output", str(target), "--no-record")
    done = cockpit(*asked, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "cockpit_probe_verdict" in target.read_text(encoding="utf-8")
    assert target.stat().st_ino != before
    if sys.platform != "win32":
        assert target.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".cockpit.prom")] == []


def test_a_file_that_can_not_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text(
        '[[listener]]\nname = "none"\nport = 1\nexpect = "none"\n', encoding="utf-8"
    )
    done = cockpit("check", "--output", "no/such/folder.txt", "--no-record", cwd=tmp_path)
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.returncode == 73
    assert "no/such/folder.txt cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1
