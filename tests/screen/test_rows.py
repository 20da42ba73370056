"""What the panes say, as pure functions of a board: no terminal, no app."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded import (
    EVENTS,
    IDENTITY,
    NOW,
    PROBLEMS,
    SCENES,
    WATCH,
    ZONE,
    ago,
    board,
    calm,
    finding,
    heartbeat,
    incident,
    item,
    observation,
)

from cockpit.feed import Artefact, FeedMode
from cockpit.model import (
    Board,
    Doubt,
    DoubtKind,
    Event,
    EventKind,
    Gap,
    Observation,
    Rollup,
    Verdict,
    Watch,
)
from widgets.lines import Row, Span, plain
from widgets.look import ASCII, Tone
from widgets.panes import SPECS
from widgets.rows import (
    checklist,
    engines,
    everything,
    gates,
    happenings,
    ports,
    problems,
    smoke,
    status,
)
from widgets.rows.detail import RAW_LINES, Proof, finding_detail, problem_detail, raw_lines
from widgets.rows.status import Frame
from widgets.view import View, fact_text, join_key, moment_of, split_key

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def view(of: Board, **more: object) -> View:
    return View(of, NOW, ZONE, events=EVENTS, **more)  # type: ignore[arg-type]


def texts(rows: list[Row]) -> list[str]:
    return [row.text() for row in rows]


def top(of: Board, width: int = 80, frame: Frame | None = None) -> str:
    return texts(status.top(view(of), frame or Frame(), width))[0]


def watching(of: Board, frame: Frame | None = None) -> str:
    return texts(status.watch(view(of), frame or Frame()))[0]


# The frame


def test_the_top_line_says_how_it_stands_and_whose_it_is() -> None:
    assert top(incident()) == "RUN ✖ FAIL 3 │ GO-LIVE NO 0/7 │ PAPER │ ops@spark lab@4f2c1e9*"
    assert top(calm()) == "RUN · OK │ GO-LIVE NO 0/7 │ PAPER │ ops@spark lab@4f2c1e9*"


def test_a_narrow_top_line_drops_the_checkout_then_who_then_go_live() -> None:
    assert top(incident(), 60) == "RUN ✖ FAIL 3 │ GO-LIVE NO 0/7 │ PAPER │ ops@spark"
    assert top(incident(), 42) == "RUN ✖ FAIL 3 │ GO-LIVE NO 0/7 │ PAPER"
    assert top(incident(), 30) == "RUN ✖ FAIL 3 │ PAPER"
    assert top(incident(), 14) == "RUN ✖ FAIL 3"


def test_the_counts_behind_a_roll_up_name_what_they_count() -> None:
    run = Rollup(FAIL, failing=3, unknown=1, warning=2)
    assert top(replace(incident(), run=run)).startswith("RUN ✖ FAIL 3 ?1 ▲2 │")
    run = Rollup(UNKNOWN, unknown=2, warning=1)
    assert top(replace(incident(), run=run)).startswith("RUN ? UNKNOWN 2 ▲1 │")


@pytest.mark.parametrize(
    ("verdict", "word"), [(OK, "YES"), (WARN, "WARN"), (UNKNOWN, "UNKNOWN"), (FAIL, "NO")]
)
def test_go_live_is_yes_only_when_readiness_is_ok(verdict: Verdict, word: str) -> None:
    assert f"GO-LIVE {word} 0/7" in top(replace(calm(), readiness=Rollup(verdict)))


@pytest.mark.parametrize(
    ("mode", "seconds", "said"),
    [
        (FeedMode.LIVE, 10, ""),
        (FeedMode.LIVE, 14, "ENGINE SILENT 14s"),
        (FeedMode.ATTACHED, 61, "COLLECTOR SILENT 1m 01s"),
        (FeedMode.PAST, 9999, ""),
    ],
)
def test_an_engine_that_stopped_answering_is_named_and_its_run_doubted(
    mode: FeedMode, seconds: int, said: str
) -> None:
    silent = replace(calm(), watch=replace(WATCH, beat=ago(seconds=seconds)))
    line = top(silent, frame=Frame(mode))
    assert (said in line) == bool(said) or not said
    assert ("RUN ? was OK" in line) == bool(said)
    assert "PAPER" in line


def test_the_past_and_a_broken_feed_are_not_mistaken_for_now() -> None:
    assert top(calm(), frame=Frame(FeedMode.PAST)).startswith("PAST, NOT NOW │ RUN")
    assert top(calm(), frame=Frame(broken="boom")).startswith("BOARD NOT READ  │ RUN ? was OK")


@pytest.mark.parametrize(
    ("of", "frame", "said"),
    [
        (WATCH, Frame(), "watching, recording 41 of 512 MB"),
        (replace(WATCH, cap=0), Frame(), "watching, recording 41 MB"),
        (WATCH, Frame(FeedMode.ATTACHED), "attached to pid 4100, recording 41 of 512 MB"),
        (WATCH, Frame(FeedMode.PAST), "past, as of 03:12:05, recording 41 of 512 MB"),
        (
            Watch(trouble="disk full", beat=NOW),
            Frame(),
            "NOT RECORDING : disk full, watching",
        ),
        (
            replace(WATCH, config_error="line 3"),
            Frame(),
            "edited config not applied, watching, recording 41 of 512 MB",
        ),
        (WATCH, Frame(broken="the feed failed"), "the feed failed, watching, recording 41 of"),
    ],
)
def test_the_watch_line_tells_how_the_watching_goes(of: Watch, frame: Frame, said: str) -> None:
    assert watching(replace(calm(), watch=of), frame).startswith(said)


def test_the_last_gap_is_dated_when_it_is_not_todays() -> None:
    early = Gap(ago(days=1, minutes=3), ago(days=1))
    late = Gap(ago(minutes=191), ago(minutes=188))
    assert status.gap_text(view(calm()), [late, early]) == "00:01–00:04 (+1)"
    assert status.gap_text(view(calm()), [early]) == "Nov 19 03:09–03:12"


def test_the_clock_has_its_zone() -> None:
    assert status.clock_text(NOW, ZONE) == "03:12:05+03"
    assert status.clock_text(NOW, __import__("zoneinfo").ZoneInfo("Asia/Kolkata")) == (
        "05:42:05+05:30"
    )


def test_the_key_bar_keeps_help_whatever_the_width() -> None:
    keys = [("j", "down"), ("k", "up"), ("?", "help")]
    assert texts(status.fitting_keys(keys, 80)) == ["j down  k up  ? help"]
    assert texts(status.fitting_keys(keys, 15)) == ["j down  ? help"]
    assert texts(status.fitting_keys(keys, 3)) == ["? help"]


# Problems


def test_problems_are_numbered_and_loud_only_when_run_fails_unacknowledged() -> None:
    rows = problems.rows(view(incident()))
    assert [row.key for row in rows] == [problem.key for problem in PROBLEMS]
    assert rows[0].cells[1] == Span("✖ TWO ENGINES", Tone.FAIL)
    assert rows[3].cells[1] == Span("✖ GATE RED", Tone.PLAIN)
    red = replace(PROBLEMS[3], acked_by="")
    loud = problems.rows(view(board([heartbeat(calm=True)], [red])))[0].cells[1]
    assert loud == (Span("✖", Tone.FAIL), Span(" GATE RED", Tone.STRONG))


def test_more_than_nine_problems_are_all_there_nine_with_a_number() -> None:
    many = [replace(PROBLEMS[0], key=str(number)) for number in range(12)]
    rows = problems.rows(view(board([heartbeat(calm=False)], many)))
    assert [row.cells[0] for row in rows] == [*"123456789", "", "", ""]


def test_silence_is_never_taken_for_health() -> None:
    assert texts(problems.rows(view(board([])))) == ["? nothing is watched: no probe is configured"]
    waiting = board([], waiting=["backend"])
    assert texts(problems.rows(view(waiting))) == ["? no answer yet from 1: backend"]
    assert texts(problems.rows(view(board([heartbeat(calm=True)])))) == ["no problem in 1 probe"]


def test_a_refused_config_stands_among_the_problems() -> None:
    refused = board([heartbeat(calm=True)], watch=replace(WATCH, config_error="line 3: no"))
    assert "▲ edited config not applied: line 3: no" in texts(problems.rows(view(refused)))


def test_a_problem_without_advice_points_at_the_proof() -> None:
    bare = replace(PROBLEMS[0], next_act="")
    of = view(board([heartbeat(calm=False)], [bare]))
    assert texts(problems.next_act(of, bare.key)) == ["next 1: Enter shows the proof"]
    assert texts(problems.next_act(of, "gone")) == [""]


# Panes


def test_ports_show_a_row_an_owner_with_who_started_it_before_the_command() -> None:
    rows = texts(ports.rows(view(incident())))
    assert rows[0] == "✖ :8001 backend 4412 and 9120 both listen; want one"
    assert rows[2] == (
        "9120 ops by sshd: python -m uvicorn app.main:app --port 8001 since 02:23:05 49m"
    )
    assert rows[-1] == "· :5432 postgres owner hidden (uid 112)"


def test_a_summary_names_the_bad_first_and_marks_an_ok_with_a_doubt() -> None:
    said = plain(ports.banner(view(incident())))
    assert said == "✖ backend 8001 two, want one   · options-api   · postgres (?)"


def test_engines_show_age_parity_and_each_process() -> None:
    rows = texts(engines.rows(view(incident())))
    assert rows[0] == "✖ age STALLED last written 02:24:53, limit 5m; both PIDs alive 47m"
    assert rows[2] == "✖ counter 76, not moving 02:24:53 47m"
    assert rows[3].startswith("PID 17685 ops by systemd: python run_unified_trading.py")
    assert rows[4].startswith("✖ PID 18800 ops by sshd:")


def test_gates_show_what_each_part_has_and_needs() -> None:
    rows = texts(gates.rows(view(incident())))
    assert rows[0] == "✖ score  GATE RED 0 of 7 proven, file says 1 of 7"
    assert rows[3] == "✖ hit_rate 0.41 0.55"
    assert rows[5] == "? max_drawdown 0 0.15 met on 0 trades: proves nothing"


def test_smoke_shows_status_path_and_time() -> None:
    rows = texts(smoke.rows(view(incident())))
    assert rows[0] == "· health 200 status ok  GET /api/health 3 ms of 3000"
    assert rows[2].startswith("✖ chain SPY 500 SMOKE FAILED plain text, want JSON")


def test_a_checklist_has_headings_with_scores_and_rests_on_the_first_open_item() -> None:
    rows = checklist.rows(view(incident()))
    assert texts(rows)[0] == "Batch 3: listeners  2/2"
    assert not rows[0].key
    assert [row.text() for row in rows if row.home] == [
        "[!] Smoke: blocked by the second listener ✖ blocked   line 20"
    ]
    assert plain(checklist.banner(view(incident()))) == "MASTER_BATCH.md 4/10"


@pytest.mark.parametrize(
    ("state", "box"),
    [
        ("todo", "[ ]"),
        ("doing", "[~]"),
        ("done", "[x]"),
        ("dropped", "[-]"),
        ("deferred", "[>]"),
        ("blocked", "[!]"),
        ("what", "[?]"),
    ],
)
def test_each_state_of_an_item_has_a_box_of_its_own(state: str, box: str) -> None:
    seen = observation("list", "checklist", "", item(1, "", "it", state, 0))
    assert texts(checklist.rows(view(board([seen]))))[0].startswith(f"{box} it")


def test_a_checklist_that_cannot_be_read_says_so() -> None:
    bad = finding("file", UNKNOWN, "x.md", "no such file", title="NO CHECKLIST")
    rows = texts(checklist.rows(view(board([observation("x.md", "checklist", "gone", bad)]))))
    assert rows == ["? NO CHECKLIST no such file"]


def test_two_of_a_kind_get_a_heading_each() -> None:
    one = heartbeat(calm=True)
    both = board([one, replace(one, probe="other")])
    assert texts(engines.rows(view(both)))[0] == "· paper-live 76 decisions, PIDs agree"


def test_events_come_newest_first_and_do_not_shout() -> None:
    rows = happenings.rows(view(incident()))
    assert rows[0].text() == "03:11:05 reprobe options probed again on request ops@spark"
    assert all(span != Tone.FAIL for row in rows for span in row.cells)
    assert rows[-1].text().startswith("00:02:05 gap nobody watched 00:01:05 to 00:04:05")
    old = Event(ago(days=2), EventKind.FILE, "changed")
    aged = View(calm(), NOW, ZONE, events=(old,))
    assert happenings.rows(aged)[0].text() == "Nov 18 03:12 file changed"


def test_every_probe_is_listed_whatever_its_kind() -> None:
    strange = observation("disk", "filesystem", "12 GB free", verdict=OK)
    rows = texts(everything.rows(view(board([strange], waiting=["later"]))))
    assert rows == [
        "· disk filesystem RUN 12 GB free seen 03:12:00",
        "? later no answer yet",
    ]


def test_a_stale_observation_shows_as_unknown_where_it_stands() -> None:
    stale = Doubt(DoubtKind.STALE, "last seen long ago")
    old = replace(heartbeat(calm=True), verdict=UNKNOWN, doubts=(stale,))
    assert plain(engines.banner(view(board([old])))).startswith("? paper-live")


def test_in_ascii_nothing_but_ascii_marks_a_verdict() -> None:
    rows = problems.rows(view(incident(), glyphs=ASCII))
    assert plain(rows[0].cells[1]) == "X TWO ENGINES"


# Detail


def test_a_problem_with_two_probes_shows_the_proof_of_both() -> None:
    rows = texts(problem_detail(view(incident()), PROBLEMS[2], Proof(), 80))
    assert any("backend (listener)" in row for row in rows)
    assert any("options (smoke)" in row for row in rows)
    assert any("since     02:23:05 (49m 00s)" in row for row in rows)
    assert any("not kept any more" in row for row in rows)


def test_a_finding_in_front_is_not_told_twice() -> None:
    seen = heartbeat(calm=False)
    rows = texts(finding_detail(view(incident()), seen, seen.finding("parity"), Proof(), 120))
    assert sum("heartbeat 17685, pidfile 18800" in row for row in rows) == 1
    assert rows[0] == "finding   ✖ TWO ENGINES  parity"


def test_an_observation_without_a_basis_says_so() -> None:
    bare = observation("bare", "listener", "fine", verdict=OK)
    rows = texts(finding_detail(view(board([bare])), bare, None, Proof(), 80))
    assert any("none given: nothing says what was measured" in row for row in rows)


def test_what_only_the_checklist_engine_can_read_is_not_shown() -> None:
    seen = observation("list", "checklist", "", item(1, "", "it", "todo", 0))
    rows = texts(finding_detail(view(board([seen])), seen, seen.findings[0], Proof(), 80))
    assert not any("anchor" in row for row in rows)
    assert any("status=todo" in row for row in rows)


def test_raw_evidence_is_cleaned_and_capped() -> None:
    body = b"\x1b[31mred\x1b[0m\x07\n" * (RAW_LINES + 5)
    lines = raw_lines(Artefact("0" * 64, "text/plain", body))
    assert lines[0] == "red"
    assert len(lines) == RAW_LINES + 1
    assert lines[-1].startswith("[cut here; ")
    assert raw_lines(Artefact("0" * 64, "x", b"\xff\xfe"))[0] == "��"


def test_every_row_of_a_detail_fits_its_width() -> None:
    for width in (20, 57, 120):
        for problem in PROBLEMS:
            for row in problem_detail(view(incident()), problem, Proof(), width):
                assert row.key


# Whatever comes

VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
FACTS = st.dictionaries(
    st.sampled_from(
        [
            *("port", "owners", "argv", "user", "parent", "workers", "started_at", "pid"),
            *("timestamp", "moved_at", "current", "required", "met", "status", "depth", "line"),
            *("section", "limit_ms", "method", "path"),
        ]
    ),
    VALUES | st.lists(st.text(max_size=5), max_size=3).map(tuple),
)
FINDINGS = st.builds(
    finding,
    st.sampled_from(["age", "owner:1:2", "port:1", "engine:5", "score", "gate:x", "item-1", ""]),
    st.sampled_from(Verdict),
    st.text(max_size=9),
    st.text(max_size=30),
    facts=FACTS,
    title=st.sampled_from(["", "STALLED"]),
)
KINDS = st.sampled_from(["listener", "heartbeat", "gate", "smoke", "checklist", "other"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(KINDS, st.lists(FINDINGS, max_size=4)), max_size=4))
def test_no_facts_however_odd_break_a_pane(probes) -> None:
    seen: list[Observation] = [
        observation(f"probe {number}", kind, "said", *found, verdict=UNKNOWN)
        for number, (kind, found) in enumerate(probes)
    ]
    of = view(board(seen))
    for spec in SPECS:
        for row in spec.rows(of):
            row.text()
        if spec.banner:
            spec.banner(of)
    for one in seen:
        finding_detail(of, one, one.findings[0] if one.findings else None, Proof(), 60)


@pytest.mark.parametrize("scene", SCENES)
def test_no_scene_lets_a_control_character_through(scene: str) -> None:
    of = view(SCENES[scene]())
    drawn = "".join(row.text() for spec in SPECS for row in spec.rows(of))
    assert not any(ord(one) < 32 or 0x7F <= ord(one) < 0xA0 for one in drawn)
    assert "\u202e" not in drawn


def test_facts_are_written_as_people_read_them() -> None:
    assert [fact_text(value) for value in (None, True, 0.5, (1, 2), "x")] == [
        *("none", "yes", "0.5", "1 2", "x")
    ]
    assert moment_of("2026-11-20T00:12:05Z") == NOW
    assert moment_of("yesterday") is moment_of(5) is moment_of("2026-11-20T00:12:05") is None
    assert split_key(join_key("a b", "c:d")) == ("a b", "c:d")


def test_ages_come_from_the_feeds_clock() -> None:
    later = View(incident(), NOW + timedelta(hours=2), ZONE)
    assert problems.rows(later)[0].tail == "2h"
    assert IDENTITY.label == "PAPER"
